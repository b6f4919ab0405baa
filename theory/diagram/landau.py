"""Landau coefficients: how the loss rises along the direction in which a branch is marginal, all else following it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from tegum.theory.diagram.limit import LimitSpot
from tegum.theory.diagram.plane import Plane
from tegum.theory.loss.objective import expansion_at, tied_weights
from tegum.theory.search.curvature import symmetries

#: Distances along the direction at which the Hessian is taken, the nearer half of them by itself as a check; nearer
#: ones are tried where a kink lies among them.
_PLACES = [scale * np.arange(1, 17) for scale in (1e-3, 2e-4)]
#: Terms of the polynomial fitted to it, and what may remain of it, as a share of its largest entry: more is a kink.
_TERMS, _SMOOTH = 6, 1e-9
#: Curvatures below this share of the largest are zero.
_FLAT = 1e-6
#: Cubic coefficients below this, next to curvatures of order 1, are zero by symmetry.
_BY_SYMMETRY = 1e-8


@dataclass(frozen=True)
class Landau:
    """Coefficients of L(θ + t v + t² w) = L(θ) + curvature t²/2 + cubic t³/6 + quartic t⁴/24 + ... for t >= 0.

    Attributes:
        curvature: zero on the marginal side of a stability limit.
        cubic: zero where symmetry takes v to -v.
        quartic: with w the best response of all other directions.
        error: of the cubic coefficient, by a second fit.
    """

    curvature: float
    cubic: float
    quartic: float
    error: float

    @property
    def symmetric(self) -> bool:
        """Whether the cubic coefficient is zero up to rounding."""
        return abs(self.cubic) < _BY_SYMMETRY

    @property
    def rises(self) -> bool:
        """Whether the loss rises along the direction."""
        if self.curvature > _FLAT:
            return True
        return self.quartic > 0 if self.symmetric else self.cubic > 0


def landau(plane: Plane, spot: LimitSpot) -> Landau | None:
    """The Landau coefficients of a marginal branch on the side of its direction; None where a kink is in the way.

    With H(θ + t v) = H₀ + H₁ t + H₂ t² + ... for small t > 0, H₀ v = 0:  cubic = v·H₁v  and
    quartic = 2 v·H₂v - 3 (H₁v)·H₀⁺(H₁v), which is f_vvvv - 3 f_vvw f_ww⁻¹ f_wvv where the loss is smooth.

    Args:
        spot: a point of a stability limit, its direction v a unit vector.

    Validity: to some 10⁻¹¹ where the loss is analytic along the direction up to 0.016; the quartic coefficient where
    no kink lies across it.

    Source: Lyapunov-Schmidt reduction, Golubitsky & Schaeffer, Singularities and Groups in Bifurcation Theory I (1985),
    chapter I, section 3; one-sided at the kinks of zero bias, where the loss is homogeneous term by term.
    """
    return next((found for places in _PLACES if (found := _fitted(plane, spot, places)) is not None), None)


def _fitted(plane: Plane, spot: LimitSpot, places: np.ndarray) -> Landau | None:
    theta, v = spot.theta[0], spot.direction
    law = plane.law(np.tile(spot.point, (len(places), 1)))
    hessians = expansion_at(theta + places[:, None] * v, law).hessian
    whole, near = (_polynomial(places[:many], hessians[:many]) for many in (len(places), len(places) // 2))
    if whole is None or near is None:
        return None
    turns = symmetries(tied_weights(theta[None], plane.setting.count)[0][0], None, law[:1])
    bend = near[1] @ v
    response = _inverse(near[0] + turns @ turns.T) @ bend
    cubic, quartic = float(v @ bend), float(2 * v @ near[2] @ v - 3 * bend @ response)
    return Landau(float(v @ near[0] @ v), cubic, quartic, abs(cubic - float(v @ whole[1] @ v)))


def still_minimum(plane: Plane, spot: LimitSpot) -> bool:
    """Whether a marginal branch is a minimum as far as its Landau coefficients on both sides tell; a fold is none."""
    sides = spot, replace(spot, direction=-spot.direction)
    return all(one is None or one.rises for one in (landau(plane, side) for side in sides))


def _polynomial(
    places: Float[np.ndarray, " places"], matrices: Float[np.ndarray, "places size size"]
) -> Float[np.ndarray, "terms size size"] | None:
    """Coefficients of the polynomial through matrices, or None where there is none."""
    powers = np.vander(places / places[-1], _TERMS, increasing=True)
    flat = matrices.reshape(len(places), -1)
    found = np.linalg.lstsq(powers, flat, rcond=None)[0]
    if np.abs(powers @ found - flat).max() > _SMOOTH * np.abs(flat).max():
        return None
    return (found / places[-1] ** np.arange(_TERMS)[:, None]).reshape(_TERMS, *matrices.shape[1:])


def _inverse(matrix: np.ndarray) -> np.ndarray:
    """The pseudo-inverse of a symmetric matrix, what is flat left out."""
    curvatures, modes = np.linalg.eigh(matrix)
    stiff = np.abs(curvatures) > _FLAT * np.abs(curvatures).max()
    return (modes[:, stiff] / curvatures[stiff]) @ modes[:, stiff].T
