"""The report of a study."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tegum.compare.agreement import agreement
from tegum.compare.derivation.chosen import derivations_of
from tegum.compare.report.axis import axis_name
from tegum.compare.report.data import study_data
from tegum.compare.report.derivations import derivations_content, with_derivations
from tegum.compare.report.document import page
from tegum.compare.report.files import write_report
from tegum.compare.report.latex import latex
from tegum.compare.report.provenance import colophon, study_notes
from tegum.compare.report.study_pictures import study_looks, study_pictures
from tegum.compare.report.summary import failures, study_doubts, study_summary, study_title, verdict_counts
from tegum.compare.study import Study


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
    content = _content(study, command) | derivations_content(derivations)
    bib = latex("report.bib", content)
    wide, narrow = (pictures["overview"], False), (pictures["basins"], True)
    html = page("study", known, content | {"figures": [wide, narrow], "bib": bib.decode()})
    printed = [pictures[name] for name in ("losses", "arrangements", "basins")]
    texts = {
        "tables/agreement.tex": latex("agreement.tex", content),
        "tables/boundaries.tex": latex("boundaries.tex", content),
        "report.tex": latex("study.tex", content | {"figures": printed}),
        "report.bib": bib,
        "report.html": html,
    }
    data = with_derivations(study_data(study, command), derivations)
    return write_report(Path(folder), list(pictures.values()), texts, data)


def _content(study: Study, command: str) -> dict[str, Any]:
    """What the templates ask for."""
    cells = agreement(study)
    return {
        "kind": "tegum study",
        "title": study_title(study),
        "summary": study_summary(study, cells),
        "failures": failures(study, cells),
        "doubts": study_doubts(study),
        "axis": axis_name(study.plan.axes[0].key),
        "cells": cells,
        "boundaries": study.boundaries,
        "verdicts": verdict_counts(verdict for cell in study.comparisons for verdict in cell.verdicts),
        "optima": [
            (value, cell.optimum) for value, cell in zip(study.plan.axes[0].values, study.comparisons, strict=True)
        ],
        "notes": study_notes(study),
        **colophon(command),
    }
