"""Exact samples of the feature law, from one random stream for each run."""

import math
from collections.abc import Iterator, Sequence
from hashlib import blake2b

import torch
from jaxtyping import Float

from tegum.theory.setting import Setting, content_id

#: Numbers drawn from a run's generator at a time. Part of what a stream is on a GPU, where one draw of 2N
#: numbers is not two draws of N; large enough to pay for the call, small enough for many runs side by side.
_NUMBERS_PER_DRAW = 2**14


def run_seed(setting: Setting, run: int, seed: int) -> int:
    """64 bits that depend on the seed and on the run's own identity, its setting's content and its index."""
    identity = f"{seed}:{content_id(setting)}:{run}".encode()
    return int.from_bytes(blake2b(identity, digest_size=8).digest(), "big")


def run_generator(setting: Setting, run: int, seed: int, device: torch.device) -> torch.Generator:
    """The run's own generator at the start of its stream.

    What breaks: PyTorch's CPU generator (MT19937) keeps the low 32 bits of a seed, so that among N runs some two
    share a stream with probability N²/2³³: 10⁻⁴ for a thousand runs. CPU and CUDA streams differ.
    """
    return torch.Generator(device).manual_seed(run_seed(setting, run, seed))


def numbers_per_block(batch_size: int, features: int) -> int:
    """How many numbers of one run `batches` holds at a time: whole steps, at least one."""
    return _steps_per_block(batch_size, features) * batch_size * features


def batches(
    density: Float[torch.Tensor, "runs features"], generators: Sequence[torch.Generator], batch_size: int
) -> Iterator[Float[torch.Tensor, "runs features batch"]]:
    """Fresh inputs of every run, step after step without end; a batch is overwritten some steps later.

    P(x_i ≠ 0) = p_i, and x_i is uniform on [0, 1] where it is not 0; features and inputs are independent.

    Args:
        density: p, float32, on the device of the generators.
        generators: one for each run; run r takes numbers from generators[r] only, in an order that depends on
            the batch size and the number of features only, so that its inputs are the same in any company.
        batch_size: inputs of each run in a step.
    """
    runs, features = density.shape
    block = density.new_empty(runs, _steps_per_block(batch_size, features), features, batch_size)
    while True:
        for of_run, generator in zip(block, generators, strict=True):
            of_run.uniform_(generator=generator)
        _features_from_uniform(block, density[:, None, :, None])
        yield from block.unbind(1)


def _steps_per_block(batch_size: int, features: int) -> int:
    return max(1, _NUMBERS_PER_DRAW // (batch_size * features))


def _features_from_uniform(u: torch.Tensor, density: torch.Tensor) -> None:
    """Turn uniform u on [0, 1) into x = u/p where u < p, and 0 elsewhere, in place.

    One number decides both: P(u < p) = p, and given u < p the quotient u/p is uniform on [0, 1) again, so the
    magnitude is independent of the mask. In floating point, too, u < p if and only if u/p < 1.

    What breaks: u is a multiple of 2⁻²⁴, so the density is rounded up to such a multiple, an error of 2⁻²⁴/p of
    itself at most (1 % at p = 6·10⁻⁶), and a magnitude takes some 2²⁴ p different values.
    """
    # Signs are turned because torch.threshold_ keeps what is above a threshold, in one pass over memory where
    # a mask takes four times as long. At p = 0 the quotient is -inf or, for u = 0, must not be 0/0.
    divisor = torch.where(density > 0, -density, -math.inf)
    torch.threshold_(u.div_(divisor), -1.0, 0.0).abs_()
