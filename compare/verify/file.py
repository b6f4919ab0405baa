"""A report's file as plain data: somebody else's until it is checked, and refused before memory is spent on it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from math import isfinite
from pathlib import Path
from typing import Any

from tegum.theory.checks import shown
from tegum.theory.errors import InputError
from tegum.theory.files.seal import FORMAT

#: Bytes; about a hundred thousand models of five features.
LARGEST_FILE = 2**26
#: Levels of tables and lists; a report has eight.
_DEEPEST = 16


def read_data(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The JSON object in a report's file, and its numbers that are not spelt as reports spell them.

    Returns:
        The object; and, by what stands in the file, the digits that a double is written with: the fewest that give it
        back.  Seventeen digits name some doubles twice, so that a digit can change and the number stay.

    Raises:
        InputError: no regular file, larger than `LARGEST_FILE`, no strict JSON (a NaN, an infinity, a number beyond
            double precision, a key given twice), or no report of this format.
    """
    respelt: dict[str, str] = {}

    def real(digits: str) -> float:
        value = _finite(digits)
        if repr(value) != digits:
            respelt[digits] = repr(value)
        return value

    try:
        data = json.loads(
            _content(path),
            parse_constant=_no_number,
            parse_float=real,
            parse_int=_whole,
            object_pairs_hook=_without_repeats,
        )
    except InputError:
        raise
    except UnicodeDecodeError as error:
        raise InputError(f"is not UTF-8 text (byte {error.start})") from error
    except (ValueError, RecursionError) as error:  # beyond JSONDecodeError: huge integers, deep nesting
        raise InputError(f"is not valid JSON: {error}") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise InputError(f"is no report of format {FORMAT}")
    _check_depth(data)
    return data, respelt


def _check_depth(data: Any) -> None:
    level = [data]
    for _ in range(_DEEPEST):
        level = [child for one in level if isinstance(one, dict | list) for child in children(one)]
    if level:
        raise InputError(f"is nested more than {_DEEPEST} levels deep")


def children(one: dict[str, Any] | list[Any]) -> Iterable[Any]:
    """What stands in a table or a list."""
    return one.values() if isinstance(one, dict) else one


def _content(path: str | os.PathLike[str]) -> bytes:
    try:
        if not Path(path).is_file():  # a pipe or a device would be read for ever
            raise InputError("is not a regular file" if Path(path).exists() else "does not exist")
        with open(path, "rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}") from error
    except InputError:
        raise
    except ValueError as error:  # a zero character in the path
        raise InputError(f"cannot be read: {error}") from error
    if len(content) > LARGEST_FILE:
        raise InputError(f"is larger than {LARGEST_FILE} bytes")
    return content


def _no_number(constant: str) -> float:
    raise InputError(f"holds {constant}, which is no finite number")


def _finite(digits: str) -> float:
    value = float(digits)
    if not isfinite(value):
        raise InputError(f"holds {shown(digits)}, which is beyond double precision")
    return value


def _whole(digits: str) -> int:
    value = int(digits)
    if abs(value) >= 2**64:
        raise InputError(f"holds {shown(digits)}; whole numbers have at most 64 bits")
    return value


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        keys = [key for key, _ in pairs]
        repeated = next(key for key in keys if keys.count(key) > 1)
        raise InputError(f"gives {shown(repeated)} twice")
    return table
