"""Sealed shards: arrays and the SHA-256 that they must have."""

import hashlib
import os
import re
from pathlib import Path
from typing import Any

from tegum.empirical.sweep.folder import SHARDS, read_note
from tegum.empirical.sweep.shards import Sweep, runs_of
from tegum.empirical.sweep.trained import Arrays, Trained, check_arrays, diverged, layout
from tegum.theory.checks import whole
from tegum.theory.errors import InputError, located
from tegum.theory.files.atomic import StrPath, write_atomically, write_json
from tegum.theory.files.reading import require_inside, sha256_of
from tegum.theory.files.safetensor import safetensors_arrays

_SEAL, _FAILED, _ARRAYS = ".json", ".failed", ".safetensors"
_SHARD = re.compile(r"([0-9a-f]{16})-([0-9]{6})(\.json|\.failed)")


def write_shard(folder: StrPath, sweep: Sweep, index: int, result: Trained) -> None:
    """Write a shard's arrays, and then its seal.

    Raises:
        InputError: files cannot be written there.
    """
    from safetensors.numpy import save

    for suffix in (_ARRAYS, _SEAL):  # a link in a folder from elsewhere must not lead a write out of it
        if _file(folder, sweep, index, suffix).is_symlink():
            _file(folder, sweep, index, suffix).unlink()
    data = save(result.arrays)
    write_atomically(_file(folder, sweep, index, _ARRAYS), data)
    lost = int(diverged(result.arrays).sum())
    seal = {"sha256": hashlib.sha256(data).hexdigest(), "made_by": result.made_by, "diverged": lost}
    write_json(_file(folder, sweep, index, _SEAL), seal)
    _file(folder, sweep, index, _FAILED).unlink(missing_ok=True)


def write_failure(folder: StrPath, sweep: Sweep, index: int, reason: str) -> None:
    """Note why a shard could not be done."""
    write_json(_file(folder, sweep, index, _FAILED), {"reason": reason})


def read_shard(folder: StrPath, sweep: Sweep, index: int) -> Arrays:
    """The arrays that `write_shard` wrote, as in `trained.trained`.

    Raises:
        InputError: the shard is not finished, or its file is not the one that was sealed, or not this shard's.
    """
    seal, path = _file(folder, sweep, index, _SEAL), _file(folder, sweep, index, _ARRAYS)
    with located(seal):
        sha256 = _sealed_note(folder, seal).get("sha256")
    with located(path):
        require_inside(folder, path)
        if sha256_of(path) != sha256:
            raise InputError("is not the file that was sealed: its SHA-256 differs")
        setting, training = sweep.plan.setting, sweep.plan.training
        arrays = safetensors_arrays(path, [list(layout(setting, training))])
        check_arrays(arrays, setting, training, len(runs_of(sweep, index)))
        return arrays


def read_maker(folder: StrPath, sweep: Sweep, index: int) -> dict[str, Any]:
    """The device and the kernel that made a shard, as its seal says."""
    seal = _file(folder, sweep, index, _SEAL)
    with located(seal):
        maker = _sealed_note(folder, seal).get("made_by")
        if not isinstance(maker, dict) or not {"device", "kernel"} <= set(maker):
            raise InputError("does not say what made it: device and kernel are missing")
        return {key: maker[key] for key in ("device", "kernel")}


def read_diverged(folder: StrPath, sweep: Sweep, index: int) -> int:
    """How many runs of a shard diverged, as its seal says; an older seal than these says nothing, when none could."""
    seal = _file(folder, sweep, index, _SEAL)
    with located(seal):
        return whole("diverged", _sealed_note(folder, seal).get("diverged", 0), 0, len(runs_of(sweep, index)))


def read_failure(folder: StrPath, sweep: Sweep, index: int) -> str:
    """Why a shard could not be done, in one line."""
    path = _file(folder, sweep, index, _FAILED)
    with located(path):
        note = read_note(folder, path)
        return str(note.get("reason") if isinstance(note, dict) else note)


def sealed(folder: StrPath, sweep: Sweep) -> dict[int, float]:
    """When each sealed shard was finished, in seconds of the system's clock, by index; their arrays are not read."""
    return _noted(folder, sweep, _SEAL)


def failed(folder: StrPath, sweep: Sweep) -> dict[int, float]:
    """When each shard that could not be done was given up, by index."""
    return _noted(folder, sweep, _FAILED)


def is_intact(folder: StrPath, sweep: Sweep, index: int) -> bool:
    """Whether a sealed shard holds what it was sealed with; the seal of one that does not is removed."""
    try:
        read_shard(folder, sweep, index)
    except InputError:
        _file(folder, sweep, index, _SEAL).unlink(missing_ok=True)
        return False
    return True


def _sealed_note(folder: StrPath, seal: Path) -> dict[str, Any]:
    note = read_note(folder, seal)
    return note if isinstance(note, dict) else {}


def _noted(folder: StrPath, sweep: Sweep, suffix: str) -> dict[int, float]:
    try:
        entries = list(os.scandir(Path(folder) / SHARDS))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise InputError(f"{folder}: cannot be read: {error.strerror or error}") from error
    found = {}
    for entry in entries:
        match = _SHARD.fullmatch(entry.name)
        if match and entry.is_file() and match[1] == sweep.id and match[3] == suffix and int(match[2]) < sweep.shards:
            found[int(match[2])] = entry.stat().st_mtime
    return found


def _file(folder: StrPath, sweep: Sweep, index: int, suffix: str) -> Path:
    return Path(folder) / SHARDS / f"{sweep.id}-{index:06d}{suffix}"
