"""Elhage et al.'s phase diagrams: the optimum over density and importance, beside the published fixed weights."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from tegum.compare.diagram.fixed import fixed_boundaries, fixed_solutions
from tegum.papers.claims.quantity import Quantity
from tegum.theory.diagram.boundaries import METASTABILITY
from tegum.theory.diagram.diagram import PhaseDiagram, phase_diagram
from tegum.theory.diagram.plane import Plane
from tegum.theory.loss.objective import tied_weights
from tegum.theory.setting import Setting

#: Features of a longer vector are represented; directions with a larger cosine overlap.
_NORM, _COSINE = 0.5, 0.1


def represented_alike(setting: Setting, cells: int = 20, sharing: bool = True) -> Quantity:
    """Share of the cells in which the best fixed weights represent as many features as the optimum, the last or not.

    Cells lie over the density, 0.01 to 1, and the importance of the last feature, 0.1 to 10; without `sharing` the
    fixed weights with an antipodal pair are left out.
    """
    last = setting.count - 1
    diagram = phase_diagram(setting, f"density:0.01:1:{cells}:log", f"importance[{last}]:0.1:10:{cells}:log")
    W = tied_weights(diagram.theta.reshape(cells**2, -1), setting.count)[0]
    kept = np.linalg.norm(W, axis=1) > _NORM
    optimal = np.stack([kept.sum(axis=1), kept[:, last]], axis=1)
    alike = (optimal == _represented_by_fixed(diagram.plane, sharing)).all(axis=1)
    names = sum(diagram.geometry, [])
    phases = [_phase(name, one) for name, one in zip(names, W, strict=True)]
    value, method = float(alike.mean()), "optimum against the best of fixed weights, by exact losses"
    return Quantity(value, 0.0, method, _details(diagram, phases, alike))


def _represented_by_fixed(plane: Plane, sharing: bool) -> Int[np.ndarray, "cells 2"]:
    """How many features the best fixed weights represent in each cell, and whether the last is among them."""
    count = plane.setting.count
    solutions = [one for one in fixed_solutions(count, plane.setting.hidden) if sharing or one.dropped is not None]
    law = plane.law(plane.points().reshape(-1, 2))
    best = np.array([one.losses(law) for one in solutions]).argmin(axis=0)
    kept = [(count if one.dropped is None else count - 1, one.dropped != count - 1) for one in solutions]
    return np.array(kept, dtype=int)[best]


def _phase(geometry: str, W: Float[np.ndarray, "hidden features"]) -> str:
    """The geometry and what the last feature is in it, or how many are represented where not all are."""
    norms, count = np.linalg.norm(W, axis=0), W.shape[1]
    kept = norms > _NORM
    if not kept.all():
        return f"{kept.sum()} of {count} represented, last {'kept' if kept[-1] else 'dropped'}"
    overlaps = (np.abs(W[:, -1] @ W[:, :-1]) > _COSINE * norms[-1] * norms[:-1]).any()
    return f"{geometry}, last {'shares' if overlaps else 'alone'}"


def _details(diagram: PhaseDiagram, phases: list[str], alike: np.ndarray) -> dict[str, object]:
    plane = diagram.plane
    shares = (np.linspace(0, 1, plane.x.count), np.linspace(0, 1, plane.y.count))
    optimal = [one for one in diagram.boundaries if one.kind != METASTABILITY]
    return {
        "density": plane.x.values(shares[0]).tolist(),
        "importance": plane.y.values(shares[1]).tolist(),
        "phase": np.array(phases).reshape(plane.shape).tolist(),
        "alike": alike.reshape(plane.shape).tolist(),
        "boundaries": [{"kind": one.kind, "points": one.points.tolist()} for one in optimal],
        "fixed": [{"between": list(one.between), "points": one.points.tolist()} for one in fixed_boundaries(plane)],
    }
