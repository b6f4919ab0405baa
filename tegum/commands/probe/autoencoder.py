"""`tegum probe autoencoder`: how well sparse autoencoders recover the features from hidden states."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from tegum.commands.answers import Answer, Progress, aligned
from tegum.commands.probe.shared import answered, cells_of, entries, model_arguments, spread
from tegum.theory.errors import InputError

_PENALTIES = [0.1, 0.3]


def options(command: ArgumentParser) -> None:
    model_arguments(command, densities=True)
    command.add_argument(
        "--penalties", type=float, nargs="+", metavar="L", help=f"ReLU + L1 with these λ (default: {_PENALTIES})"
    )
    command.add_argument("--top-k", type=int, nargs="+", metavar="K", help="TopK with these k, instead of the L1 term")
    command.add_argument("--units", type=int, metavar="N", help="of each autoencoder (default: twice the features)")
    command.add_argument(
        "--autoencoder-steps", type=int, default=2000, metavar="N", help="steps of each autoencoder (default: 2000)"
    )


def run(arguments: Namespace) -> Answer:
    from tegum.empirical.pictures.probes.autoencoder import autoencoder_picture
    from tegum.empirical.probes.autoencoder import Dictionary
    from tegum.empirical.probes.recovery import recovery

    if arguments.penalties and arguments.top_k:
        raise InputError("the probe takes either --penalties or --top-k")
    kind = "topk" if arguments.top_k else "l1"
    with Progress() as progress:
        cells = cells_of(arguments, progress, values=arguments.densities)
        units = arguments.units if arguments.units is not None else 2 * cells[0].setting.count
        dictionary = Dictionary(kind, units, arguments.autoencoder_steps, seed=arguments.seed)
        strengths = arguments.top_k or arguments.penalties or _PENALTIES
        found = recovery(cells, strengths, dictionary, lambda done, total: progress("autoencoders", done, total))
    rows: list[tuple[str, ...]] = [
        ("density", kind, "mean max cosine", "control", "chance", "dead", "on", "unexplained")
    ]
    for one in found:
        for place, strength in enumerate(one.strength):
            measured = (one.cosine, one.control)
            rest = (one.dead, one.active, one.unexplained)
            columns = *(spread(each[place]) for each in measured), f"{one.chance:.4g}"
            rows.append((f"{one.density:.4g}", f"{strength:g}", *columns, *(spread(each[place]) for each in rest)))
    answer = {"kind": kind, "units": units, "cells": entries(found)}
    return answered(arguments, answer, aligned(rows), lambda: autoencoder_picture(found, kind))
