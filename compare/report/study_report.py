"""The report of a study."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tegum.compare.agreement import agreement, overall, places
from tegum.compare.derivation.chosen import derivations_of
from tegum.compare.report.axis import axis_name
from tegum.compare.report.data import study_data
from tegum.compare.report.derivations import derivations_content, with_derivations
from tegum.compare.report.document import page
from tegum.compare.report.files import write_report
from tegum.compare.report.latex import latex
from tegum.compare.report.provenance import colophon, study_notes
from tegum.compare.report.reasons import place_words, resolved
from tegum.compare.report.study_pictures import study_looks, study_pictures
from tegum.compare.report.summary import failures, study_doubts, study_summary, study_title, verdict_counts
from tegum.compare.study import Study

#: Figures as wide as the page; those that the page has in another, and those that are made for it alone.
_WIDE = ("overview", "disagreement")
_PRINTED = ("losses", "arrangements")
_SHOWN = ("overview",)


def write_study_report(study: Study, folder: str | Path, command: str) -> Path:
    """Write a study's report: a page, a LaTeX article with its tables, references, figures, and every number.

    Args:
        study: finished.
        folder: gets report.html (self-contained), report.tex, report.bib, tables/, figures/ and, last, report.json.
        command: that reproduces the study, as the user typed it.

    Returns:
        The path of report.html.

    Raises:
        InputError: a file cannot be written there.

    The same study with the same versions of the libraries gives the same bytes.
    """
    known = study_looks(study)
    pictures = study_pictures(study, known)
    derivations = derivations_of(study.comparisons)
    data = with_derivations(study_data(study, command), derivations)
    content = _content(study) | colophon(data) | derivations_content(derivations)
    bib = latex("report.bib", content)
    shown = [(one, one.name not in _WIDE) for one in pictures if one.name not in _PRINTED]
    html = page("study", known, content | {"figures": shown, "bib": bib.decode()})
    printed = [(one, one.name in _WIDE) for one in pictures if one.name not in _SHOWN]
    texts = {
        "tables/agreement.tex": latex("agreement.tex", content),
        "tables/boundaries.tex": latex("boundaries.tex", content),
        "report.tex": latex("study.tex", content | {"figures": printed}),
        "report.bib": bib,
        "report.html": html,
    }
    return write_report(Path(folder), pictures, texts, data)


def _content(study: Study) -> dict[str, Any]:
    """What the templates ask for."""
    cells = agreement(study)
    where = [place_words(place) for place in places(study.plan)]
    return {
        "kind": "tegum study",
        "title": study_title(study),
        "summary": study_summary(study, cells),
        "failures": failures(study, cells),
        "doubts": study_doubts(study),
        "axes": [axis_name(axis.key) for axis in study.plan.axes],
        "cells": cells,
        "overall": overall(study),
        "resolved": resolved(zip(where, study.comparisons, strict=True)),
        "boundaries": study.boundaries,
        "verdicts": verdict_counts(verdict for cell in study.comparisons for verdict in cell.verdicts),
        "traced": study.diagram.boundaries if study.diagram else (),
        "optima": [(at, one.optimum) for at, one in zip(places(study.plan), study.comparisons, strict=True)],
        "notes": study_notes(study),
    }
