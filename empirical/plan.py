"""Plan: a setting, the axes along which it varies, and how each cell of that grid is trained."""

import math
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from itertools import product
from typing import Any

from tegum.empirical.axes import MOST_CELLS, Axis, axes_from_tables
from tegum.theory.checks import choice, number, shown, whole
from tegum.theory.errors import InputError, located
from tegum.theory.files.tables import known_table, read_tables, tables_id
from tegum.theory.setting import (
    SETTING_TABLES,
    Setting,
    setting_from_tables,
    setting_tables,
    with_axes,
)

OPTIMIZERS = ("adam", "adamw", "sgd")
SCHEDULES = ("constant", "cosine")
STARTS = ("xavier", "kaiming", "normal", "orthogonal", "notebook")
DATA = ("fresh", "population", "dataset")
KERNELS = ("auto", "reference", "compiled", "batched", "fused", "population")

_DEVICE = re.compile(r"auto|cpu|cuda(:[0-9]{1,3})?")
_MOST_LISTED = 10**5  # cells made at once, as a study makes them
_MOST_FEATURES = 10**7  # over all listed cells: every cell lists a density and an importance for each


@dataclass(frozen=True)
class Training:
    """How each cell is trained: `runs` models, each for `steps` steps of an optimiser.

    Args:
        runs: models of each setting; steps: of the optimiser; batch_size: inputs of a step.
        optimizer: "adam", "adamw" (with `weight_decay`) or "sgd" (with `momentum`), as PyTorch defines them.
        learning_rate: the first one after `warmup` steps of linear rise; `schedule` then keeps it ("constant") or
            lets it fall to zero along a half cosine ("cosine").
        start: how weights are initialised, see `models.new_models`; biases start at 0.
        data: "fresh" inputs each step, the "population" (the exact gradient, no inputs at all), or batches drawn
            from a "dataset" of `dataset_size` inputs of each run's own, all of it where a batch is no smaller.
        tolerance: a run stops early once its exact gradient's norm is at most this; stop_loss: or its exact
            loss is. 0 turns either off.
        seed: of all random streams.
        device: "auto", "cpu", "cuda" or "cuda:N"; kernel: what computes the steps, "auto" the fastest that can.

    Raises:
        InputError: a value of a wrong type or outside its range, named by its field.
    """

    runs: int = 16
    steps: int = 3000
    batch_size: int = 256
    optimizer: str = "adam"
    learning_rate: float = 0.01
    schedule: str = "cosine"
    seed: int = 0
    device: str = "auto"
    momentum: float = 0.9
    weight_decay: float = 0.01
    warmup: int = 0
    start: str = "xavier"
    data: str = "fresh"
    dataset_size: int = 1024
    tolerance: float = 0.0
    stop_loss: float = 0.0
    kernel: str = "auto"

    def __post_init__(self) -> None:
        for name, value in _canonical_training(self).items():
            object.__setattr__(self, name, value)


@dataclass(frozen=True)
class Plan:
    """A grid of settings and the training of each; `setting` is moved to the first cell of the grid.

    Raises:
        InputError: two axes with one key, a grid that is too large, or a cell that is no valid setting.
    """

    setting: Setting
    axes: tuple[Axis, ...] = ()
    training: Training = field(default_factory=Training)

    def __post_init__(self) -> None:
        object.__setattr__(self, "axes", tuple(self.axes))
        _check_grid(self)
        object.__setattr__(self, "setting", cell(self, 0))


def read_plan(path: str | os.PathLike[str]) -> Plan:
    """The Plan of a TOML file: a setting's tables, [axes] and [training].

    Raises:
        InputError: `plan.toml: training.steps = 0 is outside [1, 1000000000]` and the like, always one line.
    """
    with located(os.fspath(path)):
        return plan_from_tables(read_tables(path))


def plan_from_tables(tables: Mapping[str, Any]) -> Plan:
    """The Plan that a file with these tables describes; inverse of `plan_tables`."""
    known_table("", tables, (*SETTING_TABLES, "axes", "training"))
    axes = axes_from_tables(tables.get("axes", {}))
    training = known_table("training", tables.get("training", {}), [entry.name for entry in fields(Training)])
    of_setting = {table: entries for table, entries in tables.items() if table in SETTING_TABLES}
    return Plan(setting_from_tables(_with_density(of_setting, axes)), axes, Training(**training))


def plan_tables(plan: Plan) -> dict[str, dict[str, Any]]:
    """The plan's canonical tables, JSON-able, the axes in their order."""
    axes = {axis.key: {"values": list(axis.values)} for axis in plan.axes}
    return {**setting_tables(plan.setting), "axes": axes, "training": asdict(plan.training)}


def plan_id(plan: Plan) -> str:
    """16 hexadecimal digits that name what the plan computes: equal ids, equal cells in equal order.

    The device and the kernel are left out, since they say how and not what: a study may be resumed on another
    machine. The bits of a run are its own on one kind of device and kernel only.
    """
    tables = plan_tables(plan)
    del tables["training"]["device"], tables["training"]["kernel"]
    return tables_id(tables | {"axes": [[axis.key, list(axis.values)] for axis in plan.axes]})


def cell_count(plan: Plan) -> int:
    """How many settings the grid has."""
    return math.prod(len(axis.values) for axis in plan.axes)


def cell(plan: Plan, place: int) -> Setting:
    """The setting at a place of the grid, row by row: the last axis varies fastest.

    Raises:
        InputError: the cell is no valid setting; the line names the cell.
    """
    values = {}
    for axis in reversed(plan.axes):
        place, along = divmod(place, len(axis.values))
        values[axis.key] = axis.values[along]
    return _cell(plan.setting, dict(reversed(values.items())))


def cells(plan: Plan) -> list[Setting]:
    """All settings of the grid, in the order of `cell`.

    Raises:
        InputError: they are too many to be listed.
    """
    count = cell_count(plan)
    if count > _MOST_LISTED or count * plan.setting.count > _MOST_FEATURES:
        raise InputError(
            f"axes span {count} cells of {plan.setting.count} features;"
            f" {_MOST_LISTED} cells and {_MOST_FEATURES} features in all can be listed at once"
        )
    return [cell(plan, place) for place in range(count)]


def _cell(setting: Setting, values: dict[str, float]) -> Setting:
    place = ", ".join(f"{key} = {value!r}" for key, value in values.items())
    with located(f"cell {place}"):
        return with_axes(setting, values)


def _check_grid(plan: Plan) -> None:
    keys = [axis.key for axis in plan.axes]
    for i, key in enumerate(keys):
        if key in keys[:i]:
            raise InputError(f"axes.{key} is given twice")
    if cell_count(plan) > MOST_CELLS:
        raise InputError(f"axes span {cell_count(plan)} cells; allowed are {MOST_CELLS}")
    # What makes numbers a valid setting (intervals, sums at most 1 or equal to 1, equal densities, importances at
    # least 0 and not all 0) holds in a whole box once it holds at its corners, so no other cell need be made here.
    for corner in product(*(_ends(axis.values) for axis in plan.axes)):
        _cell(plan.setting, dict(zip(keys, corner, strict=True)))


def _ends(values: tuple[float, ...]) -> list[float]:
    """The least and the largest value, once each, in the order in which they come."""
    return sorted({min(values), max(values)}, key=values.index)


def _with_density(tables: dict[str, Any], axes: tuple[Axis, ...]) -> dict[str, Any]:
    # Where density is an axis the file need not give one, and the setting starts on the axis.
    features = tables.get("features", {})
    density = [axis.values[0] for axis in axes if axis.key == "density"]
    if not density or not isinstance(features, Mapping):
        return tables
    return tables | {"features": {"density": density[0], **features}}


def _canonical_training(given: Training) -> dict[str, Any]:
    if not isinstance(given.device, str) or not _DEVICE.fullmatch(given.device):
        raise InputError(f"training.device = {shown(given.device)} is unknown; allowed: auto, cpu, cuda[:N]")
    learning_rate = number("training.learning_rate", given.learning_rate, 0)
    if learning_rate == 0:
        raise InputError("training.learning_rate = 0 trains nothing; it must be above 0")
    steps = whole("training.steps", given.steps, 1, 10**9)
    return {
        "runs": whole("training.runs", given.runs, 1, 10**6),
        "steps": steps,
        "batch_size": whole("training.batch_size", given.batch_size, 1, 10**7),
        "optimizer": choice("training.optimizer", given.optimizer, OPTIMIZERS),
        "learning_rate": learning_rate,
        "schedule": choice("training.schedule", given.schedule, SCHEDULES),
        "seed": whole("training.seed", given.seed, 0, 2**63 - 1),
        "device": given.device,
        "momentum": number("training.momentum", given.momentum, 0, 1),
        "weight_decay": number("training.weight_decay", given.weight_decay, 0),
        "warmup": whole("training.warmup", given.warmup, 0, steps),
        "start": choice("training.start", given.start, STARTS),
        "data": choice("training.data", given.data, DATA),
        "dataset_size": whole("training.dataset_size", given.dataset_size, 1, 10**7),
        "tolerance": number("training.tolerance", given.tolerance, 0),
        "stop_loss": number("training.stop_loss", given.stop_loss, 0),
        "kernel": choice("training.kernel", given.kernel, KERNELS),
    }
