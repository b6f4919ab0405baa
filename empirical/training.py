"""Training: every run of every setting of one shape in one set of tensors."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice

import numpy as np
import torch
from jaxtyping import Float

from tegum.empirical.ensemble import Ensemble
from tegum.empirical.plan import Training
from tegum.empirical.sampling import batches, numbers_per_block, run_generator
from tegum.theory.checks import shown
from tegum.theory.errors import InputError
from tegum.theory.loss.law import require_basic
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

#: Called now and then with the number of run steps done and the number there are.
Progress = Callable[[int, int], None]

_OPTIMIZERS = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
_REPORTED_STEPS = 100  # over which batch_loss is averaged, and between two calls of progress
#: Most numbers in a block of inputs. On a CPU more runs side by side are slower: they fall out of its caches.
_BLOCK = {"cpu": 2**22, "cuda": 2**29}


def train(
    setting: Setting,
    runs: int = Training.runs,
    seed: int = Training.seed,
    steps: int = Training.steps,
    batch_size: int = Training.batch_size,
    optimizer: str = Training.optimizer,
    learning_rate: float = Training.learning_rate,
    schedule: str = Training.schedule,
    device: str = Training.device,
    progress: Progress | None = None,
) -> Ensemble:
    """An ensemble of `runs` models of one setting, each from its own start on its own inputs.

    See `train_runs` for what is done and `Training` for the options.
    """
    training = Training(runs, steps, batch_size, optimizer, learning_rate, schedule, seed, device)
    return train_cells([setting], training, progress)


def train_cells(settings: Sequence[Setting], training: Training, progress: Progress | None = None) -> Ensemble:
    """An ensemble of `training.runs` models of each setting, setting after setting; see `train_runs`."""
    each = [setting for setting in settings for _ in range(training.runs)]
    return train_runs(each, list(range(training.runs)) * len(settings), training, progress)


def train_runs(
    settings: Sequence[Setting], runs: Sequence[int], training: Training, progress: Progress | None = None
) -> Ensemble:
    """An ensemble of the runs with these settings and indices, trained side by side.

    Each minimises its own 1/B Σ_x Σ_i I_i (x̂_i - x_i)², x̂ = ReLU(WᵀW x + b), over B fresh inputs x a step.
    A run's start and inputs depend on the seed, its setting and its index only, not on its company; its result
    is the same in any company up to rounding, since a matrix library may take another kernel for a lone run.

    Args:
        settings: of each run; densities and importances may differ, the shape may not.
        runs: index of each run.
        training: the options; `runs` in it is not looked at.
        progress: called every 100 steps with the run steps done and their total.

    Returns:
        `Ensemble`, its weights as trained in single precision, in the given order.

    Raises:
        InputError: a setting that training does not support yet, settings of several shapes, a device that is
            not there, a learning rate at which a run diverges.

    Validity: tied weights, independent features uniform on [0, 1], ReLU readout. "adamw" decays weights by
    PyTorch's default of 0.01, so its minimum is not that of the population loss; "constant" does not settle
    in a minimum but hovers above it by a per cent of the loss or more.

    Source: `W` starts as torch.nn.init.xavier_normal_ makes it for one model, normal of variance
    2 / (hidden + features), `b` at 0. The notebook of Elhage et al. 2022 applies that function to a tensor
    [instances, features, hidden], where the variance falls with the number of instances.
    """
    _check_runs(settings, runs)
    device = _device(training.device)
    shared = max(1, _BLOCK[device.type] // numbers_per_block(training.batch_size, settings[0].count))

    def report(first: int, side_by_side: int, steps: int) -> None:
        if progress is not None:
            progress(first * training.steps + side_by_side * steps, len(runs) * training.steps)

    trained = []
    for first in range(0, len(runs), shared):
        part = slice(first, first + shared)
        told = partial(report, first, len(runs[part]))
        trained.append(_train_side_by_side(settings[part], runs[part], training, device, told))
    W, b, batch_loss = (torch.cat(tensors).double().cpu().numpy() for tensors in zip(*trained, strict=True))
    _check_finite(W, b, training)
    options = replace(training, device=str(device))
    return Ensemble(tuple(settings), tuple(runs), Weights(W, b), batch_loss, options)


def batch_loss_and_gradient(
    W: Float[torch.Tensor, "runs hidden features"],
    b: Float[torch.Tensor, "runs features"],
    x: Float[torch.Tensor, "runs features batch"],
    importance: Float[torch.Tensor, "runs features"],
) -> tuple[
    Float[torch.Tensor, " runs"],
    Float[torch.Tensor, "runs hidden features"],
    Float[torch.Tensor, "runs features"],
]:
    """Loss of each run on its batch, and the gradient by W and b.

    L = 1/B Σ_x Σ_i I_i (x̂_i - x_i)²,  h = W x,  x̂ = ReLU(Wᵀh + b);  with d = ∂L/∂(Wᵀh + b),
    ∂L/∂W = Σ_x h dᵀ + (W d) xᵀ,  ∂L/∂b = Σ_x d.

    By hand and with the batch innermost this takes less than half the time of automatic differentiation.
    """
    h = W @ x
    x_hat = torch.baddbmm(b[:, :, None], W.mT, h).relu_()
    error = x_hat - x
    weight = importance / x.shape[-1]
    batch_loss = (weight * error.square().sum(-1)).sum(-1)
    # The sign is 1 where the readout is active, else 0; a comparison's booleans multiply five times slower.
    d = error.mul_(x_hat.sign_()).mul_(2 * weight[:, :, None])
    return batch_loss, torch.baddbmm(h @ d.mT, W @ d, x.mT), d.sum(-1)


def _train_side_by_side(
    settings: Sequence[Setting],
    runs: Sequence[int],
    training: Training,
    device: torch.device,
    report: Callable[[int], None],
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    density, importance = (
        torch.tensor([getattr(setting, key) for setting in settings], dtype=torch.float32, device=device)
        for key in ("density", "importance")
    )
    streams = [run_generator(s, run, training.seed, device) for s, run in zip(settings, runs, strict=True)]
    W = _first_weights(streams, settings[0])
    b = torch.zeros_like(density)
    optimizer = _OPTIMIZERS[training.optimizer]([W, b], lr=training.learning_rate)
    averaged = min(_REPORTED_STEPS, training.steps)
    mean_loss = torch.zeros(len(runs), device=device)
    for step, x in enumerate(islice(batches(density, streams, training.batch_size), training.steps)):
        batch_loss, W.grad, b.grad = batch_loss_and_gradient(W, b, x, importance)
        optimizer.param_groups[0]["lr"] = _learning_rate(training, step)
        optimizer.step()
        if step >= training.steps - averaged:
            mean_loss += batch_loss / averaged
        if (step + 1) % _REPORTED_STEPS == 0 or step + 1 == training.steps:
            report(step + 1)
    return W, b, mean_loss


def _first_weights(streams: Sequence[torch.Generator], setting: Setting) -> Float[torch.Tensor, "runs hidden features"]:
    shape = (setting.hidden, setting.count)
    normal = torch.stack([torch.randn(shape, generator=g, dtype=torch.float32, device=g.device) for g in streams])
    return normal * math.sqrt(2 / sum(shape))


def _learning_rate(training: Training, step: int) -> float:
    if training.schedule == "constant":
        return training.learning_rate
    return training.learning_rate * (1 + math.cos(math.pi * step / training.steps)) / 2


def _device(name: str) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    kind, _, index = name.partition(":")
    there = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if kind == "cuda" and int(index or 0) >= there:
        raise InputError(f"training.device = {shown(name)} is not there; number of CUDA devices: {there}")
    return torch.device(name)


def _check_runs(settings: Sequence[Setting], runs: Sequence[int]) -> None:
    if not settings or len(settings) != len(runs):
        raise InputError(f"{len(settings)} settings and {len(runs)} runs to train; each run needs one setting")
    for setting in settings:
        require_basic(setting, "training")
        for key in ("count", "hidden"):
            if getattr(setting, key) != getattr(settings[0], key):
                raise InputError(f"{key} = {getattr(setting, key)} and {getattr(settings[0], key)} cannot be mixed")


def _check_finite(W: np.ndarray, b: np.ndarray, training: Training) -> None:
    diverged = len(W) - int((np.isfinite(W).all((1, 2)) & np.isfinite(b).all(1)).sum())
    if diverged:
        raise InputError(
            f"training.learning_rate = {training.learning_rate!r}, or an importance, is too large:"
            f" {diverged} of {len(W)} runs diverged"
        )
