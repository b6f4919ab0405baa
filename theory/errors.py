"""The one exception that means: what came from outside cannot be used."""

from collections.abc import Iterator
from contextlib import contextmanager


class InputError(ValueError):
    """Bad input from outside; its message is one printable line: the culprit and what is allowed."""

    def __init__(self, message: str) -> None:
        super().__init__("".join(_printable(character) for character in message))


@contextmanager
def located(place: object) -> Iterator[None]:
    """Put `place: ` in front of every InputError raised inside: the file or the cell that it is about."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{place}: {error}") from error


def _printable(character: str) -> str:
    # Keys and paths are somebody's own text: no line break or terminal escape in them may reach the screen.
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
