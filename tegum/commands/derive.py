"""`tegum derive`: from learned weights to an exact statement about them, step by step."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from tegum.commands.answers import Answer
from tegum.commands.inputs import searchable, setting_argument, weights_arguments
from tegum.theory.files.weights import read_weights


def options(command: ArgumentParser) -> None:
    setting_argument(command)
    weights_arguments(command)
    command.add_argument("--digits", type=int, default=30, metavar="D", help="digits that are proved (default: 30)")
    command.add_argument(
        "--seconds", type=float, default=60.0, metavar="S", help="that a step may take before it is undecided (60)"
    )


def run(arguments: Namespace) -> Answer:
    from tegum.compare.derivation.data import derivation_data
    from tegum.compare.derivation.derivation import derived
    from tegum.compare.derivation.steps import steps

    setting = searchable(arguments.setting, "a derivation")
    found = derived(read_weights(arguments.weights, arguments.layout), setting, arguments.digits, arguments.seconds)
    lines = []
    for step in steps(found):
        lines.append(f"{step.number} {step.name}" + ("" if step.status.kind == "done" else f": {step.status.kind}"))
        lines += [f"    {line}" for line in step.found]
        lines += [] if step.found or not step.status.reason else [f"    {step.status.reason}"]
    return derivation_data(found), "\n".join(lines)
