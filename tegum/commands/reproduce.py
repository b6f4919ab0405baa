"""`tegum reproduce`: the literature's claims, each recomputed and given a verdict."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from typing import Any

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
    from tegum.papers.claims.report import write_reports
    from tegum.papers.claims.reproduce import doubts, reproduce

    with Progress() as progress:
        records = reproduce(
            arguments.source,
            arguments.claim,
            arguments.quick,
            arguments.out,
            lambda _, done, total: progress("claims", done, total),
        )
    pages = [str(page) for page in write_reports(records, arguments.out)]
    wrong = doubts(records)
    for line in wrong:
        print(f"tegum: {line}", file=sys.stderr)
    answer = {"claims": [_claim(record) for record in records], "doubts": wrong, "reports": pages}
    text = "\n".join([_table(records), *(f"report: {page}" for page in pages)])
    return answer, text, 1 if wrong else 0


def _claim(record: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": record["id"],
        "source": record["source"],
        "verdict": record["verdict"],
        "value": record["value"],
        "error": record["error"],
        "expected": _expected(record),
        "control": record["control"]["verdict"],
        "mode": record["mode"],
    }


def _table(records: list[dict[str, Any]]) -> str:
    from tegum.papers.claims.table import value_text

    rows = [("claim", "expected", "computed", "verdict")]
    for record in records:
        name = f"{record['source']} {record['id']}"
        rows.append((name, _expected(record), value_text(record), record["verdict"]))
    return aligned(rows)


def _expected(record: dict[str, Any]) -> str:
    from tegum.papers.claims.predicate import predicate_from_table

    return predicate_from_table(record["claim"]["predicate"]).expected


def _written_page(path: str) -> Answer:
    from tegum.papers.claims.table import claims_page
    from tegum.theory.files.atomic import write_atomically

    write_atomically(path, claims_page())
    return {"page": path}, f"wrote {path}"
