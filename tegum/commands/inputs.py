"""What several commands are given: a setting, a file of weights."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from typing import Any

from tegum.theory.files.layouts import FORMS, described
from tegum.theory.setting import Setting, read_setting

#: Options of `Training` that are about when a run stops.
_STOPS = (
    ("tolerance", float, "X", "stop a model once its exact gradient's norm is at most this"),
    ("stop_loss", float, "X", "stop a model once its exact loss is at most this"),
)
#: The others: name, type, what the help calls its value, help.
_TRAINING = (
    ("runs", int, "N", "models (default: 16)"),
    ("seed", int, "S", "seed (default: 0)"),
    ("steps", int, "N", "optimiser steps (default: 3000)"),
    ("batch_size", int, "N", "inputs per step and model (default: 256)"),
    ("optimizer", str, "NAME", "adam (default), adamw or sgd"),
    ("learning_rate", float, "X", "highest learning rate (default: 0.01)"),
    ("momentum", float, "X", "of sgd (default: 0.9)"),
    ("weight_decay", float, "X", "of adamw (default: 0.01)"),
    ("schedule", str, "NAME", "cosine (default) or constant learning rate"),
    ("warmup", int, "N", "steps over which the learning rate rises (default: 0)"),
    ("start", str, "NAME", "first weights: xavier (default), kaiming, normal, orthogonal or notebook"),
    ("data", str, "NAME", "fresh inputs (default), the population (exact gradient) or a finite dataset"),
    ("dataset_size", int, "N", "inputs in each model's dataset (default: 1024)"),
    ("device", str, "NAME", "auto (default), cpu, cuda or cuda:N"),
    ("kernel", str, "NAME", "auto (default), reference, compiled, batched, fused or population"),
)


def training_arguments(command: ArgumentParser, stops: bool) -> None:
    for name, kind, value, text in _TRAINING + (_STOPS if stops else ()):
        command.add_argument(f"--{name.replace('_', '-')}", type=kind, metavar=value, help=text)


def training_given(arguments: Namespace) -> dict[str, Any]:
    """The options of `Training` that the command line names."""
    names = [name for name, *_ in _TRAINING + _STOPS]
    return {name: value for name in names if (value := getattr(arguments, name, None)) is not None}


def setting_argument(command: ArgumentParser) -> None:
    command.add_argument("setting", metavar="SETTING", help="setting file (TOML)")


def weights_arguments(command: ArgumentParser, required: bool = True) -> None:
    others = "; ".join(f"{name}: {described(name)}" for name in FORMS)
    command.add_argument(
        "--weights", metavar="FILE", required=required, help="weights file: .npz, .safetensors or a PyTorch state_dict"
    )
    command.add_argument(
        "--layout",
        default="tegum",
        metavar="NAME",
        help="whose names and axes the weights file has. tegum (the default; .npz or .safetensors): W [hidden, "
        f"features], b [features]; {others}",
    )


def searchable(path: str, only_basic: str = "", require: Callable[[Setting], None] | None = None) -> Setting:
    """A setting that the command takes; refused before anything is written or computed for one that it does not.

    ``only_basic`` names the command if it takes independent uniform features and tied weights only; ``require`` is
    `scope.require_enumerable` unless given.
    """
    from tegum.theory.loss.law import require_basic
    from tegum.theory.search.scope import require_enumerable

    setting = read_setting(path)
    if only_basic:
        require_basic(setting, only_basic)
    (require or require_enumerable)(setting)
    return setting
