"""Broken symmetry: at which densities each catalogue entry, alone in its own dimensions, stops being a minimum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby, pairwise
from operator import itemgetter

import numpy as np
from jaxtyping import Float

from tegum.theory.candidates.candidates import candidate
from tegum.theory.certify import certify
from tegum.theory.geometry.factor import Factor, catalogue
from tegum.theory.geometry.identify import identify
from tegum.theory.loss.law import law_of
from tegum.theory.loss.population import population_loss
from tegum.theory.search.descent import descend
from tegum.theory.search.optimum import CRITICAL_TOLERANCE
from tegum.theory.setting import Setting, with_axis
from tegum.theory.stability.branch import Branch
from tegum.theory.stability.ends import TypeEnd, end_of_branch
from tegum.theory.stability.limit import StabilityLimit, limit_between
from tegum.theory.weights import Weights

#: Densities scanned; nearer 0 and 1 the curvatures vanish with the loss itself.
DENSITIES = np.concatenate([np.geomspace(1e-3, 0.02, 9)[:-1], np.linspace(0.02, 0.99, 49)])
#: How far beyond a limit the broken optimum is looked for, and the steps along the breaking direction it starts from.
_BEYOND = 0.005
_STEPS = (0.02, 0.1, 0.3)
_REACH = 0.1


@dataclass(frozen=True)
class Broken:
    """A lower critical point beside an unstable symmetric one.

    Attributes:
        value: of the axis, on the unstable side of the limit.
        symmetric, broken: exact losses there, by enumeration.
        error: bound on the numerical error of their difference.
        geometry: name of the broken one; ``distortion`` of its most distorted factor.
        weights: the broken one.
        confirmed: whether its loss is proved to be lower: broken + error < symmetric.
    """

    value: float
    symmetric: float
    broken: float
    error: float
    geometry: str
    distortion: float
    weights: Weights
    confirmed: bool


@dataclass(frozen=True)
class FactorStability:
    """What becomes of one catalogue entry as its density rises.

    Attributes:
        factor: the entry; n = vertices features in m = dimension dimensions, importances 1.
        verdict: "stable throughout", "never a minimum" (both over the range of `DENSITIES`), "breaks", "turns" (its
            branch of minima goes on as another arrangement), or "undecided".
        stable: the intervals of density, over the range of `DENSITIES`, in which it is a local minimum; where the
            verdict is undecided, the runs of scanned densities at which it is one in double precision.
        limits: their proved ends, each with the broken optimum just beyond; none where the verdict is undecided.
        ends: those of them at which an overlap vanishes instead, so that the branch is another arrangement beyond.
        reason: why it is undecided, or why a saddle outside the stable intervals is not proved, else empty.
    """

    factor: Factor
    verdict: str
    stable: tuple[tuple[float, float], ...]
    limits: tuple[tuple[StabilityLimit, Broken], ...]
    ends: tuple[TypeEnd, ...] = ()
    reason: str = ""


def catalogue_stability(
    most_vertices: int = 8,
    most_dimensions: int = 7,
    digits: int = 15,
    advance: Callable[[int, int], object] = lambda done, total: None,
) -> list[FactorStability]:
    """`factor_stability` of every entry of the catalogue up to a size.

    Args:
        most_vertices, most_dimensions: of the entries.
        digits: significant digits of every limit.
        advance: told how many entries are done, and how many there are.

    Returns:
        One record for each entry, those whose limits could not be proved as "undecided".
    """
    entries, found = catalogue(most_vertices, most_dimensions), []
    for done, factor in enumerate(entries):
        advance(done, len(entries))
        try:
            found.append(factor_stability(factor, digits))
        except ArithmeticError as error:
            found.append(FactorStability(factor, "undecided", _observed(factor), (), reason=str(error)))
    advance(len(entries), len(entries))
    return found


def factor_stability(factor: Factor, digits: int = 15) -> FactorStability:
    """Where the symmetric branch of a factor, alone in its own dimensions, is a minimum of the full loss.

    Between two limits the signature cannot change; it is proved once in each interval, in its middle.

    Args:
        factor: a catalogue entry; features alike, importances 1.
        digits: significant digits of every limit.

    Raises:
        ArithmeticError: a limit, an end, or a minimum between them could not be proved.
    """
    branch = Branch(factor.name, Setting(factor.vertices, factor.dimension, 0.5), "density")
    least = np.array([branch.least(float(p)) for p in DENSITIES])
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
    return FactorStability(factor, verdict, stable, beyond, ends, reason)


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


def _observed(factor: Factor) -> tuple[tuple[float, float], ...]:
    """Runs of scanned densities at which the symmetric branch is a minimum in double precision."""
    setting = Setting(factor.vertices, factor.dimension, 0.5)
    found = (candidate(factor.name, with_axis(setting, "density", float(p))) for p in DENSITIES)
    stable = [one is not None and one.stable for one in found]
    runs = (
        [float(p) for p, _ in run] for kept, run in groupby(zip(DENSITIES, stable, strict=True), itemgetter(1)) if kept
    )
    return tuple((run[0], run[-1]) for run in runs)


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
        kind, reason = certify(found, with_axis(branch.setting, "density", density)).kind, ""
    except ArithmeticError as error:
        kind, reason = "undecided", str(error)
    if kind == "undecided" and least[place] > 0:
        raise ArithmeticError(f"a minimum in double precision at density = {density:.4g} is not proved: {reason}")
    if kind == "undecided":
        return False, f"a saddle in double precision at density = {density:.4g} is not proved: {reason}"
    return kind == "minimum", ""


def broken_optimum(limit: StabilityLimit, setting: Setting, beyond: float = _BEYOND) -> Broken:
    """The lowest critical point downhill from an unstable symmetric one, just beyond its limit of stability.

    Args:
        limit: its unstable side is the one where it is no minimum, or has more negative eigenvalues.
        setting: everything but the axis.
        beyond: distance from the limit, at most a quarter of its value.

    Returns:
        `Broken`, both losses by enumeration with error bounds; ``confirmed`` says whether the broken one is lower.
    """
    rising = limit.stable == "below" or limit.negative[1] > limit.negative[0]
    value = limit.value + min(beyond, limit.value / 4) * (1 if rising else -1)
    at = with_axis(setting, limit.axis, value)
    found = candidate(limit.geometry, at)
    if found is None:
        raise ArithmeticError(f"{limit.geometry!r} has no critical point at {limit.axis} = {value!r}")
    W, b = _turned_onto(found.weights.W, limit.weights.W), found.weights.b
    motions = np.array([side * step for step in _STEPS for side in (1.0, -1.0)])
    starts = W + motions[:, None, None] * limit.direction.W, b + motions[:, None] * limit.direction.b
    rest = descend(*starts, law_of(at, len(motions)), reach=_REACH)
    best = int(np.argmin(np.where(rest.converged, rest.loss, np.inf)))
    weights = Weights(rest.W[best], rest.b[best])
    low, high = (population_loss(one, at, "enumeration") for one in (weights, found.weights))
    identity = identify(weights.W, tolerance=CRITICAL_TOLERANCE)
    error = float(low.error) + float(high.error)
    return Broken(
        value=value,
        symmetric=float(high.loss),
        broken=float(low.loss),
        error=error,
        geometry=identity.geometry,
        distortion=max((one.distortion for one in identity.factors), default=0.0),
        weights=weights,
        confirmed=bool(low.loss + error < high.loss),
    )


def _turned_onto(
    W: Float[np.ndarray, "hidden features"], frame: Float[np.ndarray, "hidden features"]
) -> Float[np.ndarray, "hidden features"]:
    """Weights rotated as close as can be to others (orthogonal Procrustes)."""
    left, _, right = np.linalg.svd(frame @ W.T)
    return left @ right @ W
