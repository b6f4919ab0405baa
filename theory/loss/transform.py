"""Route 2 to the exact loss: characteristic functions, for any number of features."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from tegum.theory.loss.rows import RowLosses
from tegum.theory.loss.series import fill_rows
from tegum.theory.loss.threads import in_chunks


def transformed_rows(
    G: Float[np.ndarray, "models features features"],
    b: Float[np.ndarray, "models features"],
    density: Float[np.ndarray, "models features"],
    importance: Float[np.ndarray, "models features"],
    tolerance: float = 1e-13,
) -> RowLosses:
    """Loss of each feature and its gradient by the characteristic function of z_i = Σ_j G_ij x_j + b_i.

    ℓ_i = I_i [ p_i/3 - 2 E x_i (z_i)_+ + E (z_i)_+² ], each expectation a sum over odd harmonics.

    Args:
        G: overlap matrices, features × features (not necessarily symmetric).
        b: biases.
        density: probability that each feature is on, in [0, 1].
        importance: weight of each feature's squared error, >= 0.
        tolerance: harmonics are added until the bound on what is left out of ℓ_i / I_i is below it, or there are
            `series.MOST_FREQUENCIES`; the bound returned tells which.

    Returns:
        `RowLosses` with bounds on the error of the loss and of the gradient.

    Validity: independent features uniform on [0, 1], ReLU readout, any number of features.  What breaks: overlaps far
    smaller than the largest damp nothing, so many harmonics are needed and the bound on the gradient gets loose.

    Source: Fourier series of |t| and t|t|; Lévy's product formula for sums of independent variables.
    """
    models, features = b.shape
    loss, error, slope_error = np.empty((3, models, features))
    gradient = np.empty((models, features, features + 1))
    in_chunks(
        models,
        lambda part: fill_rows(
            G[part], b[part], density[part], importance[part], tolerance,
            loss[part], error[part], gradient[part], slope_error[part],
        ),
        chunk=1,
    )  # fmt: skip
    return RowLosses(loss, gradient, error=error, gradient_error=slope_error)
