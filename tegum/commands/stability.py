"""`tegum stability`: where geometries stop being local minima of the full loss, with proved digits."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tegum.commands.answers import Answer, Progress, aligned, command_line, plain
from tegum.theory.errors import InputError
from tegum.theory.setting import Setting, read_setting

if TYPE_CHECKING:
    from tegum.theory.stability.broken import Broken
    from tegum.theory.stability.catalogue import BranchStability


def options(command: ArgumentParser) -> None:
    command.add_argument("setting", metavar="SETTING", nargs="?", help="setting file (TOML)")
    command.add_argument("--geometry", metavar="NAME", help="name of a geometry")
    command.add_argument("--over", metavar="AXIS", default="density", help="density, density[i] or importance[i]")
    command.add_argument("--from", dest="start", type=float, metavar="X", help="start of the range")
    command.add_argument("--to", dest="stop", type=float, metavar="Y", help="end of the range")
    command.add_argument("--digits", type=int, default=15, metavar="D", help="digits to prove (default: 15)")
    command.add_argument("--every", action="store_true", help="instead: every geometry of SETTING, over the density")
    command.add_argument("--page", metavar="FILE.md", help="with --every or --catalogue: write the table as a page")
    command.add_argument(
        "--catalogue",
        nargs="?",
        type=int,
        const=8,
        metavar="VERTICES",
        help="instead: every catalogue entry of at most so many vertices (8 without a number), alone in its dimensions",
    )


def run(arguments: Namespace) -> Answer:
    named = [arguments.geometry, arguments.start, arguments.stop]
    whole = arguments.every or arguments.catalogue is not None
    if whole and any(one is not None for one in named):
        raise InputError("stability takes --catalogue, SETTING --every, or SETTING --geometry NAME --from X --to Y")
    if arguments.catalogue is not None and not arguments.every and arguments.setting is None:
        return _catalogue(arguments.catalogue, arguments.digits, arguments.page)
    if arguments.every and arguments.catalogue is None and arguments.setting is not None:
        return _every(read_setting(arguments.setting), arguments.digits, arguments.page)
    if arguments.setting is None or whole or arguments.page or any(one is None for one in named):
        raise InputError("stability needs SETTING --geometry NAME --from X --to Y, SETTING --every, or --catalogue")
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


def _catalogue(vertices: int, digits: int, page: str | None) -> Answer:
    from tegum.theory.stability.catalogue import catalogue_stability

    with Progress() as progress:
        found = catalogue_stability(
            vertices, vertices - 1, digits, lambda done, total: progress("catalogue entries", done, total)
        )
    if page:
        _write(page, found, f"Every entry of the catalogue up to {vertices} vertices")
    return {"catalogue": [_branch(one) for one in found]}, _table(found)


def _every(setting: Setting, digits: int, page: str | None) -> Answer:
    from tegum.theory.stability.catalogue import setting_stability

    with Progress() as progress:
        found = setting_stability(setting, digits, lambda done, total: progress("geometries", done, total))
    if page:
        _write(page, found, f"Every geometry of {setting.count} features in {setting.hidden} dimensions")
    return {"geometries": [_branch(one) for one in found]}, _table(found)


def _write(page: str, found: Sequence[BranchStability], title: str) -> None:
    from tegum.compare.report.stability_page import write_stability_page

    write_stability_page(page, found, title, command_line())


def _branch(one: BranchStability) -> dict[str, Any]:
    return {
        "geometry": one.geometry,
        "vertices": one.setting.count,
        "dimension": one.setting.hidden,
        "verdict": one.verdict,
        "reason": one.reason,
        "stable": [list(span) for span in one.stable],
        "limits": [_limit(limit) | {"broken": _broken(broken)} for limit, broken in one.limits],
        "ends": [vars(end) | {"pair": list(end.pair)} for end in one.ends],
    }


def _broken(broken: Broken) -> dict[str, Any]:
    keys = ("value", "symmetric", "error", "geometry", "distortion", "confirmed")
    return {key: getattr(broken, key) for key in keys} | {"loss": broken.broken}


def _table(found: Sequence[BranchStability]) -> str:
    rows: list[tuple[str, ...]] = [("geometry", "verdict", "density", "stable", "just beyond", "lower by")]
    for one in found:
        rows += _rows(one)
    reasons = [f"{one.geometry}: {one.reason}" for one in found if one.reason]
    return "\n".join([aligned(rows), *reasons])


def _rows(one: BranchStability) -> list[tuple[str, ...]]:
    """The places where a geometry starts or stops being a minimum, by density."""
    places = [(end.value, end.decimal, end.inside, f"{end.beyond}, the same branch", "") for end in one.ends]
    for limit, broken in one.limits:
        won = f"{broken.symmetric - broken.broken:.3g}" + ("" if broken.confirmed else " (not confirmed)")
        places.append((limit.value, limit.decimal, limit.stable, broken.geometry, won))
    if not places:
        spans = ", ".join(f"{low:.4g} to {high:.4g}" for low, high in one.stable)
        seen = f"a minimum where scanned: {spans or 'nowhere'}" if one.verdict == "undecided" else ""
        return [(one.geometry, one.verdict, "", "", seen, "")]
    return [(one.geometry, one.verdict, *place[1:]) for place in sorted(places)]
