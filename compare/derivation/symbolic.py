"""The loss of one block in closed form, held against the exact loss at the point."""

from __future__ import annotations

import sympy

from tegum.compare.derivation.blocks import Block
from tegum.compare.derivation.records import Status, Symbolic
from tegum.theory.formula.arrangement import IntractableError, Overlaps, arrangement_piece
from tegum.theory.formula.expression import Piece, formula
from tegum.theory.formula.profile import MOST_VERTICES
from tegum.theory.geometry.factor import factor_named, is_rigid

#: Largest difference between a formula's value and the exact loss, relative to the loss of the empty model.
AGREES = 1e-12
#: Digits to which expressions are evaluated.
_DIGITS = 40


def symbolic(block: Block, overlaps: Overlaps, exact: float) -> Symbolic:
    """The block's loss as an expression in its free scalars, and what it gives at the point.

    A regular factor of like features has a polynomial in g and b with exact cosines; any other arrangement a sum over
    knots in its overlaps and biases.

    Args:
        overlaps: of the block, with their values.
        exact: its loss by enumeration.
    """
    try:
        piece = _regular(block, overlaps) or arrangement_piece(
            overlaps, block.symmetry, block.density, block.importance
        )
    except IntractableError as limit:
        return Symbolic(Status("intractable", str(limit)))
    except TimeoutError:
        return Symbolic(Status("undecided", "time"))
    value = _value(piece, block, overlaps)
    scale = sum(p * weight for p, weight in zip(block.density, block.importance, strict=True)) / 3
    agrees = abs(value - exact) <= AGREES * scale
    return Symbolic(
        Status() if agrees else Status("undecided", f"the formula gives {value!r}, the exact loss is {exact!r}"),
        str(piece.loss),
        sympy.latex(piece.loss),
        tuple(map(str, piece.valid_when)),
        value,
        value - exact,
    )


def _regular(block: Block, overlaps: Overlaps) -> Piece | None:
    """The formula of a regular catalogue factor of like features, if the point lies in its range."""
    if not _is_regular(block):
        return None
    found = formula(block.factor.name, block.importance, block.density[0])
    here = _point(block, overlaps)
    holds = all(bool(condition.subs(here)) for condition in found.valid_when)
    return Piece(found.loss, found.valid_when) if holds else None


def _is_regular(block: Block) -> bool:
    """Whether one squared norm and one bias are all its freedom, and its exact cosines are known."""
    name, k = block.factor.name, len(block.b)
    if name.startswith("unknown-") or k > MOST_VERTICES or not is_rigid(factor_named(name)):
        return False
    return block.symmetry.orbit_sizes.size == 1 and block.free == (2 if len(block.W) else 1)


def _point(block: Block, overlaps: Overlaps) -> dict[sympy.Symbol, sympy.Float]:
    """Values of all symbols, to the digits of double precision and zeros beyond."""
    densities = sorted(set(block.density))
    names = ["p"] if len(densities) == 1 else [f"p{k + 1}" for k in range(len(densities))]
    values = {sympy.Symbol(name, positive=True): p for name, p in zip(names, densities, strict=True)}
    return {symbol: sympy.Float(value, _DIGITS) for symbol, value in (values | overlaps.point).items()}


def _value(piece: Piece, block: Block, overlaps: Overlaps) -> float:
    return float(piece.loss.evalf(_DIGITS, subs=_point(block, overlaps)))
