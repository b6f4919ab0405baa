"""Phase boundaries: where the optimised losses of two geometries cross."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from flint import arb, ctx, fmpq
from scipy.optimize import brentq

from tegum.theory.balls.numbers import ball_law, rational, rounded_down, rounded_up
from tegum.theory.balls.roots import sharpened
from tegum.theory.candidates.candidates import Fit, fitted
from tegum.theory.candidates.penalised_branch import PenalisedBranch
from tegum.theory.certify import MOST_DIGITS, certified_loss
from tegum.theory.checks import whole
from tegum.theory.errors import InputError
from tegum.theory.geometry.tegum import name, parse_geometry
from tegum.theory.loss.law import require_enclosable
from tegum.theory.setting import Setting, with_axis

#: Points at which the difference of the losses is scanned for changes of sign.
_SCAN = 33
#: Slopes of the two losses that differ by less than this times the larger one are not told apart.
_SAME_SLOPE = 1e-6


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
class _PlainBranch:
    """A geometry along an axis of a setting without an L1 term."""

    geometry: str
    setting: Setting
    axis: str

    def loss(self, value: float) -> float:
        """Optimised loss in double precision; nan where there is none."""
        fit = self._fit(value)
        return float("nan") if fit is None else fit.loss

    def certified(self, value: float) -> Callable[[arb, int], arb]:
        """Proved loss by the axis's value in balls, near the given one, and the digits wanted."""
        fit = self._fit(value)
        assert fit is not None

        def loss(exact: arb, digits: int) -> arb:
            return certified_loss(fit, ball_law(self.setting, self.axis, exact), arb(10) ** -digits)

        return loss

    def _fit(self, value: float) -> Fit | None:
        return fitted(self.geometry, with_axis(self.setting, self.axis, value))


@dataclass(frozen=True)
class _Pair:
    """Two geometries along an axis."""

    axis: str
    first: _PlainBranch | PenalisedBranch
    second: _PlainBranch | PenalisedBranch

    def difference(self, value: float) -> float:
        return self.first.loss(value) - self.second.loss(value)


def boundary(
    setting: Setting, between: tuple[str, str], over: str, start: float, stop: float, digits: int = 15
) -> Boundary:
    """Where the optimised losses of two geometries cross along an axis.

    L_A(v) = L_B(v): a change of sign is bracketed in double precision, sharpened, and proved in ball arithmetic.

    Args:
        setting: everything but the axis: any feature law, tied weights on a linear hidden layer, biases, ReLU readout;
            an L1 term with independent uniform features only.
        between: names of the two geometries A and B.
        over: axis, "density", "importance[i]" or "l1" (see `setting.with_axis`).
        start, stop: the range searched, start < stop.
        digits: significant digits wanted, 1 to `MOST_DIGITS`.

    Returns:
        `Boundary`, with an enclosure of relative width 10^-digits or, in doubles, two units in the last place.

    Raises:
        InputError: no crossing in the range, more than one, geometries that do not fit, or a bad range.
        ArithmeticError: the digits could not be proved.

    Validity: the crossing of two branches, each a critical point of its ansatz; whether either is the optimum there is
    `optimum`'s business.  Under an L1 term, λ E‖h‖₁, the branches are those that a geometry's rotations lead to as the
    axis is scanned upwards (see `penalised`); their weights at zero are proved to be held by the term one by one, the
    others to be critical.

    Source: bisection and interval Newton in ball arithmetic, Tucker, Validated Numerics (2011), chapter 5.

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
    whole("digits", digits, 1, MOST_DIGITS)
    require_enclosable(setting, "a boundary")
    first, second = (name(parse_geometry(one)) for one in between)
    if first == second:
        raise InputError(f"between = {first!r} twice; two different geometries are needed")
    branch = PenalisedBranch if over == "l1" or setting.l1 else _PlainBranch
    return _Pair(over, branch(first, setting, over), branch(second, setting, over))


def _bracket(pair: _Pair, start: float, stop: float) -> tuple[float, float]:
    values = np.linspace(start, stop, _SCAN)
    differences = np.array([pair.difference(float(value)) for value in values])
    # A scanned value may be the crossing itself.
    signs = np.sign(differences)
    signs[1:] = np.where(signs[1:] == 0, signs[:-1], signs[1:])
    changes = np.flatnonzero(signs[:-1] * signs[1:] < 0)
    span = f"{pair.axis} from {start!r} to {stop!r}"
    first, second = pair.first.geometry, pair.second.geometry
    if not np.isfinite(differences).any():
        raise InputError(f"{first!r} and {second!r} do not exist side by side anywhere on {span}")
    if not changes.size:
        better = first if np.nanmean(differences) < 0 else second
        raise InputError(f"no crossing on {span}: {better!r} is better wherever both exist")
    if changes.size > 1:
        near = ", ".join(f"{values[i]:.4g}" for i in changes)
        raise InputError(f"more than one crossing on {span}, near {near}; choose a range with one")
    return float(values[changes[0]]), float(values[changes[0] + 1])


def _proved(pair: _Pair, rough: float, digits: int) -> Boundary:
    first, second = pair.first.certified(rough), pair.second.certified(rough)
    between = pair.first.geometry, pair.second.geometry

    def difference(value: fmpq) -> arb:
        return first(arb(value), digits + 24) - second(arb(value), digits + 24)

    value, slope = sharpened(difference, rational(arb(rough)), digits)
    width = rational(abs(arb(value)) * arb(10) ** -(digits + 1))
    below, above = difference(value - width), difference(value + width)
    if not (below < 0 < above or above < 0 < below):
        raise ArithmeticError(f"the crossing near {rough!r} could not be proved to {digits} digits")
    names = between if below < 0 else between[::-1]
    return Boundary(
        between=between,
        axis=pair.axis,
        value=float(arb(value).mid()),
        lower=rounded_down(value - width),
        upper=rounded_up(value + width),
        decimal=arb(value).str(digits, radius=False),
        digits=digits,
        order=1 if abs(slope) > _SAME_SLOPE * _steepness(pair, rough) else 2,
        below=names[0],
        above=names[1],
    )


def _steepness(pair: _Pair, value: float) -> float:
    """Largest |dL/dv| of the two branches, by central differences."""
    step = 1e-5 * abs(value)
    slopes = [(one.loss(value + step) - one.loss(value - step)) / (2 * step) for one in (pair.first, pair.second)]
    return max(abs(slope) for slope in slopes)
