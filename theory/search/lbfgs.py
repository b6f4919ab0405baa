"""Batched minimisation by L-BFGS, for objectives that give no Hessian: a history and a line search for each member."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Bool, Float, Int

#: Pairs of steps and changes of the gradient that are remembered.
_MEMORY = 12
#: Decrease and flattening that a step must bring (Armijo, Wolfe).
_DECREASE, _FLATTENING = 1e-4, 0.9
#: Shortest and longest share of a rejected step that is tried next.
_SHORTEST, _LONGEST = 0.1, 0.5
#: Trials along one direction after which the history is forgotten, and after which the member is left where it is.
_TRIALS, _LAST_TRIALS = 8, 24
_ROUNDING = 1e-14


@dataclass(frozen=True)
class Slope:
    """A function's value and gradient at one point for each member of a batch.

    Attributes:
        loss: the function's value.
        gradient: its first derivatives by the parameters θ.
        noise: error of ``loss`` that the line search must not read as a rise.
    """

    loss: Float[np.ndarray, " members"]
    gradient: Float[np.ndarray, "members parameters"]
    noise: Float[np.ndarray, " members"]

    def __getitem__(self, members) -> Slope:
        return Slope(self.loss[members], self.gradient[members], self.noise[members])


#: (θ of some members, their places in the batch) -> their values and gradients.
Objective = Callable[[np.ndarray, np.ndarray], Slope]


@dataclass(frozen=True)
class Settled:
    """Where each member of a batch came to rest.

    Attributes:
        theta: parameters at rest.
        at: value and gradient there.
        converged: whether the gradient's Euclidean norm fell below the tolerance.
        evaluations: of the function, the first one included.
        promised: further decrease ½ ∇f·H ∇f that the quasi-Newton model sees from here.
        history: last steps and changes of the gradient, to go on from.
    """

    theta: Float[np.ndarray, "members parameters"]
    at: Slope
    converged: Bool[np.ndarray, " members"]
    evaluations: Int[np.ndarray, " members"]
    promised: Float[np.ndarray, " members"]
    history: Float[np.ndarray, "2 members memory parameters"]


@dataclass
class _State:
    """One row for each moving member; the axis of the history comes second, newest pair last."""

    theta: np.ndarray
    loss: np.ndarray
    gradient: np.ndarray
    noise: np.ndarray
    steps: np.ndarray
    changes: np.ndarray
    direction: np.ndarray
    length: np.ndarray
    trials: np.ndarray
    evaluations: np.ndarray

    def __getitem__(self, members) -> _State:
        return _State(*(getattr(self, field.name)[members] for field in fields(self)))


def settle(
    theta: Float[np.ndarray, "members parameters"],
    objective: Objective,
    tolerance: Float[np.ndarray, " members"],
    most: int = 1000,
    reach: float = 2.0,
    advance: Callable[[int, int], object] = lambda done, total: None,
    history: Float[np.ndarray, "2 members memory parameters"] | None = None,
) -> Settled:
    """Follow a function downhill from each start by limited-memory BFGS steps.

    θ <- θ - α H ∇f, H the inverse Hessian that the last steps s and changes y of the gradient imply, α by backtracking
    on the cubic through both ends.  A round costs one evaluation of the members that still move.

    Args:
        theta: starting points.
        objective: values and gradients of the members asked for, by their parameters and places in the batch.
        tolerance: gradient norm below which a member has converged.
        most: limit on evaluations for each member.
        reach: longest step, in units of θ; the first is a tenth of it.
        advance: told after each round how many members are at rest, and how many there are.
        history: of an earlier `Settled` on nearly the same function, such as a less accurate one.

    Returns:
        `Settled`, members in the order given; each member's path is its own, whoever else is in the batch.  Members
        that did not converge say so.

    Validity: functions with a continuous gradient.  Where decreases drown in ``noise`` a step is judged by its slope
    alone; where even that finds nothing, below the noise of the gradient, the member stops.

    Source: Nocedal & Wright, Numerical Optimization (2006), algorithms 7.4 and 7.5; approximate Wolfe conditions,
    Hager & Zhang, SIAM J. Optim. 16 (2005), section 2.
    """
    every = np.arange(len(theta))
    state = _first(theta, objective(theta, every), reach, history)
    rest, moving = state[every], every
    while True:
        norm = np.linalg.norm(state.gradient, axis=1)
        stopped = (norm <= tolerance[moving]) | (state.evaluations >= most) | (state.trials >= _LAST_TRIALS)
        _put(rest, moving[stopped], state[stopped])
        moving, state = moving[~stopped], state[~stopped]
        advance(len(theta) - moving.size, len(theta))
        if not moving.size:
            break
        _try(state, objective, moving, reach)
    converged = np.linalg.norm(rest.gradient, axis=1) <= tolerance
    promised = 0.5 * _dot(rest.gradient, _implied(rest.gradient, rest.steps, rest.changes))
    at = Slope(rest.loss, rest.gradient, rest.noise)
    return Settled(rest.theta, at, converged, rest.evaluations, promised, np.stack([rest.steps, rest.changes]))


def _first(theta: np.ndarray, at: Slope, reach: float, history: np.ndarray | None) -> _State:
    members, parameters = theta.shape
    steps, changes = np.zeros((2, members, _MEMORY, parameters)) if history is None else history.copy()
    direction = -_implied(at.gradient, steps, changes)
    longest = (0.1 if history is None else 1.0) * reach / _positive(np.linalg.norm(direction, axis=1))
    length = longest if history is None else np.minimum(1.0, longest)
    trials, evaluations = np.zeros(members, dtype=int), np.ones(members, dtype=int)
    return _State(
        theta.copy(), at.loss, at.gradient, at.noise, steps, changes, direction, length, trials, evaluations
    )  # fmt: skip


def _put(into: _State, members: np.ndarray, state: _State) -> None:
    for field in fields(state):
        getattr(into, field.name)[members] = getattr(state, field.name)


def _try(state: _State, objective: Objective, moving: np.ndarray, reach: float) -> None:
    """One evaluation at the end of each member's present step: taken, or shortened."""
    move = state.length[:, None] * state.direction
    at = objective(state.theta + move, moving)
    before, after = _dot(state.gradient, state.direction), _dot(at.gradient, state.direction)
    lower = at.loss <= state.loss + _DECREASE * state.length * before
    # Below the noise of the loss the slopes decide: Hager & Zhang's approximate conditions.
    level = at.loss <= state.loss + np.maximum(state.noise, _ROUNDING * np.abs(state.loss))
    taken = lower | (level & (np.abs(after) <= -_FLATTENING * before))
    state.evaluations += 1
    state.trials += 1
    _shorten(state, at, before, after, ~taken)
    _take(state, at, move, np.flatnonzero(taken), after < _FLATTENING * before, reach)


def _shorten(state: _State, at: Slope, before: np.ndarray, after: np.ndarray, members: np.ndarray) -> None:
    """Next trial at the minimum of the cubic through both ends; after `_TRIALS` forget the history."""
    rise = (at.loss - state.loss) / state.length
    bend = before + after - 3 * rise
    root = np.sqrt(np.maximum(bend**2 - before * after, 0.0))
    spread = after - before + 2 * root
    share = 1 - (after + root - bend) / np.where(spread == 0, 1.0, spread)
    share = np.where(np.isfinite(share) & (spread > 0), np.clip(share, _SHORTEST, _LONGEST), _SHORTEST)
    state.length[members] *= share[members]
    lost = members & (state.trials == _TRIALS)
    state.steps[lost], state.changes[lost] = 0.0, 0.0
    state.direction[lost] = -state.gradient[lost]
    moved = state.length[lost] * np.linalg.norm(state.direction[lost], axis=1)
    state.length[lost] *= np.minimum(1.0, 1e-3 / _positive(moved))


def _take(state: _State, at: Slope, move: np.ndarray, members: np.ndarray, steep: np.ndarray, reach: float) -> None:
    """Move these members, remember their steps where the curvature is positive, and point them anew."""
    change = at.gradient[members] - state.gradient[members]
    sizes = np.linalg.norm(move[members], axis=1) * np.linalg.norm(change, axis=1)
    curved = _dot(move[members], change) > 1e-10 * sizes
    new = members[curved]
    for history, pair in ((state.steps, move[new]), (state.changes, change[curved])):
        history[new, :-1] = history[new, 1:]
        history[new, -1] = pair
    stretched = np.where(steep[members] & ~curved, 2 * state.length[members], 1.0)
    state.theta[members] += move[members]
    state.loss[members], state.gradient[members] = at.loss[members], at.gradient[members]
    state.noise[members] = at.noise[members]
    state.trials[members] = 0
    state.direction[members] = -_implied(state.gradient[members], state.steps[members], state.changes[members])
    longest = reach / _positive(np.linalg.norm(state.direction[members], axis=1))
    state.length[members] = np.minimum(stretched, longest)


def _implied(gradient: np.ndarray, steps: np.ndarray, changes: np.ndarray) -> np.ndarray:
    """H ∇f by the two-loop recursion; a pair of zeros changes nothing."""
    curvature = np.einsum("rkp,rkp->rk", steps, changes)
    rate = np.where(curvature > 0, 1 / _positive(curvature), 0.0)
    shares = np.zeros_like(rate)
    found = gradient.copy()
    for k in range(rate.shape[1] - 1, -1, -1):
        shares[:, k] = rate[:, k] * _dot(steps[:, k], found)
        found -= shares[:, k, None] * changes[:, k]
    newest = _dot(changes[:, -1], changes[:, -1])
    found *= np.where(newest > 0, curvature[:, -1] / _positive(newest), 1.0)[:, None]
    for k in range(rate.shape[1]):
        found += (shares[:, k] - rate[:, k] * _dot(changes[:, k], found))[:, None] * steps[:, k]
    return found


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.einsum("rp,rp->r", a, b)


def _positive(divisor: np.ndarray) -> np.ndarray:
    """The divisor, 1 where it is not above zero."""
    return np.where(divisor > 0, divisor, 1.0)
