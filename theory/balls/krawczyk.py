"""Interval Newton: a box that is proved to hold exactly one zero of a system of equations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flint import arb, arb_mat, ctx

#: Newton steps at most; each about doubles the digits, the first ones come from double precision.
_MOST_STEPS = 30
#: Each box tried is so many times the one before.
_GROWTH, _TRIES = 16, 8

#: Values of the equations, and their Jacobian, at all points of a box.
Equations = Callable[[list[arb]], list[arb]]
Jacobian = Callable[[list[arb]], arb_mat]


@dataclass(frozen=True)
class System:
    """As many equations F(θ) = 0 as unknowns, with their Jacobian; both enclose their values over boxes."""

    equations: Equations
    jacobian: Jacobian


def enclosed_zero(system: System, start: Sequence[float] | Sequence[arb], reach: float, accuracy: int) -> list[arb]:
    """A box that contains exactly one zero of a system.

    Krawczyk's operator K(X) = m - Y F(m) + (1 - Y F'(X)) (X - m), m the middle of X and Y ≈ F'(m)⁻¹: where K(X) lies in
    the interior of X there is exactly one zero in X, and it lies in K(X).

    Args:
        system: Lipschitz; its Jacobian may be a hull of one-sided ones.
        start: approximate zero.
        reach: the zero must lie this close to the start, entry by entry.
        accuracy: wanted half-width of the box, as a power of two: 2^-accuracy.

    Returns:
        K(X), one ball for each unknown.

    Raises:
        ArithmeticError: no zero within reach, a singular Jacobian, or a working precision too low to prove it.

    Source: Krawczyk 1969; Neumaier, Interval Methods for Systems of Equations (1990), section 5.1.
    """
    start = [arb(x).mid() for x in start]
    middle = _newton(system, start, arb(reach), arb(2) ** -accuracy)
    inverse = _inverse(system.jacobian(middle))
    step = _product(inverse, system.equations(middle))
    radius = 2 * max((arb(move.abs_upper()) for move in step), default=arb(0)) + arb(2) ** -(ctx.prec - 16)
    for _ in range(_TRIES):
        box = [x + arb(0, radius) for x in middle]
        image = _krawczyk(system, middle, box, inverse)
        if all(x.contains_interior(y) for x, y in zip(box, image, strict=True)):
            if not all(abs(x - y) < reach for x, y in zip(image, start, strict=True)):
                break
            if max(y.rad() for y in image) < arb(2) ** -accuracy:
                return image
        radius *= _GROWTH
    raise ArithmeticError("a critical point could not be enclosed at this precision")


def _newton(system: System, start: list[arb], reach: arb, accuracy: arb) -> list[arb]:
    """Approximate zero, to about the square of the accuracy."""
    theta = start
    for _ in range(_MOST_STEPS):
        step = _product(_inverse(system.jacobian(theta)), system.equations(theta))
        theta = [(x - move).mid() for x, move in zip(theta, step, strict=True)]
        if not all(abs(x - y) < reach for x, y in zip(theta, start, strict=True)):
            raise ArithmeticError(f"there is no critical point within {float(reach.mid()):.0e} of the given one")
        if all(abs(move.mid()) < accuracy for move in step):
            return theta
    raise ArithmeticError("Newton's method does not settle near the given point")


def _krawczyk(system: System, middle: list[arb], box: list[arb], inverse: arb_mat) -> list[arb]:
    size = len(middle)
    newton = _product(inverse, system.equations(middle))
    slope = inverse * system.jacobian(box)
    deviation = arb_mat(size, size, [int(i == j) for i in range(size) for j in range(size)]) - slope
    spread = _product(deviation, [x - m for x, m in zip(box, middle, strict=True)])
    return [m - move + part for m, move, part in zip(middle, newton, spread, strict=True)]


def _inverse(jacobian: arb_mat) -> arb_mat:
    """Approximate inverse of the middle: any matrix would do, a good one proves."""
    try:
        return jacobian.mid().inv().mid()
    except ZeroDivisionError as error:
        raise ArithmeticError("the Jacobian at the critical point is singular to working precision") from error


def _product(matrix: arb_mat, vector: list[arb]) -> list[arb]:
    return [row[0] for row in (matrix * arb_mat(len(vector), 1, vector)).tolist()] if vector else []
