"""One piece of work, and how an executor does many."""

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Any

#: Of an executor: items with their results.
Results = Generator[tuple[Any, Any], None, None]
#: Done by an executor: `execute(function, items)` yields each item with `function(item)`, or with a `Failure`, in the
#: order in which they end. Items are taken from their iterator when there is somebody to work on them. Closing the
#: generator ends the work in flight; whoever starts it again gets the same, so that nothing need be saved.
Execute = Callable[[Callable[[Any], Any], Iterable[Any]], Results]


@dataclass(frozen=True)
class Failure:
    """Why an item has no result, in one line."""

    reason: str


def attempt(function: Callable[[Any], Any], item: Any) -> Any:
    """`function(item)`, or the `Failure` that it ends with: one bad item must not cost the others."""
    try:
        return function(item)
    except Exception as error:
        return Failure(" ".join(str(error).split()) or type(error).__name__)


def serial(function: Callable[[Any], Any], items: Iterable[Any]) -> Results:
    """The executor of one process: an item after another, here."""
    for item in items:
        yield item, attempt(function, item)
