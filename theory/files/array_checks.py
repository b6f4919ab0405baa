"""Checks of what a file of arrays declares, made before any memory is spent on what it holds."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from tegum.theory.checks import is_list, shown
from tegum.theory.errors import InputError

LARGEST_ARRAY = 2**28  # numbers: 2 GiB in double precision
_LISTED = 12  # names of arrays that a message repeats


def array_names(found: Iterable[str], allowed: Sequence[Sequence[str]]) -> None:
    """Refuse a file whose array names, each once, are not exactly one of the allowed lists."""
    names = sorted(found)
    if not any(names == sorted(wanted) for wanted in allowed):
        needed = " or ".join(", ".join(wanted) for wanted in allowed)
        raise InputError(f"holds the arrays {shown(names)}; needed are {needed}")


def array_name(found: Iterable[str], wanted: Sequence[str]) -> str:
    """The one array of a file that has one of the wanted names; what the file holds is listed where there is none."""
    names = list(found)
    there = sorted(name for name in names if name in wanted)
    if not there:
        listed = ", ".join(shown(name) for name in sorted(names)[:_LISTED]) or "nothing"
        more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
        raise InputError(f"holds no array named {' or '.join(map(shown, wanted))}; it holds {listed}{more}")
    if len(there) > 1:
        raise InputError(f"holds {' and '.join(map(shown, there))}; one array is needed, named by its key")
    return there[0]


def array_shape(name: str, shape: Any, itemsize: int, stored: int) -> tuple[int, ...]:
    """`shape` if it is one, not too large, and filled exactly by `stored` bytes, `itemsize` for a number."""
    if not is_list(shape) or not all(type(length) is int and length >= 0 for length in shape):
        raise InputError(f"{name} declares shape {shown(shape)}, which is not a list of lengths")
    count = math.prod(shape)
    if count > LARGEST_ARRAY:
        raise InputError(f"{name} declares shape {shown(shape)}, more than {LARGEST_ARRAY} numbers")
    if count * itemsize != stored:
        raise InputError(f"{name} declares {count * itemsize} bytes; the file holds {shown(stored)} for it")
    return tuple(shape)
