"""Global search for the best weights of a setting, by the exact loss over all weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from tegum.theory.curvature import least_curvatures
from tegum.theory.descent import descend
from tegum.theory.errors import InputError
from tegum.theory.geometry.identify import Identity, identify
from tegum.theory.loss.enumeration import MOST_FEATURES
from tegum.theory.loss.law import empty_loss, law_of
from tegum.theory.loss.population import population_loss
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

MOST_STARTS = 100_000
#: Hidden units beyond which the Hessian of all weights would not fit; more than `count` of them change nothing.
MOST_HIDDEN = 2 * MOST_FEATURES
#: Losses that agree to this, relatively, are of the same minimum: far above rounding, far below the distance of any
#: two different minima met so far.
SAME_LOSS = 1e-9
#: Where the loss vanishes: the rounding of a loss, relative to that of the empty model.
_ZERO_LOSS = 1e-13
#: Overlaps below this times the largest squared norm vanish exactly at a critical point found to machine precision.
CRITICAL_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Optimum:
    """The best weights found for a setting, with their certificate.

    Attributes:
        setting: what was optimised.
        weights: W [hidden, features] and b [features].
        identity: the geometry of the weights and the features of each of its factors.
        loss, error: exact population loss and the bound on its numerical error.
        gradient_norm: Euclidean norm of ∂L/∂(W, b).
        hessian_min: least curvature without the rotations of the hidden space; positive at a strict minimum.
        starts: random starts of the search.
        seed: of those starts.
        hits: how many of them came to rest at this loss, to a relative `SAME_LOSS`.
        converged: how many of them came to rest at all.
    """

    setting: Setting
    weights: Weights
    identity: Identity
    loss: float
    error: float
    gradient_norm: float
    hessian_min: float
    starts: int
    seed: int
    hits: int
    converged: int

    @property
    def geometry(self) -> str:
        """Name of the geometry."""
        return self.identity.geometry


def optimum(
    setting: Setting,
    starts: int = 64,
    seed: int = 0,
    advance: Callable[[int, int], object] = lambda done, total: None,
) -> Optimum:
    """Best weights of a setting over all (W, b), from random starts.

    min_{W, b} L(W, b) by `descent.descend` from each start; the lowest critical point wins.

    Args:
        setting: at most `enumeration.MOST_FEATURES` features.
        starts: number of random starts, 1 to `MOST_STARTS`.
        seed: of the starts.
        advance: told how many starts have come to rest, and how many there are.

    Returns:
        `Optimum`.  It is the best of its starts, no proof that nothing is better: ``hits`` says how often it was found.

    Raises:
        InputError: no starts or too many, a negative seed, too many features or hidden units, or a setting without an
            exact route here.

    >>> from tegum import Setting, optimum
    >>> optimum(Setting(count=5, hidden=2, density=0.05)).geometry
    'pentagon'
    """
    _check(setting, starts, seed)
    W, b = random_starts(setting, starts, seed)
    rest = descend(W, b, law_of(setting, starts), advance=advance)
    at_rest = rest.converged if rest.converged.any() else np.ones(starts, dtype=bool)
    best = int(np.argmin(np.where(at_rest, rest.loss, np.inf)))
    weights = Weights(rest.W[best], rest.b[best])
    exact = population_loss(weights, setting)
    return Optimum(
        setting=setting,
        weights=weights,
        identity=identify(weights.W, tolerance=CRITICAL_TOLERANCE),
        loss=float(exact.loss),
        error=float(exact.error),
        gradient_norm=float(rest.gradient_norm[best]),
        hessian_min=float(least_curvatures(rest.W[[best]], rest.b[[best]], law_of(setting))[0]),
        starts=starts,
        seed=seed,
        hits=int((rest.converged & same_loss(rest.loss, float(rest.loss[best]), setting)).sum()),
        converged=int(rest.converged.sum()),
    )


def random_starts(
    setting: Setting, starts: int, seed: int
) -> tuple[Float[np.ndarray, "starts hidden features"], Float[np.ndarray, "starts features"]]:
    """Gaussian directions of about unit length, and small negative biases as sparse features like them."""
    random = np.random.default_rng(seed)
    W = random.normal(size=(starts, setting.hidden, setting.count)) / np.sqrt(setting.hidden)
    return W, -0.1 * np.abs(random.normal(size=(starts, setting.count)))


def same_loss(loss: Float[np.ndarray, " models"], reference: float, setting: Setting) -> Bool[np.ndarray, " models"]:
    """Whether losses are a reference loss, to a relative `SAME_LOSS` and to the rounding where it vanishes."""
    scale = float(empty_loss(law_of(setting))[0])
    return np.abs(loss - reference) <= SAME_LOSS * abs(reference) + _ZERO_LOSS * scale


def _check(setting: Setting, starts: int, seed: int) -> None:
    if not 1 <= starts <= MOST_STARTS:
        raise InputError(f"starts = {starts} is outside [1, {MOST_STARTS}]")
    if seed < 0:
        raise InputError(f"seed = {seed} is below 0")
    require_enumerable(setting)


def require_enumerable(setting: Setting) -> None:
    """Refuse a setting whose Hessian would need more subsets than enumeration takes, or more memory than there is.

    Raises:
        InputError: names the count or the width, and the limit.
    """
    if setting.count > MOST_FEATURES:
        raise InputError(f"count = {setting.count} is not supported by the search yet; at most {MOST_FEATURES}")
    if setting.hidden > MOST_HIDDEN:
        raise InputError(f"hidden = {setting.hidden} is not supported by the search yet; at most {MOST_HIDDEN}")
