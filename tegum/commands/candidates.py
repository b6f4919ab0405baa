"""`tegum candidates`: every catalogue geometry that fits a setting, optimised and ranked."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any

from tegum.commands.answers import Answer, aligned, plain, written
from tegum.commands.inputs import setting_argument
from tegum.theory.setting import Setting, read_setting


def options(command: ArgumentParser) -> None:
    setting_argument(command)
    command.add_argument("--breaking", action="store_true", help="also say how each unstable one breaks, and to what")


def run(arguments: Namespace) -> Answer:
    from tegum.theory.candidates.candidates import candidates as ranked

    setting = read_setting(arguments.setting)
    found = ranked(setting)
    keys = ("geometry", "loss", "gradient_norm", "hessian_min", "stable")
    answer = {"candidates": [{key: getattr(one, key) for key in keys} for one in found]}
    rows = [("geometry", "loss", "least curvature", "")]
    for one, entry in zip(found, answer["candidates"], strict=True):
        stability = _stability(one)
        if arguments.breaking:
            broken = entry["breaking"] = _breaking(one, setting)
            stability += f"; breaks to {broken['breaks_to']}, loss {broken['loss']:.12g}" if broken else ""
        rows.append((one.geometry, f"{one.loss:.12g}", f"{one.hessian_min:.4g}", stability))
    return answer, aligned(rows)


def _stability(candidate: Any) -> str:
    if not candidate.critical:
        return "not critical"
    return "stable" if candidate.stable else "flat" if candidate.valley else "not a minimum"


def _breaking(candidate: Any, setting: Setting) -> dict[str, Any] | None:
    """How a candidate breaks; None if it does not."""
    from tegum.theory.candidates.breaking import breaking

    found = breaking(candidate, setting)
    if found is None:
        return None
    return {
        "curvature": found.curvature,
        "direction": {"W": plain(found.W), "b": plain(found.b)},
        "breaks_to": found.breaks_to,
        "loss": found.loss,
        **written(found.weights),
    }
