"""Branch: a factor's stationarity over one interval of its bias, ready for elimination."""

from __future__ import annotations

from dataclasses import dataclass

from flint import arb, fmpq_mpoly

from tegum.theory.formula.algebraic import (
    R,
    X,
    enclosed,
    generator,
    in_one_variable,
    lifted,
    modulus,
    norm,
    real_roots,
    without_content,
)
from tegum.theory.formula.modular.eliminant import Progress, eliminant, elimination
from tegum.theory.formula.profile import Profile, profiles
from tegum.theory.geometry.factor import Factor


@dataclass(frozen=True)
class Branch:
    """A profile's polynomials in c, v and x = β, the density put in as a number or as the variable v.

    Attributes:
        profile: where they come from.
        S: stationarity, 2 A′B - A B′ without trivial factors.
        A, B: of the profile; dA, dB: their derivatives by β.
        over: minimal polynomial of c; None over the rationals.
    """

    profile: Profile
    S: fmpq_mpoly
    A: fmpq_mpoly
    B: fmpq_mpoly
    dA: fmpq_mpoly
    dB: fmpq_mpoly
    over: fmpq_mpoly | None

    @property
    def degree(self) -> int:
        """Degree of β over the rationals, or over the rational functions of v, at most."""
        return int(self.S.degrees()[2]) * (int(self.over.degrees()[0]) if self.over else 1)


def branch(profile: Profile, density: fmpq_mpoly) -> Branch:
    """The branch of a profile at a density that is a rational number, or v."""
    S, A, B = (lifted(one, density, profile.field) for one in (profile.stationarity(), profile.A, profile.B))
    return Branch(profile, S, A, B, A.derivative("x"), B.derivative("x"), modulus(profile.field))


def eliminated(
    one: Branch, numerator: fmpq_mpoly, denominator: fmpq_mpoly, progress: Progress = lambda done, total: None
) -> fmpq_mpoly:
    """A polynomial in v and r that vanishes where r = numerator/denominator and S = 0: β and c eliminated.

    What divides it and is free of r is left out: it vanishes where numerator and denominator do together.
    """
    return without_content(eliminant(elimination(one.S, denominator * R - numerator, "x", one.over), progress))


@dataclass(frozen=True)
class StationaryPoint:
    """A stationary point of one vertex's loss at a rational density, by balls.

    Attributes:
        branch: the branch that it lies on.
        ratio: β; norm: g = A/(2B); gain: A²/(2B), by which the loss at importance 1 lies below p/3.
    """

    branch: Branch
    ratio: arb
    norm: arb
    gain: arb


def least_stationary_point(factor: Factor, density: fmpq_mpoly) -> StationaryPoint:
    """The stationary point of least loss, g > 0, over all intervals of β.

    All real roots of the norm of S are isolated on each interval; ``flint.ctx`` sets the precision.

    Raises:
        ArithmeticError: none, or two whose losses are not told apart.
    """
    found = [point for profile in profiles(factor) for point in _points(branch(profile, density))]
    if not found:
        raise ArithmeticError(f"a {factor.name} has no stationary point at this density")
    best = max(found, key=lambda point: point.gain.mid())
    rivals = [point for point in found if point.gain.overlaps(best.gain) and not point.ratio.overlaps(best.ratio)]
    if rivals:
        raise ArithmeticError(f"two stationary points of a {factor.name} have losses that are not told apart")
    return best


def _points(one: Branch) -> list[StationaryPoint]:
    if one.degree < 1:
        return []
    c, found = generator(one.profile.field), []
    for factor, _ in in_one_variable(norm(one.S, one.over), 2).factor()[1]:
        for ratio in real_roots(factor):
            A, B = enclosed(one.A, c, ratio), enclosed(one.B, c, ratio)
            if _inside(one.profile, c, ratio) and enclosed(one.S, c, ratio).contains(0) and A > 0 and B > 0:
                found.append(StationaryPoint(one, ratio, A / (2 * B), A**2 / (2 * B)))
    return found


def _inside(profile: Profile, c: arb, ratio: arb) -> bool:
    """Whether a root may lie in the closed interval."""
    ring = profile.A.ring
    low, high = (
        None if end is None else enclosed(lifted(ring(end), X, profile.field), c, ratio)
        for end in (profile.lower, profile.upper)
    )
    return not (low is not None and ratio < low) and not (high is not None and ratio > high)
