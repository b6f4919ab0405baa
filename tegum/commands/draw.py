"""`tegum draw`: pictures of any weights or runs: matrices, vectors, norms, activations, training."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from tegum.commands.answers import Answer, Progress
from tegum.commands.dynamics import write_course
from tegum.commands.inputs import weights_arguments
from tegum.theory.errors import InputError
from tegum.theory.files.atomic import claim_folder
from tegum.theory.files.weights import read_weights
from tegum.theory.setting import Setting, read_setting
from tegum.theory.weights import Weights


def options(command: ArgumentParser) -> None:
    weights_arguments(command, required=False)
    command.add_argument("--runs", metavar="DIR", help="folder of a trained ensemble or of its dynamics, instead")
    command.add_argument("--setting", metavar="FILE", help="setting of the weights: which values, activation, readout")
    command.add_argument("--model", type=int, metavar="K", help="model of an ensemble (default: 0, of runs the best)")
    command.add_argument("--out", required=True, metavar="DIR", help="folder for the pictures")


def run(arguments: Namespace) -> Answer:
    from tegum.empirical.dynamics.course import course
    from tegum.empirical.dynamics.history import holds_history, load_history
    from tegum.empirical.pictures.draw import model_pictures
    from tegum.empirical.pictures.picture import write_pictures
    from tegum.empirical.pictures.subject import subject

    if (arguments.weights is None) == (arguments.runs is None):
        raise InputError("draw takes either --weights FILE or --runs DIR")
    if arguments.runs is not None and arguments.setting is not None:
        raise InputError("--setting goes with --weights; runs know their own")
    weights, setting, chosen = _of_weights(arguments) if arguments.runs is None else _of_runs(arguments)
    claim_folder(arguments.out)
    one = subject(weights, setting)
    pictures = [str(path) for path in write_pictures(arguments.out, model_pictures(one))]
    if arguments.runs is not None and holds_history(arguments.runs):
        with Progress() as progress:
            history = load_history(arguments.runs)
            found = course(history, lambda done, total: progress("exact losses", done, total))
        pictures += write_course(found, chosen, arguments.out)[1]
    answer = {"model": chosen, "geometry": one.identity.geometry, "pictures": pictures}
    return answer, f"model {chosen}: {one.identity.geometry}\n" + "\n".join(pictures)


def _of_weights(arguments: Namespace) -> tuple[Weights, Setting, int]:
    from tegum.empirical.models import model_of
    from tegum.theory.loss.population import check_shape

    weights = read_weights(arguments.weights, arguments.layout)
    chosen = _chosen(arguments.model, 0, len(weights.W) if weights.W.ndim == 3 else 1)
    one = model_of(weights, chosen) if weights.W.ndim == 3 else weights
    hidden, features = one.W.shape
    if arguments.setting is None:
        # Only what the model computes is drawn, which no density changes.
        return one, Setting(features, hidden, 0.5, tied=one.W_out is None), chosen
    setting = read_setting(arguments.setting)
    check_shape(one, setting)
    return one, setting, chosen


def _of_runs(arguments: Namespace) -> tuple[Weights, Setting, int]:
    from tegum.empirical.best import best_of
    from tegum.empirical.ensemble import load_ensemble
    from tegum.empirical.models import model_of

    ensemble = load_ensemble(arguments.runs)
    if arguments.model is None:
        best = min(best_of(ensemble), key=lambda one: one.loss)
        return best.weights, best.setting, best.place
    chosen = _chosen(arguments.model, 0, len(ensemble.runs))
    if ensemble.diverged[chosen]:
        raise InputError(f"--model {chosen}: this run diverged, there is nothing to draw; choose another")
    return model_of(ensemble.weights, chosen), ensemble.settings[chosen], chosen


def _chosen(given: int | None, default: int, count: int) -> int:
    chosen = default if given is None else given
    if not 0 <= chosen < count:
        raise InputError(f"--model {chosen} is outside [0, {count - 1}]")
    return chosen
