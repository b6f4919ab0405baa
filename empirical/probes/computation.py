"""Computation in superposition: how many features each neuron of a ReLU hidden layer works for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.special import betainc
from scipy.stats import binom

from tegum.empirical.probes.cells import Cell
from tegum.theory.checks import number
from tegum.theory.errors import InputError
from tegum.theory.loss.population import population_loss

#: A feature is aligned with the basis if some neuron has so much of its direction: beyond 1/√2 no two neurons can.
ALIGNED = 0.9
#: Neurons whose strength is below this share of the strongest do nothing.
_DEAD = 0.01


@dataclass(frozen=True)
class Computation:
    """What the neurons of one cell's models do.

    Attributes:
        density: mean density of the features.
        loss, error: population loss of each model and the bound on it (its standard error where there is no exact
            route).
        features_of: number of features that each neuron works for, 0 if it does nothing.
        monosemantic, polysemantic, dead: number of neurons with one such feature, with several, and with none.
        unsure: number of neurons whose count is another at half or at twice the threshold.
        neurons_of: number of neurons that work for each feature.
        aligned: number of features whose hidden state, and that of -x_i where values are signed, points along one
            neuron, to a cosine of `ALIGNED`.
        aligned_by_chance: the same in expectation for a hidden layer turned at random, which has no privileged basis.
    """

    density: float
    loss: Float[np.ndarray, " runs"]
    error: Float[np.ndarray, " runs"]
    features_of: Int[np.ndarray, "runs hidden"]
    monosemantic: Int[np.ndarray, " runs"]
    polysemantic: Int[np.ndarray, " runs"]
    dead: Int[np.ndarray, " runs"]
    unsure: Int[np.ndarray, " runs"]
    neurons_of: Int[np.ndarray, "runs features"]
    aligned: Int[np.ndarray, " runs"]
    aligned_by_chance: Float[np.ndarray, " runs"]


def computation(cell: Cell, threshold: float = 0.2) -> Computation:
    """Count the features that each neuron works for, and the features that have a neuron to themselves.

    Neuron a works for feature i where its part of the map, w_ai = W_ai ‖W_out,a‖, is at least the threshold times its
    largest |w_aj|: one feature makes it monosemantic, several polysemantic.

    Args:
        cell: models with a ReLU hidden layer, whose neurons are a basis that means something.
        threshold: from 0 to 1.

    Returns:
        `Computation`.

    Raises:
        InputError: a linear hidden layer, which every rotation leaves the same model, or a threshold outside (0, 1].

    Validity: features of equal importance and density in one neuron are told apart at any threshold below their ratio
    of weights; near it ``unsure`` says so.

    Source: Elhage et al. 2022, sections "Superposition in a privileged basis" and "Computation in superposition".
    """
    _check(cell, threshold)
    strength = neuron_strengths(cell)
    counts = [_works_for(strength, share * threshold) for share in (0.5, 1.0, 2.0)]
    features_of, unsure = counts[1].sum(axis=2), (counts[0].sum(axis=2) != counts[2].sum(axis=2)).sum(axis=1)
    found = population_loss(cell.weights, cell.setting)
    points, has_direction = aligned(cell)
    return Computation(
        density=float(np.mean(cell.setting.density)),
        loss=np.asarray(found.loss),
        error=np.asarray(found.error),
        features_of=features_of,
        monosemantic=(features_of == 1).sum(axis=1),
        polysemantic=(features_of > 1).sum(axis=1),
        dead=(features_of == 0).sum(axis=1),
        unsure=unsure,
        neurons_of=counts[1].sum(axis=1),
        aligned=points.sum(axis=1),
        aligned_by_chance=has_direction.sum(axis=1) * chance_aligned(cell.setting.hidden, _signed(cell)),
    )


def neuron_strengths(cell: Cell) -> Float[np.ndarray, "runs hidden features"]:
    """W_ai ‖W_out,a‖: unchanged when a neuron's input weights are scaled up and its output weights down."""
    return cell.weights.W * np.linalg.norm(cell.weights.outward, axis=1)[..., None]


def aligned(
    cell: Cell,
) -> tuple[Bool[np.ndarray, "runs features"], Bool[np.ndarray, "runs features"]]:
    """Which features point along one neuron, and which have a direction at all."""
    W = cell.weights.W
    halves = [W, -W] if _signed(cell) else [W]
    norms = np.linalg.norm(W, axis=1)
    cosines = [_basis_cosine(np.maximum(half, 0.0)) for half in halves]
    return np.min(cosines, axis=0) >= ALIGNED, norms > _DEAD * norms.max(axis=1, keepdims=True)


def chance_aligned(hidden: int, signed: bool) -> float:
    """Probability that a feature of random direction u points along a neuron: cos((u)_+, e_a) >= c = `ALIGNED`.

    Of u, k coordinates are positive with probability C(hidden, k) 2^-hidden, and (u)_+ is then uniform among the
    directions of their orthant: it is aligned with probability q_k = k I_{1-c²}((k - 1)/2, ½), a sum since for
    c > 1/√2 no two axes are that near.  Signed values need (-u)_+ aligned as well, whose coordinates are the others.
    """
    k = np.arange(hidden + 1)
    chance = binom.pmf(k, hidden, 0.5)
    q = np.where(k > 1, k * betainc(np.maximum(k - 1, 1) / 2, 0.5, 1 - ALIGNED**2), k)
    return float((chance * q * (q[::-1] if signed else 1.0)).sum())


def _works_for(strength: np.ndarray, threshold: float) -> np.ndarray:
    size = np.abs(strength)
    largest = size.max(axis=2, keepdims=True)
    alive = largest > _DEAD * size.max(axis=(1, 2), keepdims=True)
    return alive & (size >= min(threshold, 1.0) * largest)


def _basis_cosine(states: np.ndarray) -> np.ndarray:
    norms = np.linalg.norm(states, axis=1)
    return np.divide(states.max(axis=1), norms, out=np.zeros_like(norms), where=norms > 0)


def _signed(cell: Cell) -> bool:
    return cell.setting.values == "signed"


def _check(cell: Cell, threshold: float) -> None:
    if number("threshold", threshold, 0.0, 1.0) == 0.0:
        raise InputError("threshold = 0.0; it must be above 0")
    if cell.setting.activation != "relu":
        raise InputError("activation = 'none' has no neurons to count: its hidden layer has no basis; use 'relu'")
