"""What a report says in words, computed from its numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from tegum.compare.agreement import NEAR, boundary_curves, places
from tegum.compare.polish import at_rest
from tegum.compare.report.axis import axis_name, axis_symbol
from tegum.compare.report.reasons import place_words, why_words
from tegum.compare.study import Study, curves_left_out
from tegum.compare.verdict import DIVERGED, VERDICTS, Comparison, Verdict, is_flat
from tegum.empirical.axes import Axis
from tegum.empirical.pictures.numerals import brief, counted, percent
from tegum.empirical.pictures.style import is_named
from tegum.theory.loss.law import law_of
from tegum.theory.phases import Boundary
from tegum.theory.setting import Setting

Cell = dict[str, Any]


def study_title(study: Study) -> str:
    """`5 features in 2 dimensions, density p from 0.01 to 0.6`."""
    return ", ".join([_shape(study.plan.setting), *map(_reach, study.plan.axes)])


def study_summary(study: Study, cells: Sequence[Cell]) -> str:
    """The whole study in one paragraph."""
    found = sum(cell["best_matches"] for cell in cells)
    agree = f"all {len(cells)} cells" if found == len(cells) > 1 else f"{found} of {counted(len(cells), 'cell')}"
    runs, matching = sum(cell["runs"] for cell in cells), sum(cell["matching"] for cell in cells)
    sentences = [
        f"The exact theory predicted the best arrangement of {_shape(study.plan.setting)} at "
        f"{_extent(study)}, and {counted(study.plan.training.runs, 'model')} were trained at each.",
        f"In {agree} the best run, the one with the lowest exact loss, is the predicted "
        f"optimum; of all {counted(runs, 'run')}, {matching} ({percent(matching / runs)}) are.",
        *(_crossing(one) for one in study.boundaries),
    ]
    lost = sum(verdict.kind == DIVERGED for one in study.comparisons for verdict in one.verdicts)
    if lost:
        sentences.append(f"{counted(lost, 'run')} diverged, and {'counts' if lost == 1 else 'count'} as missing it.")
    away = sum(not cell["best_matches"] and not cell["near_boundary"] for cell in cells)
    if away:
        sentences.append(f"Away from every boundary {counted(away, 'cell')} {'differs' if away == 1 else 'differ'}.")
    beaten = sum(cell["resolution"] is not None for cell in cells)
    if beaten:
        sentences.append(f"In {counted(beaten, 'cell')} training beat the first search, which was then repeated.")
    if not study.boundaries:
        names = list(dict.fromkeys(cell["predicted"] for cell in cells))
        sentences.append(f"The predicted optimum is {' or '.join(names)}{_between(study)}.")
    return " ".join(sentences)


def failures(study: Study, cells: Sequence[Cell]) -> list[str]:
    """One sentence for each cell whose best run is not the predicted optimum: what it is, and what that means."""
    return [_failure(cell) for cell in cells if not cell["best_matches"]]


def study_doubts(study: Study) -> list[str]:
    """What a careful reader should know before relying on the predictions."""
    pairs = zip(places(study.plan), study.comparisons, strict=True)
    found = [f"At {place_words(at)}: {doubt}" for at, cell in pairs for doubt in doubts(cell)]
    left_out = curves_left_out(study.plan.setting)
    if left_out:
        return [*found, f"Curves of candidates and boundaries are left out: {left_out}."]
    return found + (_missing_boundaries(study) if len(study.plan.axes) == 1 else _missing_diagram(study))


def doubts(comparison: Comparison) -> list[str]:
    """Doubts about one prediction."""
    optimum = comparison.optimum
    better = sum(verdict.kind == "better" for verdict in comparison.verdicts)
    found = []
    if better:
        found.append(
            f"{counted(better, 'run')} came to rest below the predicted optimum, and a second search did not find "
            "where; repeat it with more starts."
        )
    if optimum.exchanges:
        found.append(
            f"none of {optimum.starts} starts of the search came to rest at the optimum, which "
            f"{counted(optimum.exchanges, 'exchange')} of features then reached; repeat it with more."
        )
    elif optimum.hits == 0:
        found.append(f"none of {optimum.starts} starts of the search found the optimum, only training did.")
    elif optimum.hits == 1 and optimum.starts > 1:
        found.append(f"only one of {optimum.starts} starts of the search found the optimum; repeat it with more.")
    if not at_rest(np.array([optimum.loss]), np.array([optimum.gradient_norm]), law_of(comparison.setting))[0]:
        found.append(
            f"the predicted optimum is no critical point, its gradient is {brief(optimum.gradient_norm)}: the search "
            "was still going down, perhaps towards weights without bound."
        )
    if is_flat(comparison.setting, optimum.hessian_min, optimum.hessian_error):
        found.append(
            f"the predicted optimum lies in a valley of equally good weights; {optimum.geometry} is one of many there."
        )
    elif not is_named(optimum.geometry):
        found.append(f"the predicted optimum, {optimum.geometry}, is in no catalogue.")
    if optimum.hessian_min < 0:
        found.append(f"the predicted optimum has a direction of negative curvature, {brief(optimum.hessian_min)}.")
    return found


def comparison_title(comparison: Comparison) -> str:
    """`5 features in 2 dimensions, density 0.1`."""
    densities = sorted(set(comparison.setting.density))
    density = " to ".join(f"{value:g}" for value in dict.fromkeys((densities[0], densities[-1])))
    return f"{_shape(comparison.setting)}, density {density}"


def verdict_sentence(comparison: Comparison) -> str:
    """The verdict in one sentence."""
    best, optimum, count = comparison.best, comparison.optimum, len(comparison.verdicts)
    if count == 1:
        return f"The learned model {_is(best, comparison)}."
    matching = sum(verdict.matches for verdict in comparison.verdicts)
    return (
        f"{matching} of {count} runs ({percent(matching / count)}) are the predicted optimum, {optimum.geometry}; "
        f"the best run {_is(best, comparison)}."
    )


def verdict_counts(verdicts: Iterable[Verdict]) -> list[tuple[str, int, str]]:
    """Each kind of verdict that was given: its name, how often, and what it means."""
    counts = Counter(verdict.kind for verdict in verdicts)
    return [(kind, counts[kind], meaning) for kind, meaning in VERDICTS.items() if counts[kind]]


def _is(verdict: Verdict, comparison: Comparison) -> str:
    above = _above(verdict.gap, comparison.optimum.loss)
    if verdict.matches:
        return f"is the predicted optimum, {verdict.geometry}, with an exact loss {above}"
    name, predicted = verdict.geometry, comparison.optimum.geometry
    what = (
        f"{name}, as predicted, but not the optimum" if name == predicted else f"{name} where {predicted} was predicted"
    )
    return f"is {what} ({verdict.kind}: {VERDICTS[verdict.kind]}), with an exact loss {above}"


def _above(gap: float, optimum: float) -> str:
    side = "above" if gap >= 0 else "below"
    relative = f" ({percent(abs(gap) / optimum)})" if optimum > 0 else ""
    return f"{brief(abs(gap))}{relative} {side} the optimum's"


def _reach(axis: Axis) -> str:
    """`density p from 0.01 to 0.6`."""
    low, high = min(axis.values), max(axis.values)
    reach = f"= {low:g}" if low == high else f"from {low:g} to {high:g}"
    return f"{axis_name(axis.key)} {reach}"


def _extent(study: Study) -> str:
    """`16 values of the density p`, `144 cells, 12 values of the density p by 12 of the importance I₁`."""
    first, *others = ((len(axis.values), axis_name(axis.key)) for axis in study.plan.axes)
    values = f"{counted(first[0], 'value')} of the {first[1]}"
    if not others:
        return values
    by = "".join(f" by {count} of the {name}" for count, name in others)
    return f"{counted(len(study.comparisons), 'cell')}, {values}{by}"


def _between(study: Study) -> str:
    """What is known of boundaries that are no crossings on one axis."""
    if study.diagram is not None:
        curves = len(boundary_curves(study))
        return f"; {counted(curves, 'curve')} between them {'was' if curves == 1 else 'were'} traced"
    return "; no boundary was found between the values" if len(study.plan.axes) == 1 else ""


def _missing_diagram(study: Study) -> list[str]:
    if len(study.plan.axes) != 2 or study.diagram is not None:
        return []
    return ["No boundary could be traced over these axes; which cells lie near one is not known."]


def _failure(cell: Cell) -> str:
    near = f" (within {NEAR:.0%} of a boundary)" if cell["near_boundary"] else ""
    predicted, best, kind = cell["predicted"], cell["best"], cell["best_verdict"]
    runs = counted(cell["runs"], "run")
    learned = f"is {best}" if best != predicted else "has that geometry without being the optimum"
    return (
        f"At {place_words(cell['at'])}{near}: predicted {predicted}, but the best of {runs} {learned}; "
        f"its exact loss is {_above(cell['gap'], cell['optimum'])}. Verdict: {kind}, {VERDICTS[kind]}. "
        f"{cell['matching']} of {runs} found the optimum. "
        f"Why: {why_words(cell['why'], cell['matching'], cell['runs'])}"
    )


def _crossing(one: Boundary) -> str:
    order = {1: "first", 2: "second"}[one.order]
    return (
        f"At {axis_name(one.axis)} = {one.decimal} the predicted optimum changes from {one.below} to {one.above}, "
        f"a {order}-order transition."
    )


def _missing_boundaries(study: Study) -> list[str]:
    """Neighbouring values whose optima differ without a boundary between them."""
    axis = study.plan.axes[0]
    along = sorted(zip(axis.values, study.comparisons, strict=True), key=lambda pair: pair[0])
    found = []
    for (low, one), (high, other) in zip(along[:-1], along[1:], strict=True):
        names = one.optimum.geometry, other.optimum.geometry
        if names[0] != names[1] and not any(low <= boundary.value <= high for boundary in study.boundaries):
            found.append(
                f"Between {axis_symbol(axis.key)} = {low:.6g} and {high:.6g} the predicted optimum changes from "
                f"{names[0]} to {names[1]}, but no boundary could be computed."
            )
    return found


def _shape(setting: Setting) -> str:
    return f"{counted(setting.count, 'feature')} in {counted(setting.hidden, 'dimension')}"
