"""Critical points under an L1 term in ball arithmetic: weights at zero are held there by kinks, the others are free."""

from __future__ import annotations

from math import prod

import numpy as np
from flint import arb, arb_mat
from jaxtyping import Float

from tegum.theory.balls.krawczyk import System, enclosed_zero
from tegum.theory.balls.numbers import BallLaw
from tegum.theory.balls.rows import expectations
from tegum.theory.balls.weights import BallWeights, Matrix, gradient_of, hessian_of, overlaps, rows_of

#: How far from the given double-precision point the critical point may lie, entry by entry.
_REACH = 1e-4


def penalised_loss(
    W: Float[np.ndarray, "hidden features"], b: Float[np.ndarray, " features"], law: BallLaw, l1: arb, accuracy: int
) -> arb:
    """Enclosure of the loss with its L1 term at the critical point next to given weights.

    L + λ Σ_a E|z_a|, z_a = Σ_j W_aj x_j.  Weights that are exactly zero stay there; over the others and the biases the
    loss has a Lipschitz gradient, and interval Newton encloses its zero.  There the rest of the loss falls along each
    held weight by less than the kink's slope κ_aj = λ p_j/2 P(z_a = 0), which is proved as well.

    Args:
        W, b: weights in double precision, the held ones exactly zero.
        law: densities and importances.
        l1: λ, above 0.
        accuracy: wanted half-width of the critical point's box, as a power of two: 2^-accuracy.

    Returns:
        A ball that contains the loss.

    Raises:
        ArithmeticError: see `krawczyk.enclosed_zero`; or a held weight is not proved to rest.

    Validity: independent uniform features, tied weights, ReLU readout; λ > 0 must leave no rotation free.
    """
    free = np.flatnonzero(np.concatenate([W.ravel() != 0.0, np.ones(b.size, dtype=bool)])).tolist()
    start = [arb(float(x)) for x in (*W.ravel(), *b)]

    def filled(theta: list[arb]) -> BallWeights:
        entries = [arb(0)] * len(start)
        for place, x in zip(free, theta, strict=True):
            entries[place] = x
        rows = [entries[a * b.size : (a + 1) * b.size] for a in range(len(W))]
        return BallWeights(rows, entries[W.size :], overlaps(rows, b.size))

    def equations(theta: list[arb]) -> list[arb]:
        slopes = _gradient(filled(theta), law, l1)
        return [slopes[place] for place in free]

    def jacobian(theta: list[arb]) -> arb_mat:
        at = filled(theta)
        whole = hessian_of(at, rows_of(at, law, 2)).tolist()
        for a, unit in enumerate(at.W):
            _add_curvature(whole, a * b.size, unit, law, l1)
        return arb_mat([[whole[row][column] for column in free] for row in free])

    at = filled(enclosed_zero(System(equations, jacobian), [start[place] for place in free], _REACH, accuracy))
    _check_held(at, law, l1)
    units = sum((_Unit(unit, law).magnitude for unit in at.W), arb(0))
    return sum((row.loss for row in rows_of(at, law, 1)), arb(0)) + l1 * units


class _Unit:
    """E|z| of one hidden unit z = Σ_j w_j x_j with its derivatives by the weights that are not exactly zero."""

    def __init__(self, weights: list[arb], law: BallLaw) -> None:
        self.weighted = [j for j, w in enumerate(weights) if not w.is_zero()]
        self._every = range(len(self.weighted))
        heard = law.of(self.weighted)
        self._p = heard.density
        self._up, self._down = (
            expectations([sign * weights[j] for j in self.weighted], arb(0), heard) for sign in (1, -1)
        )

    @property
    def magnitude(self) -> arb:
        """E|z| = E z_+ + E(-z)_+"""
        return self._up(1) + self._down(1)

    @property
    def slopes(self) -> list[arb]:
        """E[x_j sign z]"""
        return [self._up(0, k) - self._down(0, k) for k in self._every]

    @property
    def curvatures(self) -> Matrix:
        """2 E[x_j x_k δ(z)]"""
        return [[2 * self._up(-1, j, k) for k in self._every] for j in self._every]

    @property
    def lean(self) -> arb:
        """E sign z"""
        return self._up(0) - self._down(0)

    @property
    def silent(self) -> arb:
        """P(z = 0): none of the weighted features is on."""
        return prod((1 - p for p in self._p), start=arb(1))


def _gradient(at: BallWeights, law: BallLaw, l1: arb) -> list[arb]:
    """∂/∂θ of the loss with its L1 term, at held weights without the term."""
    slopes, features = gradient_of(at, rows_of(at, law, 1)), len(at.b)
    for a, weights in enumerate(at.W):
        unit = _Unit(weights, law)
        for j, slope in zip(unit.weighted, unit.slopes, strict=True):
            slopes[a * features + j] += l1 * slope
    return slopes


def _add_curvature(hessian: Matrix, first: int, weights: list[arb], law: BallLaw, l1: arb) -> None:
    unit = _Unit(weights, law)
    for j, line in zip(unit.weighted, unit.curvatures, strict=True):
        for k, curvature in zip(unit.weighted, line, strict=True):
            hessian[first + j][first + k] += l1 * curvature


def _check_held(at: BallWeights, law: BallLaw, l1: arb) -> None:
    """Prove that no single held weight lowers the loss by leaving zero.

    Raises:
        ArithmeticError: it cannot be proved.
    """
    slopes, features = _gradient(at, law, l1), len(at.b)
    for a, weights in enumerate(at.W):
        unit = _Unit(weights, law)
        for j in set(range(features)) - set(unit.weighted):
            size = l1 * law.density[j] / 2
            if not abs(slopes[a * features + j] + size * unit.lean) < size * unit.silent:
                raise ArithmeticError(f"weight [{a}, {j}] is not proved to rest at zero under the L1 term")
