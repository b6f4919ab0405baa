"""The record of the studies n = 5..8, m = 2..3: every best learned geometry is known, or entered and certified."""

import json
from pathlib import Path

import numpy as np
import pytest

from tegum import atlas, compare
from tegum.compare.atlas.learned import discoveries
from tegum.compare.verdict import VERDICTS
from tegum.empirical.sweep.sweep import sweep
from tegum.theory.geometry.tegum import parse_geometry
from tegum.theory.weights import Weights

RECORD = json.loads((Path(__file__).parent / "records" / "study.json").read_text())
CELLS = [(plan["features"], plan["hidden"], cell) for plan in RECORD["plans"] for cell in plan["cells"]]


def unknown(geometry: str) -> set[str]:
    return {term.split("*")[-1] for term in geometry.split(" + ") if "unknown-" in term}


def test_the_record_is_of_these_studies():
    assert {(n, m) for n, m, _ in CELLS} == {(n, m) for n in (5, 6, 7, 8) for m in (2, 3)}
    assert all(len(plan["cells"]) == 10 for plan in RECORD["plans"])
    assert all(sum(one["runs"] for one in cell["basins"]) == cell["hit_rate"]["runs"] == 16 for _, _, cell in CELLS)


def test_every_best_geometry_is_in_the_catalogue_or_entered_with_a_certified_point():
    met = 0
    for n, _, cell in CELLS:
        names = unknown(cell["best"])
        entered = {one["name"] for one in cell["entries"] if one["certified"] and one["kind"] == "minimum"}
        assert names == entered
        for name in names:
            assert atlas().entry(name).certified
            assert any(point.density == cell["value"] for point in atlas().entry(name).points)
        if not names:
            assert sum(factor.vertices for factor in parse_geometry(cell["best"]).factors) == n
        met += bool(names)
    assert met  # else nothing was tested


def test_no_run_is_below_the_prediction_and_no_best_run_is_left_undecided():
    for _, _, cell in CELLS:
        assert set(cell["kinds"]) <= set(VERDICTS)
        assert "better" not in cell["kinds"]
        assert cell["best_verdict"] not in ("unconverged", "saddle")


def test_where_learned_and_predicted_differ_away_from_a_boundary_the_record_says_why():
    assert all((cell["why"] is None) == cell["best_matches"] for _, _, cell in CELLS)
    differing = [cell for _, _, cell in CELLS if not cell["best_matches"] and not cell["near_boundary"]]
    assert differing
    for cell in differing:
        assert cell["best_loss"] > cell["optimum"]
        assert cell["hit_rate"]["hits"] == 0
        assert cell["hit_rate"]["interval"][1] < 0.25  # so rarely does training find the optimum's basin
        assert cell["search"]["hits"] > 0
        if "dead" in cell["why"]:  # each costs p/3 instead of p/3 - p²/4, and nothing else differs
            cost = cell["dead"] * cell["value"] ** 2 / 4
            assert cell["polished_loss"] - cell["optimum"] == pytest.approx(cost, abs=1e-12)
            assert (cell["dead"] > 0, cell["best"]) == (True, cell["predicted"])
        else:
            assert cell["predicted"] not in {one["geometry"] for one in cell["basins"]}


@pytest.mark.parametrize(("n", "m"), [(6, 2)])
def test_a_cell_of_the_record_is_found_again(n, m, tmp_path):
    """The same plan, a quarter of the runs and one density: what they come to rest in is in the record's basins."""
    from dataclasses import replace

    from atlas_study import DENSITIES, TRAINING

    from tegum.empirical.plan import Plan
    from tegum.empirical.sweep.ensembles import sweep_ensemble
    from tegum.empirical.sweep.folder import sweep_in
    from tegum.theory.setting import Setting

    (cell,) = [cell for a, b, cell in CELLS if (a, b) == (n, m) and unknown(cell["best"])][:1]
    assert cell["value"] in DENSITIES
    plan = Plan(Setting(n, m, cell["value"]), (), replace(TRAINING, runs=4))
    sweep(plan, tmp_path)
    weights = sweep_ensemble(tmp_path, sweep_in(tmp_path)).weights
    found = compare(Weights(np.asarray(weights.W), np.asarray(weights.b)), plan.setting, starts=16)
    assert {one.geometry for one in found.verdicts} <= {one["geometry"] for one in cell["basins"]}
    assert {entry.name for entry in discoveries(weights, plan.setting).entries} <= {e.name for e in atlas().entries}
