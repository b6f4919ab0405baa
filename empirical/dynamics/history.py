"""History: the weights of some runs at each snapshot of their training, and the folder that keeps it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from tegum.empirical.models import shapes
from tegum.empirical.plan import Training
from tegum.empirical.snapshots import load_snapshot
from tegum.empirical.underway import Underway
from tegum.theory.checks import whole
from tegum.theory.errors import InputError, located
from tegum.theory.files.atomic import write_json
from tegum.theory.files.reading import json_content, require_inside
from tegum.theory.setting import Setting, setting_from_tables, setting_tables
from tegum.theory.weights import Weights

MANIFEST = "dynamics.json"
SNAPSHOTS = "snapshots"
_FORMAT = 2
_LARGEST_MANIFEST = 2**26  # bytes; a million snapshots take some 2**23


@dataclass(frozen=True, eq=False)
class History:
    """Some runs of one setting, followed through their training.

    Attributes:
        setting: of all runs.
        options: how they were trained; runs 0 to `options.runs` - 1.
        steps: optimiser steps taken before each snapshot, from 0.
        W: [snapshots, runs, hidden, features]; W_out [snapshots, runs, features, hidden], None if tied.
        b: [snapshots, runs, features]; zero for a model without biases.
        batch_loss: mean over the steps since the snapshot before; NaN at the first one, and once a run has diverged.
        taken: steps that each run has taken; fewer than `steps` say that it has diverged, and is back where it began.
    """

    setting: Setting
    options: Training
    steps: tuple[int, ...]
    W: Float[np.ndarray, "snapshots runs hidden features"]
    b: Float[np.ndarray, "snapshots runs features"]
    W_out: Float[np.ndarray, "snapshots runs features hidden"] | None
    batch_loss: Float[np.ndarray, "snapshots runs"]
    taken: Int[np.ndarray, "snapshots runs"]

    @property
    def diverged(self) -> Bool[np.ndarray, " runs"]:
        """Which runs diverged before the last snapshot."""
        return self.taken[-1] < self.steps[-1]

    def at(self, snapshot: int) -> Weights:
        """All runs at one snapshot, as an ensemble."""
        return Weights(self.W[snapshot], self.b[snapshot], None if self.W_out is None else self.W_out[snapshot])

    def model(self, snapshot: int, run: int) -> Weights:
        """One run at one snapshot."""
        W_out = None if self.W_out is None else self.W_out[snapshot, run]
        return Weights(self.W[snapshot, run], self.b[snapshot, run], W_out)


def holds_history(folder: str | os.PathLike[str]) -> bool:
    """Whether a history was begun in this folder."""
    return (Path(folder) / MANIFEST).is_file()


def begin_history(folder: str | os.PathLike[str], setting: Setting, options: Training, steps: Sequence[int]) -> None:
    """Write down what will be recorded in a folder, or check that it is what the folder holds.

    Raises:
        InputError: the folder holds another history, or cannot be written to.
    """
    wanted = _manifest(setting, options, steps)
    if holds_history(folder):
        held = _manifest(*read_manifest(folder))
        other = [key for key in ("setting", "options", "steps") if held[key] != wanted[key]]
        if other:
            raise InputError(f"{os.fspath(folder)} holds another history: its {other[0]} differ; choose another folder")
    else:
        write_json(Path(folder) / MANIFEST, wanted)


def read_manifest(folder: str | os.PathLike[str]) -> tuple[Setting, Training, tuple[int, ...]]:
    """Setting, options and steps of the history in a folder.

    Raises:
        InputError: there is none, or its manifest is damaged.
    """
    path = Path(folder) / MANIFEST
    with located(path):
        try:
            require_inside(folder, path)
            manifest = json_content(path, _LARGEST_MANIFEST)
            if manifest["format"] != _FORMAT:
                raise InputError(f"is not a history of format {_FORMAT}")
            steps = tuple(whole("steps", step, 0, 10**9) for step in manifest["steps"])
            if not steps or list(steps) != sorted(set(steps)):
                raise InputError("steps are not rising")
            return setting_from_tables(manifest["setting"]), Training(**manifest["options"]), steps
        except InputError:
            raise
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"is damaged: {error!r}") from error


def load_history(folder: str | os.PathLike[str]) -> History:
    """The history in a folder.

    Raises:
        InputError: there is none, or a snapshot is missing or damaged; recording it again computes what is not there.
    """
    setting, options, steps = read_manifest(folder)
    found = [load_snapshot(Path(folder) / SNAPSHOTS, step, setting, options) for step in steps]
    if None in found:
        missing = steps[found.index(None)]
        raise InputError(f"{os.fspath(folder)}: the snapshot at step {missing} is missing or damaged; record it again")
    return history_of(setting, options, steps, [one for one in found if one is not None])


def history_of(setting: Setting, options: Training, steps: Sequence[int], snapshots: Sequence[Underway]) -> History:
    """A history of the runs as they were at each step."""
    stacked = {
        name: np.stack([one.models.parameters[name] for one in snapshots]).astype(np.float64)
        for name in shapes(setting)
    }
    W = stacked["W"]
    b = stacked.get("b", np.zeros((*W.shape[:2], setting.count)))
    batch_loss = np.stack([one.batch_loss for one in snapshots])
    batch_loss[0] = np.nan
    taken = np.stack([one.steps for one in snapshots])
    return History(setting, options, tuple(steps), W, b, stacked.get("W_out"), batch_loss, taken)


def _manifest(setting: Setting, options: Training, steps: Sequence[int]) -> dict[str, Any]:
    return {
        "format": _FORMAT,
        "versions": {package: version(package) for package in ("tegum", "torch", "numpy")},
        "setting": setting_tables(setting),
        "options": asdict(options),
        "steps": list(steps),
    }
