"""Expectations of independent features in balls: the recursion of `loss.knots`, each of its values computed once."""

from __future__ import annotations

from functools import lru_cache
from math import factorial, prod
from typing import Any

from flint import arb

_ZERO = arb(0)


@lru_cache(maxsize=64)
def tree_of(kinds: tuple[Any, ...], b: Any, closed: bool, precision: int) -> Tree:
    """One tree for all rows with the same balls in the same order.

    Args:
        kinds: overlap and density of each feature as `numbers.key`, and its values.
        b: the bias as `numbers.key`.
        closed: see `rows.expectations`.
        precision: that the balls are computed with.
    """
    return Tree(kinds, closed)


class Tree:
    """The recursion over knots c + Σ_{j on} ± g_j of one row.

    V_q(c) = (1 - p) V_q(c) [r = 0] + p M,  and M is, a feature that is on being

    uniform:  Σ_{s=0}^r (-1)^s r!/(r-s)! V_{q+1+s}(c + g) / g^{s+1}  -  (-1)^r r! V_{q+1+r}(c) / g^{r+1}
    signed:   ½ Σ_{s=0}^r (-1)^s r!/(r-s)! [V_{q+1+s}(c + g) - (-1)^{r-s} V_{q+1+s}(c - g)] / g^{s+1}
    binary:   V_q(c + g)
    g ~ 0:    in V_q(c + [0, 1] g) / (r + 1); signed in V_q(c + [-1, 1] g) / (r + 1), r odd in half of such a difference

    A knot is named by how many features of each kind are on.  Where the features left cannot change the sign of z, the
    expectation is a polynomial's, by moments, and nothing is divided by small overlaps.
    """

    def __init__(self, kinds: tuple[Any, ...], closed: bool) -> None:
        self._kind = [kinds.index(kind) for kind in kinds]
        self._law = [values for _, _, values in kinds]
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
        for slope, law in zip(reversed(g), reversed(self._law), strict=True):
            opposite = -slope if law == "signed" else _ZERO
            self._low.insert(0, self._low[0] + slope.min(opposite))
            self._high.insert(0, self._high[0] + slope.max(opposite))

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
        first, rest = r[0], r[1:]
        on = self._p[d] * self._mean(d, knot, first, rest, q)
        return on if first else on + (1 - self._p[d]) * self.value(d + 1, knot, rest, q)

    def _mean(self, d: int, knot: int, r: int, rest: tuple[int, ...], q: int) -> arb:
        """M: V_q given that feature d is on."""
        g, law = self._g[d], self._law[d]
        if law == "binary":
            return self.value(d + 1, self._moved(d, knot, 1), rest, q)
        if g.contains(0):
            spread = self.value(d + 1, self._blurred(d, knot), rest, q) / (r + 1)
            return (spread - spread) / 2 if law == "signed" and r % 2 else spread
        above = self._moved(d, knot, 1)
        below = self._moved(d, knot, -1) if law == "signed" else knot
        total, factor = _ZERO, 1 / g
        for s in range(r + 1):
            total += factor * self.value(d + 1, above, rest, q + 1 + s)
            if law == "signed":
                total -= factor * (-1) ** (r - s) * self.value(d + 1, below, rest, q + 1 + s)
            factor *= -(r - s) / g
        if law == "signed":
            return total / 2
        return total - (-1) ** r * factorial(r) / g ** (r + 1) * self.value(d + 1, below, rest, q + 1 + r)

    def _moved(self, d: int, knot: int, sign: int) -> int:
        """The knot c + g or c - g."""
        moved = knot + self._step[d] * (1 if sign > 0 else self._apart**2)
        if moved not in self._knots:
            self._knots[moved] = self._knots[knot] + sign * self._g[d]
        return moved

    def _blurred(self, d: int, knot: int) -> int:
        """The knots c + g x of all x in one ball: nothing is divided by an overlap that may vanish."""
        moved = knot + self._step[d] * self._apart
        if moved not in self._knots:
            spread = arb(0, 1) if self._law[d] == "signed" else arb(0.5, 0.5)
            self._knots[moved] = self._knots[knot] + self._g[d] * spread
        return moved

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
                    power(g, i) / factorial(i) * _moment(self._law[d], p, r[0] + i) * self._moment(d + 1, r[1:], s - i)
                    for i in range(s + 1)
                ),
                _ZERO,
            )
        return self._moments[place]


def _moment(values: str, p: arb, k: int) -> arb:
    """E x^k of one feature."""
    if not k:
        return arb(1)
    if values == "binary":
        return p
    return _ZERO if values == "signed" and k % 2 else p / (k + 1)


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
