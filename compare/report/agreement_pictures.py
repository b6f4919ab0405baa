"""The figures of agreement: the map over two axes, the confusion, the gaps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tegum.compare.agreement import boundary_curves, places
from tegum.compare.agreement.statistics import Record
from tegum.compare.report.axis import axis_name
from tegum.compare.report.confusion import confusion_figure
from tegum.compare.report.disagreement import disagreement_figure
from tegum.compare.report.gaps import gaps_figure, relative_gaps
from tegum.compare.report.reasons import place_words
from tegum.compare.study import Study
from tegum.compare.verdict import Comparison
from tegum.empirical.pictures.numerals import counted
from tegum.empirical.pictures.picture import Picture, picture
from tegum.empirical.pictures.style import Look


def disagreement_picture(study: Study, known: Mapping[str, Look]) -> Picture:
    """The map of a study with two axes."""
    missed = [
        place_words(at) for at, one in zip(places(study.plan), study.comparisons, strict=True) if not one.best.matches
    ]
    x, y = (axis_name(axis.key) for axis in study.plan.axes)
    curves = len(boundary_curves(study)) if study.diagram else 0
    lines = f"{counted(curves, 'predicted boundary curve')} drawn over them" if curves else "no boundary traced"
    where = f" The best run is not the optimum at {'; '.join(missed)}." if missed else ""
    alt = f"Two maps over {x} and {y}, {counted(len(study.comparisons), 'cell')}, {lines}.{where}"
    caption = (
        f"Each cell is one setting, {counted(study.plan.training.runs, 'trained model')}. Left: area, geometry of the "
        "predicted optimum; marker, geometry of the run with the lowest exact loss where that is not the optimum. "
        "Right: share of the runs that are the predicted optimum; crosses, cells whose best run is not. Lines: "
        "boundaries of the predicted optimum, traced between the cells; within one colour the geometry keeps its type "
        "and changes its shape, or which features are at its vertices."
    )
    return picture(disagreement_figure(study, known), "disagreement", alt, caption)


def statistics_pictures(
    records: Sequence[Record], comparisons: Sequence[Comparison], known: Mapping[str, Look]
) -> list[Picture]:
    """Confusion and gaps of some runs; the latter where a gap can be relative."""
    hits = sum(one.matches for one in records)
    found = [
        picture(
            confusion_figure(records, known),
            "confusion",
            f"Table of predicted against learned geometries: {hits} of {counted(len(records), 'run')} are the optimum.",
            "Predicted against learned geometry, in runs; shade, share of the row. Framed, the same name: where some "
            "of these runs are not the optimum, with other features at its vertices or not at rest, the first number "
            "is of those that are. Right, the share of the row's runs that are, with its 95% Wilson interval.",
        )
    ]
    gaps = relative_gaps([(verdict, one.optimum.loss) for one in comparisons for verdict in one.verdicts])
    if gaps:
        middle = sorted(gap for _, gap in gaps)[(len(gaps) - 1) // 2]
        found.append(
            picture(
                gaps_figure(gaps),
                "gaps",
                f"Histogram of relative gaps of {counted(len(gaps), 'run')}; the median is {middle:.2g}.",
                "How far above the optimum training ended: exact loss of each run minus the optimum's, divided by it, "
                "by verdict.",
            )
        )
    return found
