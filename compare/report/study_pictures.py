"""The figures of a study, each drawn once and saved twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from tegum.compare.agreement import places, records_of
from tegum.compare.report.agreement_pictures import disagreement_picture, statistics_pictures
from tegum.compare.report.arrangements import arrangements_figure
from tegum.compare.report.axis import axis_name
from tegum.compare.report.basins import basins_figure
from tegum.compare.report.captions import (
    arrangements_alt,
    arrangements_caption,
    basins_alt,
    basins_caption,
    losses_alt,
    losses_caption,
    overview_caption,
)
from tegum.compare.report.chart import chart
from tegum.compare.report.losses import losses_figure
from tegum.compare.report.overview import overview_figure
from tegum.compare.report.panel import best_panels
from tegum.compare.study import Study
from tegum.empirical.pictures.picture import Picture, picture
from tegum.empirical.pictures.style import Look, drawing, is_named, looks


def study_looks(study: Study) -> dict[str, Look]:
    """Looks of the geometries that are predicted, in the order of the axes, then of those learned, commonest first."""
    at = [tuple(place.values()) for place in places(study.plan)]
    along = [one for _, one in sorted(zip(at, study.comparisons, strict=True), key=lambda pair: pair[0])]
    learned = Counter(verdict.geometry for cell in along for verdict in cell.verdicts)
    named = [name for name, _ in learned.most_common() if is_named(name)]
    return looks([cell.optimum.geometry for cell in along] + named)


def study_pictures(study: Study, known: Mapping[str, Look]) -> list[Picture]:
    """With one axis the overview (losses over arrangements), losses, arrangements and basins; with two the map.

    Confusion and gaps with any number of axes.
    """
    records = [record for comparison in study.comparisons for record in records_of(comparison)]
    with drawing():
        found = statistics_pictures(records, study.comparisons, known)
        if len(study.plan.axes) == 1:
            found = _pictures_along(study, known) + found
        elif len(study.plan.axes) == 2:
            found = [disagreement_picture(study, known), *found]
    return found


def _pictures_along(study: Study, known: Mapping[str, Look]) -> list[Picture]:
    """What one axis allows to draw."""
    shown, panels = chart(study, known), best_panels(study, known)
    losses, arrangements = losses_caption(study, shown, known), arrangements_caption(study, panels)
    axis = axis_name(study.plan.axes[0].key, math=True)
    words = f"learned (colour) over predicted (grey); {axis}; runs that match"
    return [
        picture(
            overview_figure(shown, panels, study.boundaries, known),
            name="overview",
            alt=f"{losses_alt(study)} {arrangements_alt(panels)}",
            caption=overview_caption(losses, arrangements, panels),
        ),
        picture(losses_figure(shown, study.boundaries, known), "losses", losses_alt(study), losses),
        picture(arrangements_figure(panels, words, known), "arrangements", arrangements_alt(panels), arrangements),
        picture(basins_figure(study, known), "basins", basins_alt(study), basins_caption(study)),
    ]
