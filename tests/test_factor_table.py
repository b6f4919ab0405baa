"""The shipped table of factors holds: losses, gradients, inequalities between its cells; and it can be resumed."""

from itertools import product

import pytest

from tegum.theory.errors import InputError
from tegum.theory.limits import dropped_loss
from tegum.theory.table.search import TablePlan, searched_cells, sizes
from tegum.theory.table.shipped import differences, entry, factor_table, identity_of, read_table, stable, table

SMALL = TablePlan(most_vertices=4, most_dimensions=2, densities=(0.1, 0.3), starts=8)


def test_every_size_stands_at_every_density():
    shown = factor_table()
    assert (shown.plan.most_vertices, shown.plan.most_dimensions) == (12, 4)
    assert len(shown.plan.densities) >= 12
    keys = [(one.vertices, one.dimensions, one.density) for one in shown.cells]
    assert keys == [(*size, density) for size in sizes(shown.plan) for density in shown.plan.densities]


def test_a_sample_evaluates_to_what_the_table_says():
    found = differences(factor_table().cells[::7])
    assert len(found) > 70
    assert [one for one in found if not one.holds] == []


def test_every_cell_is_a_strict_minimum():
    assert [entry(one)["geometry"] for one in factor_table().cells if not stable(one)] == []


def test_no_cell_is_worse_than_a_sum_of_smaller_ones():
    loss = {(one.vertices, one.dimensions, one.density): one.loss for one in factor_table().cells}

    def least(k, d, p):
        return k * dropped_loss(p) if d == 0 else loss[k, d, p]

    for (k, d, p), whole in loss.items():
        for part, share in product(range(1, k), range(d + 1)):
            if share < part and d - share < k - part:
                assert whole <= (least(part, share, p) + least(k - part, d - share, p)) * (1 + 1e-8)


def test_known_arrangements_are_found():
    names = {(one.vertices, one.dimensions, one.density): identity_of(one).geometry for one in factor_table().cells}
    assert names[5, 2, 0.05] == "pentagon"
    assert names[5, 2, 0.28] == "2*digon + dropped"
    assert names[12, 3, 0.01] == "icosahedron"


def test_symmetry_groups_are_the_known_ones():
    known = {(2, 1, 0.1): 2, (5, 2, 0.1): 10, (6, 2, 0.02): 12, (12, 3, 0.01): 120}
    cells = {(one.vertices, one.dimensions, one.density): one for one in factor_table().cells}
    assert {key: entry(cells[key])["symmetries"] for key in known} == known


def test_an_interrupted_table_is_resumed_and_ends_the_same(tmp_path):
    whole = table(SMALL, tmp_path / "one")
    searched = []
    with pytest.raises(KeyboardInterrupt):
        searched_cells(SMALL, tmp_path / "two", lambda done, total: _stop_at(5, done, searched))
    assert len(list((tmp_path / "two" / "cells").iterdir())) == 5
    table(SMALL, tmp_path / "two")
    assert (tmp_path / "one" / "factors.json").read_bytes() == (tmp_path / "two" / "factors.json").read_bytes()
    assert [one.loss for one in read_table(tmp_path / "one" / "factors.json").cells] == [
        one.loss for one in whole.cells
    ]


def _stop_at(limit, done, seen):
    seen.append(done)
    if done == limit:
        raise KeyboardInterrupt


def test_a_damaged_cell_is_named(tmp_path):
    searched_cells(TablePlan(most_vertices=2, densities=(0.1,), starts=2), tmp_path)
    (file,) = (tmp_path / "cells").iterdir()
    file.write_text("{}")
    with pytest.raises(InputError, match="is damaged; remove it"):
        searched_cells(TablePlan(most_vertices=2, densities=(0.1,), starts=2), tmp_path)


@pytest.mark.parametrize(
    ("given", "culprit"),
    [({"starts": 0}, "starts"), ({"most_vertices": 1}, "most_vertices"), ({"densities": (0.2, 0.1)}, "densities")],
)
def test_a_bad_plan_is_refused(given, culprit):
    with pytest.raises(InputError, match=culprit):
        TablePlan(**given)
