"""Broken symmetry: at which densities a geometry is a minimum, for all of the catalogue or all that fit a setting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

import numpy as np
from jaxtyping import Float

from tegum.theory.certify import MOST_ALIKE, MOST_DIGITS, certify
from tegum.theory.checks import whole
from tegum.theory.geometry.factor import catalogue
from tegum.theory.geometry.tegum import geometries, name
from tegum.theory.setting import Setting, with_axis
from tegum.theory.stability.branch import Branch
from tegum.theory.stability.broken import Broken, broken_optimum
from tegum.theory.stability.ends import TypeEnd, end_of_branch
from tegum.theory.stability.limit import StabilityLimit, limit_between

#: Densities scanned; nearer 0 and 1 the curvatures vanish with the loss itself.
DENSITIES = np.concatenate([np.geomspace(1e-3, 0.02, 9)[:-1], np.linspace(0.02, 0.99, 49)])

#: Told how many geometries are done, and how many there are.
Advance = Callable[[int, int], object]


@dataclass(frozen=True)
class BranchStability:
    """What becomes of one geometry as its density rises.

    Attributes:
        geometry: its name.
        setting: the features it holds, at any density.
        verdict: "stable throughout", "never a minimum" (both over the range of `DENSITIES`), "breaks", "turns" (its
            branch of minima goes on as another arrangement), or "undecided".
        stable: the intervals of density, over the range of `DENSITIES`, in which it is a local minimum; where the
            verdict is undecided, the runs of scanned densities at which it is one in double precision.
        limits: their proved ends, each with the broken optimum just beyond; none where the verdict is undecided.
        ends: those of them at which an overlap vanishes instead, so that the branch is another arrangement beyond.
        reason: why it is undecided, or why a saddle outside the stable intervals is not proved, else empty.
    """

    geometry: str
    setting: Setting
    verdict: str
    stable: tuple[tuple[float, float], ...]
    limits: tuple[tuple[StabilityLimit, Broken], ...]
    ends: tuple[TypeEnd, ...]
    reason: str = ""


def catalogue_stability(
    most_vertices: int = 8, most_dimensions: int = 7, digits: int = 15, advance: Advance = lambda done, total: None
) -> list[BranchStability]:
    """`branch_stability` of every entry of the catalogue up to a size, alone in its own dimensions, importances 1.

    Args:
        most_vertices, most_dimensions: of the entries.
        digits: significant digits of every limit.
        advance: told how many entries are done, and how many there are.

    Returns:
        One `BranchStability` for each entry.

    Raises:
        InputError: fewer than two vertices, or digits out of range.

    Validity: as in `branch_stability`.

    Source: see `branch_stability`.
    """
    entries = catalogue(whole("most_vertices", most_vertices, 2, 2**10), most_dimensions)
    return _each([(one.name, Setting(one.vertices, one.dimension, 0.5)) for one in entries], digits, advance)


def setting_stability(
    setting: Setting, digits: int = 15, advance: Advance = lambda done, total: None
) -> list[BranchStability]:
    """`branch_stability` of every geometry that fits a setting.

    Args:
        setting: features of any importance, at one density, which is varied.
        digits: significant digits of every limit.
        advance: told how many geometries are done, and how many there are.
    """
    fitting = geometries(setting.count, setting.hidden)
    return _each([(name(one), setting) for one in fitting], digits, advance)


def _each(questions: Sequence[tuple[str, Setting]], digits: int, advance: Advance) -> list[BranchStability]:
    whole("digits", digits, 1, MOST_DIGITS)
    found = []
    for done, (geometry, setting) in enumerate(questions):
        advance(done, len(questions))
        if setting.count > MOST_ALIKE:
            beyond = f"count = {setting.count} is beyond the reach of certificates, {MOST_ALIKE}"
            found.append(BranchStability(geometry, setting, "undecided", (), (), (), beyond))
        else:
            found.append(branch_stability(geometry, setting, digits))
    advance(len(questions), len(questions))
    return found


def branch_stability(geometry: str, setting: Setting, digits: int = 15) -> BranchStability:
    """Where the symmetric branch of a geometry is a minimum of the full loss as the density varies.

    Between two limits the signature cannot change; it is proved once in each interval, in its middle.

    Args:
        geometry: its name.
        setting: everything but the density.
        digits: significant digits of every limit.

    Returns:
        `BranchStability`; "undecided", with the reason, where a limit, an end or a minimum could not be proved.

    Raises:
        InputError: a geometry that does not fit the setting.

    Validity: limits between two neighbours of `DENSITIES` may be missed in pairs.

    Source: as in `stability_limit`.
    """
    branch = Branch(geometry, setting, "density")
    least = np.array([branch.least(float(p)) for p in DENSITIES])
    try:
        return _proved(branch, least, digits)
    except ArithmeticError as error:
        return BranchStability(geometry, setting, "undecided", _observed(least), (), (), str(error))


def _proved(branch: Branch, least: Float[np.ndarray, " scanned"], digits: int) -> BranchStability:
    found = [_event(branch, k, least, digits) for k in range(len(DENSITIES) - 1)]
    limits = [one for one in found if isinstance(one, StabilityLimit)]
    ends = tuple(one for one in found if isinstance(one, TypeEnd))
    cuts = [float(DENSITIES[0]), *(one.value for one in found if one), float(DENSITIES[-1])]
    judged = [(span, *_judged(branch, span, least)) for span in pairwise(cuts)]
    stable = tuple(span for span, minimum, _ in judged if minimum)
    reason = "; ".join(why for _, _, why in judged if why)
    if len(stable) in (0, len(judged)):
        verdict = "stable throughout" if stable else "never a minimum"
    else:
        verdict = "breaks" if limits else "turns"
    beyond = tuple((limit, broken_optimum(limit, branch.setting)) for limit in limits)
    return BranchStability(branch.geometry, branch.setting, verdict, stable, beyond, ends, reason)


def _event(
    branch: Branch, k: int, least: Float[np.ndarray, " scanned"], digits: int
) -> StabilityLimit | TypeEnd | None:
    """What happens to the minimum between one scanned density and the next."""
    low, high = (float(p) for p in DENSITIES[k : k + 2])
    below, above = (float(curvature) for curvature in least[k : k + 2])
    if below * above < 0:
        return limit_between(branch, low, high, digits)
    if below > 0 and np.isnan(above):
        return end_of_branch(branch, low, high, digits)
    if above > 0 and np.isnan(below):
        return end_of_branch(branch, high, low, digits)
    return None


def _observed(least: Float[np.ndarray, " scanned"]) -> tuple[tuple[float, float], ...]:
    """Runs of scanned densities at which the branch is a minimum in double precision."""
    runs = [list(run) for kept, run in groupby(range(len(least)), lambda k: bool(least[k] > 0)) if kept]
    return tuple((float(DENSITIES[run[0]]), float(DENSITIES[run[-1]])) for run in runs)


def _judged(branch: Branch, span: tuple[float, float], least: Float[np.ndarray, " scanned"]) -> tuple[bool, str]:
    """Whether the branch, where it exists between two densities, is a minimum: proved at the middle one scanned.

    Where double precision sees a saddle that cannot be proved, the reason; where it sees a minimum, an error.
    """
    scanned = (DENSITIES >= span[0]) & (DENSITIES <= span[1]) & np.isfinite(least)
    if not scanned.any():
        return False, ""
    place = np.flatnonzero(scanned)[scanned.sum() // 2]
    density = float(DENSITIES[place])
    found = branch.at(density)
    assert found is not None
    try:
        kind, reason = certify(found, with_axis(branch.setting, "density", density)).kind, "a curvature may vanish"
    except ArithmeticError as error:
        kind, reason = "undecided", str(error)
    if kind == "undecided" and least[place] > 0:
        raise ArithmeticError(f"a minimum in double precision at density = {density:.4g} is not proved: {reason}")
    if kind == "undecided":
        return False, f"a saddle in double precision at density = {density:.4g} is not proved: {reason}"
    return kind == "minimum", ""
