"""`tegum probe steering`: what leaks into the other outputs when one feature's direction is added."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

import numpy as np

from tegum.commands.answers import Answer, Progress, aligned, written
from tegum.commands.probe.shared import answered, cells_of, entries, model_arguments

_DOSES = [-1.0, -0.5, -0.25, 0.25, 0.5, 1.0]


def options(command: ArgumentParser) -> None:
    model_arguments(command)
    command.add_argument(
        "--doses", type=float, nargs="+", default=_DOSES, metavar="S", help=f"magnitudes added (default: {_DOSES})"
    )


def run(arguments: Namespace) -> Answer:
    from tegum.empirical.pictures.probes.steering import steering_picture
    from tegum.empirical.probes.cells import one_model
    from tegum.empirical.probes.steering import steering

    with Progress() as progress:
        cell = cells_of(arguments, progress)[0]
    weights = one_model(cell.weights, 0)
    found = steering(weights, cell.setting, arguments.doses)
    rows = [("dose", "feature", "own output", "all others, sizes summed", "most on", "share of its own")]
    for dose, leak, isolation in zip(found.doses, found.leak, found.isolation, strict=True):
        for feature in range(len(leak)):
            others = np.delete(np.abs(leak[:, feature]), feature)
            most = np.argmax(np.where(np.arange(len(leak)) == feature, -1.0, np.abs(leak[:, feature])))
            told = f"{leak[feature, feature]:.6g}", f"{others.sum():.6g}", str(most) if others.any() else "-"
            rows.append((f"{dose:g}", str(feature), *told, f"{isolation[feature]:.4g}"))
    answer = {**entries(found), **written(weights)}
    return answered(arguments, answer, aligned(rows), lambda: steering_picture(found))
