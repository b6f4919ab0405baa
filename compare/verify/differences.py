"""Where two reports say different things, number by number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tegum.compare.verify.digits import Allowances

#: A place in a report, what is stored there, and what it should be.
Difference = dict[str, Any]
#: Stands for what is not there.
MISSING = "missing"


def differences(stored: Any, expected: Any, known: Allowances, place: str = "", key: str = "") -> Iterator[Difference]:
    """Every place at which plain data differ from what they should be.

    Args:
        stored, expected: tables, lists, numbers, words.
        known: how far numbers may differ.
        place, key: of the two, from the top; `key` is the last one on the way.

    Numbers may differ by their allowance, everything else and the shape of the tree must be equal: nothing that the
    recomputation does not give can stand in a report.
    """
    if isinstance(stored, dict) and isinstance(expected, dict):
        for name in expected | stored:
            pair = stored.get(name, MISSING), expected.get(name, MISSING)
            yield from differences(*pair, known, f"{place}.{name}" if place else name, name)
    elif isinstance(stored, list) and isinstance(expected, list) and len(stored) == len(expected):
        for i, pair in enumerate(zip(stored, expected, strict=True)):
            yield from differences(*pair, known, f"{place}[{i}]", key)
    elif not _agree(stored, expected, *known.get(key, (0.0, 0.0))):
        yield {"place": place, "stored": stored, "recomputed": expected}


def _agree(stored: Any, expected: Any, absolute: float, relative: float) -> bool:
    if _is_number(stored) and _is_number(expected):
        return stored == expected or bool(abs(stored - expected) <= absolute + relative * abs(expected))
    return type(stored) is type(expected) and bool(stored == expected)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
