"""`tegum probe computation`: how many features each neuron of a ReLU hidden layer works for."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from tegum.commands.answers import Answer, Progress, aligned
from tegum.commands.probe.shared import answered, cells_of, entries, model_arguments, spread


def options(command: ArgumentParser) -> None:
    model_arguments(command, densities=True)
    command.add_argument(
        "--threshold",
        type=float,
        default=0.2,
        metavar="X",
        help="a neuron works for features of at least this share of its strongest one's strength (default: 0.2)",
    )


def run(arguments: Namespace) -> Answer:
    from tegum.empirical.pictures.probes.computation import computation_picture
    from tegum.empirical.probes.computation import computation, neuron_strengths

    with Progress() as progress:
        cells = cells_of(arguments, progress, values=arguments.densities)
    found = [computation(cell, arguments.threshold) for cell in cells]
    rows: list[tuple[str, ...]] = [
        ("density", "best loss", "monosemantic", "polysemantic", "dead", "unsure", "aligned", "by chance")
    ]
    for one in found:
        counts = (one.monosemantic, one.polysemantic, one.dead, one.unsure, one.aligned, one.aligned_by_chance)
        loss = f"{one.loss[0]:.4g} ± {one.error[0]:.1g}"
        rows.append((f"{one.density:.4g}", loss, *(spread(count, 3) for count in counts)))
    strengths = [neuron_strengths(cell)[0] for cell in cells]
    answer = {"cells": entries(found), "strengths": entries(strengths)}
    return answered(arguments, answer, aligned(rows), lambda: computation_picture(found, strengths))
