"""The loss of one block in closed form, held against the exact loss at the point."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import sympy

from tegum.compare.derivation.blocks import Block
from tegum.compare.derivation.records import Status, Symbolic
from tegum.theory.deadline import check_time, deadline
from tegum.theory.errors import InputError
from tegum.theory.formula.arrangement import IntractableError, Overlaps, arrangement_piece, densities_of
from tegum.theory.formula.expression import Piece, formula
from tegum.theory.formula.optimum import AlgebraicFactor, algebraic_optimum
from tegum.theory.formula.profile import MOST_VERTICES
from tegum.theory.geometry.factor import factor_named, is_rigid

#: Largest difference between a formula's value and the exact loss, relative to the loss of the empty model.
AGREES = 1e-12
#: Values below this are zero up to rounding.
_ZERO = 1e-12
#: Digits to which expressions are evaluated; characters beyond which one is not set in LaTeX.
_DIGITS, _READABLE = 40, 3000
#: Vertices up to which an optimum's polynomial is eliminated, and the degree of β up to which the other numbers' are:
#: a second for a pentagon, whose β has degree 26; minutes for a polygon-7.
_MOST_ELIMINATED, _MOST_DEGREE = 6, 16


def symbolic(block: Block, overlaps: Overlaps, exact: float, scale: float, seconds: float) -> Symbolic:
    """The block's loss as an expression in its free scalars, and what it gives at the point.

    A regular factor of like features has a polynomial in g and b with exact cosines; any other arrangement a sum over
    knots in its overlaps and biases.

    Args:
        overlaps: of the block, with their values.
        exact: its loss by enumeration.
        scale: loss of the empty model, all features together.
        seconds: that it may take.
    """
    try:
        with deadline(seconds):
            check_time()
            regular = _regular(block, overlaps)
            piece = regular or arrangement_piece(overlaps, block.symmetry, block.density, block.importance)
            found = checked(piece, block, overlaps, exact, scale)
            return replace(found, closed=_closed(block, exact, scale)) if regular else found
    except IntractableError as limit:
        return Symbolic(Status("intractable", str(limit)))
    except TimeoutError:
        return Symbolic(Status("undecided", "time"))


def checked(piece: Piece, block: Block, overlaps: Overlaps, exact: float, scale: float) -> Symbolic:
    """An expression with what it gives at the point; undecided where that is not the exact loss."""
    value = float(piece.loss.evalf(_DIGITS, subs=_point(block, overlaps)))
    loss = str(piece.loss)
    agrees = abs(value - exact) <= AGREES * scale
    return Symbolic(
        Status() if agrees else Status("undecided", "the formula does not give the exact loss"),
        loss,
        sympy.latex(piece.loss) if len(loss) <= _READABLE else None,
        tuple(map(str, piece.valid_when)),
        value,
        value - exact,
    )


def _regular(block: Block, overlaps: Overlaps) -> Piece | None:
    """The formula of a regular catalogue factor of like features, if the point lies in its range."""
    if not _is_regular(block):
        return None
    try:
        found = formula(block.factor.name, block.importance, block.density[0])
    except InputError:  # a density of 1, or no optimum of this type
        return None
    # A dedicated feature's bias is zero up to rounding, on the edge of the range.
    here = {symbol: 0 if abs(value) < _ZERO else value for symbol, value in _point(block, overlaps).items()}
    holds = all(bool(condition.subs(here)) for condition in found.valid_when)
    return Piece(found.loss, found.valid_when) if holds else None


def _is_regular(block: Block) -> bool:
    """Whether one squared norm and one bias are all its freedom, and its exact cosines are known."""
    name, k = block.factor.name, len(block.b)
    if name.startswith("unknown-") or k > MOST_VERTICES or not is_rigid(factor_named(name)):
        return False
    return block.symmetry.orbit_sizes.size == 1 and block.free == (2 if len(block.W) else 1)


def _closed(block: Block, exact: float, scale: float) -> AlgebraicFactor | None:
    """The regular factor's optimum as algebraic numbers, if its loss is the point's."""
    if len(block.b) > _MOST_ELIMINATED:
        return None
    density = Fraction(repr(block.density[0]))
    try:
        found = algebraic_optimum(block.factor.name, density, block.importance, _MOST_DEGREE)
    except ArithmeticError:
        return None
    return found.factors[0] if abs(float(found.decimal) - exact) <= AGREES * scale else None


def _point(block: Block, overlaps: Overlaps) -> dict[sympy.Symbol, sympy.Float]:
    """Values of all symbols, to the digits of double precision and zeros beyond."""
    densities = {symbol: p for p, symbol in densities_of(block.density).items()}
    return {symbol: sympy.Float(value, _DIGITS) for symbol, value in (densities | overlaps.point).items()}
