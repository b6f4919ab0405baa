"""What a symmetric branch breaks into just beyond its limit of stability, confirmed by enumeration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tegum.theory.candidates.candidates import candidate
from tegum.theory.geometry.critical import CRITICAL_TOLERANCE
from tegum.theory.geometry.identify import identify
from tegum.theory.geometry.turning import turned_onto
from tegum.theory.loss.law import law_of
from tegum.theory.loss.population import population_loss
from tegum.theory.search.descent import descend
from tegum.theory.setting import Setting, with_axis
from tegum.theory.stability.limit import StabilityLimit
from tegum.theory.weights import Weights

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
    W, b = turned_onto(found.weights.W, limit.weights.W), found.weights.b
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
