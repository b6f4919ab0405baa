"""The one entry to the exact loss: it picks the route, says which, and bounds the error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from tegum.theory.errors import InputError
from tegum.theory.loss.enumeration import MOST_FEATURES, enumerated_rows
from tegum.theory.loss.law import law_of
from tegum.theory.loss.rows import RowLosses
from tegum.theory.loss.transform import transformed_rows
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

METHODS = ("auto", "enumeration", "transform")
#: Harmonics of the transform are added until the bound on what is left out of a feature's loss is below this: as a
#: second route to check the first by, and, where it is the only one, relative to the feature's own E x².
_CHECKING_TOLERANCE = 1e-13
_RELATIVE_TOLERANCE = 1e-9
_UNIT_ROUNDOFF = 2.0**-53


@dataclass(frozen=True)
class PopulationLoss:
    """A population loss with its credibility.

    Attributes:
        loss: L = Σ_i ℓ_i, a float, or [models] for an ensemble.
        error: bound on the absolute numerical error of ``loss``, rounding of G = WᵀW included.
        per_feature: ℓ_i = I_i E(x_i - x̂_i)², [features] or [models, features].
        method: the route taken, "enumeration" or "transform".
    """

    loss: float | Float[np.ndarray, " models"]
    error: float | Float[np.ndarray, " models"]
    per_feature: Float[np.ndarray, "*ensemble features"]
    method: str


def population_loss(weights: Weights, setting: Setting, method: str = "auto") -> PopulationLoss:
    """Exact expected loss of given weights: no batch, no sampling.

    L = Σ_i I_i E(x_i - (Σ_j G_ij x_j + b_i)_+)²,  G = WᵀW.

    Args:
        weights: one model, or an ensemble.
        setting: densities, importances and shape; of the weights' number of features.
        method: "enumeration" (active subsets), "transform" (characteristic functions), or "auto": enumeration up to
            `enumeration.MOST_FEATURES` features, transform beyond.

    Returns:
        `PopulationLoss` in squared magnitudes of a feature.

    Raises:
        InputError: weights of another shape than the setting's, an unknown method, too many features for enumeration,
            or a setting outside what has an exact route here.

    Validity: independent features uniform on [0, 1], tied weights, ReLU readout.  What breaks: beyond 2⁵³ the sum of a
    row's overlaps leaves no digits, and the error bound says so.

    >>> import numpy as np
    >>> from tegum import Setting, Weights, population_loss
    >>> pair = Weights(W=np.array([[1.0, -1.0]]), b=np.zeros(2))
    >>> round(population_loss(pair, Setting(count=2, hidden=1, density=0.3)).loss, 12)  # p²/3
    0.03
    """
    check_shape(weights, setting)
    W = weights.W.reshape(-1, *weights.W.shape[-2:])
    b = weights.b.reshape(-1, setting.count)
    method = _route(method, setting.count)
    rows = _rows(W, b, setting, method)
    error = _error(W, rows)
    shape = weights.b.shape[:-1]
    if not shape:
        return PopulationLoss(float(rows.loss.sum()), float(error[0]), rows.loss[0], method)
    return PopulationLoss(rows.loss.sum(axis=1), error, rows.loss, method)


def _rows(W: np.ndarray, b: np.ndarray, setting: Setting, method: str) -> RowLosses:
    law = law_of(setting, len(b))
    G = W.swapaxes(1, 2) @ W
    if method == "enumeration":
        return enumerated_rows(G, b, law.density, law.importance, order=1, bounded=True)
    if setting.count <= MOST_FEATURES:
        return transformed_rows(G, b, law.density, law.importance, _CHECKING_TOLERANCE)
    return transformed_rows(G, b, law.density, law.importance, _RELATIVE_TOLERANCE * min(setting.density) / 3)


def _error(W: np.ndarray, rows: RowLosses) -> np.ndarray:
    """The rows' own bounds, plus the rounding of G = WᵀW carried through the gradient, plus that of the sum."""
    assert rows.error is not None
    assert rows.gradient_error is not None
    hidden, features = W.shape[1:]
    G_rounding = hidden * _UNIT_ROUNDOFF * (np.abs(W).swapaxes(1, 2) @ np.abs(W))
    slope = np.abs(rows.gradient[..., :features]) + rows.gradient_error[..., None]
    carried = (slope * G_rounding).sum(axis=(1, 2))
    return rows.error.sum(axis=1) + carried + features * _UNIT_ROUNDOFF * rows.loss.sum(axis=1)


def _route(method: str, features: int) -> str:
    if method not in METHODS:
        raise InputError(f"method = {method!r} is unknown; allowed: {', '.join(METHODS)}")
    if method == "enumeration" and features > MOST_FEATURES:
        raise InputError(
            f"method = 'enumeration' takes at most {MOST_FEATURES} features, not {features}; use 'transform'"
        )
    if method == "auto":
        return "enumeration" if features <= MOST_FEATURES else "transform"
    return method


def check_shape(weights: Weights, setting: Setting) -> None:
    hidden, features = weights.W.shape[-2:]
    if (hidden, features) != (setting.hidden, setting.count):
        raise InputError(
            f"W is [hidden, features] = [{hidden}, {features}], the setting has hidden = {setting.hidden} "
            f"and count = {setting.count}"
        )
