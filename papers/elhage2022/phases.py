"""Elhage et al.'s phase diagrams: the optimum over density and importance, beside the published fixed weights."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from tegum.compare.diagram.fixed import fixed_boundaries, fixed_solutions
from tegum.papers.claims.quantity import Quantity
from tegum.theory.diagram.boundaries import boundaries
from tegum.theory.diagram.cells import geometry_name
from tegum.theory.diagram.diagram import STARTS
from tegum.theory.diagram.optima import row_optima, structured_starts, swept
from tegum.theory.diagram.pieces import METASTABILITY
from tegum.theory.diagram.plane import Plane, parse_axis
from tegum.theory.geometry.identify import identify
from tegum.theory.loss.objective import tied_weights
from tegum.theory.setting import Setting

#: Features of a longer vector are represented; directions with a larger cosine overlap.
_NORM, _COSINE = 0.5, 0.1

#: What a record holds in place of curves that were left out.
_NO_CURVES: dict[str, object] = {"boundaries": [], "fixed": []}


def represented_alike(setting: Setting, cells: int = 20, sharing: bool = True, curves: bool = True) -> Quantity:
    """Share of the cells in which the best fixed weights represent as many features as the optimum, the last or not.

    Cells lie over the density, 0.01 to 1, and the importance of the last feature, 0.1 to 10; without `sharing` the
    fixed weights with an antipodal pair are left out, without `curves` the boundaries that a figure needs.
    """
    last = setting.count - 1
    axes = f"density:0.01:1:{cells}:log", f"importance[{last}]:0.1:10:{cells}:log"
    plane = Plane(setting, *map(parse_axis, axes))
    theta = _optima(plane)
    W = tied_weights(theta.reshape(cells**2, -1), setting.count)[0]
    kept = np.linalg.norm(W, axis=1) > _NORM
    optimal = np.stack([kept.sum(axis=1), kept[:, last]], axis=1)
    alike = (optimal == _represented_by_fixed(plane, sharing)).all(axis=1)
    details = {
        "density": plane.x.values(np.linspace(0, 1, cells)).tolist(),
        "importance": plane.y.values(np.linspace(0, 1, cells)).tolist(),
        "phase": np.array([_phase(one) for one in W]).reshape(plane.shape).tolist(),
        "alike": alike.reshape(plane.shape).tolist(),
    }
    method = "optimum against the best of fixed weights, by exact losses"
    return Quantity(float(alike.mean()), 0.0, method, details | (_curves(plane, theta) if curves else _NO_CURVES))


def _optima(plane: Plane) -> Float[np.ndarray, "rows columns parameters"]:
    structured = structured_starts(plane)
    return swept(plane, np.array([row_optima(plane, row, structured, STARTS, 0) for row in range(plane.shape[0])]))


def _represented_by_fixed(plane: Plane, sharing: bool) -> Int[np.ndarray, "cells 2"]:
    """How many features the best fixed weights represent in each cell, and whether the last is among them."""
    count = plane.setting.count
    solutions = [one for one in fixed_solutions(count, plane.setting.hidden) if sharing or one.dropped is not None]
    law = plane.law(plane.points().reshape(-1, 2))
    best = np.array([one.losses(law) for one in solutions]).argmin(axis=0)
    kept = [(count if one.dropped is None else count - 1, one.dropped != count - 1) for one in solutions]
    return np.array(kept, dtype=int)[best]


def _phase(W: Float[np.ndarray, "hidden features"]) -> str:
    """The geometry and what the last feature is in it, or how many are represented where not all are."""
    norms, count = np.linalg.norm(W, axis=0), W.shape[1]
    kept = norms > _NORM
    if not kept.all():
        return f"{kept.sum()} of {count} represented, last {'kept' if kept[-1] else 'dropped'}"
    overlaps = (np.abs(W[:, -1] @ W[:, :-1]) > _COSINE * norms[-1] * norms[:-1]).any()
    return f"{identify(W).geometry}, last {'shares' if overlaps else 'alone'}"


def _curves(plane: Plane, theta: Float[np.ndarray, "rows columns parameters"]) -> dict[str, object]:
    """Boundaries of the optimum, and those of the fixed weights."""
    names = np.array([[geometry_name(one, plane) for one in row] for row in theta])
    optimal = [one for one in boundaries(plane, theta, names)[0] if one.kind != METASTABILITY]
    return {
        "boundaries": [{"kind": one.kind, "points": one.points.tolist()} for one in optimal],
        "fixed": [{"between": list(one.between), "points": one.points.tolist()} for one in fixed_boundaries(plane)],
    }
