"""The report of a comparison of one setting."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tegum.compare.agreement import records_of, statistics, why
from tegum.compare.derivation.chosen import derivations_of
from tegum.compare.report.comparison_pictures import comparison_looks, comparison_pictures
from tegum.compare.report.data import comparison_data
from tegum.compare.report.derivations import derivations_content, with_derivations
from tegum.compare.report.document import page
from tegum.compare.report.files import write_report
from tegum.compare.report.latex import latex
from tegum.compare.report.provenance import Note, colophon, comparison_notes
from tegum.compare.report.reasons import resolved, why_words
from tegum.compare.report.summary import comparison_title, doubts, verdict_counts, verdict_sentence
from tegum.compare.verdict import Comparison
from tegum.theory.setting import Setting, setting_tables


def write_comparison_report(comparison: Comparison, folder: str | Path, command: str) -> Path:
    """Write a comparison's report: a page, a LaTeX article with its table, references, figures, and every number.

    Args:
        comparison: of one or more runs with their setting's optimum.
        folder: gets report.html (self-contained), report.tex, report.bib, tables/, figures/ and, last, report.json.
        command: that reproduces the comparison, as the user typed it.

    Returns:
        The path of report.html.

    Raises:
        InputError: a file cannot be written there.
    """
    known = comparison_looks(comparison)
    pictures = comparison_pictures(comparison, known)
    derivations = derivations_of([comparison])
    data = with_derivations(comparison_data(comparison, command), derivations)
    content = _content(comparison) | colophon(data) | derivations_content(derivations)
    bib = latex("report.bib", content)
    figures = [(one, True) for one in pictures]
    texts = {
        "tables/runs.tex": latex("runs.tex", content),
        "report.tex": latex("comparison.tex", content | {"figures": pictures}),
        "report.bib": bib,
        "report.html": page("comparison", known, content | {"figures": figures, "bib": bib.decode()}),
    }
    return write_report(Path(folder), pictures, texts, data)


def _content(comparison: Comparison) -> dict[str, Any]:
    """What the templates ask for."""
    return {
        "kind": "tegum comparison",
        "title": comparison_title(comparison),
        "verdict": verdict_sentence(comparison),
        "doubts": doubts(comparison),
        "runs": comparison.verdicts,
        "verdicts": verdict_counts(comparison.verdicts),
        "optimum": comparison.optimum,
        "overall": statistics(records_of(comparison)),
        "resolved": resolved([("", comparison)]),
        "why": _why(comparison),
        "setting": _setting_notes(comparison.setting),
        "notes": comparison_notes(comparison),
    }


def _why(comparison: Comparison) -> str:
    """Why the best run is not the optimum, in words; empty where it is."""
    found = why(comparison, None)
    matching = sum(verdict.matches for verdict in comparison.verdicts)
    return why_words(found, matching, len(comparison.verdicts)) if found else ""


def _setting_notes(setting: Setting) -> list[Note]:
    """The setting, key by key, as its file would say it."""
    tables = setting_tables(setting)
    return [(f"{table}.{key}", str(value)) for table, entries in tables.items() for key, value in entries.items()]
