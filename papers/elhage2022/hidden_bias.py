"""Elhage et al.'s ReLU hidden layer given a bias of its own: it shifts the neurons to where they are linear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float

from tegum.empirical.models import model_of
from tegum.empirical.plan import Training
from tegum.empirical.probes.forward import inputs, outputs, targets
from tegum.papers.claims.models import best_trained
from tegum.papers.claims.quantity import Quantity
from tegum.papers.elhage2022.training import trained
from tegum.theory.loss.population import population_loss
from tegum.theory.search.optimum import optimum
from tegum.theory.setting import Setting, with_axis
from tegum.theory.weights import Weights

#: Inputs on which a model is compared with a linear one, and standard errors of their mean that count as its error.
_INPUTS, _ERRORS = 2**16, 4


@dataclass(frozen=True)
class Biased:
    """A model x̂ = ReLU(W_out ReLU(W x + c) + b), with its population loss.

    Attributes:
        weights: W, b and W_out.
        c: bias of each neuron.
        loss, error: the loss and the bound on its error.
        off: share of inputs for which some neuron's W x + c is negative.
    """

    weights: Weights
    c: Float[np.ndarray, " hidden"]
    loss: float
    error: float
    off: float


def positive_hidden_biases(setting: Setting, densities: Sequence[float], runs: int = 24, steps: int = 3000) -> Quantity:
    """How many hidden biases are positive in the best of trained models, at each density."""
    best = [_best(with_axis(setting, "density", p), runs, steps) for p in densities]
    details = {"density": list(densities), "c": [one.c.tolist() for one in best], "off": [one.off for one in best]}
    return Quantity(tuple(int((one.c > 0).sum()) for one in best), 0.0, f"best of {runs} trained models", details)


def loss_over_linear_layer(
    setting: Setting, densities: Sequence[float], runs: int = 24, steps: int = 3000, biased: bool = True
) -> Quantity:
    """Loss of the best of trained models over that of the best weights with a linear hidden layer, at each density.

    Models have hidden biases, or with `biased` false none.
    """
    at = [with_axis(setting, "density", p) for p in densities]
    best = [_best(one, runs, steps) if biased else best_trained(one, runs, steps) for one in at]
    linear = [optimum(replace(one, activation="none")).loss for one in at]
    ratios, errors = (
        tuple(getattr(one, key) / least for one, least in zip(best, linear, strict=True)) for key in ("loss", "error")
    )
    method = f"best of {runs} trained models over the optimum of a linear layer"
    return Quantity(ratios, errors, method, {"density": list(densities), "linear": linear})


def _best(setting: Setting, runs: int, steps: int) -> Biased:
    """The best of trained models, by the population loss."""
    training = Training(runs=runs, steps=steps, device="cpu")
    start = {"c": np.zeros((runs, setting.hidden, 1))}
    found = trained(setting, training, lambda *given: _batch_loss(setting, *given), start)
    weights, x = Weights(found["W"], found["b"], found.get("W_out")), inputs(setting, _INPUTS, np.random.default_rng(0))
    models = [measured(setting, model_of(weights, run), found["c"][run, :, 0], x) for run in range(runs)]
    return min(models, key=lambda one: one.loss)


def measured(
    setting: Setting, weights: Weights, c: Float[np.ndarray, " hidden"], x: Float[np.ndarray, "inputs features"]
) -> Biased:
    """A model with its population loss: that of the linear one it is where no neuron is off, and what differs.

    The loss of the linear model, of biases b + W_out c, is exact; the mean of the difference over inputs is not, but
    small where neurons are rarely off.
    """
    linear = replace(setting, activation="none")
    unrolled = Weights(weights.W, weights.b + weights.outward @ c, weights.W_out)
    exact = population_loss(unrolled, linear)
    z = x @ weights.W.T + c
    y, importance = targets(x, setting), np.array(setting.importance)
    losses = [((outputs(h, weights, setting) - y) ** 2) @ importance for h in (np.maximum(z, 0.0), z)]
    difference = losses[0] - losses[1]
    error = float(exact.error + _ERRORS * difference.std(ddof=1) / np.sqrt(len(x)))
    return Biased(weights, c, float(exact.loss) + float(difference.mean()), error, float((z < 0).any(axis=1).mean()))


def _batch_loss(
    setting: Setting, parameters: Mapping[str, torch.Tensor], x: Float[torch.Tensor, "1 features batch"]
) -> Float[torch.Tensor, " runs"]:
    W, b = parameters["W"], parameters["b"]
    h = torch.relu(W @ x + parameters["c"])
    x_hat = torch.relu(parameters.get("W_out", W.mT) @ h + b[..., None])
    importance = torch.tensor(setting.importance, dtype=x.dtype)
    y = x.abs() if setting.target == "abs" else x
    return (importance @ (x_hat - y).square()).mean(-1)
