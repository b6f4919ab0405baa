"""`tegum verify`: every number of a report recomputed from its JSON."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any

from tegum.commands.answers import Answer

#: Differences that the text lists; the JSON object lists them all.
_SHOWN = 20
#: Characters of a value that the text repeats.
_WIDEST = 80


def options(command: ArgumentParser) -> None:
    command.add_argument(
        "report",
        metavar="REPORT.json",
        help="JSON of any report (report.json, phases.json, mixtures.json, …), or the record of a claim",
    )


def run(arguments: Namespace) -> Answer:
    from tegum.papers.claims.record import is_record

    if is_record(arguments.report):
        from tegum.papers.claims.recompute import verify_record as verify
    else:
        from tegum.compare.verify import verify

    found = verify(arguments.report)
    answer = {
        "verified": found.verified,
        "differences": list(found.differences),
        "numbers": found.numbers,
        "given": [{"place": place, "reason": reason} for place, reason in found.given.items()],
    }
    lines = [
        f"{_short(one['place'])}: {_short(one['stored'])}, recomputed {_short(one['recomputed'])}"
        for one in found.differences
    ]
    if len(lines) > _SHOWN:
        lines[_SHOWN:] = [f"and {len(lines) - _SHOWN} more"]
    verdict = "verified" if found.verified else f"not verified: {len(found.differences)} differences"
    given = "\n".join(
        f"  {', '.join(place for place in found.given if found.given[place] == reason)}: {reason}"
        for reason in dict.fromkeys(found.given.values())
    )
    text = "\n".join([*lines, f"{verdict}, {found.numbers} numbers", f"taken as given:\n{given}"])
    return answer, text, 0 if found.verified else 1


def _short(value: Any) -> str:
    """A report's own words, cut, and without anything that a terminal would act upon."""
    text = ascii(value)
    return text if len(text) <= _WIDEST else text[: _WIDEST - 3] + "..."
