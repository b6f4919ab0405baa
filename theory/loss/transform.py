"""Route 2 to the exact loss: characteristic functions, for any number of features."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from tegum.theory.errors import InputError
from tegum.theory.loss.law import Structure
from tegum.theory.loss.rows import RowLosses
from tegum.theory.loss.series.row import Halves, Rows, blocks_of, off_probabilities, rows_in
from tegum.theory.loss.series.sums import fill_halves
from tegum.theory.loss.threads import in_parts

_ROUNDOFF = 2.0**-53


def transformed_rows(
    G: Float[np.ndarray, "models rows features"],
    b: Float[np.ndarray, "models rows"],
    density: Float[np.ndarray, "models features"],
    importance: Float[np.ndarray, "models features"],
    tolerance: float = 1e-13,
    structure: Structure = Structure(),  # noqa: B008  (immutable)
    device: str | None = None,
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
        device: to sum the harmonics on (see `devices`); None for the compiled kernel.

    Returns:
        `RowLosses` with bounds on the error of the loss and of the gradient.

    Raises:
        InputError: binary values, or a device that is not there.

    Validity: independent, correlated, anticorrelated and one-hot features, uniform or signed; any number of them.  What
    breaks: overlaps far smaller than the largest damp nothing, so many harmonics are needed and the bound on the
    gradient gets loose.

    Source: Fourier series of |t| and t|t|; Lévy's product formula for sums of independent variables.
    """
    models, count, features = G.shape
    own, weight = np.tile(np.arange(count), models), importance[:, :count, None]
    rows = _rows(own, G, b, density, structure)
    halves = _half_losses(rows, tolerance, device)
    value, slope, error, slope_error = (part.reshape(models, count, -1) for part in halves)
    of_own = density[:, :count, None]
    return RowLosses(
        (weight * (of_own / 3.0 + 2.0 * value))[..., 0],
        2.0 * weight * slope,
        error=(weight * (error + _ROUNDOFF * of_own))[..., 0],
        gradient_error=(weight * slope_error)[..., 0],
    )


def transformed_norms(
    W: Float[np.ndarray, "models hidden features"],
    density: Float[np.ndarray, "models features"],
    tolerance: float = 1e-13,
    structure: Structure = Structure(),  # noqa: B008  (immutable)
    device: str | None = None,
) -> RowLosses:
    """Mean size of each hidden activation and its gradient, E |h_a|, h_a = Σ_j W_aj x_j.

    Args:
        W: weights of the encoder.
        density, tolerance, structure, device: as in `transformed_rows`; the target does not matter here.

    Returns:
        `RowLosses` of which the rows are the hidden activations: E |h_a|, its gradient by W_a, and bounds on both.
        E (h_a)_+ = (E |h_a| + E h_a)/2.  At W_a = 0, where there is no gradient, it is that of -h_a.

    Raises:
        InputError: binary values, or a device that is not there.

    Validity and source: as for `transformed_rows`.
    """
    models, hidden, features = W.shape
    biases = np.zeros((models, hidden))
    halves = _half_losses(_rows(np.full(models * hidden, -1), W, biases, density, structure), tolerance, device)
    value, slope, error, slope_error = (part.reshape(models, hidden, -1) for part in halves)
    # |h| = 2 h_+ - h.
    mean = (0.0 if structure.values == "signed" else 0.5) * density[:, None, :]
    return RowLosses(
        2.0 * value[..., 0] - (mean * W).sum(axis=2),
        2.0 * slope[..., :features] - mean,
        error=error[..., 0],
        gradient_error=slope_error[..., 0],
    )


def _half_losses(rows: Rows, tolerance: float, device: str | None) -> Halves:
    if device is not None:
        from tegum.theory.loss.tensor_series import tensor_halves

        return tensor_halves(rows, tolerance, device)
    count, features = rows.g.shape
    halves = Halves(np.empty(count), np.empty((count, features + 1)), np.empty(count), np.empty(count))
    in_parts(
        count,
        lambda part: fill_halves(rows_in(rows, part), tolerance, Halves(*(whole[part] for whole in halves))),
    )
    return halves


def _rows(own: np.ndarray, g: np.ndarray, b: np.ndarray, density: np.ndarray, structure: Structure) -> Rows:
    """Rows [models, rows] with their law: blocks that are independent, by their starts among the members and kind.

    Rows without an own feature (own = -1) stand for E z_+, the others for half of E z_+² - 2 E y z_+.
    """
    if structure.values not in ("uniform", "signed"):
        raise InputError(f"values = {structure.values!r} has no characteristic function here; allowed: uniform, signed")
    models, each, features = g.shape
    groups = (tuple(range(features)),) if structure.law == "one-hot" else structure.groups
    group_of = {feature: group for group in groups for feature in group}
    blocks = sorted({group_of.get(feature, (feature,)) for feature in range(features)})
    start, member = np.cumsum([0, *map(len, blocks)]), np.concatenate(blocks)
    joint = np.array([structure.law == "correlated" and len(block) > 1 for block in blocks])
    off = off_probabilities(density, start, member, joint) * (structure.law != "one-hot")
    return Rows(
        1 if own[0] < 0 else 2,
        own,
        np.ascontiguousarray(g).reshape(-1, features),
        np.ascontiguousarray(b).ravel(),
        np.repeat(density, each, axis=0),
        structure.values == "signed",
        structure.target == "abs",
        np.repeat(off, each, axis=0),
        start,
        member,
        blocks_of(start, member),
        joint,
    )
