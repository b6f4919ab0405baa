"""Phase boundaries: where the optimised losses of two geometries cross."""

from __future__ import annotations

from dataclasses import dataclass
from math import nextafter

import numpy as np
from flint import arb, ctx, fmpq, fmpz
from scipy.optimize import brentq

from tegum.theory.candidates import Fit, fitted
from tegum.theory.certify import BallLaw, certified_loss
from tegum.theory.errors import InputError
from tegum.theory.geometry.tegum import name, parse_geometry
from tegum.theory.setting import Setting, axis_parts, with_axis

#: Points at which the difference of the losses is scanned for changes of sign.
_SCAN = 33
#: Slopes of the two losses that differ by less than this times the larger one are not told apart.
_SAME_SLOPE = 1e-6
MOST_DIGITS = 100


@dataclass(frozen=True)
class Boundary:
    """Where the optimised losses of two geometries cross.

    Attributes:
        between: the names of the two geometries.
        axis: what varies.
        value: the crossing, correctly rounded if ``digits`` <= 15.
        lower, upper: the difference of the two losses has proved, opposite signs at these two values.
        decimal: the crossing with all the digits asked for.
        digits: significant digits that the enclosure proves.
        order: 1 where the derivatives of the losses differ (first-order transition), 2 where they agree.
        below, above: the better geometry on either side.
    """

    between: tuple[str, str]
    axis: str
    value: float
    lower: float
    upper: float
    decimal: str
    digits: int
    order: int
    below: str
    above: str


@dataclass(frozen=True)
class _Pair:
    """Two geometries along an axis of a setting."""

    setting: Setting
    axis: str
    first: str
    second: str

    def fits(self, value: float) -> tuple[Fit | None, Fit | None]:
        at = with_axis(self.setting, self.axis, value)
        return fitted(self.first, at), fitted(self.second, at)

    def difference(self, value: float) -> float:
        first, second = self.fits(value)
        return first.loss - second.loss if first is not None and second is not None else float("nan")


def boundary(
    setting: Setting, between: tuple[str, str], over: str, start: float, stop: float, digits: int = 15
) -> Boundary:
    """Where the optimised losses of two geometries cross along an axis.

    L_A(v) = L_B(v): a change of sign is bracketed in double precision, sharpened, and proved in ball arithmetic.

    Args:
        setting: everything but the axis.
        between: names of the two geometries A and B.
        over: axis, "density" or "importance[i]" (see `setting.with_axis`).
        start, stop: the range searched, start < stop.
        digits: significant digits wanted, 1 to `MOST_DIGITS`.

    Returns:
        `Boundary`, with an enclosure of relative width 10^-digits or, in doubles, two units in the last place.

    Raises:
        InputError: no crossing in the range, more than one, geometries that do not fit, or a bad range.

    Validity: the crossing of two branches, each a critical point of its ansatz; whether either is the optimum there is
    `optimum`'s business.

    >>> from tegum import Setting, boundary
    >>> setting = Setting(count=5, hidden=2, density=0.1)
    >>> round(boundary(setting, ("pentagon", "2*digon + dropped"), "density", 0.1, 0.4).value, 12)
    0.224875449364
    """
    pair = _checked(setting, between, over, start, stop, digits)
    low, high = _bracket(pair, start, stop)
    rough = brentq(pair.difference, low, high, xtol=1e-15, rtol=1e-14)
    with ctx.workprec(int(4 * digits) + 160):
        return _proved(pair, float(rough), digits)


def _checked(setting: Setting, between: tuple[str, str], over: str, start: float, stop: float, digits: int) -> _Pair:
    if not -np.inf < start < stop < np.inf:
        raise InputError(f"from = {start!r} is not below to = {stop!r}, both finite")
    if not 1 <= digits <= MOST_DIGITS:
        raise InputError(f"digits = {digits} is outside [1, {MOST_DIGITS}]")
    first, second = (name(parse_geometry(one)) for one in between)
    if first == second:
        raise InputError(f"between = {first!r} twice; two different geometries are needed")
    return _Pair(setting, over, first, second)


def _bracket(pair: _Pair, start: float, stop: float) -> tuple[float, float]:
    values = np.linspace(start, stop, _SCAN)
    differences = np.array([pair.difference(float(value)) for value in values])
    changes = np.flatnonzero(differences[:-1] * differences[1:] < 0)
    span = f"{pair.axis} from {start!r} to {stop!r}"
    if not np.isfinite(differences).any():
        raise InputError(f"{pair.first!r} and {pair.second!r} do not exist side by side anywhere on {span}")
    if not changes.size:
        better = pair.first if np.nanmean(differences) < 0 else pair.second
        raise InputError(f"no crossing on {span}: {better!r} is better wherever both exist")
    if changes.size > 1:
        near = ", ".join(f"{values[i]:.4g}" for i in changes)
        raise InputError(f"more than one crossing on {span}, near {near}; choose a range with one")
    return float(values[changes[0]]), float(values[changes[0] + 1])


def _proved(pair: _Pair, rough: float, digits: int) -> Boundary:
    first, second = pair.fits(rough)
    assert first is not None
    assert second is not None
    tolerance = arb(10) ** -(2 * digits + 24)

    def difference(value: fmpq) -> arb:
        law = _ball_law(pair, value)
        return certified_loss(first, law, tolerance) - certified_loss(second, law, tolerance)

    value, slope = _sharpened(difference, _rational(arb(rough)), digits)
    width = _rational(abs(arb(value)) * arb(10) ** -(digits + 1))
    below, above = difference(value - width), difference(value + width)
    if not (below < 0 < above or above < 0 < below):
        raise ArithmeticError(f"the crossing near {rough!r} could not be proved to {digits} digits")
    names = (pair.first, pair.second) if below < 0 else (pair.second, pair.first)
    return Boundary(
        between=(pair.first, pair.second),
        axis=pair.axis,
        value=float(arb(value).mid()),
        lower=_rounded_down(value - width),
        upper=-_rounded_down(-(value + width)),
        decimal=arb(value).str(digits, radius=False),
        digits=digits,
        order=1 if abs(slope) > _SAME_SLOPE * _steepness(pair, rough) else 2,
        below=names[0],
        above=names[1],
    )


def _sharpened(difference, value: fmpq, digits: int) -> tuple[fmpq, float]:
    """Secant steps in ball arithmetic until the step no longer moves the digits wanted; and the slope."""
    step = value / fmpq(10) ** 8
    slope = (difference(value + step) - difference(value - step)) / (2 * arb(step))
    for _ in range(20):
        move = _rational((difference(value) / slope).mid())
        value -= move
        if abs(arb(move)) < abs(arb(value)) * arb(10) ** -(digits + 4):
            return value, float(slope.mid())
    raise ArithmeticError(f"the crossing near {float(arb(value).mid())!r} could not be sharpened")


def _steepness(pair: _Pair, value: float) -> float:
    """Largest |dL/dv| of the two branches, by central differences."""
    step = 1e-5 * abs(value)
    ends = [pair.fits(value - step), pair.fits(value + step)]
    slopes = [(high.loss - low.loss) / (2 * step) for low, high in zip(*ends, strict=True) if low and high]
    return max(abs(slope) for slope in slopes)


def _ball_law(pair: _Pair, value: fmpq) -> BallLaw:
    field, feature = axis_parts(pair.axis)
    law = {"density": list(pair.setting.density), "importance": list(pair.setting.importance)}
    exact = {key: [arb(number) for number in numbers] for key, numbers in law.items()}
    for place in range(pair.setting.count) if feature is None else (feature,):
        exact[field][place] = arb(value)
    return BallLaw(exact["density"], exact["importance"])


def _rational(ball: arb) -> fmpq:
    """The midpoint of a ball, exactly."""
    mantissa, exponent = ball.mid().man_exp()
    power = int(exponent)
    return fmpq(mantissa) * fmpq(2) ** power if power >= 0 else fmpq(mantissa, fmpz(2) ** -power)


def _rounded_down(value: fmpq) -> float:
    """The largest double not above an exact number, or the one before it."""
    near = float(arb(value).mid())
    return near if _rational(arb(near)) <= value else nextafter(near, -np.inf)
