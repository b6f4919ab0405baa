"""`tegum optimum`: best weights of a setting by a global search."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from math import floor, log10
from typing import Any

from tegum.commands.answers import Answer, Progress, written
from tegum.commands.inputs import searchable, setting_argument
from tegum.theory.files.weights import check_weights_path, write_weights
from tegum.theory.setting import Setting


def options(command: ArgumentParser) -> None:
    setting_argument(command)
    command.add_argument(
        "--starts", type=int, default=64, metavar="N", help="starts, a quarter structured (default: 64)"
    )
    command.add_argument("--seed", type=int, default=0, metavar="S", help="seed of the starts (default: 0)")
    command.add_argument("--out", metavar="FILE", help="also write the weights, .npz or .safetensors")
    command.add_argument(
        "--certify",
        nargs="?",
        type=int,
        const=15,
        metavar="DIGITS",
        help="prove the loss to so many digits (15 without a number) and that it is a minimum, in ball arithmetic",
    )


def run(arguments: Namespace) -> Answer:
    from tegum.theory.search.optimum import optimum as search
    from tegum.theory.search.scope import require_optimum

    setting = searchable(arguments.setting, require=require_optimum)
    if arguments.out:
        check_weights_path(arguments.out)
    with Progress() as progress:
        best = search(
            setting, arguments.starts, arguments.seed, lambda done, total: progress("starts at rest", done, total)
        )
    if arguments.out:
        write_weights(arguments.out, best.weights)
    answer = {
        "loss": best.loss,
        "error": best.error,
        "geometry": best.geometry,
        "gradient_norm": best.gradient_norm,
        "hessian_min": best.hessian_min,
        "starts": best.starts,
        "hits": best.hits,
        "hessian_error": best.hessian_error,
        "converged": best.converged,
        "abandoned": best.abandoned,
        "structured": best.structured,
        "structured_hits": best.structured_hits,
        "exchanges": best.exchanges,
        "method": best.method,
        "gradient_error": best.gradient_error,
        "hit_tolerance": best.hit_tolerance,
        "sample_loss": best.sample_loss,
        "at_rest": best.at_rest,
        **written(best.weights),
    }
    text = (
        f"{best.geometry}\n"
        f"{_loss(best)}\n"
        f"gradient norm   {best.gradient_norm:.1e}{f' ± {best.gradient_error:.1e}' if best.gradient_error else ''}\n"
        f"least curvature {best.hessian_min:.6g}{f' ± {best.hessian_error:.1e}' if best.hessian_error else ''}\n"
        f"found by        {best.hits} of {best.starts} starts ({best.structured_hits} of {best.structured} structured)"
        f"{f', then {best.exchanges} exchanges of features' if best.exchanges else ''}"
        f"{', not at rest: the loss still falls' if best.at_rest is False else ''}"
    )
    if arguments.certify is not None:
        proved = _certified(best, setting, arguments.certify)
        answer["certificate"] = proved
        text += (
            f"\nproved          {proved['kind']}, loss {proved['decimal']}"
            f"\nenclosed in     [{proved['lower']!r}, {proved['upper']!r}]"
            f"\nsignature       {proved['positive']} +, {proved['negative']} -, {proved['zero']} rotations"
        )
    return answer, text


def _loss(best: Any) -> str:
    """The loss to the digits that are known, with its error."""
    if best.method != "quasi-monte-carlo":
        return f"loss            {best.loss:.15g} ± {best.error:.1e}"
    places = max(0, 1 - int(floor(log10(best.error)))) if best.error else 15
    return (
        f"loss            {best.loss:.{places}f} ± {best.error:.1e} (standard error, {best.method})\n"
        f"where fitted    {best.sample_loss:.{places}f}"
    )


def _certified(best: Any, setting: Setting, digits: int) -> dict[str, Any]:
    from tegum.theory.certify import certify

    proved = certify(best, setting, digits)
    return {key: list(value) if isinstance(value, tuple) else value for key, value in vars(proved).items()}
