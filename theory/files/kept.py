"""Finished parts of long work, kept in a folder by name: asked for again, they are read back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tegum.theory.errors import InputError, located
from tegum.theory.files.atomic import StrPath, write_json
from tegum.theory.files.reading import json_content

#: Bytes of the largest part that is read back.
LARGEST_FILE = 2**28
#: (name of a part, how to compute it) -> its plain data.
Keep = Callable[[str, Callable[[], dict[str, Any]]], dict[str, Any]]


def unkept(name: str, compute: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The `Keep` that keeps nothing."""
    return compute()


def kept(folder: StrPath, name: str, compute: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """A part's plain data from its file in a folder; computed, and the file written atomically, if there is none.

    Args:
        folder: made if it is missing.
        name: of the part: by its content where the folder may hold parts of other questions.
        compute: gives plain data without NaN.

    Returns:
        What the file holds, so that a part is the same to the last bit whether it was just computed or read back.

    Raises:
        InputError: the file cannot be written, or is damaged.
    """
    path = Path(folder) / f"{name}.json"
    if not path.exists():
        write_json(path, compute())
    with located(path):
        try:
            found = json_content(path, LARGEST_FILE)
        except InputError as error:
            raise InputError(f"{error}; remove it to have it computed again") from error
        if not isinstance(found, dict):
            raise InputError("is no table; remove it to have it computed again")
        return found
