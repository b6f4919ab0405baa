"""`tegum study`: theory over an axis, training, comparison and report in one; run again to resume."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from tegum.commands.answers import Answer, Progress, aligned, command_line


def options(command: ArgumentParser) -> None:
    command.add_argument("plan", metavar="PLAN", help="plan file (TOML)")
    command.add_argument(
        "--out", required=True, metavar="DIR", help="folder for the report and all intermediate results"
    )


def run(arguments: Namespace) -> Answer:
    from tegum.compare.agreement import agreement
    from tegum.compare.report import write_study_report
    from tegum.compare.study import study as studied
    from tegum.empirical.plan import read_plan

    plan = read_plan(arguments.plan)
    with Progress() as progress:
        found = studied(plan, arguments.out, progress)
    report = write_study_report(found, arguments.out, command_line())
    cells = agreement(found)
    answer = {
        "boundaries": [
            {
                "between": list(one.between),
                "axis": one.axis,
                "value": one.value,
                "lower": one.lower,
                "upper": one.upper,
                "decimal": one.decimal,
                "order": one.order,
            }
            for one in found.boundaries
        ],
        "agreement": cells,
        "report": str(report),
    }
    rows = [(plan.axes[0].key, "predicted", "best learned", "share", "gap")]
    for cell in cells:
        rows.append(
            (f"{cell['value']:.4g}", cell["predicted"], cell["best"], f"{cell['fraction']:.2f}", f"{cell['gap']:.2g}")
        )
    crossings = "\n".join(f"{one.below} | {one.above} at {one.axis} = {one.decimal}" for one in found.boundaries)
    return answer, f"{aligned(rows)}\n{crossings}\nreport: {report}"
