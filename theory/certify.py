"""Ball arithmetic: proved enclosures of optimised losses, to as many digits as asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb, fmpq

from tegum.theory.candidates import Fit
from tegum.theory.curvature import least_curvature
from tegum.theory.factors import FittedFactor, symmetric_expansion
from tegum.theory.geometry.factor import Factor
from tegum.theory.loss.boxes import box_expectation
from tegum.theory.loss.law import Law
from tegum.theory.loss.objective import expansion

#: Newton steps at most; each adds about twelve digits, so this is beyond 200.
_MOST_STEPS = 24
#: The double-precision curvature is halved before it bounds how far below a critical value the basin can reach.
_CURVATURE_SAFETY = 0.5


@dataclass(frozen=True)
class BallLaw:
    """Density and importance of each feature as balls."""

    density: Sequence[Any]
    importance: Sequence[Any]

    def of(self, features: Sequence[int]) -> BallLaw:
        """The law of some features."""
        return BallLaw([self.density[i] for i in features], [self.importance[i] for i in features])


def certified_loss(fit: Fit, law: BallLaw, tolerance: Any) -> Any:
    """Enclosure of a geometry's optimised loss.

    At a point θ near a minimum, in a basin with curvature at least μ,  L(θ) - |∇L(θ)|²/(2μ) <= L* <= L(θ);  Newton
    steps shrink ∇L until the width is below the tolerance.

    Args:
        fit: found in double precision, for a law that differs from this one by rounding only.
        law: densities and importances as balls; ``flint.ctx`` sets the working precision.
        tolerance: wanted width of the correction of each factor.

    Returns:
        A ball that contains the loss.

    Validity: L(θ) and ∇L(θ) are enclosed rigorously; μ is half the least curvature in double precision, which proves
    only as much as that the curvature does not halve within the last step's length (below 10⁻¹² here).

    Source: box integrals over active subsets; python-flint's arb.
    """
    parts = zip(fit.factors, fit.features, strict=True)
    return sum((_certified_factor(fitted, law.of(features), tolerance) for fitted, features in parts), arb(0))


def _certified_factor(fitted: FittedFactor, law: BallLaw, tolerance: Any) -> Any:
    if fitted.factor.dimension == 0:
        return law.importance[0] * (law.density[0] / 3 - law.density[0] ** 2 / 4)
    ansatz = _symmetric_ansatz if fitted.symmetric else _free_ansatz
    theta, inverse, curvature = _symmetric_start(fitted, law) if fitted.symmetric else _free_start(fitted, law)
    for _ in range(_MOST_STEPS):
        loss, gradient = ansatz(fitted.factor, [arb(x) for x in theta], law)
        below = sum((slope**2 for slope in gradient), arb(0)) / (2 * arb(curvature) * arb(_CURVATURE_SAFETY))
        if below.abs_upper() < tolerance:
            return loss - below.union(arb(0))
        steps = [
            sum((arb(float(h)) * slope for h, slope in zip(row, gradient, strict=True)), arb(0)) for row in inverse
        ]
        theta = [(x - step).mid() for x, step in zip(theta, steps, strict=True)]
    raise ArithmeticError(f"the loss of factor {fitted.factor.name} could not be enclosed to {tolerance}")


def _symmetric_start(fitted: FittedFactor, law: BallLaw) -> tuple[list, np.ndarray, float]:
    theta = [float(fitted.W[:, 0] @ fitted.W[:, 0]), float(fitted.b[0])]
    hessian = symmetric_expansion(np.array([theta]), fitted.factor, _midpoints(law)).hessian[0]
    return theta, np.linalg.inv(hessian), float(np.linalg.eigvalsh(hessian)[0])


def _free_start(fitted: FittedFactor, law: BallLaw) -> tuple[list, np.ndarray, float]:
    hessian = expansion(fitted.W[None], fitted.b[None], _midpoints(law)).hessian[0]
    theta = [float(x) for x in np.concatenate([fitted.W.ravel(), fitted.b])]
    # The pseudo-inverse leaves the rotations alone, along which the gradient vanishes.
    return theta, np.linalg.pinv(hessian, rcond=1e-9, hermitian=True), least_curvature(fitted.W, hessian)


def _midpoints(law: BallLaw) -> Law:
    return Law(
        np.array([[float(p.mid()) for p in law.density]]),
        np.array([[float(weight.mid()) for weight in law.importance]]),
    )


def _symmetric_ansatz(factor: Factor, theta: list, law: BallLaw) -> tuple[Any, list]:
    """k ℓ(g C, b) and its derivatives by g and b."""
    g, b = theta
    cosines = exact_cosines(factor)
    loss, slopes = _row(0, [g * c if c is not None else None for c in cosines], b, law)
    by_norm = sum((c * slope for c, slope in zip(cosines, slopes[:-1], strict=True) if c is not None), arb(0))
    return factor.vertices * loss, [factor.vertices * by_norm, factor.vertices * slopes[-1]]


def _free_ansatz(factor: Factor, theta: list, law: BallLaw) -> tuple[Any, list]:
    """Σ_i ℓ_i(G_i, b_i) and its derivatives by (W, b): ∂L/∂W = W (D + Dᵀ)."""
    k, d = factor.vertices, factor.dimension
    W, b = [theta[a * k : (a + 1) * k] for a in range(d)], theta[d * k :]
    G = [[sum((row[i] * row[j] for row in W), arb(0)) for j in range(k)] for i in range(k)]
    rows = [_row(i, G[i], b[i], law) for i in range(k)]
    D = [slopes for _, slopes in rows]
    by_weight = [sum((W[a][j] * (D[i][j] + D[j][i]) for j in range(k)), arb(0)) for a in range(d) for i in range(k)]
    return sum((loss for loss, _ in rows), arb(0)), [*by_weight, *(slopes[k] for slopes in D)]


def _row(own: int, overlaps: list, b: Any, law: BallLaw) -> tuple[Any, list]:
    """ℓ_own and its derivatives by the overlaps (0 where an overlap is exactly zero, given as None) and the bias."""
    kept = [j for j, g in enumerate(overlaps) if g is not None]
    g, p = [overlaps[j] for j in kept], [law.density[j] for j in kept]

    def expectation(q: int, *indices: int) -> Any:
        return box_expectation(b, g, p, [indices.count(j) for j in kept], q, truncated_power)

    weight = law.importance[own]
    loss = weight * (law.density[own] / 3 - 2 * expectation(1, own) + 2 * expectation(2))
    slopes = [arb(0)] * len(overlaps)
    for k in kept:
        slopes[k] = 2 * weight * (expectation(1, k) - expectation(0, own, k))
    return loss, [*slopes, 2 * weight * (expectation(1) - expectation(0, own))]


def truncated_power(t: Any, q: int) -> Any:
    """Ball that contains t_+^q, t a ball and q >= 0."""
    if t > 0:
        return t**q
    if t <= 0:
        return arb(0)
    return arb(0).union(t.abs_upper() ** q)


def exact_cosines(factor: Factor) -> list:
    """First row of a catalogue factor's cosines as balls; None where two vertices are exactly orthogonal."""
    k = factor.vertices
    if k == factor.dimension + 1:
        return [arb(1)] + [arb(-1) / factor.dimension] * (k - 1)
    angles = [fmpq(2 * j, k) for j in range(k)]
    return [None if 2 * angle in (1, 3) else arb.cos_pi_fmpq(angle) for angle in angles]
