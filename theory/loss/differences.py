"""Second derivatives of a route that gives first ones: extrapolated differences, with an estimate of their error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from tegum.theory.loss.rows import RowLosses

#: Step of a difference relative to the largest entry of the row, or to 1 where all are smaller: its fourth power is
#: left out, and the noise of the gradients, some 10⁻¹³, is divided by it.
_STEP = 2.0**-14

#: Rows [models, rows, entries], overlaps and bias or overlaps alone, to their losses.
_RowRoute = Callable[[np.ndarray], RowLosses]


def with_hessian(route: _RowRoute, u: Float[np.ndarray, "models rows entries"]) -> RowLosses:
    """The route's rows with their Hessians by differences of its gradient.

    H e_k = (4 D_h - D_2h) / 3,  D_h = [∇ℓ(u + h e_k) - ∇ℓ(u - h e_k)] / 2h, symmetrised.

    Args:
        route: rows with gradients and their bounds, at any u of this shape.
        u: (g_1, …, g_n, b) of each row, or what else the route takes derivatives by.

    Returns:
        The route's `RowLosses`; ``hessian_error`` is an estimate and no bound: the largest change from the value
        at twice the step, truncation and noise together, and the jump on a kink.

    Validity: where ∇ℓ is smooth within 4h.  On a kink, such as a bias of zero with single active features, the Hessian
    is the mean of both sides, and the estimate is as large as its jump.

    Source: Richardson extrapolation of central differences.
    """
    step = _STEP * np.maximum(np.abs(u).max(axis=2), 1.0)
    rows = route(u)
    columns, errors = zip(*(_column(route, u, rows.gradient, step, k) for k in range(u.shape[2])), strict=True)
    hessian = np.stack(columns, axis=-1)
    return replace(rows, hessian=(hessian + hessian.swapaxes(2, 3)) / 2, hessian_error=np.max(errors, axis=0))


def _column(
    route: _RowRoute, u: np.ndarray, here: np.ndarray, step: np.ndarray, k: int
) -> tuple[Float[np.ndarray, "models rows entries"], Float[np.ndarray, "models rows"]]:
    """Column k of each row's Hessian, and the estimate of its error."""
    (fine, bend), (middle, wider), (coarse, _) = (
        _differences(route, u, here, times * step, k) for times in (1.0, 2.0, 4.0)
    )
    best, before = (4 * fine - middle) / 3, (4 * middle - coarse) / 3
    # A smooth gradient bends in proportion to the step, a kink's by the same jump at any step.
    jump = 2 * bend - wider
    return best, (np.abs(best - before) + np.abs(jump)).max(axis=2)


def _differences(
    route: _RowRoute, u: np.ndarray, here: np.ndarray, step: np.ndarray, k: int
) -> tuple[Float[np.ndarray, "models rows entries"], Float[np.ndarray, "models rows entries"]]:
    """[∇ℓ(u + h e_k) - ∇ℓ(u - h e_k)] / 2h, and what the slopes of both sides differ by."""
    h = step[..., None]
    move = h * np.eye(u.shape[2])[k]
    above, below = route(u + move).gradient, route(u - move).gradient
    return (above - below) / (2 * h), (above - 2 * here + below) / h
