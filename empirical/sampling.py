"""Exact samples of the feature law, from uniform numbers of each run's own stream."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int, UInt64

from tegum.empirical.device_stream import uniforms_on
from tegum.empirical.plan import Training
from tegum.empirical.stream import DATASET, STEP, words
from tegum.theory.setting import Setting


@dataclass(frozen=True, eq=False)
class Sampler:
    """How uniform numbers become features: feature i is on where low_i <= u_d < high_i, d its decider.

    Attributes:
        low, high: [runs, features, 1].
        decider: which of an input's numbers decides about a feature: its own, the i-th, or its group's.
        scale: what turns a feature's own number into its magnitude: p where it has decided already, else 1.
        values: "uniform", "signed" or "binary".
    """

    low: Float[torch.Tensor, "runs features 1"]
    high: Float[torch.Tensor, "runs features 1"]
    decider: Int[torch.Tensor, " features"]
    scale: Float[torch.Tensor, "runs features 1"]
    values: str

    @property
    def numbers(self) -> int:
        """Uniform numbers that one input takes: one for each feature and one for each group."""
        return max(self.low.shape[1], int(self.decider.max()) + 1)


def sampler(settings: Sequence[Setting], device: torch.device) -> Sampler:
    """The sampler of runs whose settings differ in numbers only.

    A correlated group is on where its number is below p; of an anticorrelated group, and of all features under the
    one-hot law, the member is on in whose interval of length p_i the group's number falls.
    """
    setting = settings[0]
    density = np.array([one.density for one in settings])
    low, high, scale = np.zeros_like(density), density.copy(), np.where(density > 0, density, np.inf)
    decider = np.arange(setting.count)
    for number, group in enumerate(_groups(setting), setting.count):
        members = list(group)
        decider[members], scale[:, members] = number, 1.0
        if setting.law != "correlated":
            high[:, members] = _ends(density[:, members], setting.law == "one-hot")
            low[:, members[1:]] = high[:, members[:-1]]

    def column(array: np.ndarray) -> torch.Tensor:
        return torch.tensor(array[..., None], dtype=torch.float32, device=device)

    return Sampler(column(low), column(high), torch.tensor(decider, device=device), column(scale), setting.values)


def features_from_uniforms(
    u: Float[torch.Tensor, "runs numbers batch"], sampler: Sampler
) -> Float[torch.Tensor, "runs features batch"]:
    """Inputs of the sampler's law from independent numbers uniform on [0, 1), `sampler.numbers` for each.

    A feature that is in no group takes one number for both: P(u < p) = p, and given u < p the quotient u/p is uniform
    on [0, 1) again, so the magnitude is independent of the mask. In floating point, too, u < p if and only if u/p < 1.

    What breaks: a uniform number is known to 2⁻³² or 2⁻²⁴ of itself; so is a density, and such a feature's magnitude.
    """
    features = sampler.low.shape[1]
    decides = u[:, sampler.decider] if u.shape[1] > features else u
    on = (sampler.low <= decides) & (decides < sampler.high)
    if sampler.values == "binary":
        return on.to(u.dtype)
    magnitude = u[:, :features] / sampler.scale
    return torch.where(on, magnitude if sampler.values == "uniform" else 2 * magnitude - 1, 0.0)


def batches(
    settings: Sequence[Setting], keys: UInt64[np.ndarray, " runs"], training: Training, device: torch.device
) -> Callable[[int], Float[torch.Tensor, "runs features batch"]]:
    """The inputs of each run as a function of the step: fresh ones, or some of the run's own dataset."""
    law = sampler(settings, device)

    def drawn(step: int, count: int, purpose: int) -> torch.Tensor:
        u = uniforms_on(device, keys, step, law.numbers * count, purpose)
        return features_from_uniforms(u.view(len(keys), law.numbers, count), law)

    if training.data == "fresh":
        return lambda step: drawn(step, training.batch_size, STEP)
    dataset = drawn(0, training.dataset_size, DATASET)
    if training.dataset_size <= training.batch_size:
        return lambda step: dataset

    def chosen(step: int) -> torch.Tensor:
        scaled = words(keys, step, training.batch_size).astype(np.uint64) * np.uint64(training.dataset_size)
        numbers = torch.from_numpy((scaled >> np.uint64(32)).astype(np.int64)).to(device)
        return torch.take_along_dim(dataset, numbers[:, None, :], 2)

    return chosen


def _groups(setting: Setting) -> tuple[tuple[int, ...], ...]:
    return (tuple(range(setting.count)),) if setting.law == "one-hot" else setting.groups


def _ends(density: Float[np.ndarray, "runs members"], always: bool) -> Float[np.ndarray, "runs members"]:
    """Right ends of consecutive intervals of these lengths; the last is exactly 1 where some member is always on."""
    ends = np.cumsum(density, axis=1)
    return ends / ends[:, -1:] if always else ends
