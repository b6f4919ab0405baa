"""`tegum compare`: learned weights against the prediction, with a report."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

import numpy as np

from tegum.commands.answers import Answer, aligned, command_line
from tegum.commands.inputs import searchable, setting_argument, weights_arguments
from tegum.theory.errors import InputError
from tegum.theory.files.atomic import claim_folder
from tegum.theory.files.weights import read_weights

if TYPE_CHECKING:
    from tegum.compare.verdict import Comparison
    from tegum.theory.weights import Weights


def options(command: ArgumentParser) -> None:
    setting_argument(command)
    weights_arguments(command, required=False)
    command.add_argument("--runs", metavar="DIR", help="folder of a trained ensemble, instead of --weights")
    command.add_argument("--out", required=True, metavar="DIR", help="folder for the report")
    command.add_argument("--starts", type=int, default=64, metavar="N", help="starts of the search (default: 64)")
    command.add_argument("--seed", type=int, default=0, metavar="S", help="seed of the search (default: 0)")


def run(arguments: Namespace) -> Answer:
    from tegum.compare.report import write_comparison_report
    from tegum.compare.verdict import compare as compared
    from tegum.theory.loss.population import check_shape
    from tegum.theory.search.scope import require_searchable

    if (arguments.weights is None) == (arguments.runs is None):
        raise InputError("compare takes either --weights FILE or --runs DIR")
    setting = searchable(arguments.setting, require=require_searchable)
    weights, diverged = _learned(arguments)
    check_shape(weights, setting)
    claim_folder(arguments.out)
    found = compared(weights, setting, arguments.starts, arguments.seed, diverged)
    report = write_comparison_report(found, arguments.out, command_line())
    return _answer(found, weights.W.ndim == 2) | {"report": str(report)}, f"{_table(found)}\nreport: {report}"


def _learned(arguments: Namespace) -> tuple[Weights, np.ndarray | None]:
    """The weights, and which of them diverged where that is known."""
    from tegum.empirical.ensemble import load_ensemble
    from tegum.empirical.sweep.folder import holds_sweep

    if arguments.weights is not None:
        return read_weights(arguments.weights, arguments.layout), None
    if holds_sweep(arguments.runs):
        raise InputError(f"{arguments.runs} holds a sweep of many settings; tegum study --runs reports on it")
    ensemble = load_ensemble(arguments.runs)
    return ensemble.weights, ensemble.diverged


def _answer(found: Comparison, one: bool) -> dict[str, Any]:
    """What is said of `one` model, or of each of several."""
    from tegum.compare.agreement import records_of, statistics, why

    def each(key: str) -> Any:
        values = [getattr(verdict, key) for verdict in found.verdicts]
        return values[0] if one else values

    return {
        "geometry": each("geometry"),
        "predicted": found.optimum.geometry,
        "matches": each("matches"),
        "loss": each("loss"),
        "optimum": found.optimum.loss,
        "gap": each("gap"),
        "verdict": each("kind"),
        "statistics": statistics(records_of(found)),
        "why": why(found, None),
        "resolution": found.resolution.outcome if found.resolution else None,
    }


def _table(found: Comparison) -> str:
    from tegum.compare.verdict import VERDICTS

    rows = [("run", "geometry", "loss", "gap", "verdict")]
    for run, verdict in enumerate(found.verdicts):
        rows.append((str(run), verdict.geometry, f"{verdict.loss:.9g}", f"{verdict.gap:.3g}", verdict.kind))
    kinds = "\n".join(f"{kind}: {VERDICTS[kind]}" for kind in sorted({verdict.kind for verdict in found.verdicts}))
    predicted = f"{found.optimum.geometry}, loss {found.optimum.loss:.12g} ± {found.optimum.error:.1e}"
    return f"predicted: {predicted}\n{aligned(rows)}\n{kinds}"
