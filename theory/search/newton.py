"""Batched minimisation by a trust-region Newton method that leaves saddles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int

from tegum.theory.search.ball import moves_in_ball

_SMALLEST_RADIUS = 1e-14


@dataclass(frozen=True)
class Expansion:
    """Second-order expansion of one function at a point for each member of a batch.

    Attributes:
        loss: the function's value.
        gradient: its first derivatives by the parameters θ.
        hessian: its second derivatives.
    """

    loss: Float[np.ndarray, " members"]
    gradient: Float[np.ndarray, "members parameters"]
    hessian: Float[np.ndarray, "members parameters parameters"]

    def __getitem__(self, members) -> Expansion:
        return Expansion(self.loss[members], self.gradient[members], self.hessian[members])


#: (θ of some members, their places in the batch) -> their expansions.
Objective = Callable[[np.ndarray, np.ndarray], Expansion]


@dataclass(frozen=True)
class Rest:
    """Where each member of a batch came to rest.

    Attributes:
        theta: parameters at rest.
        at: the expansion there.
        converged: whether the gradient's Euclidean norm fell below the tolerance.
        iterations: Newton steps tried.
    """

    theta: Float[np.ndarray, "members parameters"]
    at: Expansion
    converged: Bool[np.ndarray, " members"]
    iterations: Int[np.ndarray, " members"]


@dataclass(frozen=True)
class _State:
    theta: np.ndarray
    at: Expansion
    slope: np.ndarray
    radius: np.ndarray
    iterations: np.ndarray

    def __getitem__(self, members) -> _State:
        return _State(
            self.theta[members], self.at[members], self.slope[members], self.radius[members], self.iterations[members]
        )


def minimise(
    theta: Float[np.ndarray, "members parameters"],
    objective: Objective,
    tolerance: Float[np.ndarray, " members"],
    steps: int = 300,
    reach: float = 2.0,
    advance: Callable[[int, int], object] = lambda done, total: None,
) -> Rest:
    """Follow a function downhill from each start to a critical point of its basin.

    Each step minimises the local quadratic model with the curvatures' absolute values within a trust region,
    min_s g·s + ½ s·|H|·s, ‖s‖ <= Δ, so that a saddle repels.  Members that have come to rest are dropped from
    the batch.  A start exactly on a saddle, gradient zero, stays there.

    Args:
        theta: starting points.
        objective: expansions of the members asked for, by their parameters and places in the batch.
        tolerance: gradient norm below which a member has converged.
        steps: limit on Newton steps for each member.
        reach: longest step, in units of θ; the first is at most a quarter of it.
        advance: told after each round of steps how many members are at rest, and how many there are.

    Returns:
        `Rest`, members in the order given; members that did not converge say so.

    Validity: functions with a continuous gradient; kinks of the second derivative only slow it down.

    Source: trust-region Newton, Nocedal & Wright, Numerical Optimization (2006), chapter 4, with |H| as in
    Dauphin et al. (2014), section 5.
    """
    every = np.arange(len(theta))
    at = objective(theta, every)
    state = _State(theta, at, _norms(at.gradient), np.full(len(theta), reach / 4), np.zeros(len(theta), dtype=int))
    rest, moving = state[every], every
    while True:
        low = state.slope <= tolerance[moving]
        stopped = low | (state.iterations >= steps) | (state.radius < _SMALLEST_RADIUS)
        if stopped.any():
            _put(rest, moving[stopped], state[stopped])
            moving, state = moving[~stopped], state[~stopped]
        advance(len(theta) - moving.size, len(theta))
        if not moving.size:
            break
        state = _step(state, objective, moving, reach)
    return Rest(rest.theta, rest.at, rest.slope <= tolerance, rest.iterations)


def _put(into: _State, members: np.ndarray, state: _State) -> None:
    into.theta[members] = state.theta
    into.at.loss[members] = state.at.loss
    into.at.gradient[members] = state.at.gradient
    into.at.hessian[members] = state.at.hessian
    into.slope[members] = state.slope
    into.iterations[members] = state.iterations


def _step(state: _State, objective: Objective, moving: np.ndarray, reach: float) -> _State:
    move, promised = _trust_region_step(state.at, state.radius)
    theta = state.theta + move
    at = objective(theta, moving)
    won, slope = state.at.loss - at.loss, _norms(at.gradient)
    # Near the bottom the loss no longer resolves a step; the gradient does, down to its own rounding.
    foreseen = state.slope - _norms(state.at.gradient + np.einsum("mpq,mq->mp", state.at.hessian, move))
    smaller = state.slope - slope > 0.3 * np.maximum(foreseen, 0.0)
    accepted = (won > 1e-4 * promised) | (smaller & (won > -1e-13 * state.at.loss))
    length = _norms(move)
    radius = np.where(won > 0.75 * promised, np.maximum(state.radius, 2 * length), state.radius)
    radius = np.where(accepted, np.minimum(radius, reach), 0.25 * length)
    ahead = _State(theta, at, slope, radius, state.iterations + 1)
    if not accepted.all():
        _put(ahead, ~accepted, replace(state, iterations=ahead.iterations)[~accepted])
    return ahead


def _norms(vectors: np.ndarray) -> np.ndarray:
    return np.sqrt((vectors**2).sum(axis=1))


def _trust_region_step(at: Expansion, radius: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Minimiser of the convexified quadratic model in the ball, and the decrease that the model promises."""
    curvature, modes = np.linalg.eigh(at.hessian)
    move, promised = np.empty_like(at.gradient), np.empty_like(radius)
    moves_in_ball(at.gradient, at.hessian, curvature, modes, radius, move, promised)
    return move, promised
