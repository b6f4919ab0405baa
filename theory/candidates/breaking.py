"""How a candidate breaks: the direction in which an unstable one falls, and what it falls to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from tegum.theory.candidates.candidates import Candidate
from tegum.theory.geometry.critical import CRITICAL_TOLERANCE
from tegum.theory.geometry.identify import Identity, identify
from tegum.theory.loss.law import Law, empty_loss, law_of
from tegum.theory.loss.objective import parameters, weights_of
from tegum.theory.search.curvature import curvature_tolerance, least_modes
from tegum.theory.search.descent import Descent, descend
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

#: Step off the candidate, and longest step on the way down, short so that it stays in the valley it enters.
_ASIDE, _REACH = 1e-3, 0.25
#: Further saddles that are left on the way down.
_SADDLES = 6
#: A gradient below this times the loss of the empty model is at rest: on a flat, Newton's last steps are slow.
_AT_REST = 1e-9


@dataclass(frozen=True)
class Breaking:
    """How an unstable candidate breaks.

    Attributes:
        curvature: of the loss along the direction, negative: one-sided where a bias is zero.
        W, b: the unit direction, in the shape of weights, towards the lower of the two sides.
        breaks_to: name of the geometry that the loss leads to from a small step along it.
        loss: exact population loss there.
        identity: the geometry there, feature by feature.
        weights: the model there.
    """

    curvature: float
    W: Float[np.ndarray, "hidden features"]
    b: Float[np.ndarray, " features"]
    breaks_to: str
    loss: float
    identity: Identity
    weights: Weights


def breaking(candidate: Candidate, setting: Setting) -> Breaking | None:
    """The direction in which a candidate breaks, and the geometry that it breaks to.

    v = argmin v·H v over unit v orthogonal to the rotations;  then downhill from θ + εv and θ - εv, the
    lower of the two, and on from every saddle that the way leads to.

    Args:
        candidate: a critical point of its ansatz, as `candidates` returns it.
        setting: that it is a candidate for.

    Returns:
        `Breaking`; None where no curvature is negative beyond `curvature_tolerance`, or where the candidate is not
        critical.

    Raises:
        ArithmeticError: the way down does not come to rest below the candidate.

    Validity: that of `curvature.least_curvatures`.  On a kink, where a bias is zero, the curvature holds along +v only.

    Source: the least mode of the Hessian as the way out of a saddle, Nocedal & Wright (2006), section 3.4.

    >>> from tegum.theory.candidates.candidates import candidate
    >>> pair = Setting(count=2, hidden=1, density=0.72)
    >>> found = breaking(candidate("digon", pair), pair)
    >>> found.breaks_to, found.identity.factors[0].distortion > 0.01  # one vector longer than the other
    ('digon', True)
    """
    law = law_of(setting)
    if not candidate.critical or candidate.hessian_min >= -curvature_tolerance(law)[0]:
        return None
    W, b = candidate.weights.W[None], candidate.weights.b[None]
    curvature, direction = least_modes(W, b, law)
    side, rest = _down(W, b, direction, law)
    for _ in range(_SADDLES):
        least, further = least_modes(rest.W, rest.b, law)
        if least[0] >= -curvature_tolerance(law)[0]:
            break
        _, rest = _down(rest.W, rest.b, further, law)
    if not (rest.gradient_norm[0] <= _AT_REST * empty_loss(law)[0] and rest.loss[0] < candidate.loss):
        raise ArithmeticError(f"candidate {candidate.geometry!r} is unstable, but no descent from it came to rest")
    identity = identify(rest.W[0], tolerance=CRITICAL_TOLERANCE)
    away_W, away_b, _ = weights_of(side * direction, setting.count)
    return Breaking(
        curvature=float(curvature[0]),
        W=away_W[0],
        b=away_b[0],
        breaks_to=identity.geometry,
        loss=float(rest.loss[0]),
        identity=identity,
        weights=Weights(rest.W[0], rest.b[0]),
    )


def _down(W: np.ndarray, b: np.ndarray, direction: np.ndarray, law: Law) -> tuple[float, Descent]:
    """The lower of the two sides of a direction, 1 or -1, and where the loss leads to from there."""
    sides = np.array([[1.0], [-1.0]])
    starts = weights_of(parameters(W, b) + _ASIDE * sides * direction, b.shape[1])
    rest = descend(starts[0], starts[1], law[np.zeros(2, dtype=int)], reach=_REACH)
    low = int(np.argmin(rest.loss))
    one = slice(low, low + 1)
    return float(sides[low, 0]), Descent(
        rest.W[one], rest.b[one], rest.loss[one], rest.gradient_norm[one], rest.converged[one], rest.iterations[one]
    )
