"""`tegum verify`: every number of a report recomputed from its JSON."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from tegum.commands.answers import Answer

#: Differences that the text lists; the JSON object lists them all.
_SHOWN = 20


def options(command: ArgumentParser) -> None:
    command.add_argument("report", metavar="REPORT.json", help="report.json of a comparison or a study")


def run(arguments: Namespace) -> Answer:
    from tegum.compare.verify import GIVEN, verify
    from tegum.theory.checks import shown

    found = verify(arguments.report)
    answer = {
        "verified": found.verified,
        "differences": list(found.differences),
        "numbers": found.numbers,
        "given": [{"place": place, "reason": reason} for place, reason in GIVEN.items()],
    }
    lines = [
        f"{one['place']!r}: {shown(one['stored'])}, recomputed {shown(one['recomputed'])}" for one in found.differences
    ]
    if len(lines) > _SHOWN:
        lines[_SHOWN:] = [f"and {len(lines) - _SHOWN} more"]
    verdict = "verified" if found.verified else f"not verified: {len(found.differences)} differences"
    given = "\n".join(f"  {place}: {reason}" for place, reason in GIVEN.items())
    text = "\n".join([*lines, f"{verdict}, {found.numbers} numbers", f"taken as given:\n{given}"])
    return answer, text, 0 if found.verified else 1
