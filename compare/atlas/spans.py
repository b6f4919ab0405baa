"""Spans: the densities at which an entry is the best that is known for its own features and dimensions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import astuple, dataclass, replace
from itertools import groupby
from math import sqrt

import numpy as np

from tegum.compare.atlas.entry import Atlas, Entry, Span
from tegum.compare.atlas.table import table_source
from tegum.theory.geometry.critical import CRITICAL_TOLERANCE
from tegum.theory.geometry.identify import identify
from tegum.theory.loss.law import law_of
from tegum.theory.search.descent import descend
from tegum.theory.search.optimum import SAME_LOSS
from tegum.theory.table.cell import Cell, setting_of
from tegum.theory.table.shipped import Table, identity_of

#: Halvings of the interval between two densities of a table, on a logarithmic scale; digits that are kept.
_HALVINGS, _DIGITS = 26, 6
#: Longest step that follows a branch, and the steps in which it is followed from one density of a table to the next.
_REACH, _STEPS = 0.1, 8


def with_spans(atlas: Atlas, table: Table, advance: Callable[[int, int], object] = lambda done, total: None) -> Atlas:
    """An atlas with the spans of its entries in a table of factors.

    Args:
        atlas: whose entries are looked for in the table.
        table: best weights known for k features in d dimensions at each of its densities.
        advance: told how many sizes of the table are done, and how many there are.

    Returns:
        `Atlas`.  The ends of a span are where the losses of two branches cross, the entry's and that of what is best at
        the next density of the table; another geometry may be better in between, and better ones may be unknown.
    """
    columns = [list(cells) for _, cells in groupby(table.cells, key=lambda one: (one.vertices, one.dimensions))]
    names, source = {entry.name for entry in atlas.entries}, table_source(table).name
    found: dict[str, set[Span]] = {}
    for done, column in enumerate(columns):
        advance(done, len(columns))
        for name, span in _spans(column, names, source):
            found.setdefault(name, set()).add(span)
    advance(len(columns), len(columns))
    return replace(atlas, entries=tuple(_spanned(entry, found.get(entry.name, set())) for entry in atlas.entries))


def _spanned(entry: Entry, spans: Set[Span]) -> Entry:
    return replace(entry, spans=tuple(sorted({*entry.spans, *spans}, key=astuple)))


def _spans(column: Sequence[Cell], names: Set[str], source: str) -> Iterator[tuple[str, Span]]:
    """Neighbouring densities of one size with the same geometry, where that is an entry."""
    best = [identity_of(cell).geometry for cell in column]
    for name, places in groupby(range(len(column)), key=lambda i: best[i]):
        inside = list(places)
        if name in names:
            low, below = _end(column, inside[0], inside[0] - 1)
            high, above = _end(column, inside[-1], inside[-1] + 1)
            yield name, Span(column[0].dimensions, source, low, high, below, above)


def _end(column: Sequence[Cell], inside: int, outside: int) -> tuple[float, str]:
    """Where a span ends between one of its cells and the next beyond it, and what is there."""
    if not 0 <= outside < len(column):
        return column[inside].density, "end of the table"
    one, other = (_Branch.at(column[place]) for place in (inside, outside))
    while abs(np.log(other.density / one.density)) > np.log(column[-1].density / column[0].density) / 2**_HALVINGS:
        middle = sqrt(one.density * other.density)
        ours, theirs = one.followed(middle), other.followed(middle)
        if ours.name == one.name and ours.loss <= theirs.loss * (1 + SAME_LOSS):
            one = ours
        elif ours.name != one.name and ours.loss < theirs.loss * (1 - SAME_LOSS):
            other = ours
        else:
            other = theirs
    beyond = one.followed(other.density)
    here = float(f"{one.density:.{_DIGITS}g}")
    same = abs(beyond.loss - other.loss) <= SAME_LOSS * other.loss
    return here, f"{'turns into' if same else 'crossing with'} {other.name}"


@dataclass(frozen=True, eq=False)
class _Branch:
    """A critical point that can be followed over the density."""

    cell: Cell
    density: float
    W: np.ndarray
    b: np.ndarray
    loss: float
    name: str

    @classmethod
    def at(cls, cell: Cell) -> _Branch:
        return cls(cell, cell.density, cell.W, cell.b, cell.loss, identity_of(cell).geometry)

    def followed(self, density: float) -> _Branch:
        """The critical point that this one leads to, in steps short enough to stay in its basin."""
        W, b, loss = self.W[None], self.b[None], np.array([self.loss])
        for p in np.geomspace(self.density, density, _STEPS + 1)[1:]:
            rest = descend(W, b, law_of(setting_of(self.cell.vertices, self.cell.dimensions, float(p))), reach=_REACH)
            W, b, loss = rest.W, rest.b, rest.loss
        name = identify(W[0], tolerance=CRITICAL_TOLERANCE).geometry
        return _Branch(self.cell, density, W[0], b[0], float(loss[0]), name)
