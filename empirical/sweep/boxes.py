"""Runs are numbered along a grid, and a shard's are neighbours: the boxes of the grid that they fill."""

import math
from collections.abc import Iterator, Sequence

#: Part of an array, by a slice for each dimension.
Box = tuple[slice, ...]


def boxes(start: int, stop: int, shape: Sequence[int]) -> Iterator[tuple[int, int, Box]]:
    """The boxes that the places [start, stop) of a grid fill, row by row, in their order.

    Returns:
        For each box the places [first, last) in it, and the box: at most two for each dimension but the last, and one.
    """
    if not shape:
        yield start, stop, ()
        return
    row = math.prod(shape[1:])
    first, last = -(-start // row), stop // row  # whole rows
    if first > last:  # all within one row
        yield from _within(last, start, stop, shape)
        return
    if start < first * row:
        yield from _within(first - 1, start, first * row, shape)
    if first < last:
        yield first * row, last * row, (slice(first, last), *(slice(0, length) for length in shape[1:]))
    if last * row < stop:
        yield from _within(last, last * row, stop, shape)


def _within(place: int, start: int, stop: int, shape: Sequence[int]) -> Iterator[tuple[int, int, Box]]:
    before = place * math.prod(shape[1:])
    for first, last, box in boxes(start - before, stop - before, shape[1:]):
        yield first + before, last + before, (slice(place, place + 1), *box)
