"""The digon of unlike features: its two rows as expressions in two norms and two biases."""

from __future__ import annotations

from collections.abc import Mapping

import sympy

from tegum.theory.formula.profile import Row

#: One row on one range: its loss at importance 1, and the inequalities that bound the range.
RowPiece = tuple[sympy.Expr, tuple[sympy.Rel, ...]]
Symbols = tuple[sympy.Symbol, ...]

#: Which of the knots b - h, b, b + g - h, b + g lie above zero, g the own norm and h = √(g_1 g_2) the overlap: b + g is
#: the largest, b - h the smallest.
_SIGNS = (
    (False, False, False, False),
    (False, False, False, True),
    (False, True, False, True),
    (False, False, True, True),
    (False, True, True, True),
    (True, True, True, True),
)


def digon_rows(p: Symbols, g: Symbols, b: Symbols) -> list[list[RowPiece]]:
    """All pieces of both rows of an antipodal pair with norms √g_1, √g_2 and biases b_1, b_2.

    ℓ_i = p_i/3 - 2 E x_i (z_i)_+ + E (z_i)_+²,  z_i = g_i x_i - √(g_1 g_2) x_j + b_i.

    Args:
        p: densities, one symbol for both or one for each; g: squared norms; b: biases.

    Returns:
        For each feature its pieces, whose ranges cover all of g > 0.
    """
    return [[_row_piece(i, p, g, b, signs) for signs in _SIGNS] for i in range(2)]


def digon_at(p: Symbols, g: Symbols, b: Symbols, reference: Mapping[sympy.Symbol, float]) -> list[RowPiece]:
    """The piece of each row that holds at a numeric point."""
    found = []
    for i in range(2):
        signs = tuple(float(knot.subs(reference)) > 0 for knot in _knots(i, g, b))
        found.append(_row_piece(i, p, g, b, signs))
    return found


def _knots(i: int, g: Symbols, b: Symbols) -> tuple[sympy.Expr, ...]:
    mixed = sympy.sqrt(g[0] * g[1])
    return b[i] - mixed, b[i], b[i] + g[i] - mixed, b[i] + g[i]


def _row_piece(i: int, p: Symbols, g: Symbols, b: Symbols, signs: tuple[bool, ...]) -> RowPiece:
    knots = _knots(i, g, b)
    above = dict(zip(map(sympy.expand, knots), signs, strict=True))
    densities = [p[i], p[1 - i]] if len(p) == 2 else [p[0], p[0]]

    def truncated_power(t: sympy.Expr, q: int) -> sympy.Expr:
        return t**q if above[sympy.expand(t)] else 0 * t

    row = Row(b[i], [g[i], -sympy.sqrt(g[0] * g[1])], densities, truncated_power)
    loss = densities[0] / 3 - 2 * row.expectation(1, own=True) + 2 * row.expectation(2)
    conditions = tuple(knot >= 0 if sign else knot <= 0 for knot, sign in zip(knots, signs, strict=True))
    return sympy.expand(loss), conditions
