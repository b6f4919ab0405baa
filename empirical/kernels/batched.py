"""Larger models, and GPUs: runs side by side in batched matrix products, their gradient by hand."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Float, UInt64

from tegum.empirical.kernels.torch_optimizer import resumed_optimizer, take_step
from tegum.empirical.models import Models
from tegum.empirical.plan import Training
from tegum.empirical.sampling import batches
from tegum.theory.loss.law import Structure, structure_of
from tegum.theory.setting import Setting

#: Numbers in a batch of all the runs of one product on a GPU.
_SIDE_BY_SIDE = 2**23
#: Arrays of the size of a batch of inputs that a step holds at its peak, counted generously.
_ARRAYS = 16


def advance(
    models: Models,
    settings: Sequence[Setting],
    keys: UInt64[np.ndarray, " runs"],
    training: Training,
    first: int,
    count: int,
) -> Float[np.ndarray, " runs"]:
    """Take `count` steps from step number `first`, in place; see `kernels.Kernel`.

    A matrix library may sum in another order where there are more runs side by side, so their number is fixed by the
    shape alone: one on a CPU, and on a GPU a number to which the last product is filled up with copies.
    """
    together = _together(settings[0], training)
    mean = np.zeros(len(keys))
    for start in range(0, len(keys), together):
        rows = np.arange(start, min(start + together, len(keys)))
        filled = np.resize(rows, together)
        part = models[filled]
        losses = _advance(part, [settings[row] for row in filled.tolist()], keys[filled], training, first, count)
        models[rows], mean[rows] = part[np.arange(len(rows))], losses[: len(rows)]
    return mean


def batch_loss_and_gradient(
    parameters: Mapping[str, torch.Tensor],
    x: Float[torch.Tensor, "runs features batch"],
    importance: Float[torch.Tensor, "runs features"],
    l1: Float[torch.Tensor, " runs"],
    structure: Structure,
) -> tuple[Float[torch.Tensor, " runs"], dict[str, torch.Tensor]]:
    """Loss of each run on its batch, and the gradient by its parameters.

    L = 1/B Σ_x (Σ_i I_i (x̂_i - y_i)² + λ ‖h‖₁),  h = activation(W x),  x̂ = readout(W_out h + b);
    with d = ∂L/∂(W_out h + b) and c = ∂L/∂(W x):  ∂L/∂W = Σ_x c xᵀ,  ∂L/∂W_out = Σ_x d hᵀ, its transpose added to the
    former if tied,  ∂L/∂b = Σ_x d.

    By hand and with the batch innermost this takes less than half the time of automatic differentiation.
    """
    W, batch = parameters["W"], x.shape[-1]
    W_out = parameters.get("W_out", W.mT)
    h = W @ x
    if structure.activation == "relu":
        h.relu_()
    x_hat = W_out @ h if not structure.bias else torch.baddbmm(parameters["b"][:, :, None], W_out, h)
    if structure.readout == "relu":
        x_hat.relu_()
    error = x_hat - (x.abs() if structure.target == "abs" else x)
    weight = importance / batch
    loss = (weight * error.square().sum(-1)).sum(-1) + l1 / batch * h.abs().sum((1, 2))
    d = error.mul_(2 * weight[:, :, None])
    if structure.readout == "relu":  # a comparison's booleans would multiply five times slower
        d.mul_(x_hat.sign_())
    c = torch.baddbmm(h.sign().mul_((l1 / batch)[:, None, None]), W_out.mT, d)
    if structure.activation == "relu":
        c.mul_(h.sign())
    gradient = {"W": c @ x.mT}
    if structure.tied:
        gradient["W"].baddbmm_(h, d.mT)
    else:
        gradient["W_out"] = d @ h.mT
    return loss, gradient | ({"b": d.sum(-1)} if structure.bias else {})


def inputs(
    settings: Sequence[Setting], keys: UInt64[np.ndarray, " runs"], training: Training, step: int
) -> Float[np.ndarray, "runs features batch"]:
    """The very inputs that `advance` takes in this step."""
    return batches(settings, keys, training, torch.device(training.device))(step).cpu().numpy()


def workspace(setting: Setting, training: Training) -> int:
    """Bytes beyond the models: the arrays of a step of the runs in one product, and their datasets."""
    numbers = _numbers(setting, training)
    kept = setting.count * training.dataset_size if training.data == "dataset" else 0
    return 4 * _together(setting, training) * _ARRAYS * (numbers + kept)


def supports(setting: Setting, training: Training) -> bool:
    """Every setting, on every device."""
    return training.data != "population"


def _advance(
    models: Models, settings: Sequence[Setting], keys: np.ndarray, training: Training, first: int, count: int
) -> np.ndarray:
    device = torch.device(training.device)
    on_device = [{name: torch.from_numpy(array).to(device) for name, array in part.items()} for part in models.parts]
    parameters = on_device[0]
    importance, l1 = (
        torch.tensor([getattr(setting, key) for setting in settings], dtype=torch.float32, device=device)
        for key in ("importance", "l1")
    )
    optimizer = resumed_optimizer(on_device, training, first)
    draw = batches(settings, keys, training, device)
    mean = torch.zeros(len(settings), dtype=torch.float64, device=device)
    for step in range(first, first + count):
        loss, gradient = batch_loss_and_gradient(parameters, draw(step), importance, l1, structure_of(settings[0]))
        for name, slope in gradient.items():
            parameters[name].grad = slope
        take_step(optimizer, training, step)
        mean += loss / count
    for part, tensors in zip(models.parts, on_device, strict=True):
        for name, tensor in tensors.items():
            part[name][:] = tensor.cpu().numpy()
    return mean.cpu().numpy()


def _together(setting: Setting, training: Training) -> int:
    return 1 if training.device == "cpu" else max(1, _SIDE_BY_SIDE // _numbers(setting, training))


def _numbers(setting: Setting, training: Training) -> int:
    return (setting.count + setting.hidden) * training.batch_size
