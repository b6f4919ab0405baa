"""The loss of any arrangement as an expression in its overlaps and biases, orbit by orbit of its symmetries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import comb, factorial, prod

import numpy as np
import sympy
from jaxtyping import Float, Int
from sympy import QQ
from sympy.polys.rings import PolyElement, ring

from tegum.theory.deadline import check_time
from tegum.theory.formula.expression import Piece
from tegum.theory.formula.orbit import rational
from tegum.theory.geometry.symmetry import Symmetry

#: Knots of all rows beyond which an expression is one that nobody reads.
MOST_KNOTS = 160
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

    L = Σ_orbits |orbit| I [p/3 - 2 E x_i U_1(z) + 2 E U_2(z)],  z = b + Σ_j G_ij x_j,  U_q(t) = t_+^q / q!.  With J:
    U_q -> U_{q+1} and T: t -> t + g, a feature of overlap g turns E U_q into [(1 - p) + p (J/g) (T - 1)] U_q; weighted
    by itself, into p [(J/g) T - (J/g)² (T - 1)] U_q; m features of equal overlap, the m-th power of that.

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
    rows = [_Row(overlaps, symmetry, density, orbit) for orbit in range(symmetry.orbit_sizes.size)]
    knots = sum(row.knot_count for row in rows)
    if knots > MOST_KNOTS:
        raise IntractableError(f"{knots} knots; at most {MOST_KNOTS} are written")
    weights = [
        int(size) * rational(Fraction(repr(float(importance[head]))))
        for size, head in zip(symmetry.orbit_sizes, symmetry.representatives, strict=True)
    ]
    total = sympy.Add(*(weight * row.loss() for weight, row in zip(weights, rows, strict=True)))
    conditions = (condition for row in rows for condition in row.conditions())
    return Piece(total, tuple(dict.fromkeys(conditions)))


def densities_of(density: Sequence[float]) -> dict[float, sympy.Symbol]:
    """The symbol of each density: p, or p1, p2, … in rising order."""
    values = sorted(set(density))
    return dict(zip(values, _numbered("p", len(values), positive=True), strict=True))


class _Row:
    """The row of one orbit's representative, its features grouped by overlap and density, the own one apart."""

    def __init__(self, overlaps: Overlaps, symmetry: Symmetry, density: Sequence[float], orbit: int) -> None:
        head = int(symmetry.representatives[orbit])
        row = overlaps.classes[head].tolist()
        self._own = row[head]
        others = Counter((c, density[j]) for j, c in enumerate(row) if j != head and c >= 0)
        self._kinds, self._counts = list(others), list(others.values())
        self._symbols, self._values = overlaps.symbols, overlaps.values
        self._bias, self._at = overlaps.biases[orbit], overlaps.bias_values[orbit]
        self._density = densities_of(density)
        self._p = self._density[density[head]]

    @property
    def knot_count(self) -> int:
        return (1 if self._own < 0 else 2) * prod(count + 1 for count in self._counts)

    def loss(self) -> sympy.Expr:
        """p/3 + Σ over the knots above zero, at importance 1."""
        variables = [*self._density.values(), *(1 / symbol for symbol in self._symbols)]
        _, J, *rest = ring(["J", *(f"_{k}" for k in range(len(variables)))], QQ)
        p = dict(zip(self._density.values(), rest, strict=False))
        steps = [J * u for u in rest[len(p) :]]
        total = [self._p / 3]
        for on, knot, value in self._knots():
            check_time()
            if value > self._limit:
                operator = self._own_operator(on[0], p[self._p], steps, J)
                for (place, density), count, some in zip(self._kinds, self._counts, on[1:], strict=True):
                    q, step = p[self._density[density]], steps[place]
                    operator *= comb(count, some) * (q * step) ** some * (1 - q - q * step) ** (count - some)
                total += _applied(operator, knot, variables)
        return sympy.Add(*total)

    def conditions(self) -> list[sympy.Rel]:
        """Each knot on its side of zero."""
        return [knot >= 0 if value > self._limit else knot <= 0 for _, knot, value in self._knots()]

    @property
    def _limit(self) -> float:
        return _ON_KNOT * max(self._values, default=1.0)

    def _knots(self) -> Iterator[tuple[tuple[int, ...], sympy.Expr, float]]:
        """How many of each kind are on, the own feature first; the knot as an expression and as a number."""
        places = [self._own, *(place for place, _ in self._kinds)]
        for on in product(range(1 if self._own < 0 else 2), *(range(count + 1) for count in self._counts)):
            pairs = list(zip(on, places, strict=True))
            knot = self._bias + sum(some * self._symbols[c] for some, c in pairs if some)
            yield on, knot, self._at + sum(some * self._values[c] for some, c in pairs if some)

    def _own_operator(self, on: int, p: PolyElement, steps: Sequence[PolyElement], J: PolyElement) -> PolyElement:
        """2 E U_2 - 2 E x U_1 over the own feature, as what it does to U_1; a zero vector's x is independent of z."""
        if self._own < 0:
            return 2 * J - p
        step = steps[self._own]
        if on:
            return 2 * J * p * step - 2 * p * (step - step**2)
        return 2 * J * (1 - p - p * step) - 2 * p * step**2


def _applied(operator: PolyElement, knot: sympy.Expr, variables: Sequence[sympy.Expr]) -> list[sympy.Expr]:
    """A polynomial in J applied to U_1 at a knot above zero: J^k becomes knot^(k + 1) / (k + 1)!."""
    powers: dict[int, PolyElement] = {}
    for (k, *others), coefficient in operator.terms():
        powers.setdefault(k, operator.ring.zero)[(0, *others)] = coefficient
    return [
        coefficient.as_expr(sympy.Integer(0), *variables) * knot ** (k + 1) / factorial(k + 1)
        for k, coefficient in sorted(powers.items())
    ]
