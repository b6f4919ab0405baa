"""What the probes are given and how they answer: models over an axis, records as JSON, the files of a figure."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from tegum.commands.answers import Answer
from tegum.commands.inputs import setting_argument, weights_arguments
from tegum.theory.files.atomic import claim_folder
from tegum.theory.files.weights import read_weights
from tegum.theory.setting import Setting, read_setting

_TRAINING = ("runs", "steps", "batch_size", "learning_rate", "seed", "device")


def model_arguments(command: ArgumentParser, densities: bool = False) -> None:
    """The setting, the models, trained for it unless given, and the folder of the figure."""
    setting_argument(command)
    weights_arguments(command, required=False)
    if densities:
        command.add_argument(
            "--densities", type=float, nargs="+", metavar="P", help="probe at each of these (default: the setting's)"
        )
    command.add_argument("--runs", type=int, default=4, metavar="N", help="models at each place (default: 4)")
    command.add_argument("--steps", type=int, metavar="N", help="training: optimiser steps")
    command.add_argument("--batch-size", type=int, metavar="N", help="training: inputs per step and model")
    command.add_argument("--learning-rate", type=float, metavar="X", help="training: at the start")
    command.add_argument("--device", metavar="NAME", help="training: auto, cpu, cuda or cuda:N (default: auto)")
    command.add_argument("--seed", type=int, default=0, metavar="S", help="seed of all that is drawn (default: 0)")
    command.add_argument("--out", metavar="DIR", help="folder for the figure, SVG and PDF, and its numbers")


def cells_of(
    arguments: Namespace,
    progress: Callable[[str, int, int], None],
    axis: str = "density",
    values: Sequence[float] | None = None,
) -> list[Any]:
    """The models at each value of the axis; those of a file stand at all of them."""
    from tegum.empirical.plan import Training
    from tegum.empirical.probes.cells import given_cells, settings_over, trained_cells

    setting = read_setting(arguments.setting)
    settings: list[Setting] = [setting] if not values else settings_over(setting, axis, values)
    given = {key: getattr(arguments, key) for key in _TRAINING if getattr(arguments, key) is not None}
    training = Training(**given)
    if arguments.out:
        claim_folder(arguments.out)
    if arguments.weights:
        return given_cells(settings, read_weights(arguments.weights, arguments.layout), training.runs)
    return trained_cells(settings, training, lambda done, total: progress("training", done, total))


def entries(record: Any) -> Any:
    """A record as JSON: arrays and tuples as lists, records in it likewise."""
    if is_dataclass(record):
        return {field.name: entries(getattr(record, field.name)) for field in fields(record)}
    if isinstance(record, np.ndarray):
        return record.tolist()
    if isinstance(record, list | tuple):
        return [entries(one) for one in record]
    return record


def answered(arguments: Namespace, answer: dict[str, Any], text: str, picture: Callable[[], Any]) -> Answer:
    """The answer, once the figure is drawn where it was asked for."""
    if not arguments.out:
        return answer, text
    from tegum.empirical.pictures.probes.frame import write_probe

    paths = write_probe(arguments.out, picture(), answer)
    return answer, f"{text}\nwritten: {', '.join(map(str, paths))}"


def spread(runs: np.ndarray, digits: int = 4) -> str:
    """Mean over runs, with its standard error where there are several."""
    mean = f"{np.mean(runs):.{digits}g}"
    return mean if len(runs) < 2 else f"{mean} ± {np.std(runs, ddof=1) / np.sqrt(len(runs)):.1g}"
