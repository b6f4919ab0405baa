"""The derivation: learned weights, critical point, factors, symmetries, ansatz, formula, certificate, verdict."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tegum.compare.derivation.blocks import Block, blocks_of
from tegum.compare.derivation.certified import certified, numbers
from tegum.compare.derivation.records import Derivation, FactorSteps, Status
from tegum.compare.derivation.symbolic import symbolic
from tegum.compare.polish import Polished, polish
from tegum.theory.balls.critical import Enclosed
from tegum.theory.certify import MOST_ALIKE, MOST_DIGITS, MOST_FREE, Certificate
from tegum.theory.checks import whole
from tegum.theory.deadline import deadline
from tegum.theory.errors import InputError
from tegum.theory.formula.arrangement import overlaps_of
from tegum.theory.geometry.identify import identify
from tegum.theory.geometry.overlap import overlap_graph
from tegum.theory.loss.law import law_of, require_basic
from tegum.theory.loss.population import check_shape, population_loss
from tegum.theory.search.curvature import curvature_tolerance
from tegum.theory.search.optimum import CRITICAL_TOLERANCE, require_enumerable
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

#: Seconds that each step may take.
SECONDS = 60.0


def derived(weights: Weights, setting: Setting, digits: int = 30, seconds: float = SECONDS) -> Derivation:
    """From learned weights to an exact statement about them, step by step.

    Learned weights → critical point of their basin → overlap graph and factors → symmetries of each factor, its
    features' densities, importances and biases kept → symmetric ansatz → loss in closed form → enclosed critical point
    and Hessian signature → verdict.

    Args:
        weights: one model.
        setting: the objective it was trained on.
        digits: significant digits of the loss that are proved.
        seconds: that each step may take; a step that takes longer is "undecided: time".

    Returns:
        `Derivation`.

    Raises:
        InputError: an ensemble, weights of another shape, a setting without an exact route here, or digits outside
            their range.

    Validity: what cannot be decided says so and why.  Invariant under rotation of the hidden space and relabelling.

    Source: Palais' principle of symmetric criticality (1979); see `certify`, `symmetric_ansatz` and `formula`.
    """
    _check(weights, setting, digits)
    law = law_of(setting)
    learned = population_loss(weights, setting)
    there = polish(Weights(weights.W[None], weights.b[None]), law)
    point = Weights(there.weights.W[0], there.weights.b[0])
    identity = identify(point.W, tolerance=CRITICAL_TOLERANCE)
    blocks = blocks_of(point, identity, setting)
    proof, enclosed, status = _certificate(point, blocks, setting, digits, seconds, bool(there.converged[0]))
    verdict, proved = _verdict(proof, there, setting)
    return Derivation(
        setting=setting,
        learned=weights,
        loss=float(learned.loss),
        error=float(learned.error),
        point=point,
        moved=float(there.moved[0]),
        gradient_norm=float(there.gradient_norm[0]),
        hessian_min=float(there.hessian_min[0]),
        converged=bool(there.converged[0]),
        identity=identity,
        edges=int(np.count_nonzero(np.triu(overlap_graph(point.W, CRITICAL_TOLERANCE).signs))),
        factors=_factors(point, blocks, enclosed, setting, digits, seconds),
        certificate=proof,
        certified=status,
        verdict=verdict,
        proved=proved,
    )


def _check(weights: Weights, setting: Setting, digits: int) -> None:
    require_basic(setting, "a derivation")
    require_enumerable(setting)
    check_shape(weights, setting)
    whole("digits", digits, 1, MOST_DIGITS)
    if weights.W.ndim != 2:
        raise InputError("derived takes one model, not an ensemble")


def _factors(
    point: Weights, blocks: Sequence[Block], enclosed: Enclosed | None, setting: Setting, digits: int, seconds: float
) -> tuple[FactorSteps, ...]:
    """Scalars and formula of each factor."""
    exact = population_loss(point, setting).per_feature
    found = []
    for block in blocks:
        overlaps = overlaps_of(block.W, block.b, block.symmetry)
        with deadline(seconds):
            formula = symbolic(block, overlaps, float(exact[list(block.factor.features)].sum()))
        found.append(FactorSteps(block, numbers(block, overlaps, enclosed, digits), formula))
    return tuple(found)


def _certificate(
    point: Weights, blocks: Sequence[Block], setting: Setting, digits: int, seconds: float, converged: bool
) -> tuple[Certificate | None, Enclosed | None, Status]:
    """The proof, or why there is none."""
    if not converged:
        return None, None, Status("undecided", "no critical point was reached")
    most = max(len(block.b) if block.symmetry.order == 1 else 0 for block in blocks)
    if most > MOST_FREE or setting.count > MOST_ALIKE:
        return None, None, Status("undecided", f"{setting.count} features are too many for a certificate")
    try:
        with deadline(seconds):
            proof, enclosed = certified(point, blocks, setting, digits)
    except TimeoutError:
        return None, None, Status("undecided", "time")
    except ArithmeticError as reason:
        return None, None, Status("undecided", str(reason))
    return proof, enclosed, Status()


def _verdict(proof: Certificate | None, there: Polished, setting: Setting) -> tuple[str, bool]:
    """What the certificate proves; else what double precision says."""
    if proof is not None and proof.kind != "undecided":
        return proof.kind, True
    least, zero = float(there.hessian_min[0]), float(curvature_tolerance(law_of(setting))[0])
    if not there.converged[0] or abs(least) <= zero:
        return "undecided", False
    return ("minimum" if least > 0 else "saddle"), False
