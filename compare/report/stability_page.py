"""A page that says of many geometries at which densities they are minima, and what they break into."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tegum.theory.errors import InputError
from tegum.theory.files.atomic import write_atomically
from tegum.theory.stability.broken import Broken
from tegum.theory.stability.catalogue import DENSITIES, BranchStability

#: A broken optimum of a named type is called bent beyond this distortion.
_BENT = 1e-6
_SAYS = """\
Each geometry alone, its free scalars optimised, followed over densities {low} to {high}: where it is a local minimum of
the full loss, all weights free. The digits of every density are proved, and so is the kind of point on both sides of it
(see [theory.md](theory.md#digits-that-are-proved)). Just beyond, the branch falls to a broken optimum (where several
directions break together, one of several), confirmed by enumeration to have the lower loss, with a bound on the error.
"Turns", or "the same branch", says that an overlap vanishes: the same branch of minima goes on as another arrangement.
Limits closer together than the scan ({points} densities) may be missed in pairs.
"""


def write_stability_page(path: str | Path, found: Sequence[BranchStability], title: str, command: str) -> None:
    """Write the page as Markdown.

    Args:
        path: ends in .md.
        found: one geometry after the other.
        title: heading of the page.
        command: that writes it again.

    Raises:
        InputError: another suffix, or the file cannot be written there.
    """
    if Path(path).suffix.lower() != ".md":
        raise InputError(f"page = {str(path)!r} has another suffix than .md")
    says = _SAYS.format(low=f"{DENSITIES[0]:g}", high=f"{DENSITIES[-1]:g}", points=len(DENSITIES))
    head = f"# {title}\n\n{says}\n`{command}` writes this page.\n\n"
    write_atomically(path, (head + stability_rows(found) + _reasons(found)).encode())


def stability_rows(found: Sequence[BranchStability]) -> str:
    """The table: a row for each density at which a geometry starts or stops being a minimum, or one for its verdict."""
    lines = ["| n | m | geometry | verdict | density | a minimum | just beyond | lower by |", "|---" * 8 + "|"]
    for one in found:
        head = f"| {one.setting.count} | {one.setting.hidden} | {one.geometry} | {one.verdict} |"
        lines += [f"{head} {row} |" for row in _places(one) or [" |  |  | "]]
    return "\n".join(lines) + "\n"


def _places(one: BranchStability) -> list[str]:
    limits = [
        (limit.value, f"{limit.decimal} | {limit.stable} | {_named(broken)} | {_lower(broken)}")
        for limit, broken in one.limits
    ]
    ends = [(end.value, f"{end.decimal} | {end.inside} | the same branch: {end.beyond} |") for end in one.ends]
    return [row for _, row in sorted(limits + ends)]


def _named(broken: Broken) -> str:
    bent = broken.distortion > _BENT and "unknown" not in broken.geometry
    return broken.geometry + (f", bent by {broken.distortion:.2g}" if bent else "")


def _lower(broken: Broken) -> str:
    return f"{broken.symmetric - broken.broken:.2e} ± {broken.error:.0e}" + (
        "" if broken.confirmed else ", unconfirmed"
    )


def _reasons(found: Sequence[BranchStability]) -> str:
    reasons = [f"- {one.geometry}: {one.reason}" for one in found if one.reason]
    return "\n" + "\n".join(["What could not be decided, and why:", "", *reasons]) + "\n" if reasons else ""
