"""Adversarial vulnerability: what a small change of the input costs, beside a model without superposition."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from tegum.empirical.probes.cells import Cell, one_model, repeated
from tegum.empirical.probes.forward import inputs
from tegum.empirical.probes.norm import mean_input_norm
from tegum.theory.checks import number, whole
from tegum.theory.errors import InputError
from tegum.theory.loss.population import population_loss
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights, overlap_matrix

#: Steps of the ascent from the candidate attacks, for all inputs at once and for each input.
_STEPS = 30
#: Candidates that the ascent of attacks on all inputs follows, and the relative gain below which it is at rest.
_KEPT, _AT_REST = 4, 1e-9
#: Lengths of the candidates for each input, as shares of the budget: where an output rises from zero towards its
#: target, less is more.
_LENGTHS = (0.25, 0.5, 0.75, 1.0)
#: Inputs times candidates times features handled at once.
_AT_ONCE = 2**22
_KNOWN = {"activation": ("none",), "target": ("identity",), "values": ("uniform", "binary")}


@dataclass(frozen=True)
class Vulnerability:
    """What ℓ2-bounded attacks cost the models of one cell.

    Attributes:
        density: mean density of the features.
        budget: ε, the largest ‖δ‖, in magnitudes of a feature.
        baseline: what the optimal attack costs the model without superposition: ε² max_i I_i, exactly.
        shared: largest rise of the population loss by one attack on all inputs; exact for the attack found.
        shared_error: bound on its numerical error.
        attack: that attack δ of each model.
        single: mean rise of the loss by the best attack found for each input; a lower bound of the optimum's.
        single_error: its standard error over inputs.
        ceiling: mean of an upper bound on the rise, each feature attacked by itself, on the same inputs.
        features_per_dimension: ‖W‖²_F / hidden.
    """

    density: float
    budget: float
    baseline: float
    shared: Float[np.ndarray, " runs"]
    shared_error: Float[np.ndarray, " runs"]
    attack: Float[np.ndarray, "runs features"]
    single: Float[np.ndarray, " runs"]
    single_error: Float[np.ndarray, " runs"]
    ceiling: Float[np.ndarray, " runs"]
    features_per_dimension: Float[np.ndarray, " runs"]


def vulnerability(cell: Cell, share: float = 0.1, samples: int = 4096, seed: int = 0) -> Vulnerability:
    """What attacks x → x + δ, ‖δ‖ <= ε = share E‖x‖, cost the models of a cell, whose targets stay those of x.

    An attack on all inputs alike moves the outputs before the readout by G δ, which is a change of the bias: its cost
    L(W, b + G δ) - L(W, b) is exact.  The best one is sought by δ ← ε Gᵀ∇_b L / ‖Gᵀ∇_b L‖ from the optimal attacks on
    each single feature, δ = ± ε G_i / ‖G_i‖.  For each input alone the same is done with the loss of that input.

    Args:
        cell: models with the setting of their inputs.
        share: size of the attack relative to the mean length of an input.
        samples: inputs that single attacks are averaged over.
        seed: of the inputs.

    Returns:
        `Vulnerability`, squared magnitudes of a feature; shared <= optimum and single <= optimum of each input <=
        ceiling.

    Raises:
        InputError: a share of zero or less, or a setting of another kind.

    Validity: linear hidden layer, targets x >= 0.  In a model that gives each of its dimensions to one feature, an
    attack moves each represented output by at most its own part of δ, and by all of it where x̂_i rises: the optimum
    costs ε² max_i I_i, whatever the input.

    Source: Elhage et al. 2022, section "Superposition and adversarial robustness": share 0.1, attacks λ (WᵀW)_i /
    ‖(WᵀW)_i‖.
    """
    _check(cell.setting, share)
    whole("samples", samples, 2, 10**7)
    budget = share * mean_input_norm(cell.setting)
    if budget == 0.0:
        raise InputError("density = 0 for every feature: there is no input to be attacked")
    shared = [_shared(one_model(cell.weights, run), cell.setting, budget) for run in range(len(cell.weights.W))]
    x = inputs(cell.setting, samples, np.random.default_rng(seed))
    single = [_single(one_model(cell.weights, run), cell.setting, budget, x) for run in range(len(cell.weights.W))]
    rise, error, attack = (np.array(column) for column in zip(*shared, strict=True))
    gain, bound = (np.array(column) for column in zip(*single, strict=True))
    return Vulnerability(
        density=float(np.mean(cell.setting.density)),
        budget=budget,
        baseline=budget**2 * max(cell.setting.importance),
        shared=rise,
        shared_error=error,
        attack=attack,
        single=gain.mean(axis=1),
        single_error=gain.std(axis=1, ddof=1) / np.sqrt(samples),
        ceiling=bound.mean(axis=1),
        features_per_dimension=(cell.weights.W**2).sum(axis=(1, 2)) / cell.setting.hidden,
    )


def without_superposition(setting: Setting) -> Weights:
    """The model that gives each dimension to one feature, the most important ones first, and drops the others.

    Its biases are optimal: 0, and for a dropped feature the mean of x_i.
    """
    order = np.argsort(-np.array(setting.importance), kind="stable")[: setting.hidden]
    W = np.zeros((setting.hidden, setting.count))
    W[np.arange(len(order)), order] = 1.0
    b = np.array(setting.density) * (1.0 if setting.values == "binary" else 0.5)
    b[order] = 0.0
    return Weights(W, b if setting.bias else np.zeros_like(b), None if setting.tied else W.T.copy())


def _shared(weights: Weights, setting: Setting, budget: float) -> tuple[float, float, np.ndarray]:
    """Rise of the loss by the best attack on all inputs that was found, bound on its error, and the attack."""
    shifting = replace(setting, bias=True, l1=0.0)
    G, clean = overlap_matrix(weights), population_loss(weights, shifting)
    attacks, risen, worst = _candidates(G, budget), 0.0, np.zeros(setting.count)
    error = 2 * float(clean.error)
    for step in range(_STEPS):
        found = population_loss(_shifted(weights, attacks @ G.T), shifting)
        loss, order = np.asarray(found.loss), np.argsort(-np.asarray(found.loss), kind="stable")
        top, gain = order[0], float(loss[order[0]] - clean.loss) - risen
        if gain > 0:
            risen, worst = risen + gain, attacks[top]
            error = float(np.asarray(found.error)[top] + clean.error)
        if step and gain <= _AT_REST * risen:
            break
        kept = order[:_KEPT]
        attacks = _of_length(found.gradient.b[kept] @ G, budget, attacks[kept])
    return risen, error, worst


def _shifted(weights: Weights, shifts: Float[np.ndarray, "attacks features"]) -> Weights:
    """The model with its outputs before the readout shifted, once for each attack."""
    copies = repeated(weights, len(shifts))
    return Weights(copies.W, copies.b + shifts, copies.W_out)


def _single(
    weights: Weights, setting: Setting, budget: float, x: Float[np.ndarray, "inputs features"]
) -> tuple[Float[np.ndarray, " inputs"], Float[np.ndarray, " inputs"]]:
    """Rise of each input's loss by the best attack on it that was found, and an upper bound on the best one's."""
    G, importance = overlap_matrix(weights), np.array(setting.importance)
    z = x @ G.T + weights.b
    squares = _readout(z, setting) - x
    clean = squares**2 @ importance
    delta = _best_candidate(np.concatenate([_candidates(G, share * budget) for share in _LENGTHS]), G, z, x, setting)
    best = np.zeros(len(x))
    for step in range(_STEPS):
        moved = z + delta @ G.T
        residual = _readout(moved, setting) - x
        best = np.maximum(best, residual**2 @ importance - clean)
        passed = moved > 0 if setting.readout == "relu" else True
        uphill = _of_length((importance * residual * passed) @ G, budget * (1 - step / _STEPS), np.zeros_like(x))
        delta = _within(delta + uphill, budget)
    reach = budget * np.linalg.norm(G, axis=1)  # z_i moves by at most so much
    ends = np.maximum(*((_readout(z + sign * reach, setting) - x) ** 2 for sign in (1, -1)))
    return best, ends @ importance - clean


def _best_candidate(
    attacks: Float[np.ndarray, "attacks features"], G: np.ndarray, z: np.ndarray, x: np.ndarray, setting: Setting
) -> Float[np.ndarray, "inputs features"]:
    """For each input the candidate that costs it most."""
    step = max(1, _AT_ONCE // attacks.size)
    importance, shifts = np.array(setting.importance), attacks @ G.T
    chosen = [
        (((_readout(z[part, None] + shifts, setting) - x[part, None]) ** 2) @ importance).argmax(axis=1)
        for part in (slice(first, first + step) for first in range(0, len(x), step))
    ]
    return attacks[np.concatenate(chosen)]


def _candidates(G: Float[np.ndarray, "features features"], budget: float) -> Float[np.ndarray, "attacks features"]:
    """The attacks that move one feature's output furthest, up and down: ± ε G_i / ‖G_i‖."""
    up = _of_length(G, budget, np.zeros_like(G))
    return np.concatenate([up, -up])


def _of_length(v: np.ndarray, length: float, otherwise: np.ndarray) -> np.ndarray:
    """Rows scaled to a length; where a row vanishes, the other one."""
    norms = np.linalg.norm(v, axis=-1, keepdims=True)
    return np.where(norms > 0, length * v / np.where(norms > 0, norms, 1.0), otherwise)


def _within(v: np.ndarray, length: float) -> np.ndarray:
    """Rows longer than a length shortened to it."""
    norms = np.linalg.norm(v, axis=-1, keepdims=True)
    return v * np.minimum(1.0, length / np.where(norms > 0, norms, np.inf))


def _readout(z: np.ndarray, setting: Setting) -> np.ndarray:
    return np.maximum(z, 0.0) if setting.readout == "relu" else z


def _check(setting: Setting, share: float) -> None:
    if number("share", share, 0.0, 1e6) == 0.0:
        raise InputError("share = 0.0; the attack must have a size above 0")
    for key, known in _KNOWN.items():
        if getattr(setting, key) not in known:
            raise InputError(
                f"{key} = {getattr(setting, key)!r} is not supported by the adversarial probe; supported: "
                f"{' or '.join(map(repr, known))}"
            )
