"""Plan: a setting, the axes along which it varies, and how each cell of that grid is trained."""

import math
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from itertools import product
from typing import Any

import numpy as np

from tegum.theory.checks import choice, is_list, number, shown, whole
from tegum.theory.errors import InputError, located
from tegum.theory.files.tables import known_table, read_tables, tables_id
from tegum.theory.setting import (
    SETTING_TABLES,
    Setting,
    axis_parts,
    setting_from_tables,
    setting_tables,
    with_axes,
)

OPTIMIZERS = ("adam", "adamw")
SCHEDULES = ("constant", "cosine")
SCALES = ("linear", "log")

_DEVICE = re.compile(r"auto|cpu|cuda(:[0-9]{1,3})?")
_RANGE = ("from", "to", "count", "scale")
_MOST_CELLS = 10**5
_MOST_FEATURES = 10**7  # over all cells: every cell lists a density and an importance for each


@dataclass(frozen=True)
class Axis:
    """A number of the setting, by key (`density`, `importance[1]`, `l1`, ...), and the values it takes."""

    key: str
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        axis_parts(self.key)
        object.__setattr__(self, "values", _distinct(f"axes.{self.key}.values", self.values))


@dataclass(frozen=True)
class Training:
    """How each cell is trained: `runs` models, each for `steps` batches of `batch_size` inputs.

    `learning_rate` is the first one; the schedule keeps it ("constant") or lets it fall to zero ("cosine").
    `device` is "auto", "cpu", "cuda" or "cuda:N".

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
        object.__setattr__(self, "setting", cells(self)[0])


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
    axes = _axes(tables.get("axes", {}))
    training = known_table("training", tables.get("training", {}), [entry.name for entry in fields(Training)])
    of_setting = {table: entries for table, entries in tables.items() if table in SETTING_TABLES}
    return Plan(setting_from_tables(_with_density(of_setting, axes)), axes, Training(**training))


def plan_tables(plan: Plan) -> dict[str, dict[str, Any]]:
    """The plan's canonical tables, JSON-able, the axes in their order."""
    axes = {axis.key: {"values": list(axis.values)} for axis in plan.axes}
    return {**setting_tables(plan.setting), "axes": axes, "training": asdict(plan.training)}


def plan_id(plan: Plan) -> str:
    """16 hexadecimal digits that name what the plan computes: equal ids, equal cells in equal order.

    The device is left out: a study may be resumed on another machine.
    """
    tables = plan_tables(plan)
    del tables["training"]["device"]
    return tables_id(tables | {"axes": [[axis.key, list(axis.values)] for axis in plan.axes]})


def cells(plan: Plan) -> list[Setting]:
    """The settings of the grid, row by row: the last axis varies fastest.

    Raises:
        InputError: a cell is no valid setting; the line names the cell.
    """
    keys = [axis.key for axis in plan.axes]
    return [_cell(plan.setting, dict(zip(keys, point, strict=True))) for point in _points(plan)]


def _points(plan: Plan) -> product:
    return product(*(axis.values for axis in plan.axes))


def _cell(setting: Setting, values: dict[str, float]) -> Setting:
    place = ", ".join(f"{key} = {value!r}" for key, value in values.items())
    with located(f"cell {place}"):
        return with_axes(setting, values)


def _check_grid(plan: Plan) -> None:
    keys = [axis.key for axis in plan.axes]
    for i, key in enumerate(keys):
        if key in keys[:i]:
            raise InputError(f"axes.{key} is given twice")
    size = math.prod(len(axis.values) for axis in plan.axes)
    if size > _MOST_CELLS or size * plan.setting.count > _MOST_FEATURES:
        raise InputError(
            f"axes span {size} cells of {plan.setting.count} features;"
            f" allowed are {_MOST_CELLS} cells and {_MOST_FEATURES} features in all"
        )


def _axes(tables: Any) -> tuple[Axis, ...]:
    if not isinstance(tables, Mapping):
        raise InputError(f"axes = {shown(tables)} is not a table")
    return tuple(Axis(key, _values(f"axes.{key}", table)) for key, table in tables.items())


def _values(name: str, table: Any) -> Any:
    known_table(name, table, ("values", *_RANGE))
    if "values" not in table:
        return _range(name, table)
    extra = [key for key in _RANGE if key in table]
    if extra:
        raise InputError(f"{name} has values and {extra[0]}; allowed: values, or from, to, count, scale")
    return table["values"]


def _range(name: str, table: Mapping[str, Any]) -> list[float]:
    missing = [key for key in ("from", "to", "count") if key not in table]
    if missing:
        raise InputError(f"{name}.{missing[0]} is missing; needed are values, or from, to and count")
    count = whole(f"{name}.count", table["count"], 2, _MOST_CELLS)
    scale = choice(f"{name}.scale", table.get("scale", "linear"), SCALES)
    first, last = (number(f"{name}.{key}", table[key]) for key in ("from", "to"))
    if first == last:
        raise InputError(f"{name}.to = {shown(last)} is the same as from; a range needs two ends")
    if scale == "log" and min(first, last) <= 0:
        raise InputError(f"{name} runs from {first!r} to {last!r}; a log scale needs both above 0")
    between = np.geomspace if scale == "log" else np.linspace
    # 15 digits: the same plan must give the same cells on machines whose last bit of a power differs.
    inner = [float(f"{value:.15g}") for value in between(first, last, count)[1:-1]]
    return [first, *inner, last]


def _distinct(name: str, given: Any) -> tuple[float, ...]:
    if not is_list(given) or not given:
        raise InputError(f"{name} = {shown(given)} is not a non-empty list of numbers")
    values = tuple(number(f"{name}[{i}]", value) for i, value in enumerate(given))
    if len(set(values)) < len(values):
        raise InputError(f"{name} = {shown(given)} repeats a value")
    return values


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
    return {
        "runs": whole("training.runs", given.runs, 1, 10**6),
        "steps": whole("training.steps", given.steps, 1, 10**9),
        "batch_size": whole("training.batch_size", given.batch_size, 1, 10**7),
        "optimizer": choice("training.optimizer", given.optimizer, OPTIMIZERS),
        "learning_rate": learning_rate,
        "schedule": choice("training.schedule", given.schedule, SCHEDULES),
        "seed": whole("training.seed", given.seed, 0, 2**63 - 1),
        "device": given.device,
    }
