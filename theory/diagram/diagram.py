"""The phase diagram of a setting over two axes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Float

from tegum.theory.diagram.boundaries import TriplePoint, boundaries
from tegum.theory.diagram.cells import Judged, judged
from tegum.theory.diagram.curves import End
from tegum.theory.diagram.optima import row_optima, structured_starts, swept
from tegum.theory.diagram.pieces import PhaseBoundary
from tegum.theory.diagram.plane import Plane, parse_axis
from tegum.theory.errors import InputError
from tegum.theory.files.kept import Keep, unkept
from tegum.theory.files.tables import tables_id
from tegum.theory.setting import Setting, setting_tables

MOST_STARTS = 1000
#: Random starts of each cell, besides the structured ones and those that its neighbours lend.
STARTS = 4
#: Changes when parts kept by an earlier version may no longer be read as if computed by this one.
_VERSION = 3

#: Told the stage, how much of it is done, and how much there is.
Advance = Callable[[str, int, int], object]


@dataclass(frozen=True)
class PhaseDiagram:
    """Optima over two axes of a setting, and the boundaries between them.

    Attributes:
        plane: the setting and its axes.
        theta: weights and biases of the optimum of each cell, as in `loss.objective.parameters`.
        rows: the cells' geometries, losses, errors and stability, row by row: y rises from row to row, x within each.
        boundaries: first-order curves, continuous transitions and metastability limits; none where `Plane.left_out`
            says why.
        triple_points: where three geometries have the same loss.
    """

    plane: Plane
    theta: Float[np.ndarray, "rows columns parameters"]
    rows: tuple[Judged, ...]
    boundaries: tuple[PhaseBoundary, ...]
    triple_points: tuple[TriplePoint, ...]

    @property
    def geometry(self) -> list[list[str]]:
        """Names of the cells' geometries, row by row."""
        return [list(row.geometry) for row in self.rows]


def phase_diagram(
    setting: Setting,
    x: str,
    y: str,
    starts: int = STARTS,
    seed: int = 0,
    advance: Advance = lambda stage, done, total: None,
    keep: Keep = unkept,
) -> PhaseDiagram:
    """Optima and phase boundaries of a setting over two axes, in double precision.

    At each cell min_{W, b} L(W, b) from random, structured and neighbouring starts.  Between cells: curves L_A = L_B of
    two minima (first-order), curves where the Hessian of the optimum (continuous) or of another minimum
    (metastability) becomes singular, and points L_A = L_B = L_C, all by Newton's method and pseudo-arclength
    continuation with exact derivatives.

    Args:
        setting: everything but the axes, without an L1 term; at most `enumeration.MOST_FEATURES` features.
        x, y: axes, see `plane.parse_axis`.
        starts: random starts at each cell, 1 to `MOST_STARTS`.
        seed: of the starts.
        advance: told the stage, and how much of it is done.
        keep: keeps finished parts, so that an interrupted diagram goes on where it was.

    Returns:
        `PhaseDiagram`.  A boundary's ``error`` bounds the numerical error of its points.  What breaks: a phase smaller
        than a cell can be missed, as can a boundary that no edge of the grid crosses, and a limit of minima that
        no cell's optimum leads to; each optimum is the best of its starts.

    Raises:
        InputError: axes that are none, starts or a seed out of range, or a setting without an exact route.

    Source: pseudo-arclength continuation, Keller (1977); limits of stability as zeros of (∇L, H v, |v|² - 1),
    Seydel, Practical Bifurcation and Stability Analysis (2010), section 5.4.

    Validity: in double precision; `boundary` and `stability_limit` prove single points.

    >>> from tegum import Setting
    >>> found = phase_diagram(Setting(2, 1, 0.1), "density:0.2:0.6:5", "importance[1]:0.3:0.5:4")
    >>> sorted({one.kind for one in found.boundaries})
    ['first-order', 'metastability']
    """
    if not 1 <= starts <= MOST_STARTS:
        raise InputError(f"starts = {starts} is outside [1, {MOST_STARTS}]")
    if seed < 0:
        raise InputError(f"seed = {seed} is below 0")
    plane = Plane(setting, parse_axis(x), parse_axis(y))
    return diagram_of(plane, _optima(plane, starts, seed, advance, keep), advance, keep)


def diagram_of(
    plane: Plane,
    theta: Float[np.ndarray, "rows columns parameters"],
    advance: Advance = lambda stage, done, total: None,
    keep: Keep = lambda name, compute: compute(),
) -> PhaseDiagram:
    """The phase diagram whose cells have these optima: each judged, and the boundaries between them.

    Args:
        plane: the setting and its axes.
        theta: weights and biases of each cell, as in `loss.objective.parameters`.
        advance, keep: see `phase_diagram`.
    """
    rows = []
    for row, points in enumerate(plane.points()):
        found = keep(f"judged-{row:04d}", partial(_judged_tables, plane, points, theta[row]))
        rows.append(Judged(**{key: _column(key, found[key]) for key in Judged.__dataclass_fields__}))
        advance("cells judged", row + 1, plane.shape[0])
    curves = keep("boundaries", lambda: _boundary_tables(*_traced(plane, theta, rows, advance)))
    return PhaseDiagram(
        plane,
        theta,
        tuple(rows),
        tuple(_boundary(table) for table in curves["boundaries"]),
        tuple(_triple_point(table) for table in curves["triple_points"]),
    )


def diagram_id(plane: Plane, starts: int = STARTS, seed: int = 0) -> str:
    """16 hexadecimal digits that name what `phase_diagram` computes, and under which its parts may be kept."""
    axes = {name: vars(axis) for name, axis in (("x", plane.x), ("y", plane.y))}
    search = {"starts": starts, "seed": seed, "version": _VERSION}
    return tables_id({**setting_tables(plane.setting), "axes": axes, "search": search})


def _traced(
    plane: Plane, theta: np.ndarray, rows: list[Judged], advance: Advance
) -> tuple[list[PhaseBoundary], list[TriplePoint]]:
    names = np.array([row.geometry for row in rows])
    return ([], []) if plane.left_out else boundaries(plane, theta, names, advance)


def _optima(plane: Plane, starts: int, seed: int, advance: Advance, keep: Keep) -> np.ndarray:
    structured = _kept_array(keep, "structured", partial(structured_starts, plane))
    matrices = plane.setting.hidden * (1 if plane.setting.tied else 2)
    structured = structured.reshape(-1, (matrices + plane.setting.bias) * plane.setting.count)
    rows = []
    for row in range(plane.shape[0]):
        search = partial(row_optima, plane, row, structured, starts, seed)
        rows.append(_kept_array(keep, f"row-{row:04d}", search))
        advance("rows searched", row + 1, plane.shape[0])
    told = partial(advance, "cells settled")
    return _kept_array(keep, "optima", partial(swept, plane, np.array(rows), told))


def _kept_array(keep: Keep, name: str, compute: Callable[[], np.ndarray]) -> np.ndarray:
    return np.array(keep(name, lambda: {"theta": compute().tolist()})["theta"])


def _judged_tables(plane: Plane, points: np.ndarray, theta: np.ndarray) -> dict[str, Any]:
    found = judged(plane, points, theta)
    return {key: np.asarray(value).tolist() for key, value in vars(found).items()}


def _column(key: str, values: list) -> Any:
    return tuple(values) if key == "geometry" else np.array(values)


def _boundary_tables(pieces: list[PhaseBoundary], points: list[TriplePoint]) -> dict[str, Any]:
    return {
        "boundaries": [_plain(asdict(one)) for one in pieces],
        "triple_points": [_plain(asdict(one)) for one in points],
    }


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return value.tolist() if isinstance(value, np.ndarray) else value


def _boundary(table: dict[str, Any]) -> PhaseBoundary:
    first, last = (End(np.array(end["point"]), end["why"], end["error"]) for end in table["ends"])
    names = table["between"]
    return PhaseBoundary((names[0], names[1]), table["kind"], np.array(table["points"]), table["error"], (first, last))


def _triple_point(table: dict[str, Any]) -> TriplePoint:
    first, second, third = table["geometries"]
    return TriplePoint((first, second, third), np.array(table["point"]), table["residual"], table["error"])
