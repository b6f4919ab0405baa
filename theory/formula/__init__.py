"""Formulas: losses of geometries as symbolic expressions, their optima and boundaries as algebraic numbers."""

from tegum.theory.formula.expression import Formula, Piece, Reduced, formula, formula_pieces

__all__ = ["Formula", "Piece", "Reduced", "formula", "formula_pieces"]
