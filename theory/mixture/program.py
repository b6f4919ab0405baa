"""The integer program of mixtures: how many of each piece, at least cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

#: Costs are scaled to this before they are handed over, so that the solver's absolute tolerance of 10⁻⁶ is relative
#: to the rounding of a sum.
_SCALE = 1e6
#: What is left between the best solution and the proven bound, relative, when the solver says that there is nothing.
_CLOSED = 1e-12


@dataclass(frozen=True)
class Solution:
    """Best counts and the proof that they are best.

    Attributes:
        counts: of each piece.
        cost: Σ counts × costs.
        gap: (cost - proven lower bound) / cost by the solver; 0.
    """

    counts: Int[np.ndarray, " pieces"]
    cost: float
    gap: float


def least_cost(
    costs: Float[np.ndarray, " pieces"],
    takes: Int[np.ndarray, "classes pieces"],
    dimensions: Int[np.ndarray, " pieces"],
    available: Int[np.ndarray, " classes"],
    room: int,
) -> Solution:
    """min Σ_f c_f x_f over whole x >= 0 with Σ_f takes_cf x_f = available_c for each class, Σ_f d_f x_f <= room.

    Args:
        costs: loss of each piece.
        takes: how many features of each class a piece holds.
        dimensions: of each piece.
        available: features of each class.
        room: hidden dimensions.

    Raises:
        ArithmeticError: the solver did not prove its solution best.

    Source: HiGHS's branch and bound, by `scipy.optimize.milp`.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp

    scale = _SCALE / (np.abs(costs).max() or 1.0)
    found = milp(
        scale * costs,
        integrality=np.ones(costs.size),
        bounds=Bounds(0, np.inf),
        constraints=[LinearConstraint(takes, available, available), LinearConstraint(dimensions[None], 0, room)],
        options={"mip_rel_gap": 0.0},
    )
    if not found.success or found.mip_gap > _CLOSED:
        raise ArithmeticError(f"the best mixture could not be proved: {found.message}")
    counts = np.round(found.x).astype(np.int64)
    if np.any(takes @ counts != available) or dimensions @ counts > room:
        raise ArithmeticError("the best mixture could not be proved: the solver's counts are not whole")
    return Solution(counts, float(costs @ counts), float(found.mip_gap))
