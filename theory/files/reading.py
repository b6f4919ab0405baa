"""Files opened to be read: regular ones, of a size that is known, and in a folder from elsewhere only its own."""

import hashlib
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from tegum.theory.errors import InputError
from tegum.theory.files.atomic import StrPath


@contextmanager
def opened(path: StrPath) -> Iterator[BinaryIO]:
    """A file, opened to be read.

    Raises:
        InputError: it cannot be read, or is a pipe or a device, which would be read for ever; the line does not name
            it.
    """
    try:
        with open(_regular(path), "rb") as file:
            yield file
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}") from error


def _regular(path: StrPath) -> StrPath:
    try:
        mode = os.stat(path).st_mode
    except ValueError as error:  # a zero character in the path
        raise InputError(f"cannot be read: {error}") from error
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # the system has its own words for a folder
        raise InputError("cannot be read: is not a regular file")
    return path


def content(path: StrPath, largest: int) -> bytes:
    """All of a file of at most so many bytes.

    Raises:
        InputError: as `opened`, or it is larger.
    """
    with opened(path) as file:
        found = file.read(largest + 1)
    if len(found) > largest:
        raise InputError(f"is larger than {largest} bytes")
    return found


def json_content(path: StrPath, largest: int) -> Any:
    """What a JSON file of at most so many bytes says.

    Raises:
        InputError: as `content`, or it is no JSON.
    """
    try:
        return json.loads(content(path, largest))
    except InputError:
        raise
    except (ValueError, RecursionError) as error:
        raise InputError(f"is not valid JSON: {error}") from error


def sha256_of(path: StrPath) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    with opened(path) as file:
        return hashlib.file_digest(cast(Any, file), "sha256").hexdigest()


def require_inside(folder: StrPath, path: StrPath) -> None:
    """Refuse a file of a folder that is a link to somewhere else: a folder from elsewhere must not read for itself.

    Raises:
        InputError: links followed, the file does not lie in the folder; the line does not name it.
    """
    if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder)):
        raise InputError("is a link that leads out of its folder")
