"""Pictures: a source's figures, redrawn from the numbers in its claims' records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from tegum.empirical.pictures.picture import Picture

Record = Mapping[str, Any]


def pictures_of(source: str, records: Sequence[Record]) -> list[Picture]:
    """The figures that these records hold the numbers of, what is printed beside what is computed.

    A source's `figures.py` has a function `pictures` of its records by their claims' ids; it leaves out what they do
    not hold.
    """
    module = f"tegum.papers.{source}.figures"
    if find_spec(module) is None:
        return []
    drawn: list[Picture] = import_module(module).pictures({record["id"]: record for record in records})
    return drawn
