"""`tegum diagnose`: what each feature's loss is made of, and the share it has of the space."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any

import numpy as np

from tegum.commands.answers import Answer, aligned, plain
from tegum.commands.inputs import setting_argument, weights_arguments
from tegum.theory.errors import InputError
from tegum.theory.files.weights import read_weights
from tegum.theory.setting import read_setting
from tegum.theory.weights import Weights


def options(command: ArgumentParser) -> None:
    setting_argument(command)
    weights_arguments(command)
    command.add_argument("--out", metavar="FILE", help="also draw it, .svg or .pdf (one model only)")


def run(arguments: Namespace) -> Answer:
    from tegum.theory.diagnostics import dimensionality, dimensions_per_feature, loss_split, superposition

    setting, weights = read_setting(arguments.setting), read_weights(arguments.weights, arguments.layout)
    ensemble = weights.W.ndim == 3
    if arguments.out and (ensemble or not arguments.out.endswith((".svg", ".pdf"))):
        raise InputError(f"--out {arguments.out!r} takes one model, and a file that ends in .svg or .pdf")
    models = [Weights(W, b) for W, b in zip(weights.W, weights.b, strict=True)] if ensemble else [weights]
    splits = [loss_split(one, setting) for one in models]
    keys = ("loss", "representation", "received", "caused", "interference", "error")
    found = {
        "dimensionality": [dimensionality(one.W) for one in models],
        "capacity": [dimensionality(one.W) for one in models],
        "dimensions_per_feature": [dimensions_per_feature(one.W) for one in models],
        "superposition": [superposition(one.W) for one in models],
    } | {key: [getattr(split, key) for split in splits] for key in keys}
    if arguments.out:
        from tegum.compare.report.diagnosis import write_diagnosis

        write_diagnosis(arguments.out, weights, splits[0])
    answer = {key: [plain(one) for one in values] for key, values in found.items()}
    answer["dimensions_per_feature"] = [x if np.isfinite(x) else None for x in answer["dimensions_per_feature"]]
    text = "\n\n".join(_split_table(one, split) for one, split in zip(models, splits, strict=True))
    return (answer if ensemble else {key: values[0] for key, values in answer.items()}), text


def _split_table(weights: Weights, split: Any) -> str:
    from tegum.theory.diagnostics import dimensionality, superposition

    rows: list[tuple[str, ...]] = [
        ("feature", "dimensionality", "superposition", "loss", "representation", "received", "caused")
    ]
    columns = (
        dimensionality(weights.W),
        superposition(weights.W),
        split.loss,
        split.representation,
        split.received,
        split.caused,
    )
    for feature, values in enumerate(zip(*columns, strict=True)):
        rows.append((str(feature), *(f"{value:.6g}" for value in values)))
    sums = (split.loss, split.representation, split.received, split.caused)
    rows.append(("sum", f"{columns[0].sum():.6g}", "", *(f"{one.sum():.6g}" for one in sums)))
    return aligned(rows)
