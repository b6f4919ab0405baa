"""The second search: where training beat the prediction, the search is repeated and the case resolved."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Int

from tegum.compare.polish import Polished
from tegum.compare.second_route import second_loss
from tegum.theory.files.kept import Keep, unkept
from tegum.theory.files.tables import tables_id
from tegum.theory.loss.population import population_loss
from tegum.theory.search.optimum import MOST_STARTS, Optimum, optimum, same_loss
from tegum.theory.search.tables import optimum_from_tables, optimum_tables
from tegum.theory.setting import Setting, setting_tables
from tegum.theory.weights import Weights

#: So many times the starts of the first search, with the next seed.
MORE_STARTS = 4
#: Runs below the prediction that the second search starts from, the lowest ones.
_MOST_GIVEN = 64

OUTCOMES = {
    "discovery": "the first search had missed a better optimum, which is now the prediction",
    "numerical": "the same minimum: the loss there is known to fewer digits than its bounds on rounding say",
    "error": "two routes to the loss disagree beyond their bounds",
    "unresolved": "the run's loss is confirmed, but no critical point as low as it was found",
}


@dataclass(frozen=True)
class Resolution:
    """What a second search made of runs below the predicted optimum.

    Attributes:
        outcome: a key of `OUTCOMES`.
        run: the lowest of them; count: how many there are.
        loss, error: of that run, as learned or at its critical point, whichever is lower, and the bound on it.
        before: the prediction that it lies below.
        starts, seed: of the second search, which also starts from the runs.
    """

    outcome: str
    run: int
    count: int
    loss: float
    error: float
    before: Optimum
    starts: int
    seed: int


def searched_again(
    setting: Setting, weights: Weights, there: Polished, best: Optimum, keep: Keep = unkept
) -> tuple[Optimum, Resolution | None]:
    """The prediction to be held against an ensemble, after a second search if a run lies below the first one's.

    Args:
        setting, weights: an ensemble and its objective.
        there: the critical points that its models were close to.
        best: the first search's optimum.
        keep: keeps what the second search finds.

    Returns:
        The better of the two searches' optima, and how the case was resolved; the given one and None where no run lies
        below it by more than the bounds on rounding.
    """
    below = runs_below(setting, weights, there, best)
    if not below.size:
        return best, None
    given = _given(weights, there, below)
    starts, seed = _second(best)
    arrays = {name: array.tolist() for name, array in vars(given).items() if array is not None}
    content = arrays | {"starts": starts, "seed": seed}
    name = f"second-{tables_id({**setting_tables(setting), 'second': content})}"
    search = partial(optimum, setting, starts, seed, also=given)
    found = optimum_from_tables(setting, keep(name, lambda: optimum_tables(search())))
    after = found if _is_lower(found.loss, best, setting) else best
    return after, resolution(setting, weights, there, best, after)


def resolution(
    setting: Setting, weights: Weights, there: Polished, before: Optimum, after: Optimum
) -> Resolution | None:
    """How a case is resolved, from the first search's optimum and the better one of both.

    Args:
        setting, weights, there: as `searched_again`.
        before, after: equal where the second search found nothing lower.

    Returns:
        `Resolution`; None where no run lies below the first optimum.
    """
    below = runs_below(setting, weights, there, before)
    if not below.size:
        return None
    loss, error, polished = _lowest(setting, weights, there)
    run = int(below[np.argmin(loss[below])])
    point = (there.weights if polished[run] else weights)[run]
    starts, seed = _second(before)
    if not (_routes_agree(point, setting) and _routes_agree(before.weights, setting)):
        outcome = "error"
    elif not runs_below(setting, weights, there, after).size:
        outcome = "discovery"
    elif same_loss(there.loss[[run]], before.loss, setting)[0]:
        outcome = "numerical"
    else:
        outcome = "unresolved"
    return Resolution(outcome, run, len(below), float(loss[run]), float(error[run]), before, starts, seed)


def runs_below(setting: Setting, weights: Weights, there: Polished, best: Optimum) -> Int[np.ndarray, " below"]:
    """The runs that lie below an optimum: as learned, by more than both bounds on rounding; at rest, by `same_loss`.

    Args:
        setting, weights, there: as `searched_again`.
        best: the optimum.

    Returns:
        Their numbers.
    """
    exact = population_loss(weights, setting)
    learned = np.asarray(exact.loss) + exact.error < best.loss - best.error
    at_rest = there.converged & (there.loss < best.loss) & ~same_loss(there.loss, best.loss, setting)
    return np.flatnonzero(learned | at_rest)


def _lowest(setting: Setting, weights: Weights, there: Polished) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Loss and error of each run, as learned or at rest, whichever is lower; and whether that is at rest."""
    learned, rest = (population_loss(one, setting) for one in (weights, there.weights))
    polished = np.asarray(rest.loss) < np.asarray(learned.loss)
    pairs = [(getattr(rest, key), getattr(learned, key)) for key in ("loss", "error")]
    loss, error = (np.where(polished, *pair) for pair in pairs)
    return loss, error, polished


def _given(weights: Weights, there: Polished, below: np.ndarray) -> Weights:
    """Where the runs below came to rest, the lowest first, and where they were learned if they did not."""
    first = below[np.argsort(there.loss[below], kind="stable")][:_MOST_GIVEN]
    rest = there.converged[first]
    arrays = [
        np.where(rest.reshape(-1, *[1] * (at.ndim - 1)), at[first], learned[first])
        for at, learned in zip(_arrays(there.weights), _arrays(weights), strict=True)
    ]
    return Weights(*arrays)


def _arrays(weights: Weights) -> list[np.ndarray]:
    return [array for array in (weights.W, weights.b, weights.W_out) if array is not None]


def _second(best: Optimum) -> tuple[int, int]:
    """Starts and seed of the second search."""
    return min(MORE_STARTS * best.starts, MOST_STARTS), best.seed + 1


def _is_lower(loss: float, best: Optimum, setting: Setting) -> bool:
    return loss < best.loss and not same_loss(np.array([loss]), best.loss, setting)[0]


def _routes_agree(weights: Weights, setting: Setting) -> bool:
    """Whether a second route gives the same loss, to the bounds of both."""
    first = population_loss(weights, setting)
    other, bound = second_loss(weights, setting)
    return bool(abs(float(first.loss) - other) <= first.error + bound)
