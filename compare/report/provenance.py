"""Provenance: with what a report's numbers were computed, and how; in words for readers and plain data for machines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tegum.compare.agreement import NEAR
from tegum.compare.report.axis import axis_name
from tegum.compare.second_search import MORE_STARTS
from tegum.compare.study import Study
from tegum.compare.verdict import AT_REST, Comparison
from tegum.compare.versions import versions
from tegum.empirical.pictures.numerals import brief, counted
from tegum.empirical.plan import plan_id
from tegum.theory.loss.population import population_loss
from tegum.theory.search.optimum import SAME_LOSS
from tegum.theory.setting import Setting, content_id, setting_tables

#: Year of the release that CITATION.cff describes.
RELEASED = 2026

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


def colophon(data: Mapping[str, Any]) -> dict[str, Any]:
    """What every template asks for: versions, year, command, ids, and how many rows of a table fit on a printed page.

    Args:
        data: of the report.
    """
    own = {key: data[key] for key in ("versions", "command", "id", "sha256")}
    return {**own, "year": RELEASED, "rows_a_table": 45}


def study_notes(study: Study) -> list[Note]:
    """How a study was computed, its content id included."""
    training, used = study.plan.training, study.ensemble.options
    return [
        ("Plan", f"content id {plan_id(study.plan)}; the same id computes the same cells"),
        ("Setting", f"{_setting_words(study.plan.setting)}; {axis_name(study.plan.axes[0].key)} varies"),
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
        (
            "Setting",
            f"content id {content_id(comparison.setting)}; the same id is the same objective: "
            + _setting_words(comparison.setting),
        ),
        *_theory_notes([comparison]),
        *_comparison_notes(),
        _versions_note(),
    ]


def _setting_words(setting: Setting) -> str:
    """The setting, key by key; one number stands for all features that share it."""
    tables = setting_tables(setting)
    pairs = [(key, value) for entries in tables.values() for key, value in entries.items() if value != []]
    return ", ".join(f"{key} {str(value).lower() if isinstance(value, bool) else value}" for key, value in pairs)


def _theory_notes(comparisons: Sequence[Comparison]) -> list[Note]:
    first = comparisons[0]
    method = population_loss(first.optimum.weights, first.setting).method
    errors = [cell.optimum.error for cell in comparisons]
    worst = max(errors + [verdict.error for cell in comparisons for verdict in cell.verdicts])
    starts = sorted({cell.optimum.starts for cell in comparisons})
    seeds = sorted({cell.optimum.seed for cell in comparisons})
    return [
        (
            "Loss",
            f"exact expected loss over the feature law, no batch and no sampling (method: {method}); the numerical "
            f"error of every optimum's and every run's loss is at most {brief(worst, 2)}",
        ),
        (
            "Optimum",
            f"best of {' or '.join(map(str, starts))} random starts (seed {' or '.join(map(str, seeds))}) over all "
            "weights and biases, each followed to a critical point of the exact loss; hits are starts that agree with "
            f"the best to a relative {brief(SAME_LOSS, 1)}. The search is no proof that nothing is better",
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
