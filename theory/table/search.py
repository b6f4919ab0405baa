"""The first stage of the table: a global search for every cell, one small file each, so that it can be resumed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tegum.theory.checks import number, whole
from tegum.theory.errors import InputError, located
from tegum.theory.files.atomic import claim_folder, write_json
from tegum.theory.loss.enumeration import MOST_FEATURES
from tegum.theory.search.optimum import MOST_STARTS, Optimum, optimum
from tegum.theory.setting import content_id
from tegum.theory.table.cell import Cell, cell_from, setting_of, written

#: About even steps of the logarithm, closer where geometries change.
DENSITIES = (0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.14, 0.2, 0.28, 0.4, 0.55, 0.75, 0.9)


@dataclass(frozen=True)
class TablePlan:
    """What a table of factors is to hold, and how hard to search.

    Args:
        most_vertices, most_dimensions: k from 2 to the one and d from 1 to the other, d < k.
        densities: of the features, rising.
        starts: random starts of each cell's search; seed: of them, the same for every cell.

    Raises:
        InputError: a number outside its range, or densities that do not rise.
    """

    most_vertices: int = 12
    most_dimensions: int = 4
    densities: tuple[float, ...] = DENSITIES
    starts: int = 128
    seed: int = 0

    def __post_init__(self) -> None:
        whole("most_vertices", self.most_vertices, 2, MOST_FEATURES)
        whole("most_dimensions", self.most_dimensions, 1, MOST_FEATURES)
        whole("starts", self.starts, 1, MOST_STARTS)
        whole("seed", self.seed, 0, 2**63)
        for density in self.densities:
            number("densities", density, 0, 1)
        if not self.densities or list(self.densities) != sorted(set(self.densities)) or self.densities[0] == 0:
            raise InputError(f"densities = {list(self.densities)!r} are not rising numbers above 0")


def sizes(plan: TablePlan) -> list[tuple[int, int]]:
    """(vertices, dimensions) of the table, smaller ones first; with d >= k every feature has its own dimension."""
    return [(k, d) for k in range(2, plan.most_vertices + 1) for d in range(1, min(plan.most_dimensions, k - 1) + 1)]


def searched_cells(
    plan: TablePlan, folder: str | Path, advance: Callable[[int, int], object] = lambda done, total: None
) -> list[Cell]:
    """Every cell of the table by global search; cells whose files are in the folder already are read.

    Args:
        plan: what to search.
        folder: holds one file for each cell, named by size, density, starts and seed.
        advance: told how many cells are done, and how many there are.

    Raises:
        InputError: the folder cannot be written to, or a file in it is damaged.
    """
    place = claim_folder(Path(folder) / "cells")
    todo = [(k, d, p) for k, d in sizes(plan) for p in plan.densities]
    cells = []
    for done, (k, d, p) in enumerate(todo):
        advance(done, len(todo))
        cells.append(_searched(k, d, p, plan, place))
    advance(len(todo), len(todo))
    return cells


def _searched(k: int, d: int, p: float, plan: TablePlan, place: Path) -> Cell:
    setting = setting_of(k, d, p)
    file = place / f"{k}-{d}-{p}-{plan.starts}-{plan.seed}.json"
    if file.exists():
        return _read(file, content_id(setting))
    found = searched_cell(optimum(setting, plan.starts, plan.seed))
    write_json(file, written(found) | {"setting": content_id(setting), "version": version("tegum")})
    return found


def searched_cell(found: Optimum) -> Cell:
    """The cell that a search has found."""
    return Cell(
        vertices=found.setting.count,
        dimensions=found.setting.hidden,
        density=found.setting.density[0],
        W=found.weights.W,
        b=found.weights.b,
        **{key: getattr(found, key) for key in _CARRIED},
    )


_CARRIED = ("loss", "error", "gradient_norm", "hessian_min", "starts", "seed", "hits", "converged")


def _read(file: Path, expected: str) -> Cell:
    with located(file):
        try:
            content: dict[str, Any] = json.loads(file.read_text())
            if content.pop("setting") != expected:
                raise InputError("belongs to another setting; remove it")
            content.pop("version")
            return cell_from(content)
        except (ValueError, KeyError, TypeError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError("is damaged; remove it") from error
