"""Where a branch of minima turns into another arrangement: an overlap vanishes and changes its sign."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log2

import numpy as np
from flint import arb, ctx, fmpq

from tegum.theory.balls.inertia import frame
from tegum.theory.balls.numbers import rational, rounded_down, rounded_up
from tegum.theory.balls.roots import sharpened
from tegum.theory.geometry.identify import identify
from tegum.theory.search.optimum import CRITICAL_TOLERANCE
from tegum.theory.stability.branch import Branch, middle
from tegum.theory.stability.limit import GUARD_DIGITS, StabilityLimit, limit_between

#: The end of a type is bracketed to this share of the axis in double precision, and looked at so far beyond.
_NEAR, _BEYOND = 1e-8, 1e-3


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
        negative: proved number of negative eigenvalues of the full Hessian on both sides.
        beyond: name of the geometry that the same branch is on the other side.
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
    negative: int
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
            return limit_between(branch, *sorted((inside, middle_value)), digits)
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

        value, _ = sharpened(overlap, rational(arb(inside)), digits)
        width = rational(abs(arb(value)) * arb(10) ** -(digits + 1))
        ends = (value - width, value + width)
        if not overlap(ends[0]) * overlap(ends[1]) < 0:
            raise ArithmeticError(f"the end of {branch.geometry!r} near {inside!r} could not be proved to {digits} digits")
        branch.check_connected(fit, ends, accuracy, digits)
        directions = frame(branch.hessian(near, arb(inside))[0])
        negative = {branch.negative_modes(fit, end, directions, accuracy) for end in ends}
        if len(negative) > 1:
            raise ArithmeticError(f"{branch.geometry!r} ends and loses stability together near {inside!r}")
        past = value * (1 + fmpq(1 if rising else -1) * rational(arb(_BEYOND)))
        after = middle(branch.enclosed(branch.fit(inside), arb(past), accuracy))
        return TypeEnd(
            geometry=branch.geometry,
            axis=branch.axis,
            value=float(arb(value).mid()),
            lower=rounded_down(ends[0]),
            upper=rounded_up(ends[1]),
            decimal=arb(value).str(digits, radius=False),
            digits=digits,
            inside="below" if rising else "above",
            pair=pair,
            negative=negative.pop(),
            beyond=identify(after.W, tolerance=CRITICAL_TOLERANCE).geometry,
        )


def _weakest(G: np.ndarray) -> tuple[int, int]:
    """The pair of features with the least overlap other than zero."""
    sizes = np.where(G == 0.0, np.inf, np.abs(G))
    i, j = np.unravel_index(int(sizes.argmin()), G.shape)
    return int(i), int(j)
