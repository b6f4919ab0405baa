"""Snapshots: files of runs under way, from which training goes on as if it had never stopped."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tegum.empirical.models import Models, shapes
from tegum.empirical.plan import Training
from tegum.empirical.underway import Underway
from tegum.theory.errors import InputError
from tegum.theory.files.atomic import StrPath, write_atomically
from tegum.theory.files.reading import require_inside, sha256_of
from tegum.theory.files.safetensor import safetensors_arrays
from tegum.theory.setting import Setting

#: The step after which a snapshot was taken, and digits of the SHA-256 of its content.
_NAME = "step-{}-{}.safetensors"
_DIGITS = 16
_PARTS = ("parameters", "first", "second")
_OF_RUNS = ("batch_loss", "steps")


def save_snapshot(folder: StrPath, step: int, found: Underway) -> Path:
    """Write all that runs are after a step, optimiser and all, atomically, its checksum in its name; where it is."""
    from safetensors.numpy import save

    arrays = {name: np.ascontiguousarray(getattr(found, name)) for name in _OF_RUNS}
    for name, part in zip(_PARTS, found.models.parts, strict=True):
        arrays |= {f"{name}.{key}": np.ascontiguousarray(array) for key, array in part.items()}
    data = save(arrays)
    path = Path(folder) / _NAME.format(f"{step:010d}", hashlib.sha256(data).hexdigest()[:_DIGITS])
    write_atomically(path, data)
    return path


def load_snapshot(folder: StrPath, step: int, setting: Setting, options: Training) -> Underway | None:
    """All `options.runs` runs after a step; None where no intact file holds them."""
    found = _intact(folder, f"{step:010d}", setting, options)
    return next((one for one in found if len(one.steps) == options.runs), None)


def latest_snapshot(folder: StrPath, setting: Setting, options: Training) -> Underway | None:
    """Some runs after the last step of which an intact file is there."""
    return next(_intact(folder, "*", setting, options), None)


def snapshots_in(folder: StrPath, step: str = "*") -> list[Path]:
    """The files of snapshots, the latest step first."""
    return sorted(Path(folder).glob(_NAME.format(step, "?" * _DIGITS)), reverse=True)


def _intact(folder: StrPath, step: str, setting: Setting, options: Training) -> Iterator[Underway]:
    for path in snapshots_in(folder, step):
        found = _read(folder, path, setting, options)
        if found is not None:
            yield found


def _read(folder: StrPath, path: Path, setting: Setting, options: Training) -> Underway | None:
    """The content of a snapshot's file if it is what its name says."""
    digits = re.search(r"-([0-9a-f]+)\.safetensors$", path.name)
    try:
        require_inside(folder, path)
        if digits is None or not sha256_of(path).startswith(digits[1]):
            return None
        parts = _PARTS[:2] if options.optimizer == "sgd" else _PARTS
        names = [f"{part}.{name}" for part in parts for name in shapes(setting)]
        arrays = safetensors_arrays(path, [[*_OF_RUNS, *names]])
    except InputError:
        return None
    of_part = {part: {name: arrays[f"{part}.{name}"] for name in shapes(setting)} for part in parts}
    found = Underway(
        Models(of_part["parameters"], of_part["first"], of_part.get("second", {})),
        *(arrays[name] for name in _OF_RUNS),
    )
    return found if _fits(found, setting) else None


def _fits(found: Underway, setting: Setting) -> bool:
    """Whether the arrays are those of so many runs of this setting's shape."""
    runs = found.steps.shape
    wanted = {name: (*runs, *shape) for name, shape in shapes(setting).items()}
    fit = all({name: array.shape for name, array in part.items()} == wanted for part in found.models.parts if part)
    return fit and len(runs) == 1 and found.batch_loss.shape == runs
