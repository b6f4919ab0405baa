"""The certificate of a critical point made of blocks, and the digits of its scalars."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from flint import arb, ctx

from tegum.compare.derivation.blocks import Block
from tegum.compare.derivation.records import Number
from tegum.theory.balls.block import enclosed_block
from tegum.theory.balls.critical import Enclosed, assembled
from tegum.theory.balls.numbers import ball_law, bound
from tegum.theory.certify import Certificate, certificate
from tegum.theory.formula.arrangement import Overlaps
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights


def certified(point: Weights, blocks: Sequence[Block], setting: Setting, digits: int) -> tuple[Certificate, Enclosed]:
    """Prove that there is one critical point with these symmetries near weights, and what kind it is.

    Each block is enclosed in its own dimensions, within its symmetries; a tegum product of critical blocks is critical
    as a whole.  The signature is that of the full Hessian, symmetry or not.

    Raises:
        ArithmeticError: it cannot be proved; TimeoutError: see `deadline`.
    """
    law = ball_law(setting)

    def enclosed(accuracy: int) -> Enclosed:
        parts = [
            (block.factor.features, enclosed_block(block.W, block.b, law.of(places), block.symmetry, accuracy))
            for block in blocks
            for places in [list(block.factor.features)]
        ]
        return assembled(parts, setting.hidden, setting.count)

    return certificate(enclosed, point, law, digits)


def numbers(block: Block, overlaps: Overlaps, enclosed: Enclosed | None, digits: int) -> tuple[Number, ...]:
    """The scalars of a block, from the enclosure, or from double precision where there is none."""
    places = block.factor.features
    found, seen = [], set()
    for c, symbol in enumerate(overlaps.symbols):
        if symbol.is_Symbol and symbol not in seen:
            seen.add(symbol)
            i, j = (places[v] for v in np.argwhere(overlaps.classes == c)[0])
            ball = None if enclosed is None else enclosed.at.G[i][j]
            found.append(_number(symbol.name, overlaps.values[c], ball, digits))
    for orbit, symbol in enumerate(overlaps.biases):
        head = places[int(block.symmetry.representatives[orbit])]
        ball = None if enclosed is None else enclosed.at.b[head]
        found.append(_number(symbol.name, overlaps.bias_values[orbit], ball, digits))
    return tuple(found)


def _number(symbol: str, value: float, ball: arb | None, digits: int) -> Number:
    if ball is None:
        return Number(symbol, repr(value), None)
    with ctx.workprec(ctx.prec + 4 * digits + 64):
        return Number(symbol, ball.str(digits, radius=False), abs(bound(ball.rad())))
