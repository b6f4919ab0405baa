"""Axis: a number of the setting that varies, and the values it takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tegum.theory.checks import choice, is_list, number, shown, whole
from tegum.theory.errors import InputError
from tegum.theory.files.tables import known_table
from tegum.theory.setting import axis_parts

SCALES = ("linear", "log")
MOST_CELLS = 10**6  # a million runs may all differ in setting; a cell costs nothing until it is made

_RANGE = ("from", "to", "count", "scale")


@dataclass(frozen=True)
class Axis:
    """A number of the setting, by key (`density`, `importance[1]`, `l1`, ...), and the values it takes."""

    key: str
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        axis_parts(self.key)
        object.__setattr__(self, "values", _distinct(f"axes.{self.key}.values", self.values))


def axes_from_tables(tables: Any) -> tuple[Axis, ...]:
    """The axes of a plan file's [axes], in its order."""
    if not isinstance(tables, Mapping):
        raise InputError(f"axes = {shown(tables)} is not a table")
    return tuple(Axis(key, _values(f"axes.{key}", table)) for key, table in tables.items())


def _values(name: str, table: Any) -> Any:
    known_table(name, table, ("values", *_RANGE))
    if "values" not in table:
        return _range(name, table)
    extra = [key for key in _RANGE if key in table]
    if extra:
        raise InputError(f"{name} has values and {extra[0]}; allowed: values, or from, to, count, scale")
    return table["values"]


def _range(name: str, table: Mapping[str, Any]) -> list[float]:
    missing = [key for key in ("from", "to", "count") if key not in table]
    if missing:
        raise InputError(f"{name}.{missing[0]} is missing; needed are values, or from, to and count")
    count = whole(f"{name}.count", table["count"], 2, MOST_CELLS)
    scale = choice(f"{name}.scale", table.get("scale", "linear"), SCALES)
    first, last = (number(f"{name}.{key}", table[key]) for key in ("from", "to"))
    if first == last:
        raise InputError(f"{name}.to = {shown(last)} is the same as from; a range needs two ends")
    if scale == "log" and min(first, last) <= 0:
        raise InputError(f"{name} runs from {first!r} to {last!r}; a log scale needs both above 0")
    between = np.geomspace if scale == "log" else np.linspace
    # 15 digits: the same plan must give the same cells on machines whose last bit of a power differs.
    inner = [float(f"{value:.15g}") for value in between(first, last, count)[1:-1]]
    return [first, *inner, last]


def _distinct(name: str, given: Any) -> tuple[float, ...]:
    if not is_list(given) or not given:
        raise InputError(f"{name} = {shown(given)} is not a non-empty list of numbers")
    values = tuple(number(f"{name}[{i}]", value) for i, value in enumerate(given))
    if len(set(values)) < len(values):
        raise InputError(f"{name} = {shown(given)} repeats a value")
    return values
