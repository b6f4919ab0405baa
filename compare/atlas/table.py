"""The shipped table of factors as a source: what its searches found that no catalogue names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tegum.compare.atlas.chart import Charted
from tegum.compare.atlas.entry import Source
from tegum.compare.atlas.sighting import sightings
from tegum.compare.polish import polished_at
from tegum.theory.files.tables import tables_id
from tegum.theory.loss.law import law_of
from tegum.theory.table.cell import Cell, setting_of, written
from tegum.theory.table.shipped import Table
from tegum.theory.weights import Weights


def table_source(table: Table) -> Source:
    """A table by the digest of its cells."""
    plan = table.plan
    sizes = f"k <= {plan.most_vertices}, d <= {plan.most_dimensions}, {len(plan.densities)} densities"
    return Source(
        f"table {tables_id({'cells': [written(cell) for cell in table.cells]})}",
        f"table of factors: {sizes}, {plan.starts} random starts, seed {plan.seed}",
        "tegum table --out DIR",
        tuple(sorted(table.versions.items())),
    )


def table_charted(table: Table) -> Iterator[Charted]:
    """The uncatalogued factors of every cell; hits and starts are its models."""
    for cell in table.cells:
        yield from _of_cell(cell)


def _of_cell(cell: Cell) -> Iterator[Charted]:
    setting = setting_of(cell.vertices, cell.dimensions, cell.density)
    weights = Weights(cell.W[None], cell.b[None])
    hits = frozenset(range(cell.hits))
    for one in sightings(polished_at(weights, weights, law_of(setting)), setting):
        yield Charted(replace(one, models=hits), cell.vertices, cell.dimensions, cell.starts)
