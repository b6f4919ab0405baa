"""`tegum study`: theory over a plan's axes, training, comparison and report in one; run again to resume."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from tegum.commands.answers import DIVERGED, Answer, Progress, aligned, command_line
from tegum.theory.errors import InputError

if TYPE_CHECKING:
    from tegum.compare.study import Study


def options(command: ArgumentParser) -> None:
    command.add_argument("plan", metavar="PLAN", nargs="?", help="plan file (TOML)")
    command.add_argument(
        "--runs", metavar="DIR", help="folder of a finished sweep, instead of PLAN: nothing is trained again"
    )
    command.add_argument(
        "--out", required=True, metavar="DIR", help="folder for the report and all intermediate results"
    )


def run(arguments: Namespace) -> Answer:
    from tegum.compare.agreement import agreement, overall
    from tegum.compare.report import write_study_report
    from tegum.compare.report.data import study_boundaries

    found = _studied(arguments)
    report = write_study_report(found, arguments.out, command_line())
    cells, together = agreement(found), overall(found)
    answer = {
        "boundaries": study_boundaries(found),
        "agreement": cells,
        "overall": together,
        "report": str(report),
    }
    keys = [axis.key for axis in found.plan.axes]
    rows = [(*keys, "predicted", "best learned", "share", "gap", "why")]
    for cell in cells:
        at = (f"{value:.4g}" for value in cell["at"].values())
        reason = cell["why"]["reason"] if cell["why"] else ""
        rows.append((*at, cell["predicted"], cell["best"], f"{cell['fraction']:.2f}", f"{cell['gap']:.2g}", reason))
    crossings = "".join(f"\n{one.below} | {one.above} at {one.axis} = {one.decimal}" for one in found.boundaries)
    lines = [_rate("runs", together["hit_rate"]), _rate("cells' best runs", together["best"])]
    lost = sum(one["runs"] for one in together["basins"] if one["geometry"] == DIVERGED)
    lines += [f"{lost} runs diverged"] if lost else []
    lines += [f"second search at {cell['at']}: {cell['resolution']}" for cell in cells if cell["resolution"]]
    return answer, "\n".join([aligned(rows) + crossings, *lines, f"report: {report}"])


def _studied(arguments: Namespace) -> Study:
    from tegum.compare.study import study, study_of
    from tegum.empirical.plan import read_plan

    if (arguments.plan is None) == (arguments.runs is None):
        raise InputError("study takes either PLAN or --runs DIR")
    with Progress() as progress:
        if arguments.runs is not None:
            return study_of(arguments.runs, arguments.out, progress)
        return study(read_plan(arguments.plan), arguments.out, progress)


def _rate(what: str, rate: dict[str, Any]) -> str:
    low, high = rate["interval"]
    return f"{rate['hits']} of {rate['trials']} {what} are the predicted optimum (95%: {low:.3f} to {high:.3f})"
