"""One feature's loss in ball arithmetic, with its derivatives by its own row of overlaps and its bias."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import factorial, prod
from typing import Any

from flint import arb, ctx

from tegum.theory.balls.numbers import BallLaw, key
from tegum.theory.deadline import check_time

#: E[Π_{j in indices} x_j U_q(z)] as a function of q and the indices.
Expectation = Callable[..., arb]
_ZERO = arb(0)


@dataclass(frozen=True)
class BallRow:
    """ℓ(g, b) = I E(x_own - (g·x + b)_+)², its derivatives by (g, b), and second derivatives if asked for."""

    loss: arb
    gradient: list[arb]
    hessian: list[list[arb]]


def ball_row(own: int, overlaps: Sequence[arb], b: arb, law: BallLaw, order: int = 2, closed: bool = False) -> BallRow:
    """Loss of one feature with its derivatives, enclosed.

    ℓ = I [p/3 - 2 E x_i U_1 + 2 E U_2],  ∂_k ℓ = 2 I [E x_k U_1 - E x_i x_k U_0],
    ∂_k ∂_n ℓ = 2 I [E x_k x_n U_0 - E x_i x_k x_n U_{-1}],  x_k = 1 for the bias.

    Args:
        own: i, the feature's own place in the row.
        overlaps: G_ij of every feature j.
        b: bias.
        law: of every feature.
        order: 1 leaves the Hessian out.
        closed: counts an output that is exactly zero on a whole event as active (see `expectations`).

    Returns:
        `BallRow`, every number a ball that contains the true one for all overlaps, biases and laws in the given balls.

    Raises:
        ArithmeticError: the sign of an output cannot be told from the balls where it matters.
        TimeoutError: see `deadline`.

    Validity: independent features uniform on [0, 1], ReLU readout; 2ⁿ knots where all overlaps differ, far fewer
    where many are equal.

    Source: box integrals over active subsets (see loss/knots.py), the same recursion in balls.
    """
    check_time()
    expectation = expectations(overlaps, b, law.density, closed)
    weight, places = law.importance[own], [*((k,) for k in range(len(overlaps))), ()]
    loss = weight * (law.density[own] / 3 - 2 * expectation(1, own) + 2 * expectation(2))
    gradient = [2 * weight * (expectation(1, *k) - expectation(0, own, *k)) for k in places]
    if order < 2:
        return BallRow(loss, gradient, [])
    hessian = [[_ZERO] * len(places) for _ in places]
    for row, k in enumerate(places):
        for column, n in enumerate(places[: row + 1]):
            entry = 2 * weight * (expectation(0, *k, *n) - expectation(-1, own, *k, *n))
            hessian[row][column] = hessian[column][row] = entry
    return BallRow(loss, gradient, hessian)


def expectations(overlaps: Sequence[arb], b: arb, density: Sequence[arb], closed: bool = False) -> Expectation:
    """E[Π_{j in indices} x_j U_q(b + Σ_j g_j x_j)] as a function of q and the indices, U_q(t) = t_+^q / q!.

    Features whose overlaps and densities are the same balls are interchangeable, here and among rows.

    Args:
        overlaps, b, density: of one row.
        closed: U_0(0) = 1 where the output is exactly zero, else 0.  This is the one place where the Hessian is
            one-sided, and the two conventions bound it from both sides.

    Returns:
        The function; for q = -1 one of the indices must have an overlap other than zero.
    """
    kinds = [(key(g), key(p)) for g, p in zip(overlaps, density, strict=True)]
    falling = sorted(range(len(kinds)), key=lambda j: (-abs(float(overlaps[j].mid())), kinds[j]))
    tree = _tree(tuple(kinds[j] for j in falling), key(b), closed, ctx.prec)
    if not tree.ready:
        tree.fill([overlaps[j] for j in falling], b, [density[j] for j in falling])

    def expectation(q: int, *indices: int) -> arb:
        return tree.value(0, 0, tree.canonical([indices.count(j) for j in falling]), q)

    return expectation


@lru_cache(maxsize=16)
def _tree(kinds: tuple[Any, ...], b: Any, closed: bool, precision: int) -> _Tree:
    """One tree for all rows with the same balls in the same order."""
    return _Tree(kinds, closed)


class _Tree:
    """The recursion over knots c + Σ_{j on} g_j of one row, each of its values computed once.

    r = 0:  V_q(c) = (1 - p) V_q(c) + p [V_{q+1}(c + g) - V_{q+1}(c)] / g
    r > 0:  V_q(c) = p { Σ_{s=0}^r (-1)^s r!/(r-s)! V_{q+1+s}(c + g) / g^{s+1}  -  (-1)^r r! V_{q+1+r}(c) / g^{r+1} }
    g ~ 0:  V_q(c) in (1 - p) V_q(c) + p V_q(c + [0, 1] g) / (r + 1), the first term for r = 0 only

    A knot is named by how many features of each kind are on.  Where the features left cannot change the sign of z, the
    expectation is a polynomial's, by moments, and nothing is divided by small overlaps.
    """

    def __init__(self, kinds: tuple[Any, ...], closed: bool) -> None:
        self._kind = [kinds.index(kind) for kind in kinds]
        self._step = [(len(kinds) + 1) ** kind for kind in self._kind]
        self._apart = (len(kinds) + 1) ** len(kinds)
        self._closed = closed
        self._knots: dict[int, arb] = {}
        self._signs: dict[tuple[int, int], int] = {}
        self._values: dict[tuple[int, int, tuple[int, ...], int], arb] = {}
        self._moments: dict[tuple[int, tuple[int, ...], int], arb] = {}

    @property
    def ready(self) -> bool:
        return bool(self._knots)

    def fill(self, g: list[arb], b: arb, p: list[arb]) -> None:
        self._g, self._p, self._knots[0] = g, p, b
        self._low, self._high = [_ZERO], [_ZERO]
        for slope in reversed(g):
            self._low.insert(0, self._low[0] + slope.min(_ZERO))
            self._high.insert(0, self._high[0] + slope.max(_ZERO))

    def canonical(self, r: list[int]) -> tuple[int, ...]:
        """The exponents of interchangeable features, which stand side by side, in falling order."""
        return tuple(-e for _, e in sorted((kind, -e) for kind, e in zip(self._kind, r, strict=True)))

    def value(self, d: int, knot: int, r: tuple[int, ...], q: int) -> arb:
        """V_q^r at a knot, over the features d, d + 1, …, whose exponents are r."""
        place = (d, knot, r, q)
        if place not in self._values:
            self._values[place] = self._computed(*place)
        return self._values[place]

    def _computed(self, d: int, knot: int, r: tuple[int, ...], q: int) -> arb:
        sign = self._sign(d, knot)
        if sign < 0:
            return _ZERO
        if sign > 0:
            return self._polynomial(d, knot, r, q)
        if d == len(self._g):
            if q < 0:
                raise ArithmeticError("the sign of an output cannot be told where it may vanish")
            return truncated_power(self._knots[knot], q) / factorial(q)
        g, p, first, rest = self._g[d], self._p[d], r[0], r[1:]
        if g.contains(0):
            spread = p / (first + 1) * self.value(d + 1, self._blurred(d, knot), rest, q)
            return spread if first else spread + (1 - p) * self.value(d + 1, knot, rest, q)
        on = knot + self._step[d]
        if on not in self._knots:
            self._knots[on] = self._knots[knot] + g
        total, factor = _ZERO, 1 / g
        for s in range(first + 1):
            total += factor * self.value(d + 1, on, rest, q + 1 + s)
            factor *= -(first - s) / g
        below = self.value(d + 1, knot, rest, q + 1 + first)
        total -= (-1) ** first * factorial(first) / g ** (first + 1) * below
        return p * total if first else p * total + (1 - p) * self.value(d + 1, knot, rest, q)

    def _blurred(self, d: int, knot: int) -> int:
        """The knots c + g x of all x in [0, 1] in one ball: nothing is divided by an overlap that may vanish."""
        on = knot + self._step[d] * self._apart
        if on not in self._knots:
            self._knots[on] = self._knots[knot] + self._g[d] * arb(0.5, 0.5)
        return on

    def _sign(self, d: int, knot: int) -> int:
        """1 where z is positive and -1 where it is negative whatever the features left do, 0 where that is open.

        On an event where z is exactly 0 the convention decides.
        """
        if (d, knot) not in self._signs:
            low, high = self._knots[knot] + self._low[d], self._knots[knot] + self._high[d]
            active, silent = (low >= 0, high < 0) if self._closed else (low > 0, high <= 0)
            self._signs[d, knot] = int(active) - int(silent)
        return self._signs[d, knot]

    def _polynomial(self, d: int, knot: int, r: tuple[int, ...], q: int) -> arb:
        c = self._knots[knot]
        return sum((power(c, q - s) / factorial(q - s) * self._moment(d, r, s) for s in range(q + 1)), _ZERO)

    def _moment(self, d: int, r: tuple[int, ...], s: int) -> arb:
        """E[Π_{j>=d} x_j^{r_j} (Σ_{j>=d} g_j x_j)^s] / s!"""
        if d == len(self._g):
            return arb(int(s == 0))
        place = (d, r, s)
        if place not in self._moments:
            g, p = self._g[d], self._p[d]
            self._moments[place] = sum(
                (
                    power(g, i) / factorial(i) * _magnitude(p, r[0] + i) * self._moment(d + 1, r[1:], s - i)
                    for i in range(s + 1)
                ),
                _ZERO,
            )
        return self._moments[place]


def _magnitude(p: arb, k: int) -> arb:
    """E x^k of one feature."""
    return p / (k + 1) if k else arb(1)


def power(t: arb, q: int) -> arb:
    """t^q, q >= 0; `arb`'s own operator answers nan for a ball around zero."""
    return prod((t for _ in range(q)), start=arb(1))


def truncated_power(t: arb, q: int) -> arb:
    """Ball that contains t_+^q of every t in a ball, q >= 0, the step's value at 0 anything from 0 to 1."""
    if t > 0:
        return power(t, q)
    if t <= 0:
        return _ZERO
    return _ZERO.union(power(arb(t.abs_upper()), q))
