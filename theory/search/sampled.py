"""Global search where no exact route gives the loss: on a fixed sample of inputs, judged by others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from tegum.theory.geometry.balance import balanced
from tegum.theory.loss.law import Law, empty_loss, law_of
from tegum.theory.loss.objective import parameters, weights_of
from tegum.theory.loss.population import PopulationLoss, population_loss
from tegum.theory.loss.quasi import POINTS, REPETITIONS, quasi_sums
from tegum.theory.loss.sample import Sample, sampled_loss, scrambled_sample
from tegum.theory.search.curvature import least_curvatures
from tegum.theory.search.decided import decided_nearby, descend_decided
from tegum.theory.search.descent import Advance
from tegum.theory.search.held import Rested, free_parameters, obeys_kinks, settle_freely, settle_held
from tegum.theory.search.sampled_mode import SampledCurvature, sampled_curvature
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

#: Stages of the race: inputs with a feature on and evaluations of each member.  After the first one in `_KEPT` goes on,
#: but at least so many.
_STAGES = ((2**11, 200), (2**12, 400))
_KEPT, _LEAST = 4, 8
#: Different minima that are refined, and the inputs with a feature on by which they are.
_REFINED, _FINE = 3, 2**13
#: Inputs with a feature on, and rounds, by which the best is brought to rest; and the inputs by which its curvature is.
_FINEST, _LAST, _LOOKING = 2**16, 4, 2**13
#: Losses that agree to so many standard errors of the race's last sample are taken for the same minimum's: models that
#: differ by a relabelling alone do not agree better on a sample.
HIT_ERRORS = 4.0
#: What setting small weights to zero may cost on the sample, relatively or relative to the loss of the empty model.
_SAME, _NOTHING = 1e-4, 1e-7
#: An exact loss below this share of the empty model's is zero: nothing is lower.
_VANISHING = 1e-13
#: Streams of the samples, all of them other than the scramblings by which a loss is reported.
_RACING, _REFINING, _CHOOSING, _FINISHING, _CURVING = range(11, 16)


@dataclass(frozen=True)
class SampledRest:
    """The best weights that a search on samples found.

    Attributes:
        weights: of one model, balanced if untied.
        exact: whether its units are decided, so that it is a critical point of the exact loss.
        there: the loss of the weights, exact or over inputs that none of the search's samples holds.
        gradient_norm: Euclidean norm of its gradient by the weights that no kink holds at zero.
        gradient_error: standard error of that norm, or a bound on it; 0 where the loss is exact.
        sample_loss: over the sample it was fitted to, which flatters it: in expectation the least loss of its basin is
            not below this, nor above the loss over other inputs.
        converged: whether it came to rest: on the exact loss if ``exact``, else up to what the sample resolves.
        at_rest: which starts ran to the end of the race and came to rest, up to what its sample resolves.
        hits: which of those did so at the loss of the start that led to the weights, to ``hit_tolerance``.
        hit_tolerance: difference of losses that counts as none: `HIT_ERRORS` standard errors.
        abandoned: which starts were left behind on the way.
        curvature: least curvature and how far it is known; of the exact loss if ``exact``.
    """

    weights: Weights
    exact: bool
    there: PopulationLoss
    gradient_norm: float
    gradient_error: float
    sample_loss: float
    converged: bool
    at_rest: Bool[np.ndarray, " starts"]
    hits: Bool[np.ndarray, " starts"]
    hit_tolerance: float
    abandoned: Bool[np.ndarray, " starts"]
    curvature: SampledCurvature


def search_on_samples(
    theta: Float[np.ndarray, "starts parameters"],
    setting: Setting,
    seed: int,
    advance: Advance = lambda done, total: None,
) -> SampledRest:
    """Best weights from many starts, by the loss over fixed samples of inputs (sample-average approximation).

    All starts race downhill on one sample of scrambled Sobol points, the better ones go on to larger ones.  The lowest
    different minima are refined on a sample larger still, where kinks hold weights at zero, and the one that is lowest
    on other scramblings is taken.  Where its units are decided, or nearly, it is brought to rest on the exact loss.

    Args:
        theta: starts (see `objective.parameters`).
        setting: what is optimised.
        seed: of the samples.
        advance: told how many starts are done with, and how many there are.

    Returns:
        `SampledRest`.

    Validity: any setting.  The least loss over S points is below the population's least by about the noise of S, and
    the weights found lie above it by less than that: the two sides of `SampledRest.sample_loss`.

    Source: sample-average approximation and its bounds, Mak, Morton & Wood, Oper. Res. Lett. 24 (1999), 47.
    """
    law = law_of(setting)
    race = _race(theta, law, seed, advance)
    tolerance = _hit_tolerance(race, law, seed)
    fine = _sample(law, _FINE, seed, _REFINING)
    different = _different(race.loss, tolerance)
    refined = [settle_held(_even(race.theta[[k]], law)[0], law, fine) for k in different]
    chosen = _lowest(np.array([rest.theta for rest in refined]), law, seed)
    finest = _sample(law, _FINEST, seed, _FINISHING)
    best = settle_held(refined[chosen].theta, law, finest, _LAST)
    advance(len(theta), len(theta))
    found, exact = _made_exact(best, law, finest)
    there, norm, error = _looked_at(found.theta, setting)
    return SampledRest(
        weights=_weights(found.theta, law),
        exact=exact,
        there=there,
        gradient_norm=norm,
        gradient_error=error,
        sample_loss=found.loss,
        converged=found.converged,
        at_rest=race.at_rest,
        hits=race.at_rest & (np.abs(race.loss - race.loss[different[chosen]]) <= tolerance),
        hit_tolerance=tolerance,
        abandoned=~np.isfinite(race.loss),
        curvature=_curvature(found.theta, law, seed, exact),
    )


@dataclass(frozen=True)
class _Race:
    """Where the race left all starts, the loss infinite where they were left behind, and its last sample."""

    theta: np.ndarray
    loss: np.ndarray
    at_rest: np.ndarray
    sample: Sample


def _race(theta: np.ndarray, law: Law, seed: int, advance: Advance) -> _Race:
    theta, members = theta.copy(), np.arange(len(theta))
    for stage, (active, evaluations) in enumerate(_STAGES):
        advance(len(theta) - members.size, len(theta))
        sample = _sample(law, active, seed, _RACING, stage)
        rest = settle_freely(_even(theta[members], law), law[np.zeros(members.size, dtype=int)], sample, evaluations)
        theta[members] = rest.theta
        loss, at_rest = np.full(len(theta), np.inf), np.zeros(len(theta), dtype=bool)
        loss[members] = rest.at.loss
        at_rest[members] = np.abs(rest.promised) <= _SAME * rest.at.loss + _NOTHING * empty_loss(law)
        members = np.argsort(loss)[: min(members.size, max(_LEAST, len(theta) // _KEPT))]
    return _Race(theta, loss, at_rest, sample)


def _sample(law: Law, active: int, *stream: int) -> Sample:
    return scrambled_sample(law, active, np.random.default_rng(stream))


def _hit_tolerance(race: _Race, law: Law, seed: int) -> float:
    """`HIT_ERRORS` standard errors of the loss over the race's sample, the largest of its lowest members.

    Scrambled points err about as 1 / points, one relabelling of a model more than another.
    """
    lowest = np.argsort(race.loss)[: min(_LEAST, int(np.isfinite(race.loss).sum()))]
    error = float(_elsewhere(race.theta[lowest], law, seed)[1].max())
    noise = error * REPETITIONS**0.5 * max(1.0, POINTS / race.sample.points)
    return HIT_ERRORS * noise + _NOTHING * float(empty_loss(law)[0])


def _different(loss: np.ndarray, tolerance: float) -> list[int]:
    """The lowest member of each of the lowest different minima."""
    chosen: list[int] = []
    for member in np.argsort(loss):
        if np.isfinite(loss[member]) and (not chosen or loss[member] > loss[chosen[-1]] + tolerance):
            chosen.append(int(member))
    return chosen[:_REFINED]


def _lowest(theta: np.ndarray, law: Law, seed: int) -> int:
    """The model that is lowest on inputs to which none was fitted."""
    return int(np.argmin(_elsewhere(theta, law, seed)[0]))


def _elsewhere(theta: np.ndarray, law: Law, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Losses over scramblings that no weights were fitted to, and their standard errors."""
    W, b, W_out = weights_of(theta, law.density.shape[1], law.structure)
    outward = W.swapaxes(1, 2) if W_out is None else W_out
    stream = int(np.random.SeedSequence([seed, _CHOOSING]).generate_state(1)[0])
    found = quasi_sums(W, outward, b, law[np.zeros(len(b), dtype=int)], stream)
    return found.mean.per_feature.sum(axis=1) + found.mean.penalty, found.loss_error


def _made_exact(best: Rested, law: Law, sample: Sample) -> tuple[Rested, bool]:
    """A rest with decided units near it, brought to rest exactly, unless that costs what the sample resolves."""
    nearby = decided_nearby(_even(best.theta[None], law)[0], law)
    if nearby is None:
        return best, False
    rest = descend_decided(nearby, law)
    loss = float(sampled_loss(rest.theta, law, sample)[0][0])
    if loss > (1 + _SAME) * best.loss + _NOTHING * float(empty_loss(law)[0]):
        return best, False
    lowest = bool(rest.converged[0] or rest.at.loss[0] <= _VANISHING * empty_loss(law)[0])
    return Rested(rest.theta[0], loss, lowest and obeys_kinks(rest.theta[0], law, sample)), True


def _curvature(theta: np.ndarray, law: Law, seed: int, exact: bool) -> SampledCurvature:
    if exact:
        W, b, W_out = weights_of(theta[None], law.density.shape[1], law.structure)
        return SampledCurvature(float(least_curvatures(W, b, law, W_out)[0]), 0.0)
    one, other = (_sample(law, _LOOKING, seed, _CURVING, half) for half in (0, 1))
    return sampled_curvature(theta, law, (one, other))


def _looked_at(theta: np.ndarray, setting: Setting) -> tuple[PopulationLoss, float, float]:
    """Loss of one model by its best route, the norm of the gradient by its free weights, and how far that is known."""
    law = law_of(setting)
    there = population_loss(_weights(theta, law), setting)
    slopes = parameters(*_stacked(there.gradient, law), law.structure.bias)[0]
    free = slopes[free_parameters(theta[None], law)[0]]
    sampled = there.method == "quasi-monte-carlo"
    return there, float(np.linalg.norm(free)), float(there.gradient_error) * free.size**0.5 if sampled else 0.0


def _stacked(weights: Weights, law: Law) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    return weights.W[None], weights.b[None], None if law.structure.tied else weights.outward[None]


def _even(theta: np.ndarray, law: Law) -> np.ndarray:
    """The same models with the two sides of each unit balanced."""
    W, b, W_out = weights_of(theta, law.density.shape[1], law.structure)
    even = balanced(Weights(W, b, W_out), law.structure.activation)
    return parameters(even.W, even.b, even.W_out, law.structure.bias)


def _weights(theta: np.ndarray, law: Law) -> Weights:
    W, b, W_out = weights_of(theta[None], law.density.shape[1], law.structure)
    return Weights(W[0], b[0], None if W_out is None else W_out[0])
