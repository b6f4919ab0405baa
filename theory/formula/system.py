"""The polynomial system that a boundary between two geometries solves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
import sympy
from sympy.polys.rings import PolyElement

from tegum.theory.candidates.factors import FittedFactor
from tegum.theory.errors import InputError
from tegum.theory.formula.digon import digon_at
from tegum.theory.formula.expression import homogeneous
from tegum.theory.formula.orbit import rational
from tegum.theory.formula.profile import Profile, profile_at
from tegum.theory.geometry.factor import DEDICATED, DROPPED, Factor


@dataclass(frozen=True)
class Content:
    """A factor and the law of its features, vertex by vertex; None stands for the axis.

    Attributes:
        factor: what it is; density: p; importance: I of each feature.
        fit: its optimum at the boundary, in double precision.
    """

    factor: Factor
    density: tuple[Fraction | None, ...]
    importance: tuple[Fraction | None, ...]
    fit: FittedFactor = field(compare=False)

    @property
    def alike(self) -> bool:
        return len(set(zip(self.density, self.importance, strict=True))) == 1


#: Loss below the empty model's, and the conditions that its scalars solve.
_Part = tuple[sympy.Expr, list[sympy.Expr]]


def system(contents: Mapping[Content, int], axis: str) -> tuple[str, ...]:
    """Polynomials that all vanish at the crossing, the difference of the two losses last.

    In the axis (``p`` for densities, ``I`` for importances) and, for each factor but dropped and dedicated, β = b/g
    as ``beta1``, …, or, for a digon of unlike features, norms and biases ``l1``, ``b1``, …

    Args:
        contents: copies of each factor in the first geometry less those in the second.
        axis: what varies.

    Raises:
        InputError: unlike features in anything but a digon.
    """
    symbol = sympy.Symbol("p" if axis.startswith("density") else "I", positive=True)
    total, conditions = sympy.Integer(0), []
    own: list[sympy.Expr]
    for place, (content, copies) in enumerate(contents.items()):
        if content.factor in (DROPPED, DEDICATED):
            gain, own = _rational(content, symbol), []
        else:
            gain, own = (_symmetric if content.alike else _unlike)(content, symbol, 2 * place + 1)
        total += copies * gain
        conditions += own
    return tuple(str(_numerator(one)) for one in (*conditions, total))


def _rational(content: Content, symbol: sympy.Symbol) -> sympy.Expr:
    """I p²/4 if dropped, I p/3 if dedicated."""
    (p,), (weight,) = _numbers(content.density, symbol), _numbers(content.importance, symbol)
    return weight * (p**2 / 4 if content.factor == DROPPED else p / 3)


def _symmetric(content: Content, symbol: sympy.Symbol, label: int) -> _Part:
    """k I A²/(2B), and S = 0."""
    beta = sympy.Symbol(f"beta{label}", real=True)
    p, weight = _numbers(content.density, symbol)[0], _numbers(content.importance, symbol)[0]
    ratio = float(content.fit.b[0] / (content.fit.W[:, 0] @ content.fit.W[:, 0]))
    profile = profile_at(content.factor, ratio)
    S, A, B = (_expression(one, profile, p, beta) for one in (profile.stationarity(), profile.A, profile.B))
    return content.factor.vertices * weight * A**2 / (2 * B), [S]


def _unlike(content: Content, symbol: sympy.Symbol, label: int) -> _Part:
    """Σ_i I_i (p_i/3 - ℓ_i) of a digon, and the derivatives by its two norms and biases."""
    if content.factor.name != "digon":
        raise InputError(f"features differ within a {content.factor.name}; a system is known for the digon only")
    norms = sympy.symbols(f"l{label} l{label + 1}", positive=True)
    squares, biases = sympy.symbols("g1 g2", positive=True), sympy.symbols(f"b{label} b{label + 1}", real=True)
    densities, importances = _numbers(content.density, symbol), _numbers(content.importance, symbol)
    dummies = sympy.symbols("q1 q2", positive=True)  # a row takes its densities as symbols
    values = np.concatenate([content.fit.W[0] ** 2, content.fit.b]).tolist()
    rows = digon_at(dummies, squares, biases, dict(zip([*squares, *biases], values, strict=True)))
    meant = dict(zip([*squares, *dummies], [*(norm**2 for norm in norms), *densities], strict=True))
    losses = [loss.subs(meant) for loss, _ in rows]
    gain = sum(weight * (p / 3 - loss) for weight, p, loss in zip(importances, densities, losses, strict=True))
    return gain, [sympy.diff(gain, scalar) for scalar in (*norms, *biases)]


def _numbers(given: tuple[Fraction | None, ...], symbol: sympy.Symbol) -> list[sympy.Expr]:
    return [symbol if value is None else rational(value) for value in given]


def _expression(one: PolyElement, profile: Profile, p: sympy.Expr, beta: sympy.Symbol) -> sympy.Expr:
    return homogeneous(one, 0, profile.field, p, sympy.Integer(1), beta)


def _numerator(expression: sympy.Expr) -> sympy.Expr:
    return sympy.fraction(sympy.together(expression))[0]
