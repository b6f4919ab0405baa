"""`tegum reproduce`: the literature's claims, each recomputed and given a verdict."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

from tegum.commands.answers import Answer, Progress, aligned


def options(command: ArgumentParser) -> None:
    command.add_argument("source", metavar="SOURCE", nargs="?", default="all", help="a source's key, or all (default)")
    command.add_argument("--claim", metavar="ID", help="one claim of it")
    command.add_argument("--quick", action="store_true", help="at reduced size where a claim has one")
    command.add_argument(
        "--out", default="out/claims", metavar="DIR", help="folder for records and reports (default: %(default)s)"
    )
    command.add_argument(
        "--page", metavar="FILE.md", help="write the table of the shipped claims and records, and stop"
    )


def run(arguments: Namespace) -> Answer:
    if arguments.page:
        return _written_page(arguments.page)
    from tegum.papers.claims.predicate import predicate_from_table
    from tegum.papers.claims.report import write_reports
    from tegum.papers.claims.reproduce import doubts, reproduce
    from tegum.papers.claims.table import value_text

    with Progress() as progress:
        records = reproduce(
            arguments.source,
            arguments.claim,
            arguments.quick,
            arguments.out,
            lambda _, done, total: progress("claims", done, total),
        )
    pages = write_reports(records, arguments.out)
    claims = [
        {
            "id": record["id"],
            "source": record["source"],
            "verdict": record["verdict"],
            "value": record["value"],
            "error": record["error"],
            "expected": predicate_from_table(record["claim"]["predicate"]).expected,
            "control": record["control"]["verdict"],
            "mode": record["mode"],
        }
        for record in records
    ]
    rows = [("claim", "expected", "computed", "verdict")]
    rows += [
        (f"{one['source']} {one['id']}", one["expected"], value_text(record), one["verdict"])
        for one, record in zip(claims, records, strict=True)
    ]
    wrong = doubts(records)
    for line in wrong:
        print(f"tegum: {line}", file=sys.stderr)
    text = "\n".join([aligned(rows), *(f"report: {page}" for page in pages)])
    return {"claims": claims, "doubts": wrong, "reports": [str(page) for page in pages]}, text, 1 if wrong else 0


def _written_page(path: str) -> Answer:
    from tegum.papers.claims.table import claims_page
    from tegum.theory.files.atomic import write_atomically

    write_atomically(path, claims_page())
    return {"page": path}, f"wrote {path}"
