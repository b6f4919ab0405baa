"""Occasions: every state of binary features, how probable it is, and what the best weights lose there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from tegum.empirical.probes.forward import hidden_states, outputs
from tegum.papers.claims.models import found
from tegum.papers.claims.quantity import Quantity
from tegum.papers.tsugrii2025.angles import LEAST_NORM
from tegum.theory.loss.law import structure_of
from tegum.theory.loss.states import binary_states
from tegum.theory.search.optimum import optimum
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights


@dataclass(frozen=True)
class Occasions:
    """Every state of the inputs.

    Attributes:
        probability: of each state; adds up to 1.
        on: how many represented features are on.
        errors: |x_i - x̂_i| of each represented feature.
    """

    probability: Float[np.ndarray, " states"]
    on: Int[np.ndarray, " states"]
    errors: Float[np.ndarray, "states represented"]

    @property
    def losses(self) -> Float[np.ndarray, " states"]:
        """Squared error of the represented features together, in each state."""
        return (self.errors**2).sum(axis=1)


def occasions(weights: Weights, setting: Setting) -> Occasions:
    """All states of binary features, judged by the represented ones among them: dropped ones take no part."""
    listed = binary_states(np.array([setting.density]), structure_of(setting))
    here = np.linalg.norm(weights.W, axis=0) > LEAST_NORM
    missed = np.abs(listed.x - outputs(hidden_states(listed.x, weights, setting), weights, setting))
    return Occasions(listed.probability[0], listed.x[:, here].sum(axis=1).astype(int), missed[:, here])


def co_occurrence(setting: Setting) -> Quantity:
    """Probability that two features or more are on."""
    listed = binary_states(np.array([setting.density]), structure_of(setting))
    several = listed.x.sum(axis=1) >= 2
    return Quantity(float(listed.probability[0, several].sum()), 1e-12, "all states")


def share_nearly_exact(setting: Setting, margin: float = 0.1, starts: int = 64) -> Quantity:
    """Probability that every output of the best weights is within a margin of its input."""
    best = optimum(setting, starts)
    seen = occasions(best.weights, setting)
    near = (seen.errors < margin).all(axis=1)
    return Quantity(float(seen.probability[near].sum()), 1e-9, "all states of the best weights", found(best))


def share_lost_together(setting: Setting, starts: int = 64) -> Quantity:
    """Share of the represented features' loss that falls on inputs with two of them or more on."""
    best = optimum(setting, starts)
    seen = occasions(best.weights, setting)
    lost = seen.probability * seen.losses
    share = float(lost[seen.on >= 2].sum() / lost.sum())
    return Quantity(share, 1e-6, "all states of the best weights", found(best))
