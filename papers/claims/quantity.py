"""Quantities: what a claim is about, computed, with the error that its verdict must respect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from inspect import getmembers, isfunction, signature
from typing import Any

from tegum.theory.checks import shown
from tegum.theory.errors import InputError
from tegum.theory.setting import Setting

Scalar = bool | int | float | str
Value = Scalar | tuple["Scalar", ...]


@dataclass(frozen=True)
class Quantity:
    """A computed quantity.

    Attributes:
        value: a number, a word, or several of them.
        error: bound on the error of each number, in the units of the value: one for all or one each; 0.0 where nothing
            was rounded (words, counts).
        method: how it was computed and what kind of bound the error is, in a few words for readers.
        details: what else is worth keeping, ready for JSON: weights, curves, counts.
    """

    value: Value
    error: float | tuple[float, ...] = 0.0
    method: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def values(self) -> tuple[Scalar, ...]:
        """The values as a tuple, be there one or several."""
        return self.value if isinstance(self.value, tuple) else (self.value,)

    @property
    def errors(self) -> tuple[float, ...]:
        """One bound for each value."""
        return self.error if isinstance(self.error, tuple) else (self.error,) * len(self.values)


def quantity_function(source: str, name: str) -> Callable[..., Quantity]:
    """The function of a quantity: the source's own, or one that all sources share.

    Args:
        source: folder of the source.
        name: of a public function that its `quantities.py` defines or takes from its other files, or of one in
            `claims/shared.py`.

    Raises:
        InputError: no such function; the line lists those there are.
    """
    known = _functions("tegum.papers.claims.shared") | _functions(f"tegum.papers.{source}.quantities")
    if name not in known:
        raise InputError(f"quantity = {shown(name)} is unknown; allowed: {', '.join(sorted(known))}")
    return known[name]


def computed(source: str, name: str, setting: Setting | None, arguments: Mapping[str, Any]) -> Quantity:
    """A quantity of a source, at a setting (where it takes one) and with its arguments.

    Raises:
        InputError: an unknown quantity, or arguments that it does not take.
    """
    function = quantity_function(source, name)
    given = dict(arguments) if setting is None else {"setting": setting, **arguments}
    try:
        signature(function).bind(**given)
    except TypeError as error:
        raise InputError(f"quantity {name}: {error}") from error
    return function(**given)


def _functions(module: str) -> dict[str, Callable[..., Quantity]]:
    """Public functions of a module that return a `Quantity`; none where there is no such module."""
    if find_spec(module) is None:
        return {}
    return {
        name: one
        for name, one in getmembers(import_module(module), isfunction)
        if signature(one).return_annotation in ("Quantity", Quantity) and not name.startswith("_")
    }
