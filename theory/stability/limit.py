"""Stability limits: where the branch of a geometry stops being a local minimum of the full loss, with proved digits."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log2

import numpy as np
from flint import arb, ctx
from jaxtyping import Float
from scipy.optimize import brentq

from tegum.theory.balls.inertia import frame
from tegum.theory.balls.roots import bracket
from tegum.theory.certify import MOST_DIGITS
from tegum.theory.checks import whole
from tegum.theory.errors import InputError
from tegum.theory.geometry.tegum import name, parse_geometry
from tegum.theory.loss.law import require_basic
from tegum.theory.setting import Setting
from tegum.theory.stability.branch import Branch, middle
from tegum.theory.stability.vanishing import vanishing
from tegum.theory.weights import Weights

#: Points at which the least curvature is scanned for changes of sign.
_SCAN = 33
#: A least curvature that jumps by more than this share of its size over 10⁻⁹ of the axis does not pass through zero.
_NEAR, _JUMP = 1e-9, 1e-4
GUARD_DIGITS = 12


@dataclass(frozen=True)
class StabilityLimit:
    """Where a branch of critical points gains or loses stability.

    Attributes:
        geometry: name of the branch.
        axis: what varies.
        value: the limit; ``lower`` and ``upper`` are doubles that enclose it.
        decimal: the limit with all the digits asked for.
        digits: significant digits that the enclosure proves.
        stable: "below", "above" or "neither": the side on which the branch is a local minimum.
        negative: numbers of negative eigenvalues of the full Hessian, without dedicated features, below and above,
            proved.
        kind: "continuous": one branch passes through, proved, and is a saddle on the unstable side; "one-sided": the
            same, but of the loss around a dedicated feature's kink b = 0, where there is no Hessian.
        weights: the branch at the limit.
        direction: unit motion of (W, b) whose curvature vanishes there: how the symmetry breaks.
    """

    geometry: str
    axis: str
    value: float
    lower: float
    upper: float
    decimal: str
    digits: int
    stable: str
    negative: tuple[int, int]
    kind: str
    weights: Weights
    direction: Weights


def stability_limit(
    geometry: str, setting: Setting, over: str, start: float, stop: float, digits: int = 15
) -> StabilityLimit:
    """Where a named geometry gains or loses stability in the full space of weights, along an axis.

    λ(v) = 0, λ the least curvature, without rotations, of the exact loss at the geometry's optimised weights: bracketed
    and refined in double precision, then proved: the signature of the Hessian differs at the two ends of the enclosure,
    and one branch of critical points connects them.

    Args:
        geometry: its name.
        setting: everything but the axis.
        over: axis, "density", "density[i]" or "importance[i]".
        start, stop: the range searched, start < stop.
        digits: significant digits wanted, 1 to `certify.MOST_DIGITS`.

    Returns:
        `StabilityLimit`.

    Raises:
        InputError: no limit in the range, more than one, a geometry that does not fit, or a bad range.
        ArithmeticError: the curvature jumps instead of passing through zero (a dedicated feature's kink, the end of a
            branch), or the digits could not be proved.

    Validity: limits closer together than a 32nd of the range may be missed in pairs; choose a narrower range.

    Source: symmetry breaking as a simple or multiple eigenvalue crossing zero, Golubitsky & Schaeffer, Singularities
    and Groups in Bifurcation Theory I (1985), chapter 1; interval Newton and Sylvester's law of inertia.

    >>> from tegum import Setting, stability_limit
    >>> limit = stability_limit("digon", Setting(count=2, hidden=1, density=0.5), "density", 0.6, 0.8)
    >>> limit.stable, limit.negative, 0.70 < limit.value < 0.72
    ('below', (0, 1), True)
    """
    if not -np.inf < start < stop < np.inf:
        raise InputError(f"from = {start!r} is not below to = {stop!r}, both finite")
    found = stability_limits(geometry, setting, over, np.linspace(start, stop, _SCAN), digits)
    span = f"{over} from {start!r} to {stop!r}"
    if not found:
        raise InputError(f"geometry {geometry!r} neither gains nor loses stability over {span}")
    if len(found) > 1:
        near = ", ".join(f"{one.value:.4g}" for one in found)
        raise InputError(
            f"geometry {geometry!r} has more than one limit over {span}, at {near}; choose a narrower range"
        )
    return found[0]


def stability_limits(
    geometry: str, setting: Setting, over: str, values: Float[np.ndarray, " points"], digits: int = 15
) -> list[StabilityLimit]:
    """Every stability limit of a geometry between scanned values, from the lowest up.

    Args:
        geometry, setting, over, digits: as for `stability_limit`.
        values: of the axis, rising; limits are looked for between neighbours that differ in stability.

    Raises:
        InputError: a geometry that does not fit or has no critical point at any value, or digits outside their range.
        ArithmeticError: as for `stability_limit`.
    """
    whole("digits", digits, 1, MOST_DIGITS)
    require_basic(setting, "a stability limit")
    branch = Branch(name(parse_geometry(geometry)), setting, over)
    least = np.array([branch.least(float(value)) for value in values])
    if not np.isfinite(least).any():
        raise InputError(f"geometry {geometry!r} has no critical point for {over} from {values[0]} to {values[-1]}")
    changes = np.flatnonzero(least[:-1] * least[1:] < 0)
    return [limit_between(branch, float(values[i]), float(values[i + 1]), digits) for i in changes]


def limit_between(branch: Branch, low: float, high: float, digits: int) -> StabilityLimit:
    """The limit of stability between two values at which a branch differs in stability.

    Raises:
        ArithmeticError: as for `stability_limit`.
    """
    return _proved(branch, _crossing(branch, low, high), digits)


def _crossing(branch: Branch, low: float, high: float) -> float:
    rough = float(brentq(branch.least, low, high, xtol=1e-15, rtol=1e-14))
    sides = [branch.least(rough * (1 - _NEAR)), branch.least(rough * (1 + _NEAR))]
    scale = max(abs(branch.least(low)), abs(branch.least(high)))
    if not abs(sides[1] - sides[0]) < _JUMP * scale:
        raise ArithmeticError(
            f"the curvature of {branch.geometry!r} jumps from {sides[0]:.3g} to {sides[1]:.3g} at "
            f"{branch.axis} = {rough:.12g}; no digits can be proved there"
        )
    return rough


def _proved(branch: Branch, rough: float, digits: int) -> StabilityLimit:
    fit = branch.fit(rough)
    accuracy = ceil((digits + GUARD_DIGITS) * log2(10))
    with ctx.workprec(2 * accuracy + 64):
        near = branch.enclosed(fit, arb(rough), accuracy)
        directions = frame(branch.hessian(near, arb(rough))[0])
        lost = vanishing(branch, fit, rough, directions, accuracy)
        root = bracket(lost.curvature, rough, digits)
        ends = root.ends
        negative = tuple(branch.negative_modes(fit, end, directions, accuracy) for end in ends)
        minimum = [branch.is_minimum(fit, end, count, accuracy) for end, count in zip(ends, negative, strict=True)]
        branch.check_connected(fit, ends, accuracy, digits)
        if negative[0] == negative[1] and minimum[0] == minimum[1]:
            raise ArithmeticError(f"the limit near {rough!r} could not be proved to {digits} digits")
        return StabilityLimit(
            geometry=branch.geometry,
            axis=branch.axis,
            **root.numbers(),
            stable="below" if minimum[0] else "above" if minimum[1] else "neither",
            negative=(negative[0], negative[1]),
            kind=lost.kind,
            weights=middle(near),
            direction=lost.direction(root.value),
        )
