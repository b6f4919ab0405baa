"""Where two reports say different things, number by number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tegum.compare.verify.digits import Allowances

#: A place in a report, what is stored there, and what it should be.
Difference = dict[str, Any]
#: Stands for what is not there, and for what a key that nobody knows should be.
MISSING, UNKNOWN = "missing", "not verified: nothing recomputes it"


def differences(
    stored: Any, expected: Any, known: Allowances, place: str = "", keys: tuple[str, ...] = ()
) -> Iterator[Difference]:
    """Every place at which plain data differ from what they should be.

    Args:
        stored, expected: tables, lists, numbers, words.
        known: how far numbers may differ.
        place, keys: of the two, from the top; the keys without the numbers of lists.

    Numbers may differ by their allowance, everything else and the shape of the tree must be equal: nothing that the
    recomputation does not give can stand in a report.
    """
    if isinstance(stored, dict) and isinstance(expected, dict):
        for name in expected | stored:
            pair = stored.get(name, MISSING), expected.get(name, UNKNOWN)
            yield from differences(*pair, known, f"{place}.{name}" if place else name, (*keys, name))
    elif isinstance(stored, list) and isinstance(expected, list) and len(stored) == len(expected):
        for i, pair in enumerate(zip(stored, expected, strict=True)):
            yield from differences(*pair, known, f"{place}[{i}]", keys)
    elif not _agree(stored, expected, *allowance(known, keys)):
        yield {"place": place, "stored": stored, "recomputed": expected}


def allowance(known: Allowances, keys: tuple[str, ...]) -> tuple[float, float]:
    """Absolute and relative distance allowed at a place: by the longest end of its keys that is listed."""
    for first in range(len(keys)):
        end = ".".join(keys[first:])
        if end in known:
            return known[end]
    return 0.0, 0.0


def _agree(stored: Any, expected: Any, absolute: float, relative: float) -> bool:
    if _is_number(stored) and _is_number(expected):
        return stored == expected or bool(abs(stored - expected) <= absolute + relative * abs(expected))
    return type(stored) is type(expected) and bool(stored == expected)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
