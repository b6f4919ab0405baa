"""The loss of any arrangement as an expression in its overlaps and biases, orbit by orbit of its symmetries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import comb, factorial

import numpy as np
import sympy
from jaxtyping import Float, Int

from tegum.theory.deadline import check_time
from tegum.theory.formula.expression import Piece
from tegum.theory.formula.orbit import rational
from tegum.theory.geometry.symmetry import Symmetry

#: Knots of all rows beyond which an expression is one that nobody reads.
MOST_KNOTS = 64
#: Outputs this close to zero, relative to the largest overlap, lie on a knot: either side's piece holds.
_ON_KNOT = 1e-9
#: Overlaps below this, relative to the largest, vanish.
_ZERO = 1e-7


class IntractableError(Exception):
    """An expression too large to be worth writing; the message says how large."""


@dataclass(frozen=True, eq=False)
class Overlaps:
    """The distinct overlaps and biases of an arrangement, with their symbols.

    Attributes:
        classes: of each pair of vertices: its orbit, or the reversed pair's; -1 where the overlap vanishes.
        symbols: of each class: g, g1, … on the diagonal, h, h1, … off it; in one dimension h = ±√g_i √g_j.
        values: of each class, the mean.
        biases: symbols of the orbits: b, b1, …
        bias_values: of each orbit, the mean.
    """

    classes: Int[np.ndarray, "vertices vertices"]
    symbols: tuple[sympy.Expr, ...]
    values: tuple[float, ...]
    biases: tuple[sympy.Symbol, ...]
    bias_values: tuple[float, ...]

    @property
    def point(self) -> dict[sympy.Symbol, float]:
        """The values of all symbols."""
        known = dict(zip(self.symbols, self.values, strict=True))
        free = {symbol: value for symbol, value in known.items() if symbol.is_Symbol}
        return free | dict(zip(self.biases, self.bias_values, strict=True))


def overlaps_of(
    W: Float[np.ndarray, "dimension vertices"], b: Float[np.ndarray, " vertices"], symmetry: Symmetry
) -> Overlaps:
    """The symbols of an arrangement.

    Args:
        W, b: in double precision, in as many dimensions as W spans.
        symmetry: of overlaps and biases together.
    """
    G, orbits = W.T @ W, symmetry.pair_orbits
    classes = np.unique(np.minimum(orbits, orbits.T), return_inverse=True)[1].reshape(orbits.shape)
    means = np.bincount(classes.ravel(), G.ravel()) / np.bincount(classes.ravel())
    kept = np.flatnonzero(np.abs(means) > _ZERO * np.abs(means).max(initial=0.0))
    place = np.full(len(means), -1)
    place[kept] = np.arange(len(kept))
    own = {int(place[c]): k for k, c in enumerate(classes[symmetry.representatives, symmetry.representatives])}
    norms = _numbered("g", len(own), positive=True)
    across = iter(_numbered("h", len(kept) - len(own), real=True))
    symbols: list[sympy.Expr] = [norms[own[c]] if c in own else next(across) for c in range(len(kept))]
    classes = place[classes]
    if len(W) == 1:
        for c in set(range(len(kept))) - set(own):
            i, j = np.argwhere(classes == c)[0]
            roots = [sympy.sqrt(symbols[classes[v, v]]) for v in (i, j)]
            symbols[c] = int(np.sign(G[i, j])) * roots[0] * roots[1]
    sums = np.bincount(symmetry.vertex_orbits, b) / symmetry.orbit_sizes
    biases = _numbered("b", len(sums), real=True)
    return Overlaps(classes, tuple(symbols), tuple(means[kept].tolist()), biases, tuple(sums.tolist()))


def _numbered(letter: str, count: int, **assumptions: bool) -> tuple[sympy.Symbol, ...]:
    return tuple(sympy.Symbol(f"{letter}{k + 1 if count > 1 else ''}", **assumptions) for k in range(count))


def arrangement_piece(
    overlaps: Overlaps, symmetry: Symmetry, density: Sequence[float], importance: Sequence[float]
) -> Piece:
    """The loss around an arrangement, exact, as a sum over knots.

    L = Σ_orbits |orbit| I [p/3 - 2 E x_i z_+ + E z_+²],  z = b + Σ_j G_ij x_j.  With U_q(t) = t_+^q/q!,
    J: U_q -> U_{q+1}
    and T_g: t -> t + g, a feature of overlap g turns the expectation of U_q by (1 - p) + p (J/g)(T_g - 1), the own one,
    weighted by x, by p [(J/g) T_g - (J/g)²(T_g - 1)]; m features of equal overlap by the m-th power.

    Args:
        overlaps: with the values around which the piece holds.
        symmetry: of the arrangement.
        density, importance: of each vertex, alike within each orbit.

    Returns:
        `Piece`: the expression, and the inequalities that keep every knot on its side of zero.

    Raises:
        IntractableError: more than `MOST_KNOTS` knots.
        TimeoutError: see `deadline`.

    Source: box integrals over active subsets, as in `expression.formula`.

    Validity: independent uniform features, ReLU readout, where ``valid_when`` holds.
    """
    laws = sorted(set(density))
    densities = dict(zip(laws, _numbered("p", len(laws), positive=True), strict=True))
    kinds = [_kinds(overlaps, density, int(head)) for head in symmetry.representatives]
    knots = sum(2 * int(np.prod([count + 1 for count in one.values()])) for one in kinds)
    if knots > MOST_KNOTS:
        raise IntractableError(f"{knots} knots; at most {MOST_KNOTS} are written")
    total, conditions = sympy.Integer(0), dict[sympy.Rel, None]()
    for orbit, head in enumerate(symmetry.representatives.tolist()):
        row = _Row(overlaps, orbit, kinds[orbit], densities, density[head], int(overlaps.classes[head, head]))
        weight = int(symmetry.orbit_sizes[orbit]) * rational(Fraction(repr(float(importance[head]))))
        total += weight * (densities[density[head]] / 3 - 2 * row.expectation(1, own=True) + 2 * row.expectation(2))
        conditions.update(dict.fromkeys(row.conditions()))
    return Piece(total, tuple(conditions))


def _kinds(overlaps: Overlaps, density: Sequence[float], head: int) -> Counter:
    """How many other vertices have each overlap with this one and each density; those without overlap left out."""
    row = overlaps.classes[head].tolist()
    return Counter((c, density[j]) for j, c in enumerate(row) if j != head and c >= 0)


class _Row:
    """One orbit's row: its expectations as sums over the knots that lie above zero."""

    def __init__(self, overlaps, orbit, kinds, densities, density, own) -> None:  # noqa: ANN001
        self._overlaps, self._kinds = overlaps, list(kinds.items())
        self._densities, self._p = densities, densities[density]
        self._own = own
        self._bias, self._at = overlaps.biases[orbit], overlaps.bias_values[orbit]

    def expectation(self, q: int, own: bool = False) -> sympy.Expr:
        """E U_q(z), or E x_own U_q(z)."""
        J = sympy.Symbol("J")
        total = sympy.Integer(0)
        for on, (knot, value) in self._knots():
            check_time()
            if value <= _ON_KNOT * max(self._overlaps.values):
                continue
            operator = self._own_part(on[0], J, own)
            for (kind, count), some in zip(self._kinds, on[1:], strict=True):
                operator *= self._part(kind, count, some, J)
            powers = sympy.Poly(operator, J).as_dict()
            total += sum(c * knot ** (q + k) / factorial(q + k) for (k,), c in powers.items())
        return total

    def conditions(self) -> list[sympy.Rel]:
        """Each knot on its side of zero."""
        limit = _ON_KNOT * max(self._overlaps.values)
        return [knot >= 0 if value > limit else knot <= 0 for _, (knot, value) in self._knots()]

    def _knots(self):
        """How many of each kind are on, the own feature first; the knot as an expression and as a number."""
        symbols, values = self._overlaps.symbols, self._overlaps.values
        places = [self._own, *(c for (c, _), _ in self._kinds)]
        for on in product(range(2), *(range(count + 1) for _, count in self._kinds)):
            pairs = list(zip(on, places, strict=True))
            knot = self._bias + sum(some * symbols[c] for some, c in pairs)
            yield on, (knot, self._at + sum(some * values[c] for some, c in pairs))

    def _own_part(self, on: int, J: sympy.Symbol, weighted: bool) -> sympy.Expr:
        p, step = self._p, J / self._overlaps.symbols[self._own]
        if weighted:
            return p * (step - step**2) if on else p * step**2
        return p * step if on else 1 - p - p * step

    def _part(self, kind: tuple[int, float], count: int, on: int, J: sympy.Symbol) -> sympy.Expr:
        """What ``on`` features of a kind at the far end, the others off or at the near end, contribute."""
        p, step = self._densities[kind[1]], J / self._overlaps.symbols[kind[0]]
        return comb(count, on) * (p * step) ** on * (1 - p - p * step) ** (count - on)
