"""Route 2 to the exact loss: characteristic functions, for any number of features."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from tegum.theory.loss.rows import RowLosses
from tegum.theory.loss.series import fill_rows
from tegum.theory.loss.threads import in_chunks

#: Rows per task given to a thread; rows differ in cost, so the parts are small.
_CHUNK = 4


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
    count = models * features
    own = np.tile(np.arange(features), models)
    flat_G, flat_b = np.ascontiguousarray(G).reshape(count, features), np.ascontiguousarray(b).reshape(count)
    flat_density, flat_importance = np.repeat(density, features, axis=0), np.repeat(importance, features, axis=0)
    loss, error, slope_error = np.empty((3, count))
    gradient = np.empty((count, features + 1))
    in_chunks(
        count,
        lambda part: fill_rows(
            own[part], flat_G[part], flat_b[part], flat_density[part], flat_importance[part], tolerance,
            loss[part], error[part], gradient[part], slope_error[part],
        ),
        chunk=_CHUNK,
    )  # fmt: skip
    shape = (models, features)
    return RowLosses(
        loss.reshape(shape),
        gradient.reshape(*shape, features + 1),
        error=error.reshape(shape),
        gradient_error=slope_error.reshape(shape),
    )
