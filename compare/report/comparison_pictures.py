"""The figures of a comparison, each drawn once and saved twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from tegum.compare.report.arrangements import arrangements_figure
from tegum.compare.report.captions import DIFFERENT, arrangements_alt, factors_sentence, view_sentence
from tegum.compare.report.overlaps import overlaps_figure
from tegum.compare.report.panel import panel
from tegum.compare.report.vectors import vectors_figure
from tegum.compare.verdict import Comparison
from tegum.empirical.pictures.numerals import percent
from tegum.empirical.pictures.picture import Picture, picture
from tegum.empirical.pictures.style import Look, drawing, is_named, looks

#: Runs drawn beside each other; of more, those with the lowest losses.
_MOST_RUNS = 24


def comparison_looks(comparison: Comparison) -> dict[str, Look]:
    """Looks of the predicted geometry and of those learned, commonest first."""
    learned = Counter(verdict.geometry for verdict in comparison.verdicts)
    named = [name for name, _ in learned.most_common() if is_named(name)]
    return looks([comparison.optimum.geometry, *named])


def comparison_pictures(comparison: Comparison, known: Mapping[str, Look]) -> list[Picture]:
    """Vectors and overlaps of the best run, and all runs if there are several."""
    with drawing():
        found = [_vectors(comparison, known), _overlaps(comparison, known)]
        return found + ([_runs(comparison, known)] if len(comparison.verdicts) > 1 else [])


def _vectors(comparison: Comparison, known: Mapping[str, Look]) -> Picture:
    run, title = _best(comparison)
    one = panel(comparison, run, title, "", known)
    predicted, learned = comparison.optimum.geometry, comparison.best.geometry
    words = [
        f"Feature vectors of the predicted optimum ({predicted}) and of the model ({title}: {learned}), turned onto "
        "it; a tint for each factor, empty rings for dropped features, numbers of the features.",
        *factors_sentence(comparison.setting.hidden),
    ]
    if not one.same:
        words.append(DIFFERENT)
    alt = f"Vectors side by side: predicted {predicted}, learned {learned}."
    return picture(vectors_figure(one, predicted, learned), "vectors", alt, " ".join(words))


def _overlaps(comparison: Comparison, known: Mapping[str, Look]) -> Picture:
    run, title = _best(comparison)
    places = panel(comparison, run, title, "", known).places
    caption = (
        "Overlap matrices G = WᵀW, unchanged by any rotation, on one scale of colours: features factor by factor, a "
        "frame around each, and within a factor by the angle in its principal plane; the learned features in the order "
        "of the predicted ones that they play."
    )
    alt = f"Overlap matrices of the prediction and of the learned model, {comparison.setting.count} features each."
    return picture(overlaps_figure(comparison, run, places, title), "overlaps", alt, caption)


def _runs(comparison: Comparison, known: Mapping[str, Look]) -> Picture:
    verdicts, optimum = comparison.verdicts, comparison.optimum
    order = sorted(range(len(verdicts)), key=lambda run: verdicts[run].loss)[:_MOST_RUNS]
    gaps = [percent(verdicts[run].gap / optimum.loss if optimum.loss > 0 else None) for run in order]
    panels = [panel(comparison, run, f"run {run}", gap, known) for run, gap in zip(order, gaps, strict=True)]
    omitted = "" if len(order) == len(verdicts) else f" Shown are the best {len(order)} of {len(verdicts)} runs."
    caption = (
        "Runs by rising exact loss: learned vectors (coloured) over the predicted ones (grey), with the excess over "
        f"the optimum's loss.{omitted} " + " ".join(view_sentence(comparison.setting.hidden))
    )
    caption = caption.strip()
    words = "learned (colour) over predicted (grey); excess loss"
    return picture(arrangements_figure(panels, words, known), "runs", arrangements_alt(panels), caption)


def _best(comparison: Comparison) -> tuple[int, str]:
    """The best run and how it is called."""
    run = comparison.verdicts.index(comparison.best)
    return run, "learned" if len(comparison.verdicts) == 1 else f"learned, run {run}"
