"""Typing of a record's field that is given as one type and kept as another."""

from typing import TYPE_CHECKING, Any, Generic, TypeVar

Given = TypeVar("Given")
Kept = TypeVar("Kept")


class Accepts(Generic[Given, Kept]):
    """`field: Accepts[Given, Kept]` of a dataclass: its constructor takes Given, `__post_init__` leaves Kept.

    A type checker sees a descriptor with those two types; at run time the annotation is plain Given, so
    that the constructor's signature says what it takes.
    """

    if TYPE_CHECKING:

        def __get__(self, record: object, owner: type | None = None) -> Kept: ...

        def __set__(self, record: object, value: Given) -> None: ...

    else:

        def __class_getitem__(cls, types: tuple[Any, Any]) -> Any:
            return types[0]
