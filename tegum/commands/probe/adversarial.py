"""`tegum probe adversarial`: what small changes of the input cost, beside a model without superposition."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from tegum.commands.answers import Answer, Progress, aligned
from tegum.commands.probe.shared import answered, cells_of, entries, model_arguments, spread


def options(command: ArgumentParser) -> None:
    model_arguments(command, densities=True)
    command.add_argument(
        "--share", type=float, default=0.1, metavar="X", help="attack's length over the mean input's (default: 0.1)"
    )
    command.add_argument(
        "--samples", type=int, default=4096, metavar="N", help="inputs attacked one by one (default: 4096)"
    )


def run(arguments: Namespace) -> Answer:
    from tegum.empirical.pictures.probes.adversarial import adversarial_picture
    from tegum.empirical.probes.adversarial import vulnerability

    found = []
    with Progress() as progress:
        cells = cells_of(arguments, progress, values=arguments.densities)
        for done, cell in enumerate(cells, start=1):
            found.append(vulnerability(cell, arguments.share, arguments.samples, arguments.seed))
            progress("attacks", done, len(cells))
    rows: list[tuple[str, ...]] = [
        ("density", "budget", "features per dimension", "on each input", "on all inputs", "without superposition")
    ]
    for one in found:
        ratios = (one.features_per_dimension, one.single / one.baseline, one.shared / one.baseline)
        columns = map(spread, ratios)
        rows.append((f"{one.density:.4g}", f"{one.budget:.4g}", *columns, f"1 ({one.baseline:.4g})"))
    return answered(arguments, {"cells": entries(found)}, aligned(rows), lambda: adversarial_picture(found))
