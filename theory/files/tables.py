"""TOML tables: read from a file, checked for unknown keys, named by their content."""

import hashlib
import json
import os
import tomllib
from collections.abc import Collection, Mapping
from typing import Any

from tegum.theory.checks import shown
from tegum.theory.errors import InputError

_LARGEST_FILE = 2**20  # bytes; the largest sensible setting lists a few numbers for each feature


def read_tables(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The tables of a TOML file.

    Raises:
        InputError: the file cannot be read, is over 1 MiB, is not UTF-8 or not TOML. The line does not name
            it: the caller says once, for every error about it, where it came from.
    """
    content = _small_file(path)
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InputError(f"is not UTF-8 text (byte {error.start})") from error
    except (ValueError, RecursionError) as error:  # beyond TOMLDecodeError: huge numbers, deep nesting
        raise InputError(f"is not valid TOML: {error}") from error


def known_table(name: str, table: Any, allowed: Collection[str]) -> Mapping[str, Any]:
    """`table` if it is one and has only the allowed keys; `name` is empty for a whole file."""
    if not isinstance(table, Mapping):
        raise InputError(f"{name or 'content'} = {shown(table)} is no table of {', '.join(allowed)}")
    for key in table:
        if key not in allowed:
            label = f"{name}.{key}" if name else str(key)
            raise InputError(f"{label} is unknown; allowed: {', '.join(allowed)}")
    return table


def tables_id(tables: Mapping[str, Any]) -> str:
    """16 hexadecimal digits: SHA-256 of the tables' canonical JSON (sorted keys, shortest floats)."""
    canonical = json.dumps(tables, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def _small_file(path: str | os.PathLike[str]) -> bytes:
    try:
        with open(path, "rb") as file:
            content = file.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"cannot be read: {error}") from error
    if len(content) > _LARGEST_FILE:
        raise InputError(f"is larger than {_LARGEST_FILE} bytes")
    return content
