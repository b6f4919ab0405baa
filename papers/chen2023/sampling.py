"""Local learning coefficients by sampling: Langevin chains with a Metropolis step around a point."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

#: Losses [chains] and gradients [chains, parameters] at points [chains, parameters].
Potential = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
#: Share of proposals that the step is tuned to accept, best for Langevin proposals in many dimensions.
_ACCEPTED = 0.57


@dataclass(frozen=True)
class Coefficient:
    """A sampled learning coefficient.

    Attributes:
        value: λ̂.
        error: two standard errors, from the spread of the chains' own means.
        accepted: share of proposals that were accepted.
        drift: λ̂ of the chains' second half less that of their first.
        below: share of chains that ended at a lower loss than L(w*): w* is no minimum, or they have left its basin.
    """

    value: float
    error: float
    accepted: float
    drift: float
    below: float


@dataclass(frozen=True)
class _Chains:
    """Where chains stand: points, and energy, its slope and loss there."""

    w: Float[np.ndarray, "chains parameters"]
    energy: Float[np.ndarray, " chains"]
    slope: Float[np.ndarray, "chains parameters"]
    loss: Float[np.ndarray, " chains"]


def learning_coefficient(
    potential: Potential,
    minimum: Float[np.ndarray, " parameters"],
    samples: float,
    start: Float[np.ndarray, " parameters"] | None = None,
    prior: float = 1.0,
    chains: int = 128,
    steps: int = 4000,
    seed: int = 0,
) -> Coefficient:
    """λ̂ = n β (E L - L(w*)) with β = 1/log n, E over exp(-n β L(w) - γ |w - w*|²/2).

    Args:
        potential: L and its gradient.
        minimum: w*.
        samples: n.
        start: where all chains begin; w* itself if None.
        prior: γ, which keeps chains near w* in directions in which L is flat.
        chains: that run side by side.
        steps: of each chain, after as many to forget the start and to tune the step.
        seed: of the chains' random numbers.

    Validity: λ̂ is λ + O(1/log n), and λ + O(1/(n β)) where L is quadratic across its flat directions; γ lowers it by
    about γ/(2 n β h) for each direction of curvature h.

    Source: Watanabe 2013 (JMLR 14), theorem 4; Lau et al. 2023 (arXiv:2308.12108), definition of λ̂.
    """
    random = np.random.default_rng(seed)
    heat = samples / np.log(samples)
    least = float(potential(minimum[None])[0][0])

    def at(w: np.ndarray) -> _Chains:
        loss, slope = potential(w)
        away = w - minimum
        return _Chains(w, heat * loss + prior / 2 * (away**2).sum(axis=1), heat * slope + prior * away, loss)

    now = at(np.tile(minimum if start is None else start, (chains, 1)))
    size, accepted, kept = 1 / heat, np.empty(steps), np.empty((steps, chains))
    for step in range(-steps, steps):
        now, taken = _advanced(now, at, size, random)
        if step < 0:
            size *= np.exp((taken.mean() - _ACCEPTED) / np.sqrt(step + steps + 1))
        else:
            accepted[step], kept[step] = taken.mean(), heat * (now.loss - least)
    means = kept.mean(axis=0)
    return Coefficient(
        value=float(means.mean()),
        error=float(2 * means.std(ddof=1) / np.sqrt(chains)),
        accepted=float(accepted.mean()),
        drift=float(kept[steps // 2 :].mean() - kept[: steps // 2].mean()),
        below=float((now.loss < least).mean()),
    )


def _advanced(
    now: _Chains, at: Callable[[np.ndarray], _Chains], size: float, random: np.random.Generator
) -> tuple[_Chains, Bool[np.ndarray, " chains"]]:
    """One step of the Metropolis-adjusted Langevin algorithm, and which chains took it."""
    noise = random.normal(size=now.w.shape)
    new = at(now.w - size / 2 * now.slope + np.sqrt(size) * noise)
    back = ((now.w - new.w + size / 2 * new.slope) ** 2).sum(axis=1) / size
    taken = np.log(random.random(len(now.w))) < now.energy - new.energy + ((noise**2).sum(axis=1) - back) / 2
    rows = taken[:, None]
    return _Chains(
        np.where(rows, new.w, now.w),
        np.where(taken, new.energy, now.energy),
        np.where(rows, new.slope, now.slope),
        np.where(taken, new.loss, now.loss),
    ), taken


def one_hot_losses(
    points: Float[np.ndarray, "chains parameters"],
) -> tuple[Float[np.ndarray, " chains"], Float[np.ndarray, "chains parameters"]]:
    """One-hot loss of models in two dimensions, and its gradient; points are (W, b), flattened.

    An output's ∫ (a x + b)_+² dx over 0 <= x <= 1 is b² l_0 + 2 a b l_1 + a² l_2, l_k the integral of x^k where
    a x + b is positive; its slopes are 2 (b l_0 + a l_1) by b and 2 (b l_1 + a l_2) by a, for it is zero at the ends.
    """
    count = points.shape[1] // 3
    W, b = points[:, : 2 * count].reshape(-1, 2, count), points[:, 2 * count :, None]
    G = np.swapaxes(W, 1, 2) @ W
    root = np.clip(-b / np.where(G == 0, -1e-150, G), 0.0, 1.0)  # an overlap of zero counts as falling
    low = np.where(G > 0, root, 0.0)
    high = np.where(G > 0, 1.0, np.where(b > 0, root, 0.0))
    l0, l1, l2 = high - low, (high**2 - low**2) / 2, (high**3 - low**3) / 3
    by_b, by_a = b * l0 + G * l1, b * l1 + G * l2
    own = np.eye(count)
    loss = (b * by_b + G * by_a - 2 * own * by_a + own / 3).sum(axis=(1, 2)) / count
    at_a = 2 * (by_a - own * l2) / count
    at_b = 2 * (by_b - own * l1).sum(axis=2) / count
    at_W = W @ (at_a + np.swapaxes(at_a, 1, 2))
    return loss, np.concatenate([at_W.reshape(len(points), -1), at_b], axis=1)


def sum_of_powers(exponents: Sequence[int]) -> Potential:
    """L(w) = Σ_i w_i^(2 k_i), whose learning coefficient is Σ_i 1/(2 k_i)."""
    powers = 2 * np.array(exponents)
    return lambda w: ((w**powers).sum(axis=1), powers * w ** (powers - 1))
