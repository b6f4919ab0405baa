"""What several commands are given: a setting, a file of weights."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable

from tegum.theory.setting import Setting, read_setting


def setting_argument(command: ArgumentParser) -> None:
    command.add_argument("setting", metavar="SETTING", help="setting file (TOML)")


def weights_arguments(command: ArgumentParser, required: bool = True) -> None:
    command.add_argument("--weights", metavar="FILE", required=required, help="weights file, .npz or .safetensors")
    command.add_argument(
        "--layout",
        default="tegum",
        metavar="NAME",
        help="layout of the weights file: tegum (W [hidden, features], b [features]; the default) or "
        "elhage2022 (the published notebook's W [instance, feature, hidden], b_final, in a PyTorch file)",
    )


def searchable(path: str, only_basic: str = "", require: Callable[[Setting], None] | None = None) -> Setting:
    """A setting that the command takes; refused before anything is written or computed for one that it does not.

    ``only_basic`` names the command if it takes independent uniform features and tied weights only; ``require`` is
    `search.require_enumerable` unless given.
    """
    from tegum.theory.loss.law import require_basic
    from tegum.theory.search.optimum import require_enumerable

    setting = read_setting(path)
    if only_basic:
        require_basic(setting, only_basic)
    (require or require_enumerable)(setting)
    return setting
