"""The chapter's training dynamics: five features from random directions to where they stop."""

from __future__ import annotations

from tempfile import TemporaryDirectory

import numpy as np
from jaxtyping import Bool, Float, Int

from tegum.empirical.dynamics.history import History
from tegum.empirical.dynamics.recording import record
from tegum.empirical.plan import Training
from tegum.empirical.training import train, train_cells
from tegum.papers.claims.quantity import Quantity
from tegum.papers.tsugrii2025.angles import bend, neighbour_gaps
from tegum.theory.loss.population import population_loss
from tegum.theory.setting import Setting

#: Degrees that neighbours of a regular polygon may be off at the end of a descent, and after training on fresh inputs.
_SETTLED, _TRAINED = 1.0, 4.0
#: Snapshots: every few steps at first, when most happens, then fewer.
_FINE, _EARLY, _COARSE = 5, 200, 40


def share_pushed_apart(setting: Setting, runs: int = 32, steps: int = 1000) -> Quantity:
    """Share of descents whose least angle between two features is larger at the end than at their random start."""
    history = _descent(setting, runs, steps)
    least = neighbour_gaps(history.W).min(axis=2)
    return Quantity(float((least[-1] > least[0]).mean()), 0.0, "descents along the exact gradient", _course(history))


def bend_at_rest(setting: Setting, runs: int = 32, steps: int = 1000, share: float = 0.01) -> Quantity:
    """How far neighbours are from equidistant, at most, when the loss has come within a share of its last value.

    The mean over descents, in degrees; the error is two standard errors.
    """
    history = _descent(setting, runs, steps)
    losses = _losses(history)
    settled = since(np.abs(losses - losses[-1]) <= share * losses[-1])
    found = bend(history.W)[settled, np.arange(runs)]
    error = 2 * float(found.std(ddof=1)) / np.sqrt(runs)
    return Quantity(float(found.mean()), error, "descents along the exact gradient; two standard errors")


def share_settled(setting: Setting, runs: int = 32, steps: int = 1000) -> Quantity:
    """Share of descents that end with all neighbours at 360° / n, to a degree."""
    off = bend(train_cells([setting], _training(runs, steps)).weights.W)
    return Quantity(float((off < _SETTLED).mean()), 0.0, "descents along the exact gradient", {"bend": off.tolist()})


def share_found(setting: Setting, runs: int = 64, steps: int = 5000) -> Quantity:
    """Share of models trained on fresh inputs that end with all neighbours near 360° / n.

    The error is two standard errors of the share.
    """
    trained = train(setting, runs=runs, steps=steps, device="cpu")
    off = bend(trained.weights.W)
    share = float((off < _TRAINED).mean())
    error = 2 * float(np.sqrt(share * (1 - share) / runs))
    return Quantity(share, error, f"{runs} trained models; {_TRAINED:g}° either way", {"bend": off.tolist()})


def since(true: Bool[np.ndarray, "snapshots runs"]) -> Int[np.ndarray, " runs"]:
    """The snapshot from which on it is true of a run to the end; one past the last where it is not true then."""
    ever = np.arange(1, len(true) + 1)[:, None]
    return np.where(true, 0, ever).max(axis=0)


def _descent(setting: Setting, runs: int, steps: int) -> History:
    """Runs of Adam along the exact gradient, from random directions."""
    with TemporaryDirectory() as folder:
        return record(
            setting, _training(runs, steps), [*range(0, _EARLY, _FINE), *range(_EARLY, steps + 1, _COARSE)], folder
        )


def _training(runs: int, steps: int) -> Training:
    """Of descents along the exact gradient."""
    return Training(runs=runs, steps=steps, schedule="constant", data="population", device="cpu")


def _losses(history: History) -> Float[np.ndarray, "snapshots runs"]:
    return np.stack([population_loss(history.at(k), history.setting).loss for k in range(len(history.steps))])


def _course(history: History, run: int = 0) -> dict[str, object]:
    """What a figure of one run needs, and every run's loss and least angle, to the digits that a figure shows."""
    turns = np.unwrap(np.arctan2(history.W[:, run, 1], history.W[:, run, 0]), axis=0)
    return {
        "steps": list(history.steps),
        "run": run,
        "W": np.round(history.W[:, run], 4).tolist(),
        "angles": np.round(np.degrees(turns), 2).tolist(),
        "losses": np.round(_losses(history), 7).tolist(),
        "least_angles": np.round(neighbour_gaps(history.W).min(axis=2), 2).tolist(),
    }
