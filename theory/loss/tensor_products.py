"""Products of characteristic functions at many harmonics, with each block left out, in PyTorch's tensors."""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial, pi

import torch
from jaxtyping import Bool, Complex, Float
from torch import Tensor

#: Coefficients of (-h²)^s in (sin h / h - cos h) / 2h², enough of them for |h| < 1/2.
_CURL = tuple((s + 1) / factorial(2 * s + 3) for s in range(7))


@dataclass(frozen=True)
class Harmonics:
    """Odd harmonics k, in blocks whose terms are added up first: k = first + lane."""

    first: Float[Tensor, "blocks 1"]
    lane: Float[Tensor, " lanes"]

    def of(self, angle: Float[Tensor, "*some"]) -> Float[Tensor, "*some blocks lanes"]:
        """k × angle."""
        return (self.first + self.lane) * angle[..., None, None]

    def waves(self, angle: Float[Tensor, "*some"]) -> Complex[Tensor, "*some blocks lanes"]:
        """e^{ik angle}: one product each instead of a sine and a cosine."""
        return _turned(self.first * angle[..., None, None]) * _turned(self.lane * angle[..., None, None])


def _turned(angle: Tensor) -> Tensor:
    return torch.complex(angle.cos(), angle.sin())


@dataclass(frozen=True)
class Law:
    """What all rows share: signed values, the target |y|, blocks whose members are on together."""

    signed: bool
    absolute: bool
    joint: bool


@dataclass(frozen=True)
class Blocks:
    """Blocks of one size; the angles are π g / 2R.  ``single``: probability that a member alone is on."""

    angle: Float[Tensor, "blocks members jobs"]
    p: Float[Tensor, "blocks members jobs"]
    single: Float[Tensor, "blocks members jobs"]
    off: Float[Tensor, "blocks jobs"]


@dataclass(frozen=True)
class Factors:
    """Blocks at many harmonics.

    Attributes:
        all: E e^{iωs} of each block, s its share in z.
        slopes: E x_j e^{iωs} / p_j of each member.
        alone: Σ single_j E e^{iω g_j x_j}.
    """

    all: Complex[Tensor, "blocks jobs harmonics lanes"]
    slopes: Complex[Tensor, "blocks members jobs harmonics lanes"]
    alone: Complex[Tensor, "jobs harmonics lanes"]


@dataclass(frozen=True)
class OwnFactors:
    """The own block besides: with y the target, E y e^{iωs}; of its members E y x_j e^{iωs} / p_j; and the first of
    the own member alone."""

    target: Complex[Tensor, "jobs harmonics lanes"]
    tilts: Complex[Tensor, "members jobs harmonics lanes"]
    alone: Complex[Tensor, "jobs harmonics lanes"]


def factors(of: Blocks, k: Harmonics, law: Law) -> Factors:
    """An exclusive block has o + Σ_j p_j φ_j, one whose members are on together o + p Π_j φ_j."""
    value, slope = _moments(of.angle, k, law, 1)
    return _factors(of, value, slope, law)


def own_factors(of: Blocks, mine: Bool[Tensor, "members jobs"], k: Harmonics, law: Law) -> tuple[Factors, OwnFactors]:
    """The same of the own block, with what the target adds."""
    value, slope, tilt = _moments(of.angle, k, law, 2)
    is_own = mine[..., None, None]
    # E |x| x^r e^{…}: what is even under a change of sign is odd with x in place of |x|.
    own, own_tilt = (slope[0], tilt[0]) if not law.signed else _targets(of.angle[0], k, law)
    p, single = (spread(part) for part in (of.p[0], of.single[0]))
    if law.joint:
        replaced = torch.where(is_own, own, value[0])
        without = products_without(replaced, torch.ones_like(p[0]))
        target, tilts = p[0] * replaced[0] * without[0], torch.where(is_own, own_tilt, slope[0]) * without
    else:
        target, tilts = (p * is_own * own).sum(0), is_own * own_tilt
    return _factors(of, value, slope, law), OwnFactors(target, tilts, (single * is_own * own).sum(0))


def _factors(of: Blocks, value: Tensor, slope: Tensor, law: Law) -> Factors:
    p, off, alone = spread(of.p), spread(of.off), (spread(of.single) * value).sum((0, 1))
    if not law.joint:
        return Factors(off + (p * value).sum(1), slope, alone)
    without = products_without(value.movedim(1, 0), torch.ones_like(p[:, 0])).movedim(0, 1)
    return Factors(off + p[:, 0] * value[:, 0] * without[:, 0], slope * without, alone)


def spread(values: Tensor) -> Tensor:
    """For all harmonics and lanes."""
    return values[..., None, None]


def products_without(values: Complex[Tensor, "*things"], outer: Float[Tensor, "*#rest"]) -> Complex[Tensor, "*things"]:
    """``outer`` × Π of all things but each, by a tree: of all pairs but each, times the other one of the pair."""
    count = len(values)
    if count == 1:
        return (torch.ones_like(values[0]) * outer)[None]
    if count % 2:
        values = torch.cat([values, torch.ones_like(values[:1])])
    one, other = values[::2], values[1::2]
    of_pairs = products_without(one * other, outer)
    without = torch.empty_like(values)
    torch.mul(of_pairs, other, out=without[::2])
    torch.mul(of_pairs, one, out=without[1::2])
    return without[:count]


def _moments(angle: Tensor, k: Harmonics, law: Law, order: int) -> list[Tensor]:
    """E x^r e^{iyx}, r = 0, …, order, of a magnitude x uniform on [0, 1], or of a signed one."""
    found = _unsigned_moments(angle, k, order)
    return [_even(z) if r % 2 == 0 else _odd(z) for r, z in enumerate(found)] if law.signed else found


def _targets(angle: Tensor, k: Harmonics, law: Law) -> tuple[Tensor, Tensor]:
    """E y e^{iyx} and E y x e^{iyx} of a signed feature."""
    _, slope, tilt = _unsigned_moments(angle, k, 2)
    return (_even(slope), _odd(tilt)) if law.absolute else (_odd(slope), _even(tilt))


def _unsigned_moments(angle: Tensor, k: Harmonics, order: int) -> list[Tensor]:
    """About the middle of [0, 1]: with h = y/2 and Q = (sin h / h - cos h) / 2h², which has a power series where the
    difference would cancel, E (x - 1/2) e^{iyx} = e^{ih} i h Q and E (x - 1/2)² e^{iyx} = e^{ih} (sin h / 4h - Q)."""
    h, wave = k.of(angle), k.waves(angle)
    sinc = torch.where(h == 0.0, 1.0, wave.imag / h)
    square = h * h
    curl = torch.where(square < 0.25, _polynomial(-square), (sinc - wave.real) / (2.0 * square))
    odd = h * curl
    found = [wave * sinc, wave * torch.complex(0.5 * sinc, odd)]
    return [*found, wave * torch.complex(0.5 * sinc - curl, odd)] if order == 2 else found


def _polynomial(u: Tensor) -> Tensor:
    total = torch.full_like(u, _CURL[-1])
    for coefficient in reversed(_CURL[:-1]):
        total = total * u + coefficient
    return total


def _even(z: Tensor) -> Tensor:
    """The mean over both signs of x of what does not change its own sign."""
    return 0.5 * (z + z.conj())


def _odd(z: Tensor) -> Tensor:
    return 0.5 * (z - z.conj())


def coefficients(power: int, b: Tensor, reach: Tensor, k: Harmonics) -> tuple[Tensor, Tensor, Tensor]:
    """e^{iωb} times the weights of E e^{iω(z-b)} in the half loss, of E x_j e^{…} and of E y x_j e^{…} in its slopes.

    With power 2 the weight of E y e^{…} in the half loss is minus that of E x_j e^{…} in the slopes.
    """
    wave, inverse, R = k.waves(pi * b / reach), 1.0 / (k.first + k.lane), spread(reach)
    once, twice = 2.0 / pi * inverse * wave, -2.0 / pi**2 * R * inverse**2 * wave
    if power == 1:
        return twice, -1j * once, torch.zeros_like(once)
    return 2j / pi**3 * R**2 * inverse**3 * wave, twice, 1j * once
