"""The table of all claims, as papers/README.md shows it: generated from the claims' files and their records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tegum.empirical.pictures.numerals import brief
from tegum.papers.claims.claim import Claim, read_claims, read_source, records_folder, sources
from tegum.papers.claims.pictures import pictures_of
from tegum.papers.claims.predicate import VERDICTS
from tegum.papers.claims.record import read_record

_HEAD = """# What the literature claims, recomputed

Each line is a claim of a paper, post or page on toy models of superposition: a file under `papers/SOURCE/claims/` that
says where it stands, what is computed, what must hold and why with that tolerance, and on which deliberately wrong
setting it must fail.  `tegum reproduce SOURCE --claim ID` computes one; its record, with everything it found, stands in
`papers/SOURCE/records/` and is recomputed by `tegum verify RECORD`.  *Reproduced*: every value within the error
satisfies the claim; *contradicted*: none does; *undecided*: some do.  This page is written by
`tegum reproduce --page papers/README.md`.
"""


def claims_page() -> bytes:
    """papers/README.md, in Markdown, from the shipped claims and records."""
    claims = {key: found for key in sources() if (found := read_claims(key))}
    records = {key: shipped(key) for key in claims}
    counts = Counter(one["verdict"] for known in records.values() for one in known.values())
    total = sum(map(len, claims.values()))
    summary = ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS if counts[verdict])
    sections = [_section(key, claims[key], records[key]) for key in claims]
    return "\n".join([_HEAD, f"{total} claims of {len(claims)} sources: {summary}.\n", *sections]).encode()


def shipped(source: str) -> dict[str, dict[str, Any]]:
    """The shipped records of a source by their claims' ids."""
    return {path.stem: read_record(path) for path in sorted(records_folder(source).glob("*.json"))}


def value_text(record: Mapping[str, Any]) -> str:
    """The value of a record with its error, short enough for a table."""
    value, error = record["value"], record["error"]
    values = value if isinstance(value, list) else [value]
    errors = error if isinstance(error, list) else [error] * len(values)
    return ", ".join(_number(*pair) for pair in zip(values, errors, strict=True))


def _section(key: str, claims: Sequence[Claim], records: Mapping[str, Mapping[str, Any]]) -> str:
    source = read_source(key)
    rows = [_row(key, claim, records.get(claim.id)) for claim in claims]
    head = ["| claim | says | expected | computed | verdict | seconds |", "|---|---|---|---|---|---|"]
    note = [f"\n{source.note}"] if source.note else []
    title = f"## {source.authors} {source.year}: " + (f"[{source.title}]({source.url})" if source.url else source.title)
    return "\n".join([title, *note, "", *head, *rows, "", *_pictures(key)])


def _pictures(key: str) -> list[str]:
    """The source's redrawn figures that are kept beside its records, each with what it shows."""
    folder = records_folder(key).parent / "figures"
    drawn = pictures_of(key, list(shipped(key).values()))
    return [f"![{one.alt}]({key}/figures/{one.name}.svg)\n" for one in drawn if (folder / f"{one.name}.svg").exists()]


def _row(key: str, claim: Claim, record: Mapping[str, Any] | None) -> str:
    link = f"[{claim.id}]({key}/claims/{claim.id}.toml)"
    nearest = f" *Nearest true statement:* {claim.nearest}" if claim.nearest else ""
    says = f"{claim.states} ({claim.where}){nearest}"
    if record is None:
        cells = [link, says, claim.predicate.expected, "–", "not computed", "–"]
    else:
        verdict = f"[{record['verdict']}]({key}/records/{claim.id}.json)"
        size = "" if record["mode"] == "full" else " (reduced size)"
        unit = f" {claim.unit}" if claim.unit else ""
        cells = [
            link,
            says,
            claim.predicate.expected,
            value_text(record) + unit,
            verdict + size,
            f"{record['seconds']:.0f}",
        ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _number(value: Any, error: float) -> str:
    if isinstance(value, bool | str | int):
        return str(value)
    return f"{brief(value, 6)} ± {brief(error, 2)}" if error > 1e-12 * abs(value) else brief(value, 6)
