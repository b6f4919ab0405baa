"""JSON that may be hostile: refused before memory is spent on it, and never read two ways."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from math import isfinite
from typing import Any

from tegum.theory.checks import shown
from tegum.theory.errors import InputError
from tegum.theory.files.reading import content


def finite(digits: str) -> float:
    """The double of a number in JSON."""
    value = float(digits)
    if not isfinite(value):
        raise InputError(f"holds {shown(digits)}, which is beyond double precision")
    return value


def strict_json(path: str | os.PathLike[str], largest: int, deepest: int, real: Callable[[str], float] = finite) -> Any:
    """What a JSON file holds.

    Args:
        path: of a regular file.
        largest: bytes that it may have.
        deepest: levels of tables and lists.
        real: makes a double of a number's digits.

    Raises:
        InputError: no regular file, too large or too deep, or no strict JSON (a NaN, an infinity, a number beyond
            double precision, a key given twice); the line does not name the file.
    """
    try:
        data = json.loads(
            content(path, largest),
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
    _check_depth(data, deepest)
    return data


def children(one: dict[str, Any] | list[Any]) -> Iterable[Any]:
    """What stands in a table or a list."""
    return one.values() if isinstance(one, dict) else one


def _check_depth(data: Any, deepest: int) -> None:
    level = [data]
    for _ in range(deepest):
        level = [child for one in level if isinstance(one, dict | list) for child in children(one)]
    if level:
        raise InputError(f"is nested more than {deepest} levels deep")


def _no_number(constant: str) -> float:
    raise InputError(f"holds {constant}, which is no finite number")


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
