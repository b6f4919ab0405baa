"""Loss and gradient of whole models by their weights, for any number of features, as accurate as asked for."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from tegum.theory.loss.law import Law
from tegum.theory.loss.objective import overlaps
from tegum.theory.loss.transform import transformed_rows
from tegum.theory.search.lbfgs import Slope


def slope(
    W: Float[np.ndarray, "models hidden features"],
    b: Float[np.ndarray, "models features"],
    law: Law,
    tolerance: float,
) -> Slope:
    """Loss and gradient of each model by the transform route.

    With D_ij = ∂ℓ_i/∂G_ij and G = WᵀW:  ∂L/∂W = W (D + Dᵀ),  ∂L/∂b_i = ∂ℓ_i/∂b_i.

    Args:
        W, b: weights and biases.
        law: densities and importances of each model.
        tolerance: bound on the error of each ℓ_i / I_i (see `transform.transformed_rows`).

    Returns:
        `Slope` by θ = (W row by row, b); its noise is the bound on the error of the loss.

    Validity: independent features uniform on [0, 1], tied weights, ReLU readout, any number of features.
    """
    models, _, features = W.shape
    rows = transformed_rows(overlaps(W), b, law.density, law.importance, tolerance)
    assert rows.error is not None
    by_overlap = rows.gradient[..., :features]
    by_weight = W @ (by_overlap + by_overlap.swapaxes(1, 2))
    gradient = np.concatenate([by_weight.reshape(models, -1), rows.gradient[..., features]], axis=1)
    return Slope(rows.loss.sum(axis=1), gradient, rows.error.sum(axis=1))
