"""Provenance: with what a report's numbers were computed, and how; in words for readers and plain data for machines."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from tegum.compare.agreement import NEAR
from tegum.compare.second_search import MORE_STARTS
from tegum.compare.study import Study
from tegum.compare.verdict import AT_REST, Comparison
from tegum.empirical.pictures.numerals import brief, counted
from tegum.empirical.plan import plan_id
from tegum.theory.loss.population import population_loss
from tegum.theory.search.optimum import SAME_LOSS
from tegum.theory.setting import content_id

#: Year of the release that CITATION.cff describes.
RELEASED = 2026
_PACKAGES = ("tegum", "numpy", "scipy", "numba", "torch", "canonaut", "python-flint", "matplotlib")

_CROSSED = (
    "where the predicted optima of two neighbouring values differ, the crossing of their optimised losses is enclosed, "
    "and proved by the sign of the difference in ball arithmetic"
)
_TRACED = (
    "traced over the two axes by pseudo-arclength continuation with exact derivatives, in double precision, from a "
    "grid of optima of its own; a phase smaller than a cell of that grid can be missed"
)

#: A heading and what is said under it.
Note = tuple[str, str]


def versions() -> dict[str, str]:
    """Exact versions of Python and of every library that had a part in the numbers."""
    return {"python": platform.python_version()} | {package: version(package) for package in _PACKAGES}


def colophon(command: str) -> dict[str, Any]:
    """What every template asks for: versions, year, command, and how many rows of a table fit on a printed page."""
    return {"versions": versions(), "year": RELEASED, "command": command, "rows_a_table": 45}


def study_notes(study: Study) -> list[Note]:
    """How a study was computed, its content id included."""
    training, used = study.plan.training, study.ensemble.options
    return [
        ("Plan", f"content id {plan_id(study.plan)}; the same id computes the same cells"),
        *_theory_notes(study.comparisons),
        ("Boundaries", _boundaries_note(study)),
        (
            "Training",
            f"{counted(training.runs, 'run')} for each cell, {training.steps} steps of {used.optimizer} on batches of "
            f"{training.batch_size}, learning rate {brief(training.learning_rate)} ({training.schedule}), seed "
            f"{training.seed}, device {used.device}; each run's random stream depends on the seed and its own identity "
            "only",
        ),
        *_comparison_notes(),
        (
            "Intervals",
            "95% Wilson intervals of the share of matching runs; a cell is near a boundary if it is within "
            f"{NEAR:.0%} of it",
        ),
        _versions_note(),
    ]


def _boundaries_note(study: Study) -> str:
    if len(study.plan.axes) == 1:
        return _CROSSED
    return _TRACED if study.diagram else "none are computed over these axes"


def comparison_notes(comparison: Comparison) -> list[Note]:
    """How a comparison was computed, its content id included."""
    return [
        ("Setting", f"content id {content_id(comparison.setting)}; the same id is the same objective"),
        *_theory_notes([comparison]),
        *_comparison_notes(),
        _versions_note(),
    ]


def _theory_notes(comparisons: Sequence[Comparison]) -> list[Note]:
    first = comparisons[0]
    method = population_loss(first.optimum.weights, first.setting).method
    errors = [cell.optimum.error for cell in comparisons]
    worst = max(errors + [verdict.error for cell in comparisons for verdict in cell.verdicts])
    starts = sorted({cell.optimum.starts for cell in comparisons})
    return [
        (
            "Loss",
            f"exact expected loss over the feature law, no batch and no sampling (method: {method}); the numerical "
            f"error of every optimum's and every run's loss is at most {brief(worst, 2)}",
        ),
        (
            "Optimum",
            f"best of {' or '.join(map(str, starts))} random starts over all weights and biases, each followed to a "
            f"critical point of the exact loss; hits are starts that agree with the best to a relative "
            f"{brief(SAME_LOSS, 1)}. The search is no proof that nothing is better",
        ),
    ]


def _comparison_notes() -> list[Note]:
    return [
        (
            "Comparison",
            "each run is followed to the exact critical point of its basin and identified there by its signed overlap "
            "graph; it matches if the graph is isomorphic to the prediction's and the losses agree. A run whose loss "
            f"is more than {AT_REST:.0%} above its basin's counts as unconverged. Where a run lies below the "
            f"prediction by more than the bounds on rounding, the search is repeated with {MORE_STARTS} times the "
            "starts, the next seed, and from the run itself",
        )
    ]


def _versions_note() -> Note:
    return "Versions", ", ".join(f"{name} {number}" for name, number in versions().items())
