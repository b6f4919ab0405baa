"""Elhage et al.'s learning dynamics: descent along the exact gradient, the jumps of its loss and what moves in them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from tempfile import TemporaryDirectory

import numpy as np
from jaxtyping import Bool, Float
from scipy.stats import spearmanr

from tegum.empirical.dynamics.history import History
from tegum.empirical.dynamics.jumps import Jump, staircase
from tegum.empirical.dynamics.recording import record
from tegum.empirical.dynamics.schedule import snapshot_steps
from tegum.empirical.plan import Training
from tegum.papers.claims.quantity import Quantity
from tegum.theory.diagnostics import dimensionality
from tegum.theory.geometry.identify import identify
from tegum.theory.loss.population import population_loss
from tegum.theory.setting import Setting

#: Jumps by less than this share of the final loss are passed over.
_LEAST = 0.01
_SNAPSHOTS = 150
#: Cosines above which features of a set lie together, within which they are orthogonal, below which antipodal.
_TOGETHER, _ORTHOGONAL, _ANTIPODAL = 0.5, 0.1, -0.95

Losses = Float[np.ndarray, "snapshots runs"]


def movement_with_loss(
    setting: Setting, runs: int = 8, steps: int = 720, learning_rate: float = 0.005, other: int = 0
) -> Quantity:
    """Mean over runs of the rank correlation of Σ_i |dD_i/dt| with -dL/dt, from the first plateau to the last jump.

    The loss is that of the run `other` places further; the error is two standard errors of the mean.
    """
    history, losses = _descent(setting, runs, steps, learning_rate)
    movement = np.abs(np.diff(dimensionality(history.W), axis=0)).sum(axis=2)
    falls = -np.diff(losses, axis=0)
    jumps = [_jumps(history, loss) for loss in losses.T]
    spans = [slice(one[0].first, one[-1].last) for one in jumps]
    found = np.array(
        [spearmanr(movement[span, run], falls[span, (run + other) % runs]).statistic for run, span in enumerate(spans)]
    )
    error = 2 * float(found.std(ddof=1)) / np.sqrt(runs)
    shown = max(range(runs), key=lambda run: len(jumps[run]))
    details = _course(history, losses, shown) | {"correlations": found.tolist()}
    return Quantity(float(found.mean()), error, "descent along the exact gradient; two standard errors", details)


def stages_in_order(
    setting: Setting, sets: Sequence[Sequence[int]], runs: int = 8, steps: int = 1500, learning_rate: float = 0.006
) -> Quantity:
    """Share of the runs in which two sets first gather, then open to orthogonal features, then turn antipodal."""
    history, losses = _descent(setting, runs, steps, learning_rate)
    stages = [_stages(history, run, sets) for run in range(runs)]
    in_order = [all(first < later for first, later in pairwise(one)) for one in stages]
    shown = max(range(runs), key=lambda run: len(_jumps(history, losses[:, run])))
    times = [None if np.isinf(one) else history.steps[int(one)] for one in stages[shown]]
    details = _course(history, losses, shown) | {"stages": times}
    return Quantity(float(np.mean(in_order)), 0.0, "descent along the exact gradient", details)


def fewest_jumps(setting: Setting, runs: int = 8, steps: int = 1500, learning_rate: float = 0.006) -> Quantity:
    """Jumps of the loss between plateaus, in the run that has the fewest."""
    history, losses = _descent(setting, runs, steps, learning_rate)
    counts = [len(_jumps(history, loss)) for loss in losses.T]
    return Quantity(min(counts), 0.0, "plateaus of the exact loss", {"jumps": counts})


def _descent(setting: Setting, runs: int, steps: int, learning_rate: float) -> tuple[History, Losses]:
    """Runs of Adam along the exact gradient from the published notebook's start, and their exact losses."""
    training = Training(
        runs=runs,
        steps=steps,
        learning_rate=learning_rate,
        schedule="constant",
        data="population",
        start="notebook",
        device="cpu",
    )
    with TemporaryDirectory() as folder:
        history = record(setting, training, snapshot_steps(f"linear:{_SNAPSHOTS}", steps), folder)
    losses = [population_loss(history.at(k), setting).loss for k in range(len(history.steps))]
    return history, np.stack(losses)


def _jumps(history: History, loss: Float[np.ndarray, " snapshots"]) -> list[Jump]:
    steps = np.array(history.steps, dtype=float)
    return [one for one in staircase(steps, loss).jumps if one.least > _LEAST * loss[-1]]


def _course(history: History, losses: Losses, run: int) -> dict[str, object]:
    """What a figure of one run needs."""
    jumps = _jumps(history, losses[:, run])
    return {
        "steps": list(history.steps),
        "loss": losses[:, run].tolist(),
        "dimensionality": dimensionality(history.W[:, run]).tolist(),
        "jumps": [[history.steps[place] for place in one.steepest] for one in jumps],
        "geometry": identify(history.W[-1, run]).geometry,
    }


def _stages(history: History, run: int, sets: Sequence[Sequence[int]]) -> tuple[float, float, float]:
    """Snapshots from which on two sets are gathered apart, open, and antipodal to each other; infinite for never."""
    unit = history.W[:, run] / np.linalg.norm(history.W[:, run], axis=1, keepdims=True)
    first, second = (unit[:, :, list(one)] for one in sets)
    within = np.stack([_mean_cosine(one) for one in (first, second)], axis=1)
    between = np.einsum("tmi,tmj->tij", first, second)
    gathered = (within.mean(axis=1) > _TOGETHER) & (between.mean(axis=(1, 2)) < 0)
    turned = between.min(axis=2).max(axis=1) < _ANTIPODAL
    return _begins(gathered), _stays((np.abs(within) < _ORTHOGONAL).all(axis=1)), _stays(turned)


def _mean_cosine(unit: Float[np.ndarray, "snapshots hidden features"]) -> Float[np.ndarray, " snapshots"]:
    """Mean cosine of two different features: |Σ_i u_i|² = k + k (k - 1) mean."""
    k = unit.shape[2]
    return ((unit.sum(axis=2) ** 2).sum(axis=1) - k) / (k * (k - 1))


def _begins(true: Bool[np.ndarray, " snapshots"]) -> float:
    return float(true.argmax()) if true.any() else float("inf")


def _stays(true: Bool[np.ndarray, " snapshots"]) -> float:
    """Since when it is true to the end."""
    since = int(np.flatnonzero(~true).max(initial=-1)) + 1
    return float(since) if since < len(true) else float("inf")
