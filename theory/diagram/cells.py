"""Cells of a phase diagram: the optimum of each, named and judged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from tegum.theory.diagram.crossing import rounding
from tegum.theory.diagram.plane import Plane
from tegum.theory.geometry.critical import critical_identity
from tegum.theory.loss.law import structure_of
from tegum.theory.loss.objective import expansion, weights_of
from tegum.theory.search.curvature import curvature_tolerance, least_curvatures
from tegum.theory.search.descent import gradient_tolerance
from tegum.theory.weights import Weights


@dataclass(frozen=True)
class Judged:
    """The optima of some cells with their credibility.

    Attributes:
        geometry: their names.
        loss, error: exact population loss and the bound on its numerical error.
        gradient_norm: of the full loss.
        hessian_min: least curvature without rotations.
        stable: whether each is a strict local minimum: gradient zero, curvature positive.
    """

    geometry: tuple[str, ...]
    loss: Float[np.ndarray, " cells"]
    error: Float[np.ndarray, " cells"]
    gradient_norm: Float[np.ndarray, " cells"]
    hessian_min: Float[np.ndarray, " cells"]
    stable: Bool[np.ndarray, " cells"]


def judged(plane: Plane, points: Float[np.ndarray, "cells 2"], theta: Float[np.ndarray, "cells parameters"]) -> Judged:
    """Name and judge critical points at some points of the plane."""
    law = plane.law(points)
    W, b, W_out = weights_of(theta, plane.setting.count, law.structure)
    at = expansion(W, b, law, W_out)
    gradient_norm = np.linalg.norm(at.gradient, axis=1)
    hessian_min = least_curvatures(W, b, law, W_out)
    return Judged(
        geometry=tuple(geometry_name(one, plane) for one in theta),
        loss=at.loss,
        error=rounding(plane, points, theta),
        gradient_norm=gradient_norm,
        hessian_min=hessian_min,
        stable=(gradient_norm <= gradient_tolerance(law)) & (hessian_min > curvature_tolerance(law)),
    )


def geometry_name(theta: Float[np.ndarray, " parameters"], plane: Plane) -> str:
    """Name of the geometry of weights at a critical point."""
    W, b, W_out = weights_of(theta[None], plane.setting.count, structure_of(plane.setting))
    return critical_identity(Weights(W, b, W_out)[0], plane.setting.activation).geometry
