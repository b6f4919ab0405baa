"""The derivation: learned weights, critical point, factors, symmetries, ansatz, formula, certificate, verdict."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tegum.compare.derivation.blocks import Block, blocks_of
from tegum.compare.derivation.certified import certified, numbers, silent_features, too_large
from tegum.compare.derivation.records import Derivation, FactorSteps, Status
from tegum.compare.derivation.symbolic import symbolic
from tegum.compare.polish import Polished, polish
from tegum.theory.balls.critical import Enclosed
from tegum.theory.certify import MOST_DIGITS, Certificate
from tegum.theory.checks import number, whole
from tegum.theory.deadline import check_time, deadline
from tegum.theory.errors import InputError
from tegum.theory.formula.arrangement import overlaps_of
from tegum.theory.geometry.critical import CRITICAL_TOLERANCE
from tegum.theory.geometry.identify import identify
from tegum.theory.geometry.overlap import overlap_graph
from tegum.theory.loss.law import empty_loss, law_of, require_basic
from tegum.theory.loss.population import check_shape, population_loss
from tegum.theory.search.curvature import curvature_tolerance
from tegum.theory.search.scope import require_enumerable
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

#: Digits that are proved, and seconds that a step may take, unless others are asked for.
DIGITS, SECONDS = 30, 60.0

#: Seconds that a step may take, by its name: "certificate", or "formula" and the factor's place.
Seconds = Callable[[str], float]


def derived(weights: Weights, setting: Setting, digits: int = DIGITS, seconds: float = SECONDS) -> Derivation:
    """From learned weights to an exact statement about them, step by step.

    Learned weights → critical point of their basin → overlap graph and factors → symmetries of each factor, its
    features' densities, importances and biases kept → symmetric ansatz → loss in closed form → enclosed critical point
    and Hessian signature → verdict.

    Args:
        weights: one model.
        setting: the objective it was trained on; its doubles are taken exactly.
        digits: significant digits of the loss and of every scalar that are proved.
        seconds: that the certificate, and the formula of each factor, may take; one that takes longer is "undecided:
            time".

    Returns:
        `Derivation`.

    Raises:
        InputError: an ensemble, weights of another shape, a setting without an exact route here, digits or seconds
            outside their range.

    Validity: what cannot be decided says so and why.  Invariant under rotation of the hidden space and relabelling.

    Source: Palais, The principle of symmetric criticality, Commun. Math. Phys. 69 (1979); interval Newton as in
    `certify`, formulas as in `formula`.

    >>> from tegum import Setting, candidate
    >>> setting = Setting(count=2, hidden=1, density=0.3)
    >>> found = derived(candidate("digon", setting).weights, setting, digits=12)
    >>> found.verdict, found.proved, found.certificate.decimal
    ('minimum', True, '0.0293103552703')
    """
    require_derivable(setting)
    whole("digits", digits, 1, MOST_DIGITS)
    number("seconds", seconds, 0)
    check_shape(weights, setting)
    if weights.W.ndim != 2:
        raise InputError("derived takes one model, not an ensemble")
    there = polish(Weights(weights.W[None], weights.b[None]), law_of(setting))
    return derivation_at(there, weights, setting, digits, lambda step: seconds)


def require_derivable(setting: Setting) -> None:
    """Refuse a setting that there is no derivation for.

    Raises:
        InputError: it is not basic, or too large to be enumerated.
    """
    require_basic(setting, "a derivation")
    require_enumerable(setting)


def derivation_at(there: Polished, weights: Weights, setting: Setting, digits: int, seconds: Seconds) -> Derivation:
    """`derived`, from the critical point on.

    Args:
        there: the critical point, an ensemble of one.
        weights: as learned.
        setting, digits: see `derived`.
        seconds: that each step may take; none for a step that is not to be tried.
    """
    learned = population_loss(weights, setting)
    point = Weights(there.weights.W[0], there.weights.b[0])
    identity = identify(point.W, tolerance=CRITICAL_TOLERANCE)
    graph = overlap_graph(point.W, CRITICAL_TOLERANCE)
    blocks = blocks_of(point, identity, setting)
    proof, enclosed, status = _certificate(there, blocks, setting, digits, seconds("certificate"))
    silent = silent_features(blocks)
    verdict, proved = _verdict(proof, silent, there, setting)
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
        edges=int(np.count_nonzero(np.triu(graph.signs))),
        factors=_factors(point, blocks, enclosed, setting, digits, seconds),
        certificate=proof,
        certified=status,
        silent=silent,
        verdict=verdict,
        proved=proved,
    )


def _factors(
    point: Weights, blocks: Sequence[Block], enclosed: Enclosed | None, setting: Setting, digits: int, seconds: Seconds
) -> tuple[FactorSteps, ...]:
    """Scalars and formula of each factor."""
    exact, scale = population_loss(point, setting).per_feature, float(empty_loss(law_of(setting))[0])
    found = []
    for place, block in enumerate(blocks):
        overlaps = overlaps_of(block.W, block.b, block.symmetry)
        loss = float(exact[list(block.features)].sum())
        formula = symbolic(block, overlaps, loss, scale, seconds(f"formula {place}"))
        found.append(FactorSteps(block, numbers(block, overlaps, enclosed, digits), formula))
    return tuple(found)


def _certificate(
    there: Polished, blocks: Sequence[Block], setting: Setting, digits: int, seconds: float
) -> tuple[Certificate | None, Enclosed | None, Status]:
    """The proof, or why there is none."""
    if limit := too_large(blocks):
        return None, None, Status("undecided", limit)
    try:
        with deadline(seconds):
            check_time()
            point = Weights(there.weights.W[0], there.weights.b[0])
            proof, enclosed = certified(point, blocks, setting, digits)
    except TimeoutError:
        return None, None, Status("undecided", "time")
    except ArithmeticError as reason:
        return None, None, Status("undecided", str(reason))
    return proof, enclosed, Status()


def _verdict(proof: Certificate | None, silent: Sequence[int], there: Polished, setting: Setting) -> tuple[str, bool]:
    """What the certificate proves; else what double precision says.

    Where features are silent the loss is flat, so that a strict minimum of the others is none of all.
    """
    if proof is not None and (proof.kind == "saddle" or (proof.kind == "minimum" and not silent)):
        return proof.kind, True
    least, zero = float(there.hessian_min[0]), float(curvature_tolerance(law_of(setting))[0])
    if not there.converged[0] or abs(least) <= zero:
        return "undecided", False
    return ("minimum" if least > 0 else "saddle"), False
