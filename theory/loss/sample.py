"""A fixed sample of inputs: the loss over it is a plain function of the weights, whose minimum can be sought."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from tegum.theory.loss.law import Law
from tegum.theory.loss.objective import folded, weights_of
from tegum.theory.loss.points import point_sums
from tegum.theory.loss.quasi import features_of, sobol_points

#: Points of a sample at most, and those by which the share of inputs with a feature on is judged (powers of two).
_MOST_POINTS, _JUDGING = 2**20, 2**12


@dataclass(frozen=True)
class Sample:
    """Weighted inputs of a feature law.

    Attributes:
        x: inputs; all those without a feature on are one.
        probability: of each; they sum to 1.
        points: how many points there were before those without a feature on were merged.
    """

    x: Float[np.ndarray, "1 inputs features"]
    probability: Float[np.ndarray, "1 inputs"]
    points: int


def scrambled_sample(law: Law, active: int, random: np.random.Generator) -> Sample:
    """Scrambled Sobol points, as many as bring ``active`` inputs with a feature on.

    Args:
        law: of models that share their densities.
        active: inputs with a feature on; about, the number of points being the next power of two.
        random: of the scrambling.

    Returns:
        `Sample`.  Inputs without a feature on say all the same, and are merged into one with their whole share.

    Validity: any law; at most 2²⁰ points, in which features of the lowest densities are hardly ever on.
    """
    share = _inputs(law, _JUDGING, random).any(axis=1).mean()
    x = _inputs(law, min(active / max(share, 1 / _JUDGING), _MOST_POINTS), random)
    on = x.any(axis=1)
    probability = np.full(int(on.sum()) + 1, 1 / len(x))
    probability[-1] = np.mean(~on)
    return Sample(np.concatenate([x[on], np.zeros_like(x[:1])])[None], probability[None], len(x))


def _inputs(law: Law, least: float, random: np.random.Generator) -> Float[np.ndarray, "inputs features"]:
    exponent = int(np.ceil(np.log2(least)))
    points = sobol_points(law.structure, law.density.shape[1], exponent, random)
    return features_of(points, law.density[:1], law.structure)[0]


def sampled_loss(
    theta: Float[np.ndarray, "models parameters"], law: Law, sample: Sample
) -> tuple[Float[np.ndarray, " models"], Float[np.ndarray, "models parameters"]]:
    """The loss of each model over a sample, and its gradient by θ (see `objective.parameters`).

    L_S(θ) = Σ_s P_s [ Σ_i I_i (y_i - x̂_i)² + λ ‖h‖₁ ].

    Args:
        theta: parameters.
        law: of each model.
        sample: the inputs, for all alike.

    Validity: any setting.  The gradient jumps by O(P_s) where an input crosses a kink of a hidden unit.
    """
    W, b, W_out = weights_of(theta, law.density.shape[1], law.structure)
    outward = W.swapaxes(1, 2) if W_out is None else W_out
    sums = point_sums(W, outward, b, law, sample.x, sample.probability)
    gradient, _ = folded(sums.gradient, None, W.shape[1], W.shape[2], law.structure)
    return sums.per_feature.sum(axis=1) + sums.penalty, gradient
