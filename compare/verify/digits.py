"""Which digits of a report's numbers are known: how far two correct computations of one may lie apart."""

from __future__ import annotations

from collections.abc import Sequence

from tegum.compare.polish import resting_tolerance
from tegum.compare.verdict import Comparison
from tegum.theory.loss.enumeration import MOST_FEATURES
from tegum.theory.loss.law import Law, law_of
from tegum.theory.search.curvature import curvature_tolerance

#: By the last key of its place, or the last ones joined by dots: the absolute and the relative distance at which a
#: number still agrees.
Allowances = dict[str, tuple[float, float]]

#: What has no bound of its own, relatively: ends of enclosures and points of an axis are correctly rounded up to the
#: last bit, intervals and distances are a few operations on doubles, curves are losses at critical points, and bounds
#: on errors are sums of magnitudes, some of them of differences.
_LAST_BIT = 2.0**-51
#: Curves of a phase diagram are traced in double precision, each point by Newton's method from the one before.
_TRACED = 1e-9
_SHARES = {
    "value": _LAST_BIT,
    "lower": _LAST_BIT,
    "upper": _LAST_BIT,
    "values": 1e-14,
    "interval": 1e-14,
    "losses": 1e-12,
    "error": 1e-6,
    "share": 1e-14,
    "miss_chance": 1e-12,
    "points": _TRACED,
    "point": _TRACED,
}
RELATIVE: Allowances = {key: (0.0, share) for key, share in _SHARES.items()}
#: Differences of losses.
_DIFFERENCES = ("optimum", "best_loss", "gap", "loss_difference", "excess", "matching_excess")
#: Distances, of weights that are of order 1, may need a rotation, which is known to a few roundings.
_DISTANCE = 1e-12
#: Distortions and margins are ratios of overlaps, which at a critical point are known to its rounding.
_RATIO = 1e-9
#: A gradient is rounded at about 10⁻⁴ of what counts as zero; a hundredfold of that.
_GRADIENT = 1e-2


def allowances(comparisons: Sequence[Comparison]) -> Allowances:
    """The digits that a report's recomputed comparisons support, the same for all of its cells.

    Args:
        comparisons: recomputed, so that no bound is the report's own word.

    Returns:
        `Allowances`.  Losses may differ by twice their bounds, gaps by those of both losses, norms of gradients and
        least curvatures by what counts as zero there; a number that is not listed must be equal.
    """
    error = max(one.optimum.error + max(verdict.error for verdict in one.verdicts) for one in comparisons)
    smallest = min((one.optimum.loss for one in comparisons if one.optimum.loss > 0), default=1.0)
    relative = 2 * error / smallest
    known = critical_allowances([law_of(one.setting) for one in comparisons], [error])
    errors = [max(cell.optimum.hessian_error, *(one.hessian_error for one in cell.verdicts)) for cell in comparisons]
    return {
        **known,
        **{key: (2 * error, 0.0) for key in _DIFFERENCES},
        **{key: (relative, relative) for key in ("relative_gap", "relative_difference")},
        **{key: (_TRACED, 0.0) for key in ("why.distance", "boundary_distance")},
        "hessian_min": (known["hessian_min"][0] + 2 * max(errors), 0.0),
        "distortion": (_RATIO, _RATIO),
        "margin": (_RATIO, _RATIO),
        "asymmetry": (_RATIO, _RATIO),
        "moved": (_DISTANCE, _DISTANCE),
    }


def critical_allowances(laws: Sequence[Law], errors: Sequence[float]) -> Allowances:
    """The digits that critical points support, the same for all of them.

    Args:
        laws: of their settings.
        errors: bounds on their losses' numerical errors, recomputed.

    Returns:
        `Allowances` of losses, gradients and curvatures, and `RELATIVE`.
    """
    gradient = max(_gradient(law) for law in laws)
    curvature = max(float(curvature_tolerance(law).max()) for law in laws)
    return {
        **RELATIVE,
        "loss": (2 * max(errors), 0.0),
        "gradient_norm": (gradient, 0.0),
        "hessian_min": (curvature, 0.0),
    }


def _gradient(law: Law) -> float:
    """How far the norm of a gradient is known: where it comes by the transform, to what counts as zero."""
    share = 1.0 if law.density.shape[1] > MOST_FEATURES else _GRADIENT
    return share * float(resting_tolerance(law).max())
