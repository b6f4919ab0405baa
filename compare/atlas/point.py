"""The point: a sighting's exact statement, derived step by step."""

from __future__ import annotations

from tegum.compare.atlas.entry import ArrangementKey, Point
from tegum.compare.atlas.sighting import Sighting
from tegum.compare.derivation import Derivation, derived
from tegum.compare.derivation.blocks import Block, blocks_of
from tegum.compare.derivation.records import Symbolic
from tegum.theory.errors import InputError
from tegum.theory.geometry.critical import CRITICAL_TOLERANCE
from tegum.theory.geometry.identify import identify
from tegum.theory.loss.population import population_loss
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

#: Significant digits of the losses, and seconds that each step of a derivation may take.
DIGITS, SECONDS = 20, 20.0
#: Characters beyond which a closed form is not kept: it can be derived again from the weights.
LONGEST_FORMULA, _LONGEST_REASON = 40_000, 300


def block_of(one: Sighting) -> Block:
    """A sighting's weights with their symmetries."""
    (block,) = blocks_of(Weights(one.W, one.b), identify(one.W, tolerance=CRITICAL_TOLERANCE), _setting(one))
    return block


def shape_of(block: Block) -> ArrangementKey:
    """What tells its arrangement from others of its signed graph."""
    orbits = tuple(sorted(block.symmetry.orbit_sizes.tolist(), reverse=True))
    return len(block.W), int(block.symmetry.order), orbits, int(block.free)


def point_of(one: Sighting) -> Point:
    """The critical point of a sighting with its certificate and its closed form, as far as each can be had.

    Raises:
        InputError: polishing left the arrangement: it was no critical point.
    """
    steps = derived(Weights(one.W, one.b), _setting(one), DIGITS, SECONDS)
    if steps.geometry != one.name:
        raise InputError(
            f"{one.name} is not at a critical point at density {one.density:g}: it becomes {steps.geometry}"
        )
    (factor,) = steps.factors
    decimal, lower, upper = _enclosed(steps)
    formula, intractable = _closed(factor.symbolic)
    proof = steps.certificate
    return Point(
        density=one.density,
        W=tuple(map(tuple, (steps.point.W + 0.0).tolist())),  # no -0.0, which reads as 0.0
        b=tuple((steps.point.b + 0.0).tolist()),
        decimal=decimal,
        lower=lower,
        upper=upper,
        radius=None if proof is None else proof.radius,
        signature=_signature(steps),
        formula=formula,
        intractable=intractable,
        values=tuple(sorted((number.symbol, float(number.decimal)) for number in factor.scalars)),
        reason=steps.certified.reason[:_LONGEST_REASON],
    )


def _closed(symbolic: Symbolic) -> tuple[str, str]:
    """The loss in closed form, or why there is none."""
    if symbolic.status.kind != "done" or symbolic.loss is None:
        return "", symbolic.status.reason[:_LONGEST_REASON]
    if len(symbolic.loss) > LONGEST_FORMULA:
        return "", f"{len(symbolic.loss)} characters; at most {LONGEST_FORMULA} are kept"
    return symbolic.loss, ""


def _enclosed(steps: Derivation) -> tuple[str, float, float]:
    """The loss between proved bounds, or between those of the numerical error."""
    proof = steps.certificate
    if proof is not None:
        return proof.decimal, proof.lower, proof.upper
    found = population_loss(steps.point, steps.setting)
    loss, error = float(found.loss), float(found.error)
    return f"{loss:.15g}", max(0.0, loss - error), loss + error


def _signature(steps: Derivation) -> tuple[int, int, int] | None:
    proof = steps.certificate
    if proof is None or proof.positive is None or proof.negative is None or proof.zero is None:
        return None
    return proof.positive, proof.negative, proof.zero


def _setting(one: Sighting) -> Setting:
    return Setting(count=one.W.shape[1], hidden=one.W.shape[0], density=one.density)
