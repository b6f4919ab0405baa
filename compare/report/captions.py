"""The words that go with the figures: captions for those who see them, descriptions for those who do not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tegum.compare.report.arrangements import Panel
from tegum.compare.report.axis import axis_name, axis_symbol
from tegum.compare.report.chart import Chart
from tegum.compare.report.overview import MOST_PANELS
from tegum.compare.study import Study
from tegum.empirical.pictures.numerals import counted
from tegum.empirical.pictures.style import Look

#: Said of a panel in which no isomorphism lays the learned arrangement over the predicted one.
DIFFERENT = (
    "The learned geometry is another one, or has unlike features at its vertices; features of equal density and "
    "importance are matched as well as they can be."
)


def losses_caption(study: Study, shown: Chart, known: Mapping[str, Look]) -> str:
    """What the figure of the losses means."""
    runs, above = len(shown.dots.values), int((shown.dots.ratio > shown.top).sum())
    sentences = [
        "Exact population losses, divided by the loss of the empty model (W = 0, b = 0).",
        "Lines: optimised candidates, solid where they are local minima, dotted where they are critical points only; "
        "the broad band follows the best.",
        f"Markers: {counted(runs, 'trained run')}, by the geometry of the basin; rings: the best run at each value.",
    ]
    if study.boundaries:
        sentences.append("Vertical lines: predicted boundaries, with the digits that are proved.")
    if any(line.geometry not in known for line in shown.lines):
        sentences.append("Grey: minima that are neither predicted nor learned here.")
    if above:
        sentences.append(f"Triangles at the upper edge: {counted(above, 'run')} beyond the frame.")
    return " ".join(sentences)


def arrangements_caption(study: Study, panels: Sequence[Panel]) -> str:
    """What the figure of the arrangements means."""
    sentences = [
        f"The best run's feature vectors at each value of the {axis_name(study.plan.axes[0].key)} (coloured, a tint "
        "for each factor; dropped features are empty rings) over the predicted ones (grey), after relabelling and "
        "rotation; the thin circle has radius 1.",
        *view_sentence(study.plan.setting.hidden),
        "Fractions: runs that match the prediction.",
    ]
    if not all(one.same for one in panels):
        sentences.append(f"≠: {DIFFERENT}")
    return " ".join(sentences)


def view_sentence(hidden: int) -> list[str]:
    """How an arrangement of so many dimensions is shown in the plane, where that needs saying."""
    if hidden == 1:
        return ["The hidden dimension runs from left to right; each feature has a height of its own."]
    if hidden > 2:
        return [
            f"The {hidden} hidden dimensions are seen from where the tips of one factor stand farthest apart, those of "
            "several in isometric projection, axes along the predicted factors."
        ]
    return []


def factors_sentence(hidden: int) -> list[str]:
    """How the factors of an arrangement of so many dimensions are shown one by one."""
    if hidden <= 2:
        return view_sentence(hidden)
    deeper = " and in perspective along each dimension beyond the third" if hidden > 3 else ""
    return [
        "Each factor is seen in the space that it spans, from where its tips stand farthest apart"
        f"{deeper}; nearer vectors are broader and darker, thin lines are edges of the convex hull of the predicted "
        "tips (of the learned ones where the geometry is another)."
    ]


def overview_caption(losses: str, arrangements: str, panels: Sequence[Panel]) -> str:
    """Both, one over the other."""
    omitted = f" Shown are {MOST_PANELS} of {len(panels)} values." if len(panels) > MOST_PANELS else ""
    return f"{losses} Below: {arrangements[0].lower()}{arrangements[1:]}{omitted}"


def basins_caption(study: Study) -> str:
    """What the figure of the basins means."""
    return (
        f"Share of the runs in each geometry at each value of the {axis_name(study.plan.axes[0].key)}. Full colour: "
        "runs that are the predicted optimum; faint: runs that are not."
    )


def losses_alt(study: Study) -> str:
    """The figure of the losses in words."""
    key, cells = study.plan.axes[0].key, study.comparisons
    agree = sum(cell.best.matches for cell in cells)
    crossings = ", ".join(
        f"{one.below} and {one.above} cross at {axis_symbol(key)} = {one.decimal}" for one in study.boundaries
    )
    return (
        f"Exact loss against {axis_name(key)}: curves of {counted(len(study.curves), 'candidate')} and every trained "
        f"run. In {agree} of {counted(len(cells), 'cell')} the best run is the predicted optimum."
        + (f" {crossings}." if crossings else "")
    )


def arrangements_alt(panels: Sequence[Panel]) -> str:
    """The figure of the arrangements in words."""
    same = sum(one.same for one in panels)
    return (
        f"Feature vectors of the best run over the predicted ones in {counted(len(panels), 'panel')}; "
        f"in {same} they have the same geometry."
    )


def basins_alt(study: Study) -> str:
    """The figure of the basins in words."""
    pairs = zip(study.plan.axes[0].values, study.comparisons, strict=True)
    shares = ", ".join(f"{cell.fraction:.0%} at {value:.3g}" for value, cell in pairs)
    return f"Stacked bars of the geometries that training found. Share that is the predicted optimum: {shares}."
