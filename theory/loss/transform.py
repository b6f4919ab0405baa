"""Route 2 to the exact loss: characteristic functions, for any number of features."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int

from tegum.theory.errors import InputError
from tegum.theory.loss.law import Structure
from tegum.theory.loss.rows import RowLosses
from tegum.theory.loss.series.sums import fill_norms, fill_rows
from tegum.theory.loss.threads import in_chunks

#: Rows differ in cost, so the parts given to threads are small, but not so small that handing them out shows.
_FEWEST_ROWS, _PARTS = 4, 32


def transformed_rows(
    G: Float[np.ndarray, "models rows features"],
    b: Float[np.ndarray, "models rows"],
    density: Float[np.ndarray, "models features"],
    importance: Float[np.ndarray, "models features"],
    tolerance: float = 1e-13,
    structure: Structure = Structure(),  # noqa: B008  (immutable)
) -> RowLosses:
    """Loss of each feature and its gradient by the characteristic function of z_i = Σ_j G_ij x_j + b_i.

    ℓ_i = I_i [ E y_i² - 2 E y_i (z_i)_+ + E (z_i)_+² ], y = x or |x|, each expectation a sum over odd harmonics.

    Args:
        G: overlap matrices (not necessarily symmetric), or their first rows where the others are not wanted.
        b: biases of those rows.
        density: probability that each feature is on, in [0, 1]; with the one-hot law, that it is the one.
        importance: weight of each feature's squared error, >= 0.
        tolerance: harmonics are added until the bound on what is left out of ℓ_i / I_i is below it, or there are
            `series.tails.MOST_FREQUENCIES`; the bound returned tells which.
        structure: law and target; the readout is ReLU whatever it says.

    Returns:
        `RowLosses` with bounds on the error of the loss and of the gradient.

    Raises:
        InputError: binary values.

    Validity: independent, correlated, anticorrelated and one-hot features, uniform or signed; any number of them.  What
    breaks: overlaps far smaller than the largest damp nothing, so many harmonics are needed and the bound on the
    gradient gets loose.

    Source: Fourier series of |t| and t|t|; Lévy's product formula for sums of independent variables.
    """
    models, rows, features = G.shape
    count, own = models * rows, np.tile(np.arange(rows), models)
    flat_G, flat_b = np.ascontiguousarray(G).reshape(count, features), np.ascontiguousarray(b).reshape(count)
    flat_density, flat_importance = np.repeat(density, rows, axis=0), np.repeat(importance, rows, axis=0)
    signed, one_is_on, start, member, joint = _blocks(structure, features)
    loss, error, slope_error = np.empty((3, count))
    gradient = np.empty((count, features + 1))
    in_chunks(
        count,
        lambda part: fill_rows(
            own[part], flat_G[part], flat_b[part], flat_density[part], flat_importance[part], tolerance,
            signed, structure.target == "abs", one_is_on, start, member, joint,
            loss[part], error[part], gradient[part], slope_error[part],
        ),
        chunk=max(_FEWEST_ROWS, count // _PARTS),
    )  # fmt: skip
    shape = (models, rows)
    return RowLosses(
        loss.reshape(shape),
        gradient.reshape(*shape, features + 1),
        error=error.reshape(shape),
        gradient_error=slope_error.reshape(shape),
    )


def transformed_norms(
    W: Float[np.ndarray, "models hidden features"],
    density: Float[np.ndarray, "models features"],
    tolerance: float = 1e-13,
    structure: Structure = Structure(),  # noqa: B008  (immutable)
) -> RowLosses:
    """Mean size of each hidden activation and its gradient, E |h_a|, h_a = Σ_j W_aj x_j.

    Args:
        W: weights of the encoder.
        density, tolerance, structure: as in `transformed_rows`; the target does not matter here.

    Returns:
        `RowLosses` of which the rows are the hidden activations: E |h_a|, its gradient by W_a, and bounds on both.
        E (h_a)_+ = (E |h_a| + E h_a)/2.  At W_a = 0, where there is no gradient, it is that of -h_a.

    Raises:
        InputError: binary values.

    Validity and source: as for `transformed_rows`.
    """
    models, hidden, features = W.shape
    count = models * hidden
    flat_W, flat_density = np.ascontiguousarray(W).reshape(count, features), np.repeat(density, hidden, axis=0)
    signed, one_is_on, start, member, joint = _blocks(structure, features)
    norm, error, slope_error = np.empty((3, count))
    gradient = np.empty((count, features))
    in_chunks(
        count,
        lambda part: fill_norms(
            flat_W[part], flat_density[part], tolerance, signed, one_is_on, start, member, joint,
            norm[part], error[part], gradient[part], slope_error[part],
        ),
        chunk=max(_FEWEST_ROWS, count // _PARTS),
    )  # fmt: skip
    shape = (models, hidden)
    return RowLosses(
        norm.reshape(shape),
        gradient.reshape(*shape, features),
        error=error.reshape(shape),
        gradient_error=slope_error.reshape(shape),
    )


def _blocks(
    structure: Structure, features: int
) -> tuple[bool, bool, Int[np.ndarray, " ends"], Int[np.ndarray, " features"], Bool[np.ndarray, " blocks"]]:
    """Signed or not, one-hot or not, and the independent blocks: their starts among the members, members, kind."""
    if structure.values not in ("uniform", "signed"):
        raise InputError(f"values = {structure.values!r} has no characteristic function here; allowed: uniform, signed")
    groups = (tuple(range(features)),) if structure.law == "one-hot" else structure.groups
    group_of = {feature: group for group in groups for feature in group}
    blocks = sorted({group_of.get(feature, (feature,)) for feature in range(features)})
    start = np.cumsum([0, *map(len, blocks)])
    joint = np.array([structure.law == "correlated" and len(block) > 1 for block in blocks])
    return structure.values == "signed", structure.law == "one-hot", start, np.concatenate(blocks), joint
