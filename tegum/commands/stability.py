"""`tegum stability`: where a geometry stops being a local minimum of the full loss, with proved digits."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any

from tegum.commands.answers import Answer, Progress, aligned, plain
from tegum.theory.errors import InputError
from tegum.theory.setting import read_setting


def options(command: ArgumentParser) -> None:
    command.add_argument("setting", metavar="SETTING", nargs="?", help="setting file (TOML)")
    command.add_argument("--geometry", metavar="NAME", help="name of a geometry")
    command.add_argument("--over", metavar="AXIS", default="density", help="density, density[i] or importance[i]")
    command.add_argument("--from", dest="start", type=float, metavar="X", help="start of the range")
    command.add_argument("--to", dest="stop", type=float, metavar="Y", help="end of the range")
    command.add_argument("--digits", type=int, default=15, metavar="D", help="digits to prove (default: 15)")
    command.add_argument(
        "--catalogue",
        nargs="?",
        type=int,
        const=8,
        metavar="VERTICES",
        help="instead: every catalogue entry of at most so many vertices (8 without a number), alone in its dimensions",
    )


def run(arguments: Namespace) -> Answer:
    named = [arguments.setting, arguments.geometry, arguments.start, arguments.stop]
    if arguments.catalogue is not None:
        if any(one is not None for one in named):
            raise InputError("stability takes either --catalogue or SETTING --geometry NAME --from X --to Y")
        return _catalogue_stability(arguments.catalogue, arguments.digits)
    if any(one is None for one in named):
        raise InputError("stability needs SETTING --geometry NAME --from X --to Y, or --catalogue")
    from tegum.theory.stability.limit import stability_limit

    found = stability_limit(
        arguments.geometry,
        read_setting(arguments.setting),
        arguments.over,
        arguments.start,
        arguments.stop,
        arguments.digits,
    )
    text = (
        f"{found.axis} = {found.decimal}\n"
        f"enclosed in     [{found.lower!r}, {found.upper!r}]\n"
        f"stable          {found.stable}\n"
        f"negative modes  {found.negative[0]} below, {found.negative[1]} above"
    )
    return _limit(found), text


def _limit(found: Any) -> dict[str, Any]:
    keys = ("value", "lower", "upper", "decimal", "digits", "stable", "kind")
    return {key: getattr(found, key) for key in keys} | {
        "negative": list(found.negative),
        "W": plain(found.weights.W),
        "b": plain(found.weights.b),
        "direction_W": plain(found.direction.W),
        "direction_b": plain(found.direction.b),
    }


def _catalogue_stability(vertices: int, digits: int) -> Answer:
    from tegum.theory.stability.catalogue import catalogue_stability

    with Progress() as progress:
        found = catalogue_stability(
            vertices, vertices - 1, digits, lambda done, total: progress("catalogue entries", done, total)
        )
    answer = [
        {
            "geometry": one.factor.name,
            "vertices": one.factor.vertices,
            "dimension": one.factor.dimension,
            "verdict": one.verdict,
            "reason": one.reason,
            "stable": [list(span) for span in one.stable],
            "limits": [
                _limit(limit)
                | {
                    "broken": {
                        "value": broken.value,
                        "symmetric": broken.symmetric,
                        "loss": broken.broken,
                        "error": broken.error,
                        "geometry": broken.geometry,
                        "distortion": broken.distortion,
                        "confirmed": broken.confirmed,
                    }
                }
                for limit, broken in one.limits
            ],
        }
        for one in found
    ]
    rows = [("geometry", "verdict", "limit", "stable", "just beyond", "lower by")]
    for one in found:
        if not one.limits:
            spans = ", ".join(f"{low:.4g} to {high:.4g}" for low, high in one.stable)
            seen = f"a minimum where scanned: {spans or 'nowhere'}" if one.reason else ""
            rows.append((one.factor.name, one.verdict, "", "", seen, ""))
        for limit, broken in one.limits:
            won = f"{broken.symmetric - broken.broken:.3g}" + ("" if broken.confirmed else " (not confirmed)")
            rows.append((one.factor.name, one.verdict, limit.decimal, limit.stable, broken.geometry, won))
    return {"catalogue": answer}, aligned(rows)
