"""Structure: where plain data are not what their schema says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tegum.compare.report.schema.shapes import GIVEN, Either, Named, Row, Scalar, Shape, Table
from tegum.theory.checks import shown

_IS: dict[str, Callable[[Any], bool]] = {
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}


def faults(data: Any, shape: Shape, place: str = "") -> Iterator[str]:
    """What is missing, of a wrong type, or not among the allowed values: a line for each, named by its place.

    Keys that the schema does not name are no faults here: nothing recomputes them, which `tegum verify` says of each.

    Args:
        data: plain data.
        shape: what they should be.
        place: of the data, from the top.
    """
    match shape:
        case Scalar():
            if not _fits(data, shape):
                yield f"{place} = {shown(data)} is no {_wanted(shape)}"
        case Either():
            if all(any(True for _ in faults(data, one)) for one in shape.shapes):
                wanted = " nor ".join(_wanted(one) for one in shape.shapes)
                yield f"{place} = {shown(data)} is no {wanted}"
        case Row():
            yield from _row_faults(data, shape, place)
        case Named():
            if not isinstance(data, dict):
                yield f"{place} = {shown(data)} is no table"
            else:
                for key, value in data.items():
                    yield from faults(value, shape.values, inside(place, key))
        case Table():
            yield from _table_faults(data, shape, place)


def given_places(shape: Shape, place: str = "") -> Iterator[tuple[str, str]]:
    """Places of what is taken as given, without the numbers of lists, each with the reason."""
    if isinstance(shape, Row):
        yield from given_places(shape.item, place)
    elif isinstance(shape, Table):
        for key, field in shape.fields.items():
            here = inside(place, key)
            if field.source == GIVEN:
                yield here, field.why
            else:
                yield from given_places(field.shape, here)


def inside(place: str, key: str) -> str:
    """The place of a key in the table at a place."""
    return f"{place}.{key}" if place else key


def _row_faults(data: Any, shape: Row, place: str) -> Iterator[str]:
    if not isinstance(data, list):
        yield f"{place} = {shown(data)} is no list"
        return
    if len(data) < shape.least or 0 <= shape.most < len(data):
        most = f" and at most {shape.most}" if shape.most >= 0 else ""
        yield f"{place} has {len(data)} entries; allowed: at least {shape.least}{most}"
    for number, value in enumerate(data):
        yield from faults(value, shape.item, f"{place}[{number}]")


def _table_faults(data: Any, shape: Table, place: str) -> Iterator[str]:
    if data is None and shape.nullable:
        return
    if not isinstance(data, dict):
        yield f"{place or 'content'} = {shown(data)} is no table"
        return
    for key, field in shape.fields.items():
        if key in data:
            yield from faults(data[key], field.shape, inside(place, key))
        elif not field.optional:
            yield f"{inside(place, key)} is missing"
    if shape.forms and not any(set(form) <= data.keys() for form in shape.forms):
        yield f"{inside(place, ' or '.join('/'.join(form) for form in shape.forms))} is missing"


def _fits(data: Any, shape: Scalar) -> bool:
    if data is None:
        return shape.nullable or shape.type == "null"
    return _IS[shape.type](data) and (not shape.allowed or data in shape.allowed)


def _wanted(shape: Shape) -> str:
    if isinstance(shape, Scalar):
        name = ", ".join(map(repr, shape.allowed)) or shape.type
        return f"{name} or null" if shape.nullable else name
    return "list" if isinstance(shape, Row) else "table"
