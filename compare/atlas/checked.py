"""An atlas from plain data that may be hostile: every field checked, every name held to its canonical form."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields
from typing import Any, TypeVar

import numpy as np

from tegum.compare.atlas.entry import (
    Arrangement,
    Atlas,
    Entry,
    Observation,
    Point,
    Source,
    Span,
    arrangement_key,
    atlas_of,
    observation_key,
    point_key,
)
from tegum.compare.atlas.form import form_of, signs_of
from tegum.theory.checks import number, numbers, shown, whole
from tegum.theory.errors import InputError, located
from tegum.theory.files.tables import known_table
from tegum.theory.geometry.isomorphism import canonical_digest

#: Vertices of an entry: the most that any exact route of this package takes.
MOST_VERTICES = 64
_MOST_ENTRIES, _MOST_FACTS = 100_000, 100_000
_MOST_MODELS = 2**53
#: Characters of a text; of a formula.
_LONGEST, _LONGEST_FORMULA = 2000, 200_000
_NAME = re.compile(r"unknown-[0-9a-f]{8}")
_DECIMAL = re.compile(r"[0-9]{1,8}(\.[0-9]{1,120})?(e-?[0-9]{1,3})?")

_Made = TypeVar("_Made")


def atlas_from(data: Any) -> Atlas:
    """The atlas of plain data.

    Raises:
        InputError: a field that is missing, unknown, of a wrong type or out of its range; an entry whose name is not
            that of its form, whose weights have other signs, or that is given twice.
    """
    table = known_table("", data, ("format", "id", "sources", "entries"))
    sources = _listed(table, "sources", _source)
    entries = _listed(table, "entries", _entry, _MOST_ENTRIES)
    _distinct("entries", [one.name for one in entries])
    named = {one.name for one in sources}
    for entry in entries:
        for source in [*(one.source for one in entry.observations), *(one.source for one in entry.spans)]:
            if source not in named:
                raise InputError(f"{entry.name}: source {shown(source)} is not among the sources")
    return atlas_of(entries, sources)


def _source(data: Any) -> Source:
    table = _table(data, Source)
    versions = _mapping("versions", table["versions"], 100)
    listed = sorted((_text(key, key), _text(key, value)) for key, value in versions.items())
    name, description, command = (_text(key, table[key]) for key in ("name", "description", "command"))
    return Source(name, description, command, tuple(listed))


def _entry(data: Any) -> Entry:
    table = _table(data, Entry)
    name = _matched("name", table["name"], _NAME)
    with located(name):
        form = form_of(table["form"], MOST_VERTICES)
        if f"unknown-{canonical_digest(signs_of(form))}" != name:
            raise InputError("is not the name of its form")
        arrangements = _listed(table, "arrangements", lambda one: _arrangement(one, signs_of(form)))
        observations = _listed(table, "observations", _observation)
        spans = _listed(table, "spans", lambda one: _span(one, len(form)))
        _distinct("arrangements", [arrangement_key(one) for one in arrangements])
        _distinct("observations", [observation_key(one) for one in observations])
        _distinct("spans", spans)
        return Entry(name, form, tuple(arrangements), tuple(observations), tuple(spans))


def _arrangement(data: Any, signs: np.ndarray) -> Arrangement:
    table = _table(data, Arrangement)
    vertices = len(signs)
    dimension = whole("dimension", table["dimension"], 1, vertices)
    orbits = tuple(whole("orbits", size, 1, vertices) for size in _list("orbits", table["orbits"]))
    if sum(orbits) != vertices or list(orbits) != sorted(orbits, reverse=True):
        raise InputError(f"orbits = {shown(list(orbits))} do not part {vertices} vertices, largest first")
    points = _listed(table, "points", lambda one: _point(one, dimension, signs))
    _distinct("points", [point_key(one) for one in points])
    return Arrangement(
        dimension=dimension,
        symmetries=whole("symmetries", table["symmetries"], 1, 2**64),
        orbits=orbits,
        scalars=whole("scalars", table["scalars"], 1, vertices * vertices + vertices),
        description=_text("description", table["description"]),
        points=tuple(points),
    )


def _point(data: Any, dimension: int, signs: np.ndarray) -> Point:
    table, vertices = _table(data, Point), len(signs)
    rows = _list("W", table["W"])
    if len(rows) != dimension or not all(isinstance(row, list) for row in (*rows, table["b"])):
        raise InputError(f"W is no list of {dimension} lists, or b is none")
    W = tuple(numbers(f"W[{a}]", row, vertices, -1e6, 1e6) for a, row in enumerate(rows))
    _require_signs(W, signs)
    lower, upper = number("lower", table["lower"], 0), number("upper", table["upper"], 0)
    decimal = _matched("decimal", table["decimal"], _DECIMAL)
    if not lower <= float(decimal) * (1 + 1e-9) or not float(decimal) * (1 - 1e-9) <= upper or lower > upper:
        raise InputError(f"decimal = {decimal} is not between lower and upper")
    signature = None if table["signature"] is None else _signature(table["signature"], dimension * vertices + vertices)
    values = _mapping("values", table["values"], vertices * (vertices + 3))
    return Point(
        density=number("density", table["density"], 0, 1),
        W=W,
        b=numbers("b", table["b"], vertices, -1e6, 1e6),
        decimal=decimal,
        lower=lower,
        upper=upper,
        radius=None if table["radius"] is None else number("radius", table["radius"], 0),
        signature=signature,
        formula=_text("formula", table["formula"], _LONGEST_FORMULA),
        values=tuple(sorted((_text("values", key), number(key, value)) for key, value in values.items())),
        intractable=_text("intractable", table["intractable"]),
        reason=_text("reason", table["reason"]),
    )


def _require_signs(W: tuple[tuple[float, ...], ...], signs: np.ndarray) -> None:
    """The weights draw the entry's graph, vertex by vertex."""
    from tegum.theory.geometry.critical import CRITICAL_TOLERANCE
    from tegum.theory.geometry.overlap import overlap_graph

    if not np.array_equal(overlap_graph(np.array(W), CRITICAL_TOLERANCE).signs, signs):
        raise InputError("overlaps of W have other signs than the entry's form")


def _signature(data: Any, parameters: int) -> tuple[int, int, int]:
    if not isinstance(data, list) or len(data) != 3:
        raise InputError(f"signature = {shown(data)} is no list of three numbers")
    positive, negative, zero = (whole("signature", one, 0, parameters) for one in data)
    if positive + negative + zero != parameters:
        raise InputError(f"signature = {shown(data)} does not count {parameters} eigenvalues")
    return positive, negative, zero


def _observation(data: Any) -> Observation:
    table = _table(data, Observation)
    models = whole("models", table["models"], 1, _MOST_MODELS)
    return Observation(
        density=number("density", table["density"], 0, 1),
        features=whole("features", table["features"], 1, 2**31),
        hidden=whole("hidden", table["hidden"], 1, 2**31),
        source=_text("source", table["source"]),
        seen=whole("seen", table["seen"], 0, models),
        models=models,
        loss=number("loss", table["loss"], 0),
    )


def _span(data: Any, vertices: int) -> Span:
    table = _table(data, Span)
    low = number("low", table["low"], 0, 1)
    return Span(
        dimension=whole("dimension", table["dimension"], 1, vertices),
        source=_text("source", table["source"]),
        low=low,
        high=number("high", table["high"], low, 1),
        below=_text("below", table["below"]),
        above=_text("above", table["above"]),
    )


def _table(data: Any, record: type) -> Any:
    """A table with exactly the fields of a record."""
    keys = [field.name for field in fields(record)]
    table = known_table("", data, keys)
    for key in keys:
        if key not in table:
            raise InputError(f"{key} is missing")
    return table


def _mapping(key: str, data: Any, most: int) -> dict[str, Any]:
    if not isinstance(data, dict) or len(data) > most:
        raise InputError(f"{key} is no table of at most {most}")
    return data


def _listed(table: Any, key: str, made: Callable[[Any], _Made], most: int = _MOST_FACTS) -> list[_Made]:
    found = []
    for place, one in enumerate(_list(key, table.get(key), most)):
        with located(f"{key}[{place}]"):
            found.append(made(one))
    return found


def _list(key: str, data: Any, most: int = _MOST_FACTS) -> list:
    if not isinstance(data, list) or len(data) > most:
        raise InputError(f"{key} is no list of at most {most}")
    return data


def _text(key: str, data: Any, longest: int = _LONGEST) -> str:
    if not isinstance(data, str) or len(data) > longest or not data.isprintable():
        raise InputError(f"{key} = {shown(data)} is no printable text of at most {longest} characters")
    return data


def _matched(key: str, data: Any, pattern: re.Pattern[str]) -> str:
    if not isinstance(data, str) or not pattern.fullmatch(data):
        raise InputError(f"{key} = {shown(data)} does not have the form {pattern.pattern}")
    return data


def _distinct(key: str, keys: list) -> None:
    if len(set(keys)) != len(keys):
        raise InputError(f"{key}: one is given twice")
