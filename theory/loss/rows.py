"""What one feature's loss is as a function of its own row: the record that every route to the loss returns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class RowLosses:
    """Population loss of every feature with its derivatives by the feature's own row of overlaps and bias.

    ℓ_i(g, b) = I_i E(x_i - (g·x + b)_+)², g = G[i, :], b = b[i].  The loss of a model is the sum of its rows.

    Attributes:
        loss: ℓ_i, squared magnitude of a feature.
        gradient: ∂ℓ_i/∂(g_1, …, g_n, b).
        hessian: second derivatives in the same order; None when not asked for.
        error: bound on the absolute error of ``loss``; None when not asked for.
        gradient_error: bound on the absolute error of each entry of the row's ``gradient``; None when not asked for.
        hessian_error: the same of its ``hessian``, for a bias that is moved by at most its own rounding.
    """

    loss: Float[np.ndarray, "*rows"]
    gradient: Float[np.ndarray, "*rows entries"]
    hessian: Float[np.ndarray, "*rows entries entries"] | None = None
    error: Float[np.ndarray, "*rows"] | None = None
    gradient_error: Float[np.ndarray, "*rows"] | None = None
    hessian_error: Float[np.ndarray, "*rows"] | None = None
