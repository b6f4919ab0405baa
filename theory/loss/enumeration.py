"""Route 1 to the exact loss: enumeration of the active subsets, summed over knots."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from tegum.theory.loss.knots import fill_rows
from tegum.theory.loss.rows import RowLosses
from tegum.theory.loss.threads import in_chunks
from tegum.theory.loss.trie import loss_tables

#: Largest number of features that this route takes: a row costs at most n 2ⁿ operations, much less where
#: overlaps vanish.
MOST_FEATURES = 16
_UNIT_ROUNDOFF = 2.0**-53
#: Models per task given to a thread: enough work to pay for handing it over.
_CHUNK = 16


def enumerated_rows(
    G: Float[np.ndarray, "models rows features"],
    b: Float[np.ndarray, "models rows"],
    density: Float[np.ndarray, "models features"],
    importance: Float[np.ndarray, "models features"],
    order: int = 1,
    bounded: bool = False,
) -> RowLosses:
    """Loss of each feature, exact up to rounding, with its first ``order`` derivatives.

    ℓ_i = I_i [ p_i/3 - 2 E x_i (z_i)_+ + E (z_i)_+² ], z_i = Σ_j G_ij x_j + b_i, each expectation a sum of box
    integrals over the subsets of active features.

    Args:
        G: overlap matrices (not necessarily symmetric), or their first rows where the others are not wanted.
        b: biases of those rows.
        density: probability that each feature is on, in [0, 1].
        importance: weight of each feature's squared error, >= 0.
        order: 1 for the gradient, 2 for the Hessian as well.
        bounded: also bound the rounding errors (about doubles the time).

    Returns:
        `RowLosses`; the bounds are None unless ``bounded``.

    Validity: independent features uniform on [0, 1], ReLU readout, at most `MOST_FEATURES` features.  The
    Hessian is one-sided where a bias is exactly 0 or a vertex of the box lies exactly on the kink; the loss
    itself has a continuous gradient everywhere.

    Source: box integral of a truncated power, ∫_{[0,1]^k} (a·x + b)_+^m dx = m!/((m+k)! Πa) Σ_v ± (a·v + b)_+^{m+k}.
    """
    rows = _filled(G, b, density, importance, order, False)
    if not bounded:
        return rows
    # The same recursion with every subtraction made an addition: the size of all that was rounded on the way.
    size = _filled(G, b, density, importance, 2, True)
    assert size.hessian is not None
    features = density.shape[1]
    per_term = _UNIT_ROUNDOFF * (features**2 + 16 * features + 16)
    knot_shift = _UNIT_ROUNDOFF * (2 * features + 2) * (np.abs(b) + np.abs(G).sum(axis=-1))
    error = per_term * size.loss + knot_shift * size.gradient[..., -1]
    gradient_error = (per_term * size.gradient + knot_shift[..., None] * size.hessian[..., -1]).max(axis=-1)
    return replace(rows, error=error, gradient_error=gradient_error)


def _filled(G, b, density, importance, order: int, absolute: bool) -> RowLosses:
    models, rows, features = G.shape
    tables = loss_tables(features, order)
    loss, gradient = np.empty((models, rows)), np.empty((models, rows, features + 1))
    hessian = np.empty((models, rows, features + 1, features + 1) if order >= 2 else (models, 0, 0, 0))

    in_chunks(
        models,
        lambda part: fill_rows(
            G[part], b[part], density[part], importance[part], absolute,
            *tables.trie, tables.first, tables.pair, tables.triple,
            loss[part], gradient[part], hessian[part],
        ),
        _CHUNK,
    )  # fmt: skip
    return RowLosses(loss, gradient, hessian if order >= 2 else None)
