"""Sparse autoencoders of hidden states, many side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int

from tegum.theory.checks import choice, number, whole
from tegum.theory.errors import InputError

#: Called now and then with the number of steps done and the number there are.
Progress = Callable[[int, int], None]

KINDS = ("l1", "topk")
_TOLD = 100  # steps between two calls of progress


@dataclass(frozen=True)
class Dictionary:
    """How the autoencoders are trained.

    Args:
        kind: "l1", whose strength is the penalty λ on E‖f‖₁, or "topk", whose strength is the number k of units kept.
        units: of each autoencoder.
        steps, batch_size, learning_rate: of Adam; the rate falls to zero along a cosine.
        seed: of the starts and the batches.

    Raises:
        InputError: a value of a wrong type or outside its range, named by its field.
    """

    kind: str = "l1"
    units: int = 32
    steps: int = 2000
    batch_size: int = 128
    learning_rate: float = 1e-2
    seed: int = 0

    def __post_init__(self) -> None:
        choice("kind", self.kind, KINDS)
        for name, most in {"units": 10**5, "steps": 10**7, "batch_size": 10**6}.items():
            whole(name, getattr(self, name), 1, most)
        whole("seed", self.seed, 0, 2**31)
        if number("learning_rate", self.learning_rate, 0.0) == 0.0:
            raise InputError("learning_rate = 0.0; it must be above 0")


@dataclass(frozen=True, eq=False)
class Autoencoders:
    """Trained autoencoders ĥ = D f, f = ReLU(E h + e), under "topk" only the k largest of f kept.

    Attributes:
        encoder: E; bias: e; decoder: D, its columns of unit length.
        kind, strength: of each model: λ, or k.
    """

    encoder: Float[torch.Tensor, "models units hidden"]
    bias: Float[torch.Tensor, "models units"]
    decoder: Float[torch.Tensor, "models hidden units"]
    kind: str
    strength: Float[torch.Tensor, " models"]

    def codes(self, h: Float[torch.Tensor, "models inputs hidden"]) -> Float[torch.Tensor, "models inputs units"]:
        """f of these states."""
        f = torch.baddbmm(self.bias[:, None], h, self.encoder.mT).relu()
        return f if self.kind == "l1" else _largest(f, self.strength.long())


def train_autoencoders(
    pools: Float[torch.Tensor, "pools inputs hidden"],
    pool_of: Int[np.ndarray, " models"],
    strength: Float[np.ndarray, " models"],
    start_of: Int[np.ndarray, " models"],
    dictionary: Dictionary,
    progress: Progress | None = None,
) -> Autoencoders:
    """One sparse autoencoder for each pool and strength asked for, all trained side by side by Adam.

    min E‖h - D f‖² + λ E‖f‖₁ ("l1") or min E‖h - D f‖² with at most k of f not zero ("topk"), ‖D_u‖ = 1.

    Args:
        pools: hidden states to learn from.
        pool_of: the pool that each model learns.
        strength: λ, in magnitudes of a hidden state, or k.
        start_of: number of each model's start; models of equal numbers start alike.
        dictionary: the options.
        progress: called every 100 steps with the steps done and their number.

    Returns:
        `Autoencoders`.  Up to rounding a model depends on pool, strength, start and options, not on its company.

    Raises:
        InputError: a k that is no whole number from 1 to the number of units, or a penalty below 0.

    Validity: there is no bias on h.  The hidden state of a model with sparse features is the zero vector where all of
    them are off, so that the true directions with the true magnitudes are a solution without one.

    Source: ReLU + L1: Sharkey et al. 2022, "Taking features out of superposition"; Cunningham et al. 2023; TopK:
    Makhzani & Frey 2013; Gao et al. 2024.
    """
    _check_strength(strength, dictionary)
    random = torch.Generator().manual_seed(dictionary.seed)  # of the places in a pool that make a batch
    start = _starts(start_of, pools.shape[2], dictionary, torch.tensor(strength))
    free = [start.encoder, start.bias, start.decoder]
    optimizer = torch.optim.Adam([one.requires_grad_() for one in free], dictionary.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, dictionary.steps)
    for step in range(dictionary.steps):
        batch = torch.randint(pools.shape[1], (dictionary.batch_size,), generator=random)
        optimizer.zero_grad()
        _objective(pools[:, batch][pool_of], _with_unit_columns(start)).sum().backward()
        optimizer.step()
        schedule.step()
        if progress is not None and ((step + 1) % _TOLD == 0 or step + 1 == dictionary.steps):
            progress(step + 1, dictionary.steps)
    found = _with_unit_columns(start)
    return Autoencoders(found.encoder.detach(), found.bias.detach(), found.decoder.detach(), found.kind, found.strength)


def _objective(h: torch.Tensor, models: Autoencoders) -> Float[torch.Tensor, " models"]:
    f = models.codes(h)
    loss = (f @ models.decoder.mT - h).square().sum(-1).mean(-1)
    return loss + models.strength * f.sum(-1).mean(-1) if models.kind == "l1" else loss


def _largest(f: torch.Tensor, k: torch.Tensor) -> torch.Tensor:
    """f with all but the k largest of each input set to zero, another k for each model."""
    largest = f.topk(int(k.max()), dim=-1).values
    least = largest.gather(-1, (k - 1)[:, None, None].expand(-1, f.shape[1], 1))
    return f * (f >= least)


def _starts(start_of: np.ndarray, hidden: int, dictionary: Dictionary, strength: torch.Tensor) -> Autoencoders:
    """Directions drawn uniformly, the encoder being the decoder's transpose."""
    shape = (hidden, dictionary.units)
    drawn = {n: np.random.default_rng([dictionary.seed, n]).normal(size=shape) for n in set(start_of.tolist())}
    decoder = torch.tensor(np.stack([drawn[n] for n in start_of.tolist()]), dtype=torch.float32)
    decoder = decoder / decoder.norm(dim=1, keepdim=True)
    bias = torch.zeros(len(start_of), dictionary.units)
    return Autoencoders(decoder.mT.clone(), bias, decoder, dictionary.kind, strength.float())


def _with_unit_columns(models: Autoencoders) -> Autoencoders:
    """Without this the L1 term would be evaded by small f and long columns."""
    decoder = models.decoder / models.decoder.norm(dim=1, keepdim=True)
    return Autoencoders(models.encoder, models.bias, decoder, models.kind, models.strength)


def _check_strength(strength: np.ndarray, dictionary: Dictionary) -> None:
    for value in strength.tolist():
        if dictionary.kind == "l1":
            number("penalty", value, 0.0)
        elif not (value == int(value) and 1 <= value <= dictionary.units):
            raise InputError(f"k = {value!r} is no whole number from 1 to units = {dictionary.units}")
