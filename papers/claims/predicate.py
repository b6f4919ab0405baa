"""Predicates: what a claim says of its quantity, judged with the error that the quantity carries.

A verdict is `reproduced` where every value within the error satisfies the predicate, `contradicted` where none does,
and `undecided` where some do and some do not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite
from typing import Any

from tegum.papers.claims.quantity import Quantity, Scalar
from tegum.theory.checks import choice, is_list, number, shown
from tegum.theory.errors import InputError
from tegum.theory.files.tables import known_table

REPRODUCED, CONTRADICTED, UNDECIDED = VERDICTS = ("reproduced", "contradicted", "undecided")

#: Kind of predicate, and the keys that it takes.
_KINDS = {
    "equals": ("of",),
    "within": ("of", "tolerance"),
    "between": ("low", "high"),
    "above": ("bound",),
    "below": ("bound",),
    "increasing": (),
    "decreasing": (),
}
#: True, False, or None where the error leaves both open.
Truth = bool | None


@dataclass(frozen=True)
class Predicate:
    """What is claimed of a quantity.

    Attributes:
        kind: "equals" (words, counts), "within" a tolerance of what is printed, "between", "above", "below", and of a
            list "increasing" or "decreasing" throughout.
        numbers: the keys of its kind: `of` (one, or a list with one for each value), `tolerance` (absolute), `low`,
            `high`, `bound`.
    """

    kind: str
    numbers: Mapping[str, Any]

    @property
    def expected(self) -> str:
        """What the claim expects, for tables: "0.4 ± 0.1", "pentagon", "at most 0.03"."""
        said = {key: _said(value) for key, value in self.numbers.items()}
        forms = {
            "equals": "{of}",
            "within": "{of} ± {tolerance}",
            "between": "{low} to {high}",
            "above": "above {bound}",
            "below": "below {bound}",
        }
        return forms[self.kind].format(**said) if self.kind in forms else self.kind


def predicate_from_table(table: Any) -> Predicate:
    """The predicate of a claim's table `[predicate]`.

    Raises:
        InputError: an unknown kind, a key that is missing or of another kind, a negative tolerance.
    """
    known_table("predicate", table, ("kind", "of", "tolerance", "low", "high", "bound"))
    kind = choice("predicate.kind", table.get("kind"), tuple(_KINDS))
    keys = _KINDS[kind]
    given = set(table) - {"kind"}
    if given != set(keys):
        raise InputError(f"predicate of kind {shown(kind)} takes {', '.join(keys) or 'no keys'}, not {sorted(given)}")
    for key in keys:
        if key != "of":
            number(f"predicate.{key}", table[key], 0.0 if key == "tolerance" else float("-inf"))
    return Predicate(kind, {key: table[key] for key in keys})


def judged(quantity: Quantity, predicate: Predicate) -> str:
    """The verdict on a quantity.

    Raises:
        InputError: a predicate on numbers given words, or a list of another length.
    """
    truth = _holds(quantity, predicate)
    return UNDECIDED if truth is None else REPRODUCED if truth else CONTRADICTED


def _holds(quantity: Quantity, predicate: Predicate) -> Truth:
    values, errors, numbers = quantity.values, quantity.errors, predicate.numbers
    if predicate.kind == "equals":
        return values == _each(numbers["of"], len(values))
    if any(isinstance(value, bool | str) for value in values):
        raise InputError(f"predicate.kind = {shown(predicate.kind)} is of numbers, not of {shown(list(values))}")
    low = [float(value) - error for value, error in zip(values, errors, strict=True)]
    high = [float(value) + error for value, error in zip(values, errors, strict=True)]
    if not all(map(isfinite, low + high)):
        return None
    if predicate.kind in ("increasing", "decreasing"):
        sign = 1 if predicate.kind == "increasing" else -1
        steps = [
            _positive(*sorted((sign * (later[0] - earlier[1]), sign * (later[1] - earlier[0]))))
            for earlier, later in pairwise(zip(low, high, strict=True))
        ]
        return _all(steps)
    bounds = _ALLOWED[predicate.kind](numbers, len(values))
    return _all([_inside(a, b, *allowed) for a, b, allowed in zip(low, high, bounds, strict=True)])


#: The interval that each value must lie in.
_ALLOWED: dict[str, Callable[[Mapping[str, Any], int], list[tuple[float, float]]]] = {
    "within": lambda n, k: [(float(of) - n["tolerance"], float(of) + n["tolerance"]) for of in _each(n["of"], k)],
    "between": lambda n, k: [(n["low"], n["high"])] * k,
    "above": lambda n, k: [(n["bound"], float("inf"))] * k,
    "below": lambda n, k: [(float("-inf"), n["bound"])] * k,
}


def _inside(low: float, high: float, least: float, most: float) -> Truth:
    """Whether all, none or some of [low, high] is in [least, most]."""
    if least <= low and high <= most:
        return True
    return False if high < least or low > most else None


def _positive(low: float, high: float) -> Truth:
    return True if low > 0 else False if high <= 0 else None


def _all(truths: list[Truth]) -> Truth:
    return False if False in truths else None if None in truths else True


def _each(of: Any, count: int) -> tuple[Scalar, ...]:
    if not is_list(of):
        return (of,) * count
    if len(of) != count:
        raise InputError(f"predicate.of lists {len(of)}; the quantity has {count}")
    return tuple(of)


def _said(value: Any) -> str:
    if is_list(value):
        return ", ".join(map(_said, value))
    return f"{value:.6g}" if isinstance(value, float) else str(value)
