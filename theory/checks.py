"""Checks of single values: each returns the value in its canonical type or raises InputError naming it."""

import json
import math
from collections.abc import Collection, Sequence
from typing import Any

from tegum.theory.errors import InputError

_SHOWN = 60  # characters of a value that a message repeats


def shown(value: object) -> str:
    """The value as a setting file would spell it, cut to a length that fits in a message."""
    try:
        text = json.dumps(value, ensure_ascii=False) if isinstance(value, str | bool) else repr(value)
    except (ValueError, RecursionError):  # an integer of thousands of digits, tables thousands deep
        text = "a value too long to show"
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def whole(name: str, value: Any, least: int, most: int) -> int:
    """`value` as an int in [least, most]; a bool and 2.0 are no whole numbers."""
    value = _plain(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise InputError(f"{name} = {shown(value)} is not a whole number")
    if not least <= value <= most:
        raise InputError(f"{name} = {shown(value)} is outside [{least}, {most}]")
    return value


def number(name: str, value: Any, least: float = -math.inf, most: float = math.inf) -> float:
    """`value` as a finite float in [least, most]; a bool is no number, and -0.0 becomes 0.0."""
    value = _plain(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{name} = {shown(value)} is not a number")
    try:
        real = float(value) + 0.0  # adding zero turns -0.0 into 0.0: equal settings must print alike
    except OverflowError:
        real = math.inf
    if not math.isfinite(real):
        raise InputError(f"{name} = {shown(value)} is not a finite number")
    if real < least and most == math.inf:
        raise InputError(f"{name} = {shown(value)} is below {least:g}")
    if not least <= real <= most:
        raise InputError(f"{name} = {shown(value)} is outside [{least:g}, {most:g}]")
    return real


def numbers(name: str, value: Any, length: int, least: float, most: float = math.inf) -> tuple[float, ...]:
    """`length` finite floats in [least, most], from one number for all of them or a list of that length."""
    value = _plain(value)
    if not is_list(value):
        if not isinstance(value, int | float):
            raise InputError(f"{name} = {shown(value)} is neither a number nor a list of {length} numbers")
        return (number(name, value, least, most),) * length
    if len(value) != length:
        raise InputError(f"{name} lists {len(value)} numbers; {length} are needed")
    return tuple(number(f"{name}[{i}]", entry, least, most) for i, entry in enumerate(value))


def choice(name: str, value: Any, allowed: Collection[str]) -> str:
    """`value` if it is one of the allowed words."""
    if not isinstance(value, str) or value not in allowed:
        raise InputError(f"{name} = {shown(value)} is unknown; allowed: {', '.join(map(shown, allowed))}")
    return value


def flag(name: str, value: Any) -> bool:
    """`value` if it is true or false."""
    value = _plain(value)
    if not isinstance(value, bool):
        raise InputError(f"{name} = {shown(value)} is neither true nor false")
    return value


def is_list(value: object) -> bool:
    """Whether `value` is a list of some kind: no string, no table."""
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _plain(value: Any) -> Any:
    # Arrays and array scalars become lists and Python scalars, so that one set of checks serves all.
    return value.tolist() if hasattr(value, "tolist") else value
