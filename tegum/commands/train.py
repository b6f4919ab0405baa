"""`tegum train`: train an ensemble and evaluate it by the exact loss."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from tegum.commands.answers import Answer, Progress, aligned, plain
from tegum.commands.inputs import searchable, setting_argument
from tegum.theory.files.atomic import claim_folder


def options(command: ArgumentParser) -> None:
    setting_argument(command)
    command.add_argument("--out", required=True, metavar="DIR", help="folder for the trained ensemble")
    command.add_argument("--runs", type=int, metavar="N", help="models (default: 16)")
    command.add_argument("--seed", type=int, metavar="S", help="seed (default: 0)")
    command.add_argument("--steps", type=int, metavar="N", help="optimiser steps")
    command.add_argument("--batch-size", type=int, metavar="N", help="inputs per step and model")
    command.add_argument("--optimizer", metavar="NAME", help="adam or adamw")
    command.add_argument("--learning-rate", type=float, metavar="X", help="at the start")
    command.add_argument("--schedule", metavar="NAME", help="constant or cosine")
    command.add_argument("--device", metavar="NAME", help="auto, cpu, cuda or cuda:N (default: auto)")


def run(arguments: Namespace) -> Answer:
    from tegum.compare.polish import polish
    from tegum.empirical.ensemble import save_ensemble
    from tegum.empirical.training import train as trained
    from tegum.theory.geometry.identify import identify_ensemble
    from tegum.theory.loss.law import law_of
    from tegum.theory.loss.population import population_loss
    from tegum.theory.search.optimum import CRITICAL_TOLERANCE

    setting = searchable(arguments.setting, "train")
    claim_folder(arguments.out)
    options = ("runs", "seed", "steps", "batch_size", "optimizer", "learning_rate", "schedule", "device")
    given = {key: getattr(arguments, key) for key in options if getattr(arguments, key) is not None}
    with Progress() as progress:
        ensemble = trained(setting, **given, progress=lambda done, total: progress("training", done, total))
    save_ensemble(arguments.out, ensemble)
    exact = population_loss(ensemble.weights, setting)
    settled = polish(ensemble.weights, law_of(setting, len(ensemble.runs)))
    names = [one.geometry for one in identify_ensemble(settled.weights.W, tolerance=CRITICAL_TOLERANCE)]
    answer = {
        "runs": len(ensemble.runs),
        "batch_loss": plain(ensemble.batch_loss),
        "loss": plain(exact.loss),
        "error": plain(exact.error),
        "geometry": names,
    }
    rows = [("run", "loss", "batch loss", "geometry")]
    for run, (value, batch, name) in enumerate(zip(answer["loss"], answer["batch_loss"], names, strict=True)):
        rows.append((str(run), f"{value:.9g}", f"{batch:.4g}", name))
    return answer, aligned(rows)
