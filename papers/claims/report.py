"""The report of a source: its claims with verdicts and numbers, and its figures redrawn from what was computed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from tegum.compare.report.document import html_environment
from tegum.empirical.pictures.picture import Picture, inline_svg, write_pictures
from tegum.papers.claims.claim import Claim, claim_from_tables, read_source
from tegum.papers.claims.pictures import Record, pictures_of
from tegum.papers.claims.table import value_text
from tegum.theory.files.atomic import write_atomically


def write_reports(records: Sequence[Record], folder: str | Path) -> list[Path]:
    """Write the report of each source that records are of.

    Args:
        records: of one or several sources (see `reproduce.reproduce`).
        folder: gets a folder for each source, with report.html (self-contained) and figures/.

    Returns:
        The pages' paths.

    Raises:
        InputError: a file cannot be written there.
    """
    by_source: dict[str, list[Record]] = {}
    for record in records:
        by_source.setdefault(record["source"], []).append(record)
    return [_write(key, of_source, Path(folder) / key) for key, of_source in by_source.items()]


def _write(key: str, records: Sequence[Record], folder: Path) -> Path:
    pictures = pictures_of(key, records)
    write_pictures(folder / "figures", pictures)
    page = folder / "report.html"
    claims = [claim_from_tables(key, record["claim"]) for record in records]
    write_atomically(page, _page(key, list(zip(claims, records, strict=True)), pictures))
    return page


def _page(key: str, claims: Sequence[tuple[Claim, Record]], pictures: Sequence[Picture]) -> bytes:
    environment = html_environment("tegum.papers.claims", "tegum.compare.report")
    drawings = [(one, Markup(inline_svg(one))) for one in pictures]
    content = {"source": read_source(key), "claims": claims, "drawings": drawings, "value_text": value_text}
    return environment.get_template("claims.html.j2").render(content).encode()
