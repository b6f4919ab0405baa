"""`tegum loss`: exact population loss of given weights."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

import numpy as np

from tegum.commands.answers import Answer, plain
from tegum.commands.inputs import setting_argument, weights_arguments
from tegum.theory.files.weights import read_weights
from tegum.theory.setting import read_setting


def options(command: ArgumentParser) -> None:
    setting_argument(command)
    weights_arguments(command)
    command.add_argument(
        "--method",
        default="auto",
        help="auto, moments, enumeration, meet-in-the-middle, transform or quasi-monte-carlo (default: auto)",
    )
    command.add_argument(
        "--device",
        metavar="NAME",
        help="cpu, cuda or cuda:N: compute with PyTorch's tensors there, all models at once "
        "(default: compiled kernels on the CPU)",
    )


def run(arguments: Namespace) -> Answer:
    from tegum.theory.loss.population import population_loss

    setting = read_setting(arguments.setting)
    weights = read_weights(arguments.weights, arguments.layout)
    found = population_loss(weights, setting, arguments.method, device=arguments.device)
    answer = {
        "loss": plain(found.loss),
        "error": plain(found.error),
        "per_feature": plain(found.per_feature),
        "penalty": plain(found.penalty),
        "method": found.method,
    }
    models = zip(np.atleast_1d(found.loss), np.atleast_1d(found.error), strict=True)
    return answer, "\n".join(f"loss {value:.15g}  ± {error:.1e}  ({found.method})" for value, error in models)
