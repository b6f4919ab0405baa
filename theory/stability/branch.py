"""A geometry's critical points along an axis of a setting, in double precision and in balls."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log2

import numpy as np
from flint import arb, arb_mat, fmpq
from jaxtyping import Float

from tegum.theory.balls.critical import Enclosed, bordered_hessian, enclosed_fit
from tegum.theory.balls.inertia import pivots_of
from tegum.theory.balls.kink import kink_signs, without_dedicated
from tegum.theory.balls.numbers import BallLaw, ball_law, midpoints
from tegum.theory.candidates.candidates import Candidate, Fit, candidate, fitted
from tegum.theory.setting import Setting, with_axis
from tegum.theory.weights import Weights


@dataclass(frozen=True)
class Branch:
    """A geometry along an axis of a setting.

    Attributes:
        geometry: its name.
        setting: everything but the axis.
        axis: "density", "density[i]" or "importance[i]".
    """

    geometry: str
    setting: Setting
    axis: str

    def at(self, value: float) -> Candidate | None:
        """The optimised geometry, judged; None where it has no critical point of its type."""
        return candidate(self.geometry, with_axis(self.setting, self.axis, value))

    def least(self, value: float) -> float:
        """Its least curvature, nan where there is none."""
        found = self.at(value)
        return found.hessian_min if found is not None else float("nan")

    def fit(self, value: float) -> Fit:
        """The optimised geometry.

        Raises:
            ArithmeticError: it has no critical point of its type.
        """
        found = fitted(self.geometry, with_axis(self.setting, self.axis, value))
        if found is None:
            raise ArithmeticError(f"{self.geometry!r} has no critical point at {self.axis} = {value!r}")
        return found

    def law(self, value: arb) -> BallLaw:
        """The setting's law at a ball of the axis."""
        return ball_law(self.setting, self.axis, value)

    def enclosed(self, fit: Fit, value: arb, accuracy: int) -> Enclosed:
        """The critical point near a fit, for every value in a ball."""
        return enclosed_fit(fit, self.law(value), self.setting.hidden, accuracy)

    def hessian(self, point: Enclosed, value: arb) -> tuple[arb_mat, int]:
        """The Hessian of all features off the kink b = 0, bordered by their rotations, and the number of these."""
        smooth, law, _ = without_dedicated(point, self.law(value))
        return bordered_hessian(smooth, law)

    def negative_modes(self, fit: Fit, value: fmpq, directions: Float[np.ndarray, "rows rows"], accuracy: int) -> int:
        """Proved number of negative eigenvalues of that Hessian.

        Raises:
            ArithmeticError: an eigenvalue cannot be told from zero.
        """
        matrix, turning = self.hessian(self.enclosed(fit, arb(value), accuracy), arb(value))
        pivots = pivots_of(matrix, directions)
        if any(one.contains(0) for one in pivots):
            raise ArithmeticError(f"an eigenvalue cannot be told from zero next to {float(arb(value).mid())!r}")
        return sum(bool(one < 0) for one in pivots) - turning

    def is_minimum(self, fit: Fit, value: fmpq, negative: int, accuracy: int) -> bool:
        """Whether a point with so many negative eigenvalues off the kink is a minimum.

        Raises:
            ArithmeticError: a dedicated feature's side of it cannot be decided.
        """
        signs = kink_signs(self.enclosed(fit, arb(value), accuracy), self.law(arb(value)))
        if 0 in signs and negative == 0 and -1 not in signs:
            raise ArithmeticError(f"a dedicated feature of {self.geometry!r} leans in several directions at once")
        return negative == 0 and -1 not in signs

    def check_connected(self, fit: Fit, ends: tuple[fmpq, fmpq], accuracy: int, digits: int) -> None:
        """Prove that one branch of critical points, and no other in its box, connects two values.

        Raises:
            ArithmeticError: it cannot be proved.
        """
        whole = self.enclosed(fit, arb(ends[0]).union(arb(ends[1])), ceil(digits / 2 * log2(10)))
        for end in ends:
            point = self.enclosed(fit, arb(end), accuracy)
            if not all(box.contains(one) for box, one in zip(whole.scalars, point.scalars, strict=True)):
                raise ArithmeticError(f"the two sides of the limit of {self.geometry!r} could not be connected")


def middle(point: Enclosed) -> Weights:
    """The enclosed weights in double precision."""
    W = np.array([midpoints(row) for row in point.at.W]).reshape(len(point.at.W), len(point.at.b))
    return Weights(W, midpoints(point.at.b))
