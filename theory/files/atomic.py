"""Atomic writes: a reader, or a crash at any moment, finds all of the old file or all of the new one."""

import json
import os
import secrets
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from tegum.theory.errors import InputError, located

StrPath = str | os.PathLike[str]


def write_atomically(path: StrPath, data: bytes) -> None:
    """Put `data` at `path` so that a reader, or a crash at any moment, leaves all of the old or the new.

    Missing folders are made; a symbolic link is written through.

    Raises:
        InputError: the file cannot be written there.
    """
    with located(file_place(path)):
        try:
            target = Path(os.path.realpath(path))
            if target.exists() and not target.is_file():
                raise InputError("cannot be written: is not a regular file")
            target.parent.mkdir(parents=True, exist_ok=True)
            _replace(target, data)
        except OSError as error:
            raise InputError(f"cannot be written: {error.strerror or error}") from error


def write_json(path: StrPath, content: Any) -> None:
    """Write plain data as JSON, atomically; numbers keep full double precision, NaN and infinities are refused."""
    write_atomically(path, json.dumps(content, indent=1, allow_nan=False).encode())


def claim_folder(path: StrPath) -> Path:
    """Make a folder that files can be written to, before hours of work go into what belongs there.

    Raises:
        InputError: it cannot be made or written to.
    """
    with located(file_place(path)):
        try:
            folder = Path(path)
            folder.mkdir(parents=True, exist_ok=True)
            with TemporaryFile(dir=folder):
                return folder
        except OSError as error:
            raise InputError(f"cannot be written to: {error.strerror or error}") from error


def _replace(target: Path, data: bytes) -> None:
    temporary = target.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":  # elsewhere folders cannot be opened
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def file_place(path: StrPath) -> str:
    place = os.fspath(path)
    if "\0" in place:  # no file system has such names, and each function has its own way of saying so
        raise InputError(f"{place}: cannot be a path: it holds a zero character")
    return place
