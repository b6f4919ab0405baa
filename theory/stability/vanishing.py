"""The curvature that vanishes at a limit of stability: a Hessian's, or one side's of a dedicated feature's kink."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from flint import arb, fmpq
from jaxtyping import Float

from tegum.theory.balls.critical import Enclosed
from tegum.theory.balls.inertia import pivots_of
from tegum.theory.balls.kink import Lean, kink_signs, kinks, without_dedicated
from tegum.theory.balls.numbers import midpoints
from tegum.theory.candidates.candidates import Fit
from tegum.theory.stability.branch import Branch
from tegum.theory.weights import Weights

#: So far to both sides of a limit, relative to it, dedicated features are asked on which side they hold: on a kink the
#: curvatures in double precision, which the limit comes from, are upper bounds.
_ASIDE = 1e-4


@dataclass(frozen=True)
class Vanishing:
    """What vanishes along a branch.

    Attributes:
        kind: "continuous" or "one-sided".
        curvature: at a value of the axis, of the sign of the least curvature next to the limit.
        direction: unit motion of (W, b) along which it holds, at a value.
    """

    kind: str
    curvature: Callable[[fmpq], arb]
    direction: Callable[[fmpq], Weights]


def vanishing(
    branch: Branch, fit: Fit, rough: float, directions: Float[np.ndarray, "rows rows"], accuracy: int
) -> Vanishing:
    """What vanishes next to a limit known in double precision.

    Args:
        branch, fit: the geometry along an axis, and its fit at the limit.
        rough: the limit.
        directions: approximate eigenvectors there of the bordered Hessian off the kinks, the vanishing one last.
        accuracy: of enclosures, as a power of two.
    """

    def point(value: fmpq) -> Enclosed:
        return branch.enclosed(fit, arb(value), accuracy)

    below, above = (_signs(branch, rough * (1 + share), accuracy) for share in (-_ASIDE, _ASIDE))
    turning = [k for k, signs in enumerate(zip(below, above, strict=True)) if signs[0] != signs[1]]
    if not turning:
        return Vanishing(
            "continuous",
            lambda value: pivots_of(branch.hessian(point(value), arb(value))[0], directions)[-1],
            lambda value: _off_the_kinks(point(value), directions[:, -1]),
        )
    first = turning[0]

    def lean(value: fmpq) -> Lean:
        kink = kinks(point(value), branch.law(arb(value)))[first]
        return min(kink.leans()[0], key=lambda one: float(one.value.mid()))

    return Vanishing(
        "one-sided",
        lambda value: lean(value).value,
        lambda value: _leaning(branch, point(value), arb(value), first, lean(value)),
    )


def _signs(branch: Branch, value: float, accuracy: int) -> list[int]:
    fit = branch.fit(value)
    return kink_signs(branch.enclosed(fit, arb(value), accuracy), branch.law(arb(value)))


def _off_the_kinks(point: Enclosed, vector: Float[np.ndarray, " bordered"]) -> Weights:
    """A motion of the features without dedicated ones, in the dimensions that these leave."""
    hidden, features = len(point.at.W), len(point.at.b)
    taken = [a for a, row in enumerate(point.at.W) if any(not row[i].is_zero() for i in point.dedicated)]
    others = [i for i in range(features) if i not in point.dedicated]
    free = [a for a in range(hidden) if a not in taken]
    motion = vector[: (len(free) + 1) * len(others)]
    W, b = np.zeros((hidden, features)), np.zeros(features)
    W[np.ix_(free, others)] = motion[: len(free) * len(others)].reshape(len(free), len(others))
    b[others] = motion[len(free) * len(others) :]
    return _unit(W, b)


def _leaning(branch: Branch, point: Enclosed, value: arb, place: int, lean: Lean) -> Weights:
    """The others move along a dedicated feature's axis: δw_j = y_j e, δb_j = -y_j p/2, and it answers."""
    law, i = branch.law(value), point.dedicated[place]
    others = without_dedicated(point, law)[2]
    y, c = midpoints(lean.y), float(lean.c.mid())
    axis = next(a for a, row in enumerate(point.at.W) if not row[i].is_zero())
    density = midpoints(law.density)
    W, b = np.zeros((len(point.at.W), density.size)), np.zeros(density.size)
    W[axis, others], W[axis, i] = y, -0.75 * c
    b[others], b[i] = -y * density[i] / 2, c - float(y @ density[others]) / 2
    return _unit(W, b)


def _unit(W: np.ndarray, b: np.ndarray) -> Weights:
    size = np.sqrt((W**2).sum() + (b**2).sum())
    return Weights(W / size, b / size)
