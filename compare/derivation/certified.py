"""The certificate of a critical point made of blocks, and the digits of its scalars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from math import prod

import numpy as np
from flint import arb, ctx

from tegum.compare.derivation.blocks import Block
from tegum.compare.derivation.records import Number
from tegum.theory.balls.block import enclosed_block
from tegum.theory.balls.critical import REACH, Enclosed, assembled
from tegum.theory.balls.numbers import ball_law, bound
from tegum.theory.balls.weights import BallWeights
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


def silent_features(blocks: Sequence[Block]) -> tuple[int, ...]:
    """Dropped features on whose biases the loss does not hang: below zero the output is zero all around."""
    dropped = (block for block in blocks if not len(block.W))
    return tuple(sorted(one.features[0] for one in dropped if one.b[0] < -REACH or not one.importance[0]))


def certified(point: Weights, blocks: Sequence[Block], setting: Setting, digits: int) -> tuple[Certificate, Enclosed]:
    """Prove that there is one critical point with these symmetries near weights, and what kind it is.

    Each block is enclosed in its own dimensions, within its symmetries; a tegum product of critical blocks is critical
    as a whole.  The signature is that of the full Hessian, symmetry or not, over the features that are not silent; a
    silent one adds I p/3 to the loss, and a saddle of the others is one of all.

    Returns:
        The certificate, and the point with all features, the silent ones' biases as they are.

    Raises:
        ArithmeticError: it cannot be proved.
        TimeoutError: see `deadline`.
    """
    law, silent = ball_law(setting), silent_features(blocks)
    others = [i for i in range(setting.count) if i not in silent]
    heard = [block for block in blocks if block.features[0] in others]
    if not others:
        raise ArithmeticError("all features are silent")

    def enclosed(accuracy: int) -> Enclosed:
        parts = [
            (
                [others.index(i) for i in block.features],
                enclosed_block(block.W, block.b, law.of(block.features), block.symmetry, accuracy),
            )
            for block in heard
        ]
        found = assembled(parts, setting.hidden, len(others))
        return replace(found, loss=sum((law.importance[i] * law.density[i] / 3 for i in silent), found.loss))

    proof, found = certificate(enclosed, Weights(point.W[:, others], point.b[others]), law.of(others), digits)
    return replace(proof, dedicated=tuple(others[i] for i in proof.dedicated)), _with_silent(found, others, point)


def _with_silent(found: Enclosed, others: Sequence[int], point: Weights) -> Enclosed:
    """The point of the other features with the silent ones beside them."""
    features = range(len(point.b))
    place = {feature: k for k, feature in enumerate(others)}
    zero = arb(0)
    W = [[row[place[i]] if i in place else zero for i in features] for row in found.at.W]
    b = [found.at.b[place[i]] if i in place else arb(float(point.b[i])) for i in features]
    G = [[found.at.G[place[i]][place[j]] if i in place and j in place else zero for j in features] for i in features]
    dedicated = tuple(others[i] for i in found.dedicated)
    return Enclosed(BallWeights(W, b, G), found.loss, found.scalars, dedicated)


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
