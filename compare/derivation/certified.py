"""The certificate of a critical point made of blocks, and the digits of its scalars."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from math import prod

import numpy as np
from flint import arb, ctx

from tegum.compare.derivation.blocks import Block
from tegum.compare.derivation.records import Number
from tegum.theory.balls.block import enclosed_block
from tegum.theory.balls.critical import Enclosed, assembled
from tegum.theory.balls.numbers import ball_law, bound
from tegum.theory.certify import MOST_ALIKE, MOST_FREE, Certificate, certificate
from tegum.theory.formula.arrangement import Overlaps
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights


def too_large(blocks: Sequence[Block]) -> str:
    """Why a certificate would take too long, or nothing: all features in one Hessian, and the knots of one row."""
    features = sum(len(block.b) for block in blocks)
    if features > MOST_ALIKE:
        return f"{features} features; at most {MOST_ALIKE} are certified"
    knots = max(_most_knots(block) for block in blocks)
    return f"{knots} knots in a row; at most {2**MOST_FREE} are certified" if knots > 2**MOST_FREE else ""


def _most_knots(block: Block) -> int:
    """Π (m + 1) over the groups of m equal overlaps, of the row that has most."""
    rows = block.symmetry.pair_orbits[block.symmetry.representatives]
    return max(prod(int(m) + 1 for m in np.unique(row, return_counts=True)[1]) for row in rows)


def certified(point: Weights, blocks: Sequence[Block], setting: Setting, digits: int) -> tuple[Certificate, Enclosed]:
    """Prove that there is one critical point with these symmetries near weights, and what kind it is.

    Each block is enclosed in its own dimensions, within its symmetries; a tegum product of critical blocks is critical
    as a whole.  The signature is that of the full Hessian, symmetry or not.

    Raises:
        ArithmeticError: it cannot be proved.
        TimeoutError: see `deadline`.
    """
    law = ball_law(setting)

    def enclosed(accuracy: int) -> Enclosed:
        parts = [
            (block.features, enclosed_block(block.W, block.b, law.of(block.features), block.symmetry, accuracy))
            for block in blocks
        ]
        return assembled(parts, setting.hidden, setting.count)

    return certificate(enclosed, point, law, digits)


def numbers(block: Block, overlaps: Overlaps, enclosed: Enclosed | None, digits: int) -> tuple[Number, ...]:
    """The scalars of a block, from the enclosure, or from double precision where there is none."""
    found = {}
    for c, symbol in enumerate(overlaps.symbols):
        if symbol.is_Symbol:
            i, j = (block.features[v] for v in np.argwhere(overlaps.classes == c)[0])
            ball = None if enclosed is None else enclosed.at.G[i][j]
            found[symbol.name] = _number(symbol.name, overlaps.values[c], ball, digits)
    for orbit, symbol in enumerate(overlaps.biases):
        head = block.features[int(block.symmetry.representatives[orbit])]
        ball = None if enclosed is None else enclosed.at.b[head]
        found[symbol.name] = _number(symbol.name, overlaps.bias_values[orbit], ball, digits)
    return tuple(found.values())


def _number(symbol: str, value: float, ball: arb | None, digits: int) -> Number:
    """Digits of which the last is right to one unit: that unit bounds the error."""
    if ball is None:
        return Number(symbol, f"{value:.12g}", None)
    with ctx.workprec(4 * digits + 64):
        if ball.is_integer():
            return Number(symbol, str(int(float(ball))), 0.0)
        if ball.contains(0):
            return Number(symbol, "0", bound(ball))
        decimal = ball.str(digits, radius=False)
    return Number(symbol, decimal, float(Decimal(1).scaleb(int(Decimal(decimal).as_tuple().exponent))))
