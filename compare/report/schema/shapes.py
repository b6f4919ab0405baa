"""Shapes of plain data, and fields: what a key holds, and what verification does with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Scalar:
    """A number, an integer, a string or a boolean.

    Attributes:
        type: its name in JSON Schema.
        nullable: whether null may stand in its place, where there is none.
        allowed: the only values, if any are listed.
    """

    type: str
    nullable: bool = False
    allowed: tuple[str | int, ...] = ()


@dataclass(frozen=True)
class Row:
    """A list of one shape, of `least` entries at least and `most` at most (-1: any number)."""

    item: Shape
    least: int = 0
    most: int = -1


@dataclass(frozen=True)
class Table:
    """A table with keys of its own and no others.

    Attributes:
        name: of its definition in the published schema.
        fields: what its keys hold, in the order in which they are written.
        nullable: whether null may stand in its place.
        forms: sets of optional keys, one of which must be there.
    """

    name: str
    fields: Mapping[str, Field]
    nullable: bool = False
    forms: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Named:
    """A table whose keys are anybody's, its values of one shape."""

    values: Shape


@dataclass(frozen=True)
class Either:
    """One of several shapes."""

    shapes: tuple[Shape, ...]


Shape = Scalar | Row | Table | Named | Either

#: What verification does with a key: everything else follows from it; it is recomputed and compared; it is taken as
#: given, and only the digest notices a change; it holds keys for each of which the same is said.
INPUT, COMPUTED, GIVEN, PARTS = "input", "computed", "given", "parts"


@dataclass(frozen=True)
class Field:
    """What a key of a report holds.

    Attributes:
        says: what it means, in words.
        shape: of its value.
        source: `INPUT`, `COMPUTED`, `GIVEN` or `PARTS`.
        why: it is taken as given, if it is.
        optional: whether it may be left out.
    """

    says: str
    shape: Shape
    source: str = COMPUTED
    why: str = ""
    optional: bool = False


def taken(says: str, shape: Shape, why: str, optional: bool = False) -> Field:
    """A field that is taken as given."""
    return Field(says, shape, GIVEN, why, optional)


def read(says: str, shape: Shape, optional: bool = False) -> Field:
    """A field that the others follow from."""
    return Field(says, shape, INPUT, optional=optional)


def parts(says: str, shape: Shape) -> Field:
    """A field whose own keys say what they are."""
    return Field(says, shape, PARTS)


REAL, WHOLE, TEXT, FLAG = Scalar("number"), Scalar("integer"), Scalar("string"), Scalar("boolean")
MAYBE_REAL = Scalar("number", nullable=True)
REALS, MATRIX = Row(REAL), Row(Row(REAL), least=1)
PAIR = Row(REAL, 2, 2)
NAMES = Row(TEXT, 2, 2)


def one_of(*values: str | int) -> Scalar:
    """One of these words or whole numbers."""
    return Scalar("integer" if isinstance(values[0], int) else "string", allowed=values)
