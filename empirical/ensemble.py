"""Ensemble: many trained models of one shape, and its two files."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from tegum.empirical.models import arrays_of
from tegum.empirical.plan import Training
from tegum.theory.checks import shown, whole
from tegum.theory.errors import InputError, located
from tegum.theory.files.atomic import write_atomically, write_json
from tegum.theory.files.reading import json_content, require_inside, sha256_of
from tegum.theory.files.safetensor import safetensors_arrays
from tegum.theory.setting import Setting, setting_from_tables, setting_tables
from tegum.theory.weights import Weights

MANIFEST = "ensemble.json"
_TENSORS = "ensemble-{}.safetensors"  # the digits are of the SHA-256 of its content
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FORMAT = 2
_LARGEST_RUN = 10**9
_LARGEST_MANIFEST = 2**28  # bytes; a million runs take some 2**24, and their settings may differ
_ARRAYS = ("W", "b", "batch_loss", "steps")


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Trained models of one shape, side by side; their settings may differ in density and importance.

    Args:
        settings: of each run.
        runs: index of each run among those of its setting; with the setting and the seed it names the run.
        weights: W [runs, hidden, features], b [runs, features], W_out [runs, features, hidden] if untied.
        batch_loss: [runs], a noisy estimate from the last training batches, never the population loss; but where the
            data are the population, that loss averaged over the last steps.
        options: how the runs were trained; its device and kernel are those that were used.
            NaN marks a run that diverged.
        steps: [runs], the steps that each took; fewer than the options say where a run stopped early, or diverged in
            the step after these. A run that diverged has the weights of its start (see `underway.Underway`).

    Raises:
        InputError: lengths or shapes at odds with each other.
    """

    settings: tuple[Setting, ...]
    runs: tuple[int, ...]
    weights: Weights
    batch_loss: Float[np.ndarray, " runs"]
    options: Training
    steps: Int[np.ndarray, " runs"]

    def __post_init__(self) -> None:
        count = len(self.settings)
        numbers = {len(self.runs), *self.batch_loss.shape, *self.steps.shape}
        if not count or numbers != {count}:
            raise InputError(
                f"an ensemble of {count} settings, {len(self.runs)} runs, {self.batch_loss.shape} batch losses and"
                f" {self.steps.shape} numbers of steps; each run needs one of each"
            )
        for setting in self.settings:
            shape = (count, setting.hidden, setting.count)
            if self.weights.W.shape != shape:
                raise InputError(f"W has shape {self.weights.W.shape}; the settings need {shape}")
            if setting.tied != (self.weights.W_out is None):
                raise InputError(f"tied = {setting.tied} in the settings is at odds with the arrays")

    def __getitem__(self, rows: slice | Sequence[int]) -> Ensemble:
        """The ensemble of some of the runs, in this order."""
        chosen = np.arange(len(self.runs))[rows]
        settings, runs = (tuple(field[row] for row in chosen.tolist()) for field in (self.settings, self.runs))
        return _ensemble(settings, runs, self.options, {name: array[chosen] for name, array in _arrays(self).items()})

    @property
    def diverged(self) -> Bool[np.ndarray, " runs"]:
        """Which runs diverged, in the step after the last of their `steps`."""
        return np.isnan(self.batch_loss)

    @property
    def seed(self) -> int:
        """The seed of every run's random stream."""
        return self.options.seed


def concatenated(ensembles: Sequence[Ensemble]) -> Ensemble:
    """All the runs of several ensembles of one shape, in their order; the options are the first one's.

    Raises:
        InputError: no ensemble, several shapes, or options that differ in more than device and kernel.
    """
    if len({replace(ensemble.options, device="auto", kernel="auto") for ensemble in ensembles}) != 1:
        raise InputError("only ensembles trained with the same options can be put together")
    shapes = {(*ensemble.weights.W.shape[1:], ensemble.settings[0].tied) for ensemble in ensembles}
    if len(shapes) != 1:
        raise InputError(f"ensembles of (hidden, features, tied) = {sorted(shapes)} cannot be put together")
    parts = [_arrays(ensemble) for ensemble in ensembles]
    return _ensemble(
        tuple(setting for ensemble in ensembles for setting in ensemble.settings),
        tuple(run for ensemble in ensembles for run in ensemble.runs),
        ensembles[0].options,
        {name: np.concatenate([part[name] for part in parts]) for name in parts[0]},
    )


def require_some(ensemble: Ensemble) -> None:
    """See that not all runs diverged.

    Raises:
        InputError: they did; the line says at what learning rate, and what helps.
    """
    if ensemble.diverged.all():
        raise InputError(all_diverged(ensemble.options, len(ensemble.runs)))


def all_diverged(training: Training, runs: int) -> str:
    """What is said where no run is left."""
    return (
        f"training.learning_rate = {training.learning_rate!r}, or an importance, is too large: all {runs} runs"
        " diverged; a smaller learning rate or a warm-up helps"
    )


def holds_ensemble(folder: str | os.PathLike[str]) -> bool:
    """Whether an ensemble was saved in this folder completely: its manifest is written last."""
    return (Path(folder) / MANIFEST).is_file()


def save_ensemble(folder: str | os.PathLike[str], ensemble: Ensemble) -> None:
    """Write the arrays as `ensemble-<digits of their SHA-256>.safetensors`, and then `ensemble.json`, which names them.

    A kill at any moment leaves the folder's old ensemble or the new one; arrays that no manifest names are removed.

    Raises:
        InputError: a file cannot be written there.
    """
    from safetensors.numpy import save

    data = save({name: np.ascontiguousarray(array) for name, array in _arrays(ensemble).items()})
    sha256 = hashlib.sha256(data).hexdigest()
    tensors = _tensors(folder, sha256)
    write_atomically(tensors, data)
    write_json(Path(folder) / MANIFEST, _manifest(ensemble, sha256))
    for other in set(Path(folder).glob(_TENSORS.format("*"))) - {tensors}:
        other.unlink()


def load_ensemble(folder: str | os.PathLike[str]) -> Ensemble:
    """The ensemble that `save_ensemble` wrote.

    Raises:
        InputError: a file is missing or damaged, or the arrays are not those that the manifest was written for.
    """
    manifest = Path(folder) / MANIFEST
    with located(manifest):
        require_inside(folder, manifest)
        written = _read_manifest(manifest)
        settings, runs, options = _described(written)
        sha256 = str(written.get("sha256"))
        tensors = _tensors(folder, sha256)
    with located(tensors):
        require_inside(folder, tensors)
        if sha256_of(tensors) != sha256:
            raise InputError(f"is not the file that {MANIFEST} was written for: its SHA-256 differs")
        return _ensemble(settings, runs, options, safetensors_arrays(tensors, [_ARRAYS, (*_ARRAYS, "W_out")]))


def _arrays(ensemble: Ensemble) -> dict[str, np.ndarray]:
    """The arrays of an ensemble, as they are named in its file."""
    return arrays_of(ensemble.weights) | {"batch_loss": ensemble.batch_loss, "steps": ensemble.steps}


def _ensemble(
    settings: tuple[Setting, ...], runs: tuple[int, ...], options: Training, named: Mapping[str, np.ndarray]
) -> Ensemble:
    """The inverse of `_arrays`."""
    weights = Weights(named["W"], named["b"], named.get("W_out"))
    return Ensemble(settings, runs, weights, named["batch_loss"], options, named["steps"])


def _tensors(folder: str | os.PathLike[str], sha256: str) -> Path:
    if not _SHA256.fullmatch(sha256):
        raise InputError(f"sha256 = {shown(sha256)} is no SHA-256 in hexadecimal digits")
    return Path(folder) / _TENSORS.format(sha256[:16])


def _manifest(ensemble: Ensemble, sha256: str) -> dict[str, Any]:
    settings = list(dict.fromkeys(ensemble.settings))
    number = {setting: i for i, setting in enumerate(settings)}
    return {
        "format": _FORMAT,
        "versions": {package: version(package) for package in ("tegum", "torch", "numpy")},
        "options": asdict(ensemble.options),
        "settings": [setting_tables(setting) for setting in settings],
        "setting_of_run": [number[setting] for setting in ensemble.settings],
        "runs": list(ensemble.runs),
        "sha256": sha256,
    }


def _read_manifest(path: Path) -> dict[str, Any]:
    manifest = json_content(path, _LARGEST_MANIFEST)
    if not isinstance(manifest, dict) or manifest.get("format") != _FORMAT:
        raise InputError(f"is not an ensemble's manifest of format {_FORMAT}")
    return manifest


def _described(manifest: Mapping[str, Any]) -> tuple[tuple[Setting, ...], tuple[int, ...], Training]:
    try:
        settings = [setting_from_tables(tables) for tables in manifest["settings"]]
        numbers = [whole("setting_of_run", i, 0, len(settings) - 1) for i in manifest["setting_of_run"]]
        runs = [whole("runs", run, 0, _LARGEST_RUN) for run in manifest["runs"]]
        return tuple(settings[i] for i in numbers), tuple(runs), Training(**manifest["options"])
    except (KeyError, TypeError) as error:
        raise InputError(f"is damaged: {error!r}") from error
