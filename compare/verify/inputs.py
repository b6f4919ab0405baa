"""What a report's numbers were computed from: settings, weights, and what is taken as given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool

from tegum.compare.report.schema.comparison import SEARCH
from tegum.compare.verdict import DIVERGED
from tegum.empirical.plan import Plan, cell_count, cells, plan_from_tables
from tegum.theory.checks import choice, number, numbers, shown, whole
from tegum.theory.errors import InputError, located
from tegum.theory.loss.population import check_shape
from tegum.theory.search.optimum import MOST_STARTS
from tegum.theory.search.scope import require_searchable
from tegum.theory.setting import Setting, setting_from_tables
from tegum.theory.weights import Weights

#: Largest seed of a search, and largest count of anything that a search counts.
_LARGEST = 2**63 - 1


@dataclass(frozen=True, eq=False)
class CellInputs:
    """One comparison's part.

    Attributes:
        setting: the objective.
        optimum: weights of the predicted optimum.
        search: the numbers of `SEARCH`, of the search that found it.
        learned, polished: weights of each run, [runs, hidden, features], as trained and at rest.
        batch_loss: of each run, None where nobody said.
        diverged: whether each run did in training, as the report says.
        before: weights of the first search's optimum and the numbers of that search, where there was a second one.
    """

    setting: Setting
    optimum: Weights
    search: dict[str, int]
    learned: Weights
    polished: Weights
    batch_loss: list[float | None]
    diverged: Bool[np.ndarray, " runs"]
    before: tuple[Weights, dict[str, int]] | None


@dataclass(frozen=True, eq=False)
class Inputs:
    """A report's part that everything else follows from.

    Attributes:
        plan: of a study; None for a comparison.
        device: that a study was trained on; empty for a comparison.
        command: that made the report.
        versions: of the libraries that computed it.
        cells: a comparison has one.
    """

    plan: Plan | None
    device: str
    command: str
    versions: dict[str, Any]
    cells: list[CellInputs]


def inputs_of(data: Mapping[str, Any]) -> Inputs:
    """The inputs of a report, checked one by one.

    Raises:
        InputError: one is missing, of a wrong type or shape, or out of its range, named by its place.
    """
    kind = choice("kind", entry(data, "kind"), ("comparison", "study"))
    command, versions = entry(data, "command"), entry(data, "versions")
    if not isinstance(command, str) or not isinstance(versions, dict):
        raise InputError("command is no text, or versions no table")
    if kind == "comparison":
        setting = setting_from_tables(table("setting", entry(data, "setting")))
        return Inputs(None, "", command, versions, [_cell(data, setting)])
    with located("plan"):
        plan = plan_from_tables(entry(data, "plan"))
    device = entry(table("training", entry(data, "training")), "device")
    if not isinstance(device, str):
        raise InputError(f"training.device = {shown(device)} is no text")
    return Inputs(plan, device, command, versions, _cells(data, plan))


def _cells(data: Mapping[str, Any], plan: Plan) -> list[CellInputs]:
    given = entry(data, "cells")
    if not plan.axes:
        raise InputError("plan.axes: a study has at least one, this has none")
    if not isinstance(given, list) or len(given) != cell_count(plan):
        raise InputError(f"cells is no list of {cell_count(plan)}, one for each cell of the plan")
    found = []
    for place, (part, setting) in enumerate(zip(given, cells(plan), strict=True)):
        with located(f"cells[{place}]"):
            found.append(_cell(table("cell", part), setting))
            if len(found[-1].batch_loss) != plan.training.runs:
                raise InputError(f"runs: {len(found[-1].batch_loss)} are listed, the plan has {plan.training.runs}")
    return found


def _cell(part: Mapping[str, Any], setting: Setting) -> CellInputs:
    require_searchable(setting)
    runs = entry(part, "runs")
    if not isinstance(runs, list) or not runs:
        raise InputError("runs is no list of at least one run")
    learned, polished, batch_loss, diverged = [], [], [], []
    for place, run in enumerate(runs):
        with located(f"runs[{place}]"):
            learned.append(weights_in(table("run", run), setting))
            with located("polished"):
                polished.append(weights_in(table("content", entry(run, "polished")), setting))
            given = entry(run, "batch_loss")
            batch_loss.append(None if given is None else number("batch_loss", given))
            diverged.append(entry(run, "verdict") == DIVERGED)
    optimum, search = _found(part, "optimum", setting)
    before = None
    if entry(part, "resolution") is not None:
        with located("resolution"):
            before = _found(table("content", part["resolution"]), "before", setting)
    of_runs = _stacked(learned), _stacked(polished), batch_loss, np.array(diverged)
    return CellInputs(setting, optimum, search, *of_runs, before)


def _found(part: Mapping[str, Any], key: str, setting: Setting) -> tuple[Weights, dict[str, int]]:
    """Weights of an optimum, and what is said of the search that found it."""
    best = table(key, entry(part, key))
    with located(key):
        search = {name: whole(name, entry(best, name), 0, _LARGEST) for name in SEARCH}
        whole("starts", search["starts"], 1, MOST_STARTS)
        return weights_in(best, setting), search


def weights_in(part: Mapping[str, Any], setting: Setting) -> Weights:
    """One model's weights; every row is measured before an array is made of it."""
    hidden, features = setting.hidden, setting.count
    bias = numbers("b", _listed(part, "b", features), features, -np.inf)
    if setting.tied:
        weights = Weights(_matrix(part, "W", hidden, features), np.array(bias))
    else:
        inward, outward = _matrix(part, "W_in", hidden, features), _matrix(part, "W_out", features, hidden)
        weights = Weights(inward, np.array(bias), outward)
    check_shape(weights, setting)
    return weights


def _matrix(part: Mapping[str, Any], name: str, rows: int, columns: int) -> np.ndarray:
    given = _listed(part, name, rows)
    if not all(isinstance(row, list) for row in given):
        raise InputError(f"a row of {name} is no list")
    return np.array([numbers(f"{name}[{a}]", row, columns, -np.inf) for a, row in enumerate(given)])


def _listed(part: Mapping[str, Any], name: str, length: int) -> list[Any]:
    given = entry(part, name)
    if not isinstance(given, list) or len(given) != length:
        raise InputError(f"{name} is no list of {length}")
    return given


def _stacked(models: list[Weights]) -> Weights:
    outward = [one.W_out for one in models if one.W_out is not None]
    W, b = np.stack([one.W for one in models]), np.stack([one.b for one in models])
    return Weights(W, b, np.stack(outward) if outward else None)


def entry(table: Mapping[str, Any], key: str) -> Any:
    if key not in table:
        raise InputError(f"{key} is missing")
    return table[key]


def table(name: str, given: Any) -> Mapping[str, Any]:
    if not isinstance(given, dict):
        raise InputError(f"{name} = {shown(given)} is no table")
    return given
