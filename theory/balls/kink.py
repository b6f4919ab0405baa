"""Dedicated features: the loss around their kink b = 0 to second order, which differs from side to side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from flint import arb, arb_mat, ctx

from tegum.theory.balls.critical import Enclosed
from tegum.theory.balls.inertia import pivots_of
from tegum.theory.balls.numbers import BallLaw
from tegum.theory.balls.rows import expectations
from tegum.theory.balls.weights import BallWeights, both_ways, rows_of
from tegum.theory.loss.law import Structure

#: Newton steps at most towards the least value on one side.
_MOST_STEPS = 60
#: Curvatures of T below this share of its largest do not count as positive.
_FLAT = 1e-9
#: Components of directions below this are rounding.
_ROUNDING = 1e-12
#: A feature's own direction is tried where so much of it does not rise.
_OWN = 0.1


@dataclass(frozen=True)
class Kink:
    """The loss near a dedicated feature to second order, over its overlaps y with the others and its mean output c.

    A(c, y) = y·T y + I p c²/4 + I (1 - p) E(c + Σ_j y_j (x_j - p_j/2))_+²,   c = δb + Σ_j y_j p_j/2,
    T = (D + Dᵀ)/2 + diag(∂²ℓ_j/∂b_j²) (p/3 - p²/4)/2 + I p diag(p_j/3 - p_j²/4),   D_jk = ∂ℓ_j/∂G_jk.

    Its own norm is at its best: given that it is on, its row costs Var(y·x) + c² - (3/4) c²; while it is off only what
    its output exceeds zero by.  Each y_j also moves the output of j by x - p/2, which is independent of all else there
    once the bias of j takes up the mean; the motions of w_j along the feature's axis that are no rotations change
    G by a second-order term, hence D.

    Attributes:
        feature: which one.
        form: T.
        importance, density: I, p of the feature.
        others: densities p_j.
    """

    feature: int
    form: arb_mat
    importance: arb
    density: arb
    others: tuple[arb, ...]

    def leans(self) -> tuple[tuple[Lean, ...], bool]:
        """The least values of A along suspect directions, on both sides, and whether these decide.

        A is convex over the directions in which T is positive.  Is there one other direction at most, its two sides
        decide: A is positive if and only if both values are.  Of several, the features' own are tried too; a negative
        value then still proves that A takes negative values.

        Raises:
            ArithmeticError: T could not be enclosed well enough.
        """
        size = self.form.nrows()
        middle = np.array([[float(x.mid()) for x in row] for row in self.form.tolist()]).reshape(size, size)
        curvatures, directions = np.linalg.eigh((middle + middle.T) / 2)
        directions[np.abs(directions) < _ROUNDING] = 0.0  # any directions do, but tiny overlaps cost digits
        rising = directions[:, curvatures > _FLAT * np.abs(curvatures).max(initial=0.0)]
        if not all(pivot > 0 for pivot in (pivots_of(self.form, rising) if rising.size else [])):
            raise ArithmeticError("the curvatures at a dedicated feature could not be told from zero")
        others = directions[:, : size - rising.shape[1]]
        own = others @ others.T  # the features' own directions, without what rises in them
        suspects = others.T if others.shape[1] < 2 else [*others.T, *own[np.linalg.norm(own, axis=1) > _OWN]]
        leans = tuple(self._lean(side * one, rising) for one in suspects for side in (1, -1))
        return leans, others.shape[1] < 2

    @property
    def sign(self) -> int:
        """1 where A is proved to be positive, -1 where it is proved to take negative values, 0 where neither is."""
        leans, decisive = self.leans()
        if any(one.value < 0 for one in leans):
            return -1
        return int(decisive and all(one.value > 0 for one in leans))

    def value(self, place: Sequence[arb]) -> arb:
        """A at (c, y)."""
        return self._expansion(place)[0]

    def _expansion(self, place: Sequence[arb]) -> tuple[arb, arb_mat, arb_mat]:
        """A with its gradient and Hessian by (c, y)."""
        size, means = len(place), [p / 2 for p in self.others]
        E = expectations(place[1:], place[0] - _dot(place[1:], means), BallLaw(self.others, self.others))
        kinds: list[tuple[int, ...]] = [(), *((k,) for k in range(size - 1))]
        centred = arb_mat(np.eye(size, dtype=int).tolist())  # x_k - p_k/2 by 1 and x_k
        for k, mean in enumerate(means):
            centred[k + 1, 0] = -mean
        first = arb_mat([[E(1, *k)] for k in kinds])
        second = arb_mat([[E(0, *k, *n) for n in kinds] for k in kinds])
        off, at = 2 * self.importance * (1 - self.density), arb_mat(size, 1, list(place))
        pull = self._quadratic() * at
        value = (at.transpose() * pull)[0, 0] + off * E(2)
        slopes = 2 * pull + off * (centred * first)
        return value, slopes, 2 * self._quadratic() + off * (centred * second * centred.transpose())

    def _lean(self, direction: np.ndarray, rising: np.ndarray) -> Lean:
        """min of A(c, y) over c and y in a direction + the rising ones: a convex function's.

        At any point z, with gradient g there, it is at least A(z) - g·B⁻¹ g / 4, B the quadratic part of A.
        """
        size, free = rising.shape
        fixed = arb_mat([[arb(0)], *[[arb(float(x))] for x in direction]])
        turned = np.zeros((size + 1, free + 1))
        turned[0, 0], turned[1:, 1:] = 1.0, rising
        turn, z = arb_mat(turned.tolist()), arb_mat(free + 1, 1)
        for _ in range(_MOST_STEPS):
            value, slopes, bend = self._expansion((fixed + turn * z).entries())
            step = (turn.transpose() * bend * turn).mid().solve((turn.transpose() * slopes).mid()).mid()
            if not all(x.is_finite() for x in step.entries()):
                break
            settled = arb(2) ** (-ctx.prec // 2)
            z = arb_mat([[x if abs(x) > settled else arb(0)] for x in (z - step).mid().entries()])
            if max(abs(x) for x in step.entries()) < settled:
                break
        place = (fixed + turn * z).entries()
        value, slopes, _ = self._expansion(place)
        pull = turn.transpose() * slopes
        lowered = (pull.transpose() * (turn.transpose() * self._quadratic() * turn).solve(pull))[0, 0]
        return Lean((value - lowered / 4).union(value), place[0], tuple(place[1:]))

    def _quadratic(self) -> arb_mat:
        size = self.form.nrows()
        total = arb_mat(size + 1, size + 1)
        total[0, 0] = self.importance * self.density / 4
        for k in range(size):
            for n in range(size):
                total[k + 1, n + 1] = self.form[k, n]
        return total


def _dot(one: Sequence[arb], other: Sequence[arb]) -> arb:
    return sum((x * y for x, y in zip(one, other, strict=True)), arb(0))


@dataclass(frozen=True)
class Lean:
    """A direction at a kink: the least value of A there, and (c, y)."""

    value: arb
    c: arb
    y: tuple[arb, ...]


def kink_signs(point: Enclosed, law: BallLaw) -> list[int]:
    """`Kink.sign` of every dedicated feature."""
    return [one.sign for one in kinks(point, law)]


def without_dedicated(point: Enclosed, law: BallLaw) -> tuple[Enclosed, BallLaw, list[int]]:
    """The other features in the dimensions that are not taken, their law, and which they are."""
    others = [i for i in range(len(point.at.b)) if i not in point.dedicated]
    free = [row for row in point.at.W if all(row[i].is_zero() for i in point.dedicated)]
    W = [[row[i] for i in others] for row in free]
    G = [[point.at.G[i][j] for j in others] for i in others]
    smooth = Enclosed(BallWeights(W, [point.at.b[i] for i in others], G), point.loss, point.scalars)
    return smooth, law.of(others), others


def kinks(point: Enclosed, law: BallLaw) -> list[Kink]:
    """The loss near each dedicated feature to second order: with that of the others alone, all there is.

    Overlaps between dedicated features, by Jensen's inequality, only add to the loss; so do, each on its own, overlaps
    along which T is positive.  Between dedicated features nothing else is shared, so that the point is a strict minimum
    (rotations apart) where it is one of the other features alone and every A is positive.

    Args:
        point: critical; every dedicated feature in a dimension of its own.
        law: of all features.

    Raises:
        ArithmeticError: dedicated features of a law other than that of independent uniform ones.
    """
    if point.dedicated and law.structure != Structure():
        raise ArithmeticError("the kink of a dedicated feature is decided for independent uniform features only")
    smooth, rest, _ = without_dedicated(point, law)
    rows = rows_of(smooth.at, rest, 2)
    both, size = both_ways(rows), len(rows)
    spreads = [p / 3 - p * p / 4 for p in rest.density]
    found = []
    for i in point.dedicated:
        p, weight = law.density[i], law.importance[i]
        form = arb_mat([[entry / 2 for entry in line] for line in both]) if size else arb_mat(0, 0)
        for j in range(size):
            form[j, j] += rows[j].hessian[-1][-1] * (p / 3 - p * p / 4) / 2 + weight * p * spreads[j]
        found.append(Kink(i, form, weight, p, tuple(rest.density)))
    return found
