"""Elhage et al. on removing superposition: by a penalty on activations, and by training on attacked inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float

from tegum.empirical.plan import Training
from tegum.empirical.probes.forward import inputs
from tegum.papers.claims.quantity import Quantity
from tegum.papers.elhage2022.training import trained
from tegum.theory.loss.population import population_loss
from tegum.theory.search.optimum import optimum
from tegum.theory.setting import Setting, with_axis

#: Features are represented whose vector is longer than this share of the longest one.
_NORM = 0.5
#: A feature of no length has no direction to be attacked in.
_TINY = 1e-12
#: Inputs on which the best of trained models is chosen.
_INPUTS = 2**15


@dataclass(frozen=True)
class Hardened:
    """Models trained on attacked inputs, and the loss of each on attacked inputs it has not seen."""

    W: Float[np.ndarray, "runs hidden features"]
    loss: Float[np.ndarray, " runs"]


def penalised(setting: Setting, penalties: Sequence[float]) -> Quantity:
    """Loss without its penalty, Σ I E(y - x̂)², of the best weights at each penalty λ."""
    values = []
    for value in penalties:
        best = optimum(with_axis(setting, "l1", value))
        plain = population_loss(best.weights, with_axis(setting, "l1", 0.0))
        values.append(float(plain.loss))
    return Quantity(tuple(values), 1e-9, "global search on the exact loss", {"l1": list(penalties)})


def attacked_features_per_dimension(
    setting: Setting, shares: Sequence[float], runs: int = 16, steps: int = 2000, through: bool = True
) -> Quantity:
    """Mean of ‖W‖²_F / m over models trained on attacked inputs, at each size of the attack; see `hardened`."""
    sizes = [(hardened(setting, share, runs, steps, through).W ** 2).sum((1, 2)) / setting.hidden for share in shares]
    errors = tuple(float(2 * one.std(ddof=1) / np.sqrt(runs)) for one in sizes)
    method = f"mean of {runs} trained models, two standard errors"
    return Quantity(tuple(float(one.mean()) for one in sizes), errors, method, {"share": list(shares)})


def share_without_superposition(
    setting: Setting, shares: Sequence[float], runs: int = 16, steps: int = 2000
) -> Quantity:
    """Least attack from which on the best of models trained on it represents no more features than dimensions.

    Attacks are tried in rising order; it lies between the last one that leaves superposition and the next.
    """
    counts = [represented(_best(hardened(setting, share, runs, steps))) for share in shares]
    since = _since(np.array(counts) <= setting.hidden)
    low, high = [0.0, *shares][since], shares[since]
    details = {"share": list(shares), "represented": counts}
    return Quantity((low + high) / 2, (high - low) / 2, f"best of {runs} trained models; between two attacks", details)


def hardened(setting: Setting, share: float, runs: int, steps: int, through: bool = True) -> Hardened:
    """Models trained on inputs x + δ to give x, δ the analytic optimal attack on one feature's output.

    δ = share ‖x‖ G_i / ‖G_i‖, G = WᵀW: of all attacks of its length it raises feature i's output most; i takes turns.
    The gradient goes through the attack, which moves with W; without `through` the attack is held fixed in each step.
    """
    training = Training(runs=runs, steps=steps, batch_size=512, learning_rate=0.02, device="cpu")
    found = trained(setting, training, lambda *given: attacked_losses(setting, share, through, *given).mean(-1))
    x = torch.tensor(inputs(setting, _INPUTS, np.random.default_rng(0)).T, dtype=torch.float32)
    parameters = {name: torch.tensor(array, dtype=torch.float32) for name, array in found.items()}
    losses = [
        attacked_losses(setting, share, through, {name: one[[run]] for name, one in parameters.items()}, x[None])
        for run in range(runs)
    ]
    return Hardened(found["W"], np.array([one.double().mean().item() for one in losses]))


def attacked_losses(
    setting: Setting,
    share: float,
    through: bool,
    parameters: Mapping[str, torch.Tensor],
    x: Float[torch.Tensor, "1 features batch"],
) -> Float[torch.Tensor, "runs batch"]:
    """Σ_i I_i (x_i - x̂_i)² of each input under its attack; the features attacked take turns from input to input."""
    W, feature = parameters["W"], torch.arange(x.shape[-1]) % setting.count
    G = W.mT @ W
    attack = share * x.norm(dim=1, keepdim=True) * (G / G.norm(dim=1, keepdim=True).clamp_min(_TINY))[:, :, feature]
    x_hat = torch.relu(G @ (x + (attack if through else attack.detach())) + parameters["b"][..., None])
    return torch.tensor(setting.importance, dtype=x.dtype) @ (x_hat - x).square()


def represented(W: Float[np.ndarray, "hidden features"]) -> int:
    """How many features have a vector longer than half of the longest one."""
    norms = np.linalg.norm(W, axis=0)
    return int((norms > _NORM * norms.max()).sum())


def _best(models: Hardened) -> Float[np.ndarray, "hidden features"]:
    return models.W[models.loss.argmin()]


def _since(true: Bool[np.ndarray, " places"]) -> int:
    """Place from which on it is true to the end."""
    since = int(np.flatnonzero(~true).max(initial=-1)) + 1
    if since == len(true):
        raise ArithmeticError("superposition is left under each of the attacks")
    return since
