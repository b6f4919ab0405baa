"""Which digits of a report's numbers are known: how far two correct computations of one may lie apart."""

from __future__ import annotations

from collections.abc import Sequence

from tegum.compare.verdict import Comparison
from tegum.theory.loss.law import Law, law_of
from tegum.theory.search.curvature import curvature_tolerance
from tegum.theory.search.descent import gradient_tolerance

#: By the last key of its place, or the last ones joined by dots: the absolute and the relative distance at which a
#: number still agrees.
Allowances = dict[str, tuple[float, float]]

#: What has no bound of its own, relatively: ends of enclosures and points of an axis are correctly rounded up to the
#: last bit, intervals and distances are a few operations on doubles, curves are losses at critical points, and bounds
#: on errors are sums of magnitudes, some of them of differences.
_LAST_BIT = 2.0**-51
_SHARES = {
    "value": _LAST_BIT,
    "lower": _LAST_BIT,
    "upper": _LAST_BIT,
    "values": 1e-14,
    "interval": 1e-14,
    "moved": 1e-12,
    "losses": 1e-12,
    "error": 1e-6,
}
RELATIVE: Allowances = {key: (0.0, share) for key, share in _SHARES.items()}
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
    return {
        **critical_allowances([law_of(one.setting) for one in comparisons], [error]),
        **{key: (2 * error, 0.0) for key in ("optimum", "best_loss", "gap")},
        "relative_gap": (relative, relative),
        "distortion": (_RATIO, _RATIO),
        "margin": (_RATIO, _RATIO),
    }


def critical_allowances(laws: Sequence[Law], errors: Sequence[float]) -> Allowances:
    """The digits that critical points support, the same for all of them.

    Args:
        laws: of their settings.
        errors: bounds on their losses' numerical errors, recomputed.

    Returns:
        `Allowances` of losses, gradients and curvatures, and `RELATIVE`.
    """
    gradient = _GRADIENT * max(float(gradient_tolerance(law).max()) for law in laws)
    curvature = max(float(curvature_tolerance(law).max()) for law in laws)
    return {
        **RELATIVE,
        "loss": (2 * max(errors), 0.0),
        "gradient_norm": (gradient, 0.0),
        "hessian_min": (curvature, 0.0),
    }
