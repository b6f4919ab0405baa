"""The table of factors as one file: assembled, read, checked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from tegum.theory.errors import InputError, located
from tegum.theory.files.atomic import claim_folder, write_atomically
from tegum.theory.files.seal import sealed
from tegum.theory.geometry.critical import CRITICAL_TOLERANCE
from tegum.theory.geometry.identify import Identity, identify
from tegum.theory.geometry.symmetry import symmetry
from tegum.theory.loss.law import law_of
from tegum.theory.loss.objective import expansion
from tegum.theory.loss.population import population_loss
from tegum.theory.search.curvature import curvature_tolerance
from tegum.theory.search.descent import gradient_tolerance
from tegum.theory.table.cell import Cell, cell_from, setting_of, written
from tegum.theory.table.continuation import continued_cells
from tegum.theory.table.search import TablePlan, searched_cells
from tegum.theory.weights import Weights

#: Told the stage, the work done and the work there is.
Progress = Callable[[str, int, int], object]
_FILE = "factors.json"


@dataclass(frozen=True)
class Table:
    """A table of factors with the record of its making.

    Attributes:
        plan: sizes, densities, starts and seed.
        versions: of the libraries that computed it.
        cells: size by size, each at all densities.
    """

    plan: TablePlan
    versions: dict[str, str]
    cells: tuple[Cell, ...]


def table(plan: TablePlan, folder: str | Path, progress: Progress = lambda stage, done, total: None) -> Table:
    """Compute a table of factors; run again on the same folder to resume.

    Every cell by global search (`search.searched_cells`), then by what its neighbours found
    (`continuation.continued_cells`).  The table is written to ``factors.json`` in the folder.

    Args:
        plan: sizes, densities, starts and seed.
        folder: keeps a file for each searched cell.
        progress: told the stage ("search", "continuation"), the cells done and the cells there are.

    Raises:
        InputError: the folder cannot be written to, or a file in it is damaged.

    Validity: each cell is the best of its starts, no proof that nothing is better; ``hits`` says how often it was
    found.
    """
    folder = claim_folder(folder)
    searched = searched_cells(plan, folder, lambda done, total: progress("search", done, total))
    cells = continued_cells(searched, lambda done, total: progress("continuation", done, total))
    made = Table(plan, {name: version(name) for name in ("tegum", "numpy", "scipy", "numba")}, tuple(cells))
    write_atomically(folder / _FILE, table_bytes(made))
    return made


@lru_cache(maxsize=1)
def factor_table() -> Table:
    """The table of factors that comes with the package.

    k <= 12 like features of importance 1 in d <= 4 dimensions, d < k; best weights known at each of its densities.
    Made by ``tegum table --out DIR``.

    Args:
        None.

    Returns:
        `Table`, read once.

    Raises:
        InputError: the installed data are damaged.

    Validity: upper bounds, the best of the searches that ``starts`` and ``hits`` of each cell describe; ``tegum table
    --check`` evaluates every one again.

    Source: computed here; arrangements in the literature are named by the catalogue.

    >>> len(factor_table().cells) == 38 * len(factor_table().plan.densities)
    True
    """
    return read_table(str(files("tegum.theory.table") / "data" / _FILE))


def read_table(path: str | Path) -> Table:
    """The table of a file written by `table`.

    Raises:
        InputError: the file cannot be read or is damaged.
    """
    with located(path):
        try:
            content = json.loads(Path(path).read_text())
            plan = TablePlan(**content["plan"] | {"densities": tuple(content["plan"]["densities"])})
            return Table(plan, content["versions"], tuple(map(cell_from, content["cells"])))
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror or error}") from error
        except InputError:
            raise
        except (ValueError, KeyError, TypeError) as error:
            raise InputError("is no table of factors, or damaged") from error


def table_bytes(made: Table) -> bytes:
    """The file of a table: one line for each key and each cell, so that a change of one is a change of one line."""
    cells = [written(cell) for cell in made.cells]
    head = sealed("factors", {"plan": asdict(made.plan), "versions": made.versions, "cells": cells})
    del head["cells"]
    keys = ",\n".join(f"{json.dumps(key)}:{json.dumps(value)}" for key, value in head.items())
    lines = ",\n".join(json.dumps(cell, allow_nan=False, separators=(",", ":")) for cell in cells)
    return f'{{{keys},\n"cells":[\n{lines}\n]}}\n'.encode()


def identity_of(cell: Cell) -> Identity:
    """The geometry of a cell's weights, by the catalogue of today."""
    return identify(cell.W, tolerance=CRITICAL_TOLERANCE)


def indecomposable(cell: Cell) -> bool:
    """Whether a cell is one factor that uses all its features; others are sums of smaller cells."""
    return len(identity_of(cell).factors) == 1


def stable(cell: Cell) -> bool:
    """Whether a cell is a strict local minimum up to rotations: gradient zero, least curvature positive."""
    law = law_of(setting_of(cell.vertices, cell.dimensions, cell.density))
    return bool(cell.gradient_norm <= gradient_tolerance(law)[0] and cell.hessian_min > curvature_tolerance(law)[0])


@dataclass(frozen=True)
class Difference:
    """How far one entry of a table is from what its weights give when evaluated again.

    Attributes:
        vertices, dimensions, density: the cell.
        loss: difference of the loss, absolute; allowed: twice the bound on its error.
        gradient_norm: recomputed.
        holds: the loss agrees within the bounds, and the gradient vanishes.
    """

    vertices: int
    dimensions: int
    density: float
    loss: float
    gradient_norm: float
    holds: bool


def differences(cells: Iterable[Cell]) -> list[Difference]:
    """Every cell evaluated again by the exact loss; see `Difference`."""
    return [_difference(cell) for cell in cells]


def _difference(cell: Cell) -> Difference:
    setting = setting_of(cell.vertices, cell.dimensions, cell.density)
    exact, law = population_loss(Weights(cell.W, cell.b), setting), law_of(setting)
    gradient = float(np.linalg.norm(expansion(cell.W[None], cell.b[None], law).gradient))
    change = float(exact.loss) - cell.loss
    holds = abs(change) <= exact.error + cell.error and gradient <= gradient_tolerance(law)[0]
    return Difference(cell.vertices, cell.dimensions, cell.density, change, gradient, bool(holds))


def entry(cell: Cell) -> dict[str, Any]:
    """What the table says about a cell, as plain data: its numbers, and what follows from its weights."""
    return written(cell) | {
        "geometry": identity_of(cell).geometry,
        "indecomposable": indecomposable(cell),
        "symmetries": symmetry(cell.W.T @ cell.W).order,
        "stable": stable(cell),
    }
