"""Descent of models with many features, where the loss comes with a gradient but no Hessian."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from tegum.theory.loss.law import Law, empty_loss
from tegum.theory.loss.objective import parameters, tied_weights
from tegum.theory.loss.slope import slope
from tegum.theory.search.descent import Advance, Descent
from tegum.theory.search.lbfgs import Slope, settle
from tegum.theory.search.parts import rested
from tegum.theory.search.spectrum import lowest_mode

#: Stages from far to near: the error of ℓ_i / I_i, relative to E x², and the gradient, relative to the loss of the
#: empty model, at which a stage ends.  Measured against enumeration, errors of the gradient stay below a tenth of it.
_STAGES = ((1e-4, 1e-3), (1e-6, 1e-5), (1e-8, 1e-7))
_SHARPEST = (1e-11, 1e-10)
#: The error to which a start's loss must be known before orthogonal parts may replace it.
_JUDGING = 1e-6
#: Between two stages a start is abandoned when its loss exceeds the best by more than this, relatively, and by more
#: than this many times what its quasi-Newton model still promises.
_ABOVE, _PROMISES = 1e-5, 100.0
#: Importances below this times the largest do not stretch the scale of their biases any further.
_LEAST_IMPORTANCE = 1e-2
_REACH = 1.0
#: Squared norms below this times the largest are those of features without weights.
_DEAD = 1e-4
#: Step off a saddle, and saddles left one after the other at most.
_ASIDE, _SADDLES = 1e-2, 4
_EVALUATIONS = 1500


@dataclass(frozen=True, kw_only=True)
class WideDescent(Descent):
    """A `Descent` whose hopeless members were left before they came to rest.

    Attributes:
        abandoned: members left because another was already lower than they promised to become.
    """

    abandoned: Bool[np.ndarray, " models"]


def descend_widely(
    W: Float[np.ndarray, "models hidden features"],
    b: Float[np.ndarray, "models features"],
    law: Law,
    advance: Advance = lambda done, total: None,
) -> WideDescent:
    """Race the starts of one setting downhill, on a loss that gets more accurate as they come to rest.

    L-BFGS on the transform route in three stages.  After each, nearly orthogonal parts are made orthogonal and brought
    to rest exactly (`parts.rested`); a start whose loss that lowers, or keeps to within its error, is done.  Of the
    others those that cannot become the best any more are abandoned, and features that died on the way revived.

    Args:
        W, b: starting weights and biases.
        law: densities and importances, the same for every member.
        advance: told how many members are at rest or abandoned, and how many there are.

    Returns:
        `WideDescent`, members in the order given; ``iterations`` counts evaluations of the loss.  ``converged``: all
        parts at rest to `descent.GRADIENT_TOLERANCE`, or the whole to the last stage's gradient.

    Validity: independent uniform features, tied weights, ReLU readout.  The losses of members that are not parted are
    exact to the last stage's tolerance.
    """
    race = _Race(W, b, law)
    for tolerance, flat in _STAGES:
        race.run(tolerance, flat, lambda done, _: advance(race.idle + done, len(b)))
        race.part()
        race.abandon()
        race.revive()
    return race.result()


def settle_widely(
    W: Float[np.ndarray, "models hidden features"],
    b: Float[np.ndarray, "models features"],
    law: Law,
    reach: float,
) -> WideDescent:
    """Models near rest brought to the sharpest gradient, each in the basin where it is: nothing races or is revived.

    Args:
        W, b: weights and biases.
        law: densities and importances, the same for every member.
        reach: longest step.

    Returns:
        `WideDescent`, members in the order given.  Parts orthogonal up to the error of the loss are made so exactly.

    Validity: as `descend_widely`.
    """
    race = _Race(W, b, law, reach)
    for tolerance, flat in (*_STAGES[1:], _SHARPEST):
        race.run(tolerance, flat, lambda done, total: None)
    race.part(same=True)
    return race.result()


def sharp_slope(
    W: Float[np.ndarray, "models hidden features"], b: Float[np.ndarray, "models features"], law: Law
) -> Slope:
    """Loss and gradient as sharp as the last stage's."""
    return slope(W, b, law, _SHARPEST[0] * float(law.density[0].mean()) / 3)


def wide_tolerance(law: Law) -> Float[np.ndarray, " models"]:
    """The gradient norm that counts as zero where there is no Hessian: that of the last stage."""
    return _SHARPEST[1] * empty_loss(law)


@dataclass(frozen=True)
class Finish:
    """The best member of a race, certified.

    Attributes:
        W, b: its weights; W_out: its output weights, None if tied.
        loss, gradient_norm: exact to the sharpest tolerance.
        curvature, curvature_error: least curvature without the rotations of the hidden space, and how far it is known.
    """

    W: Float[np.ndarray, "hidden features"]
    b: Float[np.ndarray, " features"]
    loss: float
    gradient_norm: float
    curvature: float
    curvature_error: float
    W_out: Float[np.ndarray, "features hidden"] | None = None


def finish(W: Float[np.ndarray, "hidden features"], b: Float[np.ndarray, " features"], law: Law) -> Finish:
    """One model near rest brought to the sharpest gradient; from a saddle further down.

    Args:
        W, b: where a race left it.
        law: densities and importances, of one model.

    Returns:
        `Finish`; its curvature tells whether it is a minimum.

    Validity: as `descend_widely`.
    """
    rest = _sharpened(W[None], b[None], law)
    mode = lowest_mode(rest.W[0], rest.b[0], law)
    for _ in range(_SADDLES):
        if mode.curvature >= -2 * mode.noise:
            break
        aside = _ASIDE * np.array([1.0, -1.0])[:, None]
        W, b = rest.W + aside[..., None] * mode.W, rest.b + aside * mode.b
        left = descend_widely(W, b, law[np.zeros(2, dtype=int)])
        lower = [int(np.argmin(left.loss))]
        rest = _sharpened(left.W[lower], left.b[lower], law)
        mode = lowest_mode(rest.W[0], rest.b[0], law)
    return Finish(
        rest.W[0], rest.b[0], float(rest.loss[0]), float(rest.gradient_norm[0]), mode.curvature, mode.noise
    )  # fmt: skip


def _sharpened(W: np.ndarray, b: np.ndarray, law: Law) -> WideDescent:
    """The last stage, for models whose parts do not explain them."""
    race = _Race(W, b, law)
    race.measure(_JUDGING)
    race.part()
    race.run(*_SHARPEST, lambda done, total: None)
    return race.result()


class _Race:
    """Members of one setting on their way down; θ in units in which all biases curve about alike."""

    def __init__(self, W: np.ndarray, b: np.ndarray, law: Law, reach: float = _REACH) -> None:
        self.law, self.features, self.reach = law, b.shape[1], reach
        self.scale = _scale(law, W.shape[1])
        self.theta = parameters(W, b) / self.scale
        self.loss, self.norm, self.promised = np.full((3, len(b)), np.inf)
        self.error = np.zeros(len(b))
        self.history: np.ndarray | None = None
        self.evaluations = np.zeros(len(b), dtype=int)
        self.moving, self.converged, self.abandoned = np.ones(len(b), dtype=bool), *np.zeros((2, len(b)), dtype=bool)

    @property
    def idle(self) -> int:
        return int((~self.moving).sum())

    def weights(self, members: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return tied_weights(self.theta[members] * self.scale, self.features)

    def run(self, tolerance: float, flat: float, advance: Advance) -> None:
        """One stage of all members that still move."""
        moving = np.flatnonzero(self.moving)
        if not moving.size:
            return
        law, allowed = self.law[moving], self._allowed(tolerance)

        def objective(theta: np.ndarray, members: np.ndarray) -> Slope:
            at = slope(*tied_weights(theta * self.scale, self.features), law[members], allowed)
            return Slope(at.loss, at.gradient * self.scale, at.noise)

        history = None if self.history is None else self.history[:, moving]
        rest = settle(
            self.theta[moving], objective, flat * empty_loss(law), _EVALUATIONS, self.reach, advance, history
        )  # fmt: skip
        if self.history is None:
            self.history = rest.history
        self.history[:, moving] = rest.history
        self.theta[moving], self.loss[moving], self.promised[moving] = rest.theta, rest.at.loss, rest.promised
        self.error[moving] = rest.at.noise
        self.norm[moving] = np.linalg.norm(rest.at.gradient / self.scale, axis=1)
        self.evaluations[moving] += rest.evaluations
        self.converged[moving] = rest.converged

    def measure(self, tolerance: float) -> None:
        """The losses of all members where they stand."""
        at = slope(*self.weights(np.arange(len(self.theta))), self.law, self._allowed(tolerance))
        self.loss, self.error = at.loss, at.noise

    def part(self, same: bool = False) -> None:
        """Members that orthogonal parts at rest explain are done; those of the same loss only, if so asked."""
        density, importance = self.law.density[0], self.law.importance[0]
        for k in np.flatnonzero(self.moving):
            (found,) = rested(*self.weights(np.array([k])), density, importance)
            if found is None:
                continue
            if abs(found.loss - self.loss[k]) <= self.error[k] if same else self._explained(k, found.loss):
                self.theta[k] = parameters(found.W[None], found.b[None])[0] / self.scale
                self.loss[k], self.error[k], self.norm[k] = found.loss, 0.0, found.gradient_norm
                self.moving[k], self.converged[k] = False, True

    def revive(self) -> None:
        """Features that never answer, b < 0 without weights, lie on a flat: they get their mean p/2 to start from."""
        W, b = self.weights(np.arange(len(self.theta)))
        squares = (W**2).sum(axis=1)
        dead = self.moving[:, None] & (squares < _DEAD * squares.max(axis=1, keepdims=True)) & (b < 0)
        self.theta = parameters(W, np.where(dead, self.law.density / 2, b)) / self.scale

    def _explained(self, member: np.intp, loss: float) -> bool:
        """Whether a loss is not above a member's own, which is computed more sharply where its error leaves it open."""
        if abs(loss - self.loss[member]) <= self.error[member]:
            at = slope(*self.weights(np.array([member])), self.law[[member]], self._allowed(_JUDGING))
            self.loss[member], self.error[member] = at.loss[0], at.noise[0]
        return bool(loss <= self.loss[member] + self.error[member])

    def _allowed(self, tolerance: float) -> float:
        return tolerance * float(self.law.density[0].mean()) / 3

    def abandon(self) -> None:
        """Members that promise to stay above the best are left where they are."""
        best = self.loss.min()
        hopeless = self.loss - self.error - _PROMISES * np.abs(self.promised) > (1 + _ABOVE) * best
        left = self.moving & hopeless
        self.abandoned |= left
        self.moving &= ~left
        self.converged &= ~left

    def result(self) -> WideDescent:
        W, b = self.weights(np.arange(len(self.theta)))
        return WideDescent(W, b, self.loss, self.norm, self.converged, self.evaluations, abandoned=self.abandoned)


def _scale(law: Law, hidden: int) -> np.ndarray:
    """Units of θ: a bias meets the inputs that its feature's weights meet, and those without it."""
    p, weight = law.density[0], law.importance[0]
    relative = np.maximum(weight / weight.max(), _LEAST_IMPORTANCE)
    return np.concatenate([np.ones(hidden * p.size), np.sqrt(p.mean() / relative)])
