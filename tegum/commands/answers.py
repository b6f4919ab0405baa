"""What a command answers: its JSON object and its text, and the forms that several commands share."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tegum.theory.files.weights import named_arrays
from tegum.theory.weights import Weights

#: The JSON object and the text of one answer; of a check also the exit status, 1 where it failed.
Answer = tuple[dict[str, Any], str] | tuple[dict[str, Any], str, int]

#: Said of a run that diverged where another's geometry, or verdict, stands.
DIVERGED = "diverged"


def command_line() -> str:
    """The command as the user typed it, for the report."""
    return "tegum " + shlex.join(sys.argv[1:])


def written(weights: Weights) -> dict[str, Any]:
    """The arrays of a weights file."""
    return {name: plain(array) for name, array in named_arrays(weights).items()}


def plain(value: Any) -> Any:
    """Nested lists and floats instead of arrays."""
    return value.tolist() if isinstance(value, np.ndarray) else float(value)


def nullable(array: np.ndarray) -> list[Any]:
    """Nested lists with None for NaN, which JSON does not know: what a run that diverged has instead of numbers."""
    numbers = array.astype(object)
    numbers[np.isnan(array)] = None
    return numbers.tolist()


def aligned(rows: Iterable[tuple[str, ...]]) -> str:
    rows = list(rows)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def algebraic(number: Any) -> dict[str, Any] | None:
    """Coefficients as strings: they outgrow what other readers of JSON hold."""
    if number is None:
        return None
    return {
        "polynomial": [str(a) for a in number.polynomial],
        "index": number.index,
        "decimal": number.decimal,
        "closed": str(number.expression()) if len(number.polynomial) <= 3 else None,
    }


class Progress:
    """One bar on standard error for each stage of a long command; silent where that is no terminal."""

    def __init__(self) -> None:
        self._bars: dict[str, Any] = {}

    def __enter__(self) -> Callable[[str, int, int], None]:
        return self._advance

    def __exit__(self, *_: object) -> None:
        for bar in self._bars.values():
            bar.close()

    def _advance(self, stage: str, done: int, total: int) -> None:
        from tqdm import tqdm

        if stage not in self._bars:
            # What was done before, by an earlier run of the command, must not count in the rate.
            self._bars[stage] = tqdm(
                total=total, initial=done, desc=stage, file=sys.stderr, disable=None, unit="", leave=False
            )
        self._bars[stage].update(done - self._bars[stage].n)
