"""Where a branch of minima turns into another arrangement: an overlap vanishes and changes its sign."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log2

import numpy as np
from flint import arb, ctx, fmpq

from tegum.theory.balls.inertia import frame
from tegum.theory.balls.roots import bracket
from tegum.theory.geometry.critical import CRITICAL_TOLERANCE
from tegum.theory.geometry.identify import identify
from tegum.theory.loss.law import law_of
from tegum.theory.search.descent import descend
from tegum.theory.setting import with_axis
from tegum.theory.stability.branch import Branch, middle
from tegum.theory.stability.limit import GUARD_DIGITS, StabilityLimit, limit_between
from tegum.theory.weights import Weights

#: The end of a type is bracketed to this share of the axis in double precision, and looked at so far beyond, from where
#: the branch is followed in steps of this length at most.
_NEAR, _BEYOND, _REACH = 1e-8, 1e-3, 1e-2


@dataclass(frozen=True)
class TypeEnd:
    """Where a branch of critical points stops being of its combinatorial type, without losing stability.

    Attributes:
        geometry: name of the branch.
        axis: what varies.
        value: where the overlap vanishes; ``lower`` and ``upper`` are doubles that enclose it.
        decimal: the value with all the digits asked for.
        digits: significant digits that the enclosure proves.
        inside: "below" or "above": the side on which the branch is of its type.
        pair: two features whose overlap vanishes there.
        beyond: name of the geometry that the same branch of minima is on the other side.
    """

    geometry: str
    axis: str
    value: float
    lower: float
    upper: float
    decimal: str
    digits: int
    inside: str
    pair: tuple[int, int]
    beyond: str


def end_of_branch(branch: Branch, inside: float, outside: float, digits: int) -> StabilityLimit | TypeEnd:
    """What ends a geometry's branch of minima on the way to a value where it is none of its type any more.

    G_ij(v) = 0, enclosed with opposite signs on both sides of one proved branch; or, if the branch turns into a saddle
    of its type first, the limit of stability.

    Args:
        branch: the geometry along an axis.
        inside, outside: a value where it is a minimum, and one where it has no critical point of its type.
        digits: significant digits wanted.

    Raises:
        ArithmeticError: the branch ends in another way (it turns back), or the digits could not be proved.
    """
    while abs(outside - inside) > _NEAR * abs(inside):
        middle_value = (inside + outside) / 2
        least = branch.least(middle_value)
        if least < 0:
            return limit_between(branch, min(inside, middle_value), max(inside, middle_value), digits)
        inside, outside = (middle_value, outside) if least > 0 else (inside, middle_value)
    return _type_end(branch, inside, outside > inside, digits)


def _type_end(branch: Branch, inside: float, rising: bool, digits: int) -> TypeEnd:
    fit = branch.fit(inside)
    accuracy = ceil((digits + GUARD_DIGITS) * log2(10))
    with ctx.workprec(2 * accuracy + 64):
        near = branch.enclosed(fit, arb(inside), accuracy)
        pair = _weakest(np.array([[float(x.mid()) for x in row] for row in near.at.G]))

        def overlap(value: fmpq) -> arb:
            return branch.enclosed(fit, arb(value), accuracy).at.G[pair[0]][pair[1]]

        root = bracket(overlap, inside, digits)
        ends = root.ends
        if not overlap(ends[0]) * overlap(ends[1]) < 0:
            raise ArithmeticError(f"the end near {inside!r} could not be proved to {digits} digits")
        branch.check_connected(fit, ends, accuracy, digits)
        directions = frame(branch.hessian(near, arb(inside))[0])
        if any(branch.negative_modes(fit, end, directions, accuracy) for end in ends):
            raise ArithmeticError(f"{branch.geometry!r} is no minimum where its type ends near {inside!r}")
        return TypeEnd(
            geometry=branch.geometry,
            axis=branch.axis,
            **root.numbers(),
            inside="below" if rising else "above",
            pair=pair,
            beyond=_beyond(branch, middle(near), inside * (1 + (_BEYOND if rising else -_BEYOND))),
        )


def _beyond(branch: Branch, weights: Weights, value: float) -> str:
    """The minimum next to given weights at another value."""
    law = law_of(with_axis(branch.setting, branch.axis, value))
    rest = descend(weights.W[None], weights.b[None], law, reach=_REACH)
    return identify(rest.W[0], tolerance=CRITICAL_TOLERANCE).geometry


def _weakest(G: np.ndarray) -> tuple[int, int]:
    """The pair of features with the least overlap other than zero."""
    sizes = np.where(G == 0.0, np.inf, np.abs(G))
    i, j = np.unravel_index(int(sizes.argmin()), G.shape)
    return int(i), int(j)
