"""Descent as a published notebook has it: eight one-hot features of value 1, from a 2-gon, with momentum."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from tegum.papers.chen2023.descent import checkpoints
from tegum.papers.chen2023.polygons import ring
from tegum.papers.claims.quantity import Quantity

_FEATURES = 8
_EXAMPLES = 1000
#: Steps between checkpoints.
_EVERY = 20
#: Nearest levels are 1/64 apart on equal shares; a loss as close to one as CH12's, relatively, is at it.
_TOLERANCE = 0.04 / _FEATURES**2
#: Mean and mean square of a feature that is on.
_MOMENTS = {"binary": (1.0, 1.0), "uniform": (1 / 2, 1 / 3)}


@dataclass(frozen=True)
class _Run:
    """A run at its checkpoints.

    Attributes:
        W: weights.
        answers: outputs to each feature's being on.
        b: biases.
        shares: of the examples that have each feature on.
    """

    W: Float[np.ndarray, "checkpoints 2 features"]
    answers: Float[np.ndarray, "checkpoints outputs on"]
    b: Float[np.ndarray, "checkpoints features"]
    shares: Float[np.ndarray, " features"]


def falls_of_vertices(runs: int = 32, epochs: int = 20_000, after: int = 1000) -> Quantity:
    """How often, over all runs, a polygon has fewer vertices at a checkpoint than at the one before.

    A feature is a vertex if its output tells it apart: it is higher by 1/2 when the feature is on than at any other.
    """
    counts = [_vertices(_run(seed, epochs)).sum(axis=1)[after // _EVERY :] for seed in range(runs)]
    steps = [np.diff(one) for one in counts]
    eventful = int(np.argmax([np.count_nonzero(one) for one in steps]))
    details = {
        "first": [int(one[0]) for one in counts],
        "last": [int(one[-1]) for one in counts],
        "rises by one": sum(int((one == 1).sum()) for one in steps),
        "rises by more": sum(int((one > 1).sum()) for one in steps),
        "most stages": _shown(_run(eventful, epochs), after // _EVERY),
    }
    method = f"vertices at every {_EVERY} steps of {runs} runs, from step {after} on"
    return Quantity(sum(int((one < 0).sum()) for one in steps), 0.0, method, details)


def checkpoints_on_binary_levels(runs: int = 32, epochs: int = 20_000, values: str = "binary") -> Quantity:
    """Share of checkpoints whose training loss is at the level of their polygon, features of these values dropped.

    A polygon of one-hot features of value 1 answers its vertices without loss; a dead feature that a share s of the
    examples have on costs s if its bias is silent, and the variance s (1 - s) if its bias is at its best, s.
    """
    shares = np.array([_at_level(_run(seed, epochs), *_MOMENTS[values]).mean() for seed in range(runs)])
    error = float(2 * shares.std(ddof=1) / np.sqrt(runs))
    method = f"training loss at every {_EVERY} steps of {runs} runs, two standard errors over runs"
    return Quantity(float(shares.mean()), error, method, {"shares": np.round(shares, 4).tolist()})


def _shown(run: _Run, after: int) -> dict[str, Any]:
    """A run for a figure: training loss over steps evenly spaced in their logarithm, and each polygon at its last."""
    counts = _vertices(run).sum(axis=1)
    kept = np.unique(np.geomspace(1, len(counts) - 1, 160).astype(int))
    last = [at for at in range(after, len(counts)) if at + 1 == len(counts) or counts[at + 1] != counts[at]]
    polygons = [
        {"step": at * _EVERY, "vertices": _vertices(run)[at].tolist(), "W": np.round(run.W[at], 4).tolist()}
        for at in last
    ]
    return {"steps": (kept * _EVERY).tolist(), "loss": np.round(_loss(run)[kept], 5).tolist(), "polygons": polygons}


def _at_level(run: _Run, mean: float, square: float) -> Bool[np.ndarray, " checkpoints"]:
    s = run.shares
    dropped = np.where(run.b > 0, s * square - (s * mean) ** 2, s * square)
    level = np.where(_vertices(run), 0.0, dropped).sum(axis=1)
    return np.abs(_loss(run) - level) <= _TOLERANCE


def _loss(run: _Run) -> Float[np.ndarray, " checkpoints"]:
    """Training loss, Σ_i (x_i - x̂_i)² in the mean over examples."""
    misses: Float[np.ndarray, "checkpoints on"] = ((run.answers - np.eye(_FEATURES)) ** 2).sum(axis=1)
    return misses @ run.shares


def _vertices(run: _Run) -> Bool[np.ndarray, "checkpoints features"]:
    own = np.diagonal(run.answers, axis1=1, axis2=2)
    others = np.where(np.eye(_FEATURES, dtype=bool), -np.inf, run.answers).max(axis=2)
    return own - others > 1 / 2


@lru_cache(maxsize=4)
def _run(seed: int, epochs: int) -> _Run:
    """Descent with the notebook's start and rates: its loss is a mean over features, hence the rate's eighth."""
    random = np.random.default_rng(seed)
    W = np.pad(0.9 * ring(2), ((0, 0), (0, _FEATURES - 2))) + 0.01 * random.normal(size=(2, _FEATURES))
    b = 10 * random.normal(size=_FEATURES)
    which = random.integers(_FEATURES, size=_EXAMPLES)
    batches = _batches(epochs, random)
    W, b = checkpoints(W, b, which, np.ones(_EXAMPLES), batches, 0.01 / _FEATURES, 0.9, _EVERY)
    answers = np.maximum(np.einsum("tki,tkj->tij", W, W) + b[:, :, None], 0.0)
    return _Run(W, answers, b, np.bincount(which, minlength=_FEATURES) / _EXAMPLES)


def _batches(epochs: int, random: np.random.Generator) -> Int[np.ndarray, "steps batch"]:
    return np.concatenate([random.permutation(_EXAMPLES).reshape(-1, 100) for _ in range(epochs)])
