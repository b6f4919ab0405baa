"""The folder of a sweep: its manifest, its lock, and a sealed file of arrays for each finished shard.

    sweep.json                     the plan and the size of a shard
    shards/<id>-000012.safetensors the arrays of shard 12; <id> is the sweep's
    shards/<id>-000012.json        its seal, written after it: the SHA-256 of that file, and what trained it
    shards/<id>-000012.failed      why it could not be done, until it is

Every file is written atomically, and a shard counts once it is sealed, so that a kill costs what was being computed
and nothing else. No file names another: names follow from the plan, and a manifest cannot lead anywhere.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tegum.empirical.plan import Plan, plan_from_tables, plan_tables
from tegum.empirical.sweep.shards import Sweep, sweep_of
from tegum.theory.checks import shown, whole
from tegum.theory.errors import InputError, located
from tegum.theory.files.atomic import StrPath, claim_folder, write_json
from tegum.theory.files.reading import json_content, require_inside
from tegum.theory.files.tables import known_table

MANIFEST = "sweep.json"
SHARDS = "shards"
_LOCK = ".lock"
_PATIENCE = 0.5  # seconds: `is_claimed` holds the lock for an instant
_FORMAT = 1
_LARGEST_MANIFEST = 2**26  # bytes; an axis of a million values takes 2**25
_LARGEST_NOTE = 2**16


def begun(folder: StrPath, plan: Plan, size: int | None = None) -> Sweep:
    """The sweep for this plan in a folder, whose manifest is written if it has none.

    Raises:
        InputError: see `sweep_for`; or a folder that cannot be written to.
    """
    sweep = sweep_for(folder, plan, size)
    path = Path(folder) / MANIFEST
    if not os.path.lexists(path):
        write_json(path, manifest(sweep))
    return sweep


def sweep_for(folder: StrPath, plan: Plan, size: int | None = None) -> Sweep:
    """The sweep for this plan in a folder that holds it, or holds none yet.

    Args:
        size: runs per shard; unless given, what the folder has, or else `sweep_of`'s.

    Raises:
        InputError: a folder of another plan or size, or a damaged manifest.
    """
    if not os.path.lexists(Path(folder) / MANIFEST):
        return sweep_of(plan, size)
    held = sweep_in(folder)
    if size not in (None, held.size):
        raise InputError(f"{folder} holds shards of {held.size} runs, not {size}; choose another folder or remove it")
    sweep = Sweep(plan, held.size)
    if sweep.id != held.id:
        raise InputError(f"{folder} holds the sweep of another plan; choose another folder or remove it")
    return sweep


def manifest(sweep: Sweep) -> dict[str, Any]:
    """What `sweep.json` says."""
    return {"format": _FORMAT, "id": sweep.id, "runs_per_shard": sweep.size, "plan": plan_tables(sweep.plan)}


def sweep_in(folder: StrPath) -> Sweep:
    """The sweep that a folder holds.

    Raises:
        InputError: there is none, or its manifest is damaged.
    """
    path = Path(folder) / MANIFEST
    with located(path):
        tables = known_table("", read_note(folder, path, _LARGEST_MANIFEST), ("format", "id", "runs_per_shard", "plan"))
        if tables.get("format") != _FORMAT:
            raise InputError(f"is not a sweep's manifest of format {_FORMAT}")
        sweep = Sweep(plan_from_tables(tables.get("plan", {})), whole("size", tables.get("runs_per_shard"), 1, 2**63))
        if sweep.id != tables.get("id"):
            raise InputError(f"id = {shown(tables.get('id'))} is not that of its plan, {sweep.id}")
        return sweep


def holds_sweep(folder: StrPath) -> bool:
    """Whether a folder is a sweep's."""
    return (Path(folder) / MANIFEST).is_file()


def read_note(folder: StrPath, path: Path, largest: int = _LARGEST_NOTE) -> Any:
    """What a small JSON file of a sweep's folder says.

    Raises:
        InputError: it cannot be read, is a link that leads out of the folder, too large or no JSON; the line does not
            name it.
    """
    require_inside(folder, path)
    return json_content(path, largest)


@contextmanager
def claimed(folder: StrPath) -> Iterator[None]:
    """Hold a folder for one driver at a time; the system lets go of it when the driver ends, however it ends.

    Where there are no such locks (Windows), two drivers do the same work twice and write the same files.

    Raises:
        InputError: another driver is at work there, or the folder cannot be made or written to.
    """
    claim_folder(folder)
    with located(os.fspath(folder)), _lock_file(folder) as file:
        if not _locked(file, _PATIENCE):
            raise InputError("another command is at work in this folder")
        for leftover in Path(folder).glob(f"{SHARDS}/.*.tmp"):  # of a driver that was killed while it wrote
            leftover.unlink(missing_ok=True)
        yield


def is_claimed(folder: StrPath) -> bool:
    """Whether a driver is at work in this folder."""
    with suppress(OSError), open(Path(folder) / _LOCK, "rb") as file:
        return not _locked(file, patience=0)
    return False


@contextmanager
def _lock_file(folder: StrPath) -> Iterator[Any]:
    try:
        file = open(Path(folder) / _LOCK, "a+b")
    except OSError as error:
        raise InputError(f"cannot be written to: {error.strerror or error}") from error
    with file:
        yield file


def _locked(file: Any, patience: float) -> bool:
    try:
        import fcntl
    except ImportError:
        return True
    until = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(0.05)
