"""`tegum probe penalty`: the L1 penalty at which the geometry changes, predicted and learned."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from tegum.commands.answers import Answer, Progress, aligned
from tegum.commands.probe.shared import answered, cells_of, entries, model_arguments


def options(command: ArgumentParser) -> None:
    model_arguments(command)
    command.add_argument("--penalties", type=float, nargs="+", required=True, metavar="L", help="values of l1, rising")
    command.add_argument("--starts", type=int, default=64, metavar="N", help="starts of each search (default: 64)")
    command.add_argument("--digits", type=int, default=15, metavar="D", help="digits of a crossing (default: 15)")


def run(arguments: Namespace) -> Answer:
    from tegum.empirical.pictures.probes.penalty import penalty_picture
    from tegum.empirical.probes.penalty import penalty

    with Progress() as progress:
        cells = cells_of(arguments, progress, "l1", arguments.penalties)
        found = penalty(
            cells,
            arguments.starts,
            arguments.seed,
            arguments.digits,
            lambda done, total: progress("penalties", done, total),
        )
    rows = [("l1", "predicted", "loss", "best learned", "its rest", "runs of it")]
    for point in found.points:
        best, count = point.learned[0], point.learned.count(point.learned[0])
        losses = f"{point.loss:.9g}", best, f"{point.rest_loss[0]:.9g}"
        rows.append((f"{point.l1:g}", point.predicted, *losses, f"{count}/{len(point.learned)}"))
    lines = [aligned(rows)]
    for one in found.predicted:
        where = one.decimal or f"between {one.start:g} and {one.stop:g} ({one.why})"
        lines.append(f"predicted  {one.below} | {one.above} at l1 = {where}")
    lines += [f"learned    {one.below} | {one.above} between {one.start:g} and {one.stop:g}" for one in found.learned]
    return answered(arguments, entries(found), "\n".join(lines), lambda: penalty_picture(found))
