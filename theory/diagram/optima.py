"""The optimum at every cell of a plane: random starts row by row, then neighbours' optima until none is improved."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from tegum.theory.candidates.candidates import candidates
from tegum.theory.diagram.plane import Plane
from tegum.theory.loss.law import Structure, empty_loss, structure_of
from tegum.theory.loss.objective import expansion_at, parameters, weights_of
from tegum.theory.search.descent import Descent, descend
from tegum.theory.search.optimum import SAME_LOSS, ZERO_LOSS, random_outward
from tegum.theory.search.starts import random_starts
from tegum.theory.search.starts import structured_starts as bent_products

#: Longest step from a neighbour's optimum: it is close.
NEARBY = 0.25
#: Bent products that each cell starts from where there are no candidates.
_BENT = 8
#: A neighbour's optimum replaces a cell's own where its loss is lower by more than this times the empty model's.
_LOWER = 1e-13


def row_optima(
    plane: Plane, row: int, structured: Float[np.ndarray, "starts parameters"], starts: int, seed: int
) -> Float[np.ndarray, "columns parameters"]:
    """Best weights of each cell of a row, from random starts of their own and from structured ones.

    The random starts depend on the seed, the row and the column only.
    """
    points = plane.points()[row]
    columns, stream = len(points), _stream(seed, row)
    W, b = random_starts(plane.setting, starts * columns, stream)
    outward = None if plane.setting.tied else random_outward(W, stream)
    random = parameters(W, b, outward, plane.setting.bias).reshape(columns, starts, -1)
    theta = np.concatenate([random, np.tile(structured, (columns, 1, 1))], axis=1)
    return _best_of(plane, points, theta, reach=2.0)


def _stream(seed: int, row: int) -> int:
    """A seed for each row: the first word of NumPy's own mixing of the two."""
    return int(np.random.SeedSequence([seed, row]).generate_state(1)[0])


def _best_of(plane: Plane, points: np.ndarray, theta: np.ndarray, reach: float) -> np.ndarray:
    """Lowest critical point that one of several starts [points, starts, parameters] leads to at each point."""
    many, starts = theta.shape[:2]
    points = np.repeat(points, starts, axis=0)
    found, rest = _led(plane, points, theta.reshape(many * starts, -1), reach)
    # One that still moves wins only where it is lower than all at rest: then there may be no minimum at all.
    margin = SAME_LOSS * np.abs(rest.loss) + ZERO_LOSS * empty_loss(plane.law(points))
    loss = np.where(rest.converged, rest.loss, rest.loss + margin).reshape(many, starts)
    return found.reshape(theta.shape)[np.arange(many), loss.argmin(axis=1)]


def followed(
    plane: Plane, points: Float[np.ndarray, "members 2"], theta: Float[np.ndarray, "members parameters"], reach: float
) -> tuple[Float[np.ndarray, "members parameters"], Float[np.ndarray, " members"]]:
    """Critical points downhill from weights at points, and their losses: infinite where none was reached."""
    found, rest = _led(plane, points, theta, reach)
    return found, np.where(rest.converged, rest.loss, np.inf)


def _led(plane: Plane, points: np.ndarray, theta: np.ndarray, reach: float) -> tuple[np.ndarray, Descent]:
    """Where weights at points lead downhill."""
    law = plane.law(points)
    W, b, W_out = weights_of(theta, plane.setting.count, law.structure)
    rest = descend(W, b, law, reach=reach, W_out=W_out)
    return parameters(rest.W, rest.b, rest.W_out, law.structure.bias), rest


def structured_starts(plane: Plane) -> Float[np.ndarray, "starts parameters"]:
    """Weights of the catalogue's stable candidates at the corners and in the middle of the plane.

    Where the setting has no candidates: bent products of catalogue factors, as the search itself starts from.
    """
    if structure_of(plane.setting) != Structure():
        W, b = bent_products(plane.setting, _BENT, 0)
        return parameters(W, b, None if plane.setting.tied else W.swapaxes(1, 2), plane.setting.bias)
    found = []
    for point in ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (0.5, 0.5)):
        stable = [one for one in candidates(plane.setting_at(np.array(point))) if one.stable]
        found += [parameters(one.weights.W[None], one.weights.b[None])[0] for one in stable]
    parameter_count = (plane.setting.hidden + 1) * plane.setting.count
    return np.unique(np.array(found).reshape(-1, parameter_count).round(1), axis=0)


def swept(
    plane: Plane,
    theta: Float[np.ndarray, "rows columns parameters"],
    advance: Callable[[int, int], object] = lambda done, total: None,
) -> Float[np.ndarray, "rows columns parameters"]:
    """Try the weights of each cell's neighbours at the cell until no cell improves."""
    points, theta = plane.points(), theta.copy()
    law = plane.law(points.reshape(-1, 2))
    flat = theta.reshape(-1, theta.shape[-1])
    loss = expansion_at(flat, law).loss.reshape(plane.shape)
    scale = empty_loss(law).reshape(plane.shape)
    changed = np.ones(plane.shape, dtype=bool)
    while changed.any():
        improved = np.zeros_like(changed)
        for rows, columns, from_rows, from_columns in _shifts(plane.shape):
            source = (from_rows, from_columns)
            trying = changed[source]
            if not trying.any():
                continue
            found, lower = followed(plane, points[rows, columns][trying], theta[source][trying], NEARBY)
            wins = lower < loss[rows, columns][trying] - _LOWER * scale[rows, columns][trying]
            at = tuple(np.argwhere(trying)[wins].T + np.array([[rows.start or 0], [columns.start or 0]]))
            theta[at], loss[at], improved[at] = found[wins], lower[wins], True
        changed = improved
        advance(int((~changed).sum()), changed.size)
    return theta


def _shifts(shape: tuple[int, int]) -> list[tuple[slice, slice, slice, slice]]:
    """(cells that have a neighbour on one side, those neighbours) for the four sides."""
    every, first, last = slice(None), slice(0, -1), slice(1, None)
    return [
        (every, last, every, first),
        (every, first, every, last),
        (last, every, first, every),
        (first, every, last, every),
    ]
