"""`tegum phases`: phase diagram with boundary curves; run again to resume."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable

from tegum.commands.answers import Answer, Progress, aligned, command_line
from tegum.commands.inputs import searchable, setting_argument


def options(command: ArgumentParser) -> None:
    setting_argument(command)
    form = (
        "density, density[i], importance, importance[i] or importance[i]/importance[j], with its range: "
        "KEY:FROM:TO, KEY:FROM:TO:COUNT or KEY:FROM:TO:COUNT:SCALE, scale linear or log, as in "
        "density:0.01:0.99:100 (default: 100 cells; density 0.01 to 1 linear, importance 0.1 to 10 log)"
    )
    command.add_argument("--x", required=True, metavar="AXIS", help=form)
    command.add_argument("--y", required=True, metavar="AXIS", help="likewise")
    command.add_argument("--out", required=True, metavar="DIR", help="folder for the numbers and the figure")
    command.add_argument("--starts", type=int, default=4, metavar="N", help="random starts at each cell (default: 4)")
    command.add_argument("--seed", type=int, default=0, metavar="S", help="seed of the starts (default: 0)")


def run(arguments: Namespace) -> Answer:
    from tegum.compare.diagram.folder import write_phase_diagram

    setting = searchable(arguments.setting)
    with Progress() as progress:
        question = setting, arguments.x, arguments.y, arguments.out, arguments.starts, arguments.seed
        answer = write_phase_diagram(*question, progress, command_line())
    rows = [("kind", "between", "", "points", "from", "to")]
    for one in answer["boundaries"]:
        ends = [_place(end["point"], 5) for end in one["ends"]]
        rows.append((one["kind"], *one["between"], str(len(one["points"])), *ends))
    meetings = "".join(
        f"\nequal losses at {_place(one['point'], 10)}: {' | '.join(one['geometries'])}"
        for one in answer["triple_points"]
    )
    left_out = f"\n{answer['left_out']}" if answer["left_out"] else ""
    return answer, f"{aligned(rows)}{meetings}{left_out}\nwritten: {arguments.out}/phases.json, phases.svg, phases.pdf"


def _place(point: Iterable[float], digits: int) -> str:
    return "(" + ", ".join(f"{value:.{digits}g}" for value in point) + ")"
