"""Global search for the best weights of a setting, by the exact loss over all weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from tegum.theory.errors import InputError
from tegum.theory.geometry.critical import CRITICAL_TOLERANCE, critical_identity, feature_vectors
from tegum.theory.geometry.identify import Identity, identify
from tegum.theory.loss.enumeration import MOST_FEATURES
from tegum.theory.loss.law import Structure, empty_loss, law_of
from tegum.theory.loss.objective import parameters
from tegum.theory.loss.population import check_shape, population_loss
from tegum.theory.search.curvature import curvature_tolerance, least_curvatures
from tegum.theory.search.descent import Descent, descend
from tegum.theory.search.exchanges import lowest_by_exchanges
from tegum.theory.search.neurons import with_neurons
from tegum.theory.search.sampled import search_on_samples
from tegum.theory.search.scope import is_sampled, require_optimum
from tegum.theory.search.sparse import descend_sparse
from tegum.theory.search.starts import starting_points, structured_share
from tegum.theory.search.wide import Finish, WideDescent, descend_widely, finish
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

MOST_STARTS = 100_000
#: Losses that agree to this, relatively, are of the same minimum: far above rounding, far below the distance of any
#: two different minima met so far.
SAME_LOSS = 1e-9
#: Where the loss vanishes: the rounding of a loss, relative to that of the empty model.
ZERO_LOSS = 1e-13
#: Step off a saddle that exchanges led to.
_ASIDE = 1e-2


@dataclass(frozen=True)
class Optimum:
    """The best weights found for a setting, with their certificate.

    Attributes:
        setting: what was optimised.
        weights: W [hidden, features] and b [features].
        identity: the geometry of the weights and the features of each of its factors.
        loss, error: population loss and the bound on its numerical error; its standard error where ``method`` is
            "quasi-monte-carlo", over inputs that the search has not seen.
        gradient_norm: Euclidean norm of ∂L/∂(W, b), by the weights that no kink holds at exactly zero.
        hessian_min: least curvature without the rotations of the hidden space; positive at a strict minimum.
        hessian_error: how far that curvature is known; 0 where it comes from the exact Hessian.
        starts: starts of the search, random and structured.
        seed: of those starts.
        hits: how many of them came to rest at this loss, to a relative `SAME_LOSS`; 0 where only exchanges reached it,
            or weights that were given besides.
        converged: how many of them came to rest at all.
        abandoned: how many were left before, because another was already lower than they promised to become.
        structured: how many of the starts were bent products of catalogue factors; the others were random.
        structured_hits: how many of those are among ``hits``.
        exchanges: how many exchanges of unlike features led from the rest of a start to these weights (see
            `exchanges`); 0 where none of them lowered the loss of the best start.
        method: the route that gives ``loss`` (see `population_loss`).
        gradient_error: how far the gradient norm is known where ``method`` is "quasi-monte-carlo": standard error.
        hit_tolerance: of a search on samples, the difference of losses over its sample that counts as none; None where
            hits were told by `SAME_LOSS`.
        sample_loss: of a search on samples, the loss over the sample that the weights were fitted to.  The least loss
            of their basin lies between this and ``loss``, in expectation.
        at_rest: of a search on samples, whether the loss had all but stopped falling and every kink held what it
            should; None otherwise.
    """

    setting: Setting
    weights: Weights
    identity: Identity
    loss: float
    error: float
    gradient_norm: float
    hessian_min: float
    hessian_error: float
    starts: int
    seed: int
    hits: int
    converged: int
    abandoned: int
    structured: int
    structured_hits: int
    exchanges: int
    method: str = "enumeration"
    gradient_error: float = 0.0
    hit_tolerance: float | None = None
    sample_loss: float | None = None
    at_rest: bool | None = None

    @property
    def geometry(self) -> str:
        """Name of the geometry."""
        return self.identity.geometry


def optimum(
    setting: Setting,
    starts: int = 64,
    seed: int = 0,
    advance: Callable[[int, int], object] = lambda done, total: None,
    also: Weights | None = None,
) -> Optimum:
    """Best weights of a setting over all (W, b), from random and structured starts.

    min_{W, b} L(W, b) by `descent.descend` from each start, beyond `enumeration.MOST_FEATURES` features by
    `wide.descend_widely`; the lowest critical point wins.  In the basic setting unlike features are then exchanged
    between the orthogonal parts of the best rests, until no single exchange lowers the loss.  A ReLU hidden layer over
    continuous features is searched on samples of inputs (`sampled.search_on_samples`) and judged by others; where its
    best units are decided the exact loss has the last word.

    Args:
        setting: what `scope.require_optimum` takes.
        starts: number of starts, 1 to `MOST_STARTS`; a quarter of them structured (see `starts.starting_points`).
        seed: of the starts.
        advance: told how many starts have come to rest, and how many there are.
        also: an ensemble to start from besides, as it is and a little aside, so that saddles are left.

    Returns:
        `Optimum`.  It is the best of its starts, no proof that nothing is better: ``hits`` says how often it was found.

    Raises:
        InputError: no starts or too many, a negative seed, too many features or hidden units, or a setting without a
            minimum.

    Validity: a critical point to ``gradient_norm``, a local minimum where ``hessian_min`` > 0 (up to the rotations).
    What breaks: untied models of binary features, and ReLU hidden layers, can have losses that fall for ever as weights
    grow; then the lowest point reached is returned, ``hits`` is 0 or ``gradient_norm`` says that it is no minimum.

    Source: trust-region Newton and L-BFGS, Nocedal & Wright, Numerical Optimization (2006), chapters 4 and 7.

    >>> from tegum import Setting, optimum
    >>> optimum(Setting(count=5, hidden=2, density=0.05)).geometry
    'pentagon'
    """
    _check(setting, starts, seed)
    if is_sampled(setting):
        return _by_samples(setting, starts, seed, advance, also)
    race = _race(*_starts(setting, starts, seed, also), setting, advance)
    found = _finished(race, _lowest(race, setting), setting)
    found, exchanges = _exchanged(race, found, setting)
    weights = Weights(found.W, found.b, found.W_out)
    exact = population_loss(weights, setting)
    hits = (race.converged & same_loss(race.loss, found.loss, setting))[:starts]
    structured = structured_share(starts)
    return Optimum(
        setting=setting,
        weights=weights,
        identity=critical_identity(weights, setting.activation),
        loss=float(exact.loss),
        error=float(exact.error),
        gradient_norm=found.gradient_norm,
        hessian_min=found.curvature,
        hessian_error=found.curvature_error,
        starts=starts,
        seed=seed,
        hits=int(hits.sum()),
        converged=int(race.converged[:starts].sum()),
        abandoned=int(race.abandoned[:starts].sum()) if isinstance(race, WideDescent) else 0,
        structured=structured,
        structured_hits=int(hits[starts - structured :].sum()),
        exchanges=exchanges,
        method=exact.method,
    )


def _by_samples(
    setting: Setting, starts: int, seed: int, advance: Callable[[int, int], object], also: Weights | None
) -> Optimum:
    """The optimum by a search on samples of inputs."""
    W, b, W_out = _starts(setting, starts, seed, also)
    found = search_on_samples(parameters(W, b, W_out, setting.bias), setting, seed, advance)
    weights, structured = found.weights, structured_share(starts)
    # Weights known up to a sample's noise have the tolerance that their own gaps suggest.
    tolerance = CRITICAL_TOLERANCE if found.exact else None
    identity = identify(feature_vectors(weights, setting.activation), tolerance=tolerance)
    return Optimum(
        setting=setting,
        weights=weights,
        identity=identity,
        loss=float(found.there.loss),
        error=float(found.there.error),
        gradient_norm=found.gradient_norm,
        hessian_min=found.curvature.curvature,
        hessian_error=found.curvature.error,
        starts=starts,
        seed=seed,
        hits=int(found.hits[:starts].sum()),
        converged=int(found.at_rest[:starts].sum()),
        abandoned=int(found.abandoned[:starts].sum()),
        structured=structured,
        structured_hits=int(found.hits[starts - structured : starts].sum()),
        exchanges=0,
        method=found.there.method,
        gradient_error=found.gradient_error,
        hit_tolerance=found.hit_tolerance,
        sample_loss=found.sample_loss,
        at_rest=found.converged,
    )


def _starts(
    setting: Setting, starts: int, seed: int, also: Weights | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """W, b and W_out of all starts, those that were given last; W_out is None if tied."""
    W, b = starting_points(setting, starts, seed)
    W_out = None if setting.tied else random_outward(W, seed)
    if is_sampled(setting):
        W, b, W_out = with_neurons(setting, seed, W, b, W_out)
    if also is None:
        return W, b, W_out
    check_shape(also, setting)
    aside = _ASIDE * np.random.default_rng(seed).normal(size=also.W.shape)
    W, b = np.concatenate([W, also.W, also.W + aside]), np.concatenate([b, also.b, also.b])
    return W, b, None if W_out is None else np.concatenate([W_out, also.outward, also.outward])


def _race(
    W: np.ndarray,
    b: np.ndarray,
    W_out: np.ndarray | None,
    setting: Setting,
    advance: Callable[[int, int], object],
) -> Descent:
    """All starts to where they come to rest, by the route that the setting has."""
    law = law_of(setting, len(b))
    if setting.count > MOST_FEATURES:
        return descend_widely(W, b, law, advance)
    if setting.l1:
        return descend_sparse(W, b, law, advance)
    return descend(W, b, law, advance=advance, W_out=W_out)


def _lowest(race: Descent, setting: Setting) -> int:
    """The lowest start at rest, unless one that still moves is lower: then there may be no minimum at all."""
    lowest = int(np.argmin(race.loss))
    if not race.converged.any():
        return lowest
    best = int(np.argmin(np.where(race.converged, race.loss, np.inf)))
    return best if same_loss(race.loss[[lowest]], float(race.loss[best]), setting).all() else lowest


def _finished(race: Descent, best: int, setting: Setting) -> Finish:
    """The best start, with its curvature."""
    law = law_of(setting)
    if isinstance(race, WideDescent):
        return finish(race.W[best], race.b[best], law)
    outward = None if race.W_out is None else race.W_out[[best]]
    curvature = float(least_curvatures(race.W[[best]], race.b[[best]], law, outward)[0])
    loss, norm = float(race.loss[best]), float(race.gradient_norm[best])
    return Finish(race.W[best], race.b[best], loss, norm, curvature, 0.0, None if outward is None else outward[0])


def _exchanged(race: Descent, found: Finish, setting: Setting) -> tuple[Finish, int]:
    """What exchanges of unlike features reach from the race's rests, and how many; the best start if not lower."""
    law = law_of(setting)
    if law.structure != Structure() or law.l1 is not None:
        return found, 0
    lowered = lowest_by_exchanges(race, law)
    if lowered is None or lowered.rest.loss >= found.loss:
        return found, 0
    if same_loss(np.array([lowered.rest.loss]), found.loss, setting).all():
        return found, 0
    W, b = lowered.rest.W, lowered.rest.b
    if setting.count > MOST_FEATURES:
        return finish(W, b, law), lowered.exchanges
    return _minimum(W, b, setting), lowered.exchanges


def _minimum(W: Float[np.ndarray, "hidden features"], b: Float[np.ndarray, " features"], setting: Setting) -> Finish:
    """A critical point as it is if it is no saddle; else what lies below it."""
    law = law_of(setting)
    rest = descend(W[None], b[None], law)
    if least_curvatures(rest.W, rest.b, law)[0] < -curvature_tolerance(law)[0]:
        aside = _ASIDE * np.random.default_rng(0).normal(size=W.shape)
        rest = descend(rest.W + aside, rest.b, law)
    return _finished(rest, 0, setting)


def random_outward(W: Float[np.ndarray, "starts hidden features"], seed: int) -> np.ndarray:
    """Output weights that begin as Wᵀ, each at a random slant to it."""
    random = np.random.default_rng([seed, 1])
    return W.swapaxes(1, 2) + 0.5 * random.normal(size=W.swapaxes(1, 2).shape) / np.sqrt(W.shape[1])


def same_loss(loss: Float[np.ndarray, " models"], reference: float, setting: Setting) -> Bool[np.ndarray, " models"]:
    """Whether losses are a reference loss, to a relative `SAME_LOSS` and to the rounding where it vanishes."""
    scale = float(empty_loss(law_of(setting))[0])
    return np.abs(loss - reference) <= SAME_LOSS * abs(reference) + ZERO_LOSS * scale


def _check(setting: Setting, starts: int, seed: int) -> None:
    if not 1 <= starts <= MOST_STARTS:
        raise InputError(f"starts = {starts} is outside [1, {MOST_STARTS}]")
    if seed < 0:
        raise InputError(f"seed = {seed} is below 0")
    require_optimum(setting)
