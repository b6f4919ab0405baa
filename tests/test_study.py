"""The study: best of a few runs agrees with the prediction, and an interruption loses nothing."""

import json
import shutil

import numpy as np
import pytest

from tegum.compare.agreement import agreement
from tegum.compare.study import study
from tegum.empirical.plan import Axis, Plan, Training
from tegum.theory.errors import InputError
from tegum.theory.setting import Setting

TRAINING = Training(runs=8, steps=1500, batch_size=128, seed=5)
PLAN = Plan(Setting(3, 2, 0.1), (Axis("density", (0.05, 0.2, 0.6)),), TRAINING)


class Stopped(Exception):
    pass


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return study(PLAN, tmp_path_factory.mktemp("study"))


def test_best_runs_are_the_predicted_optima(finished):
    cells = agreement(finished)
    assert [cell["value"] for cell in cells] == [0.05, 0.2, 0.6]
    assert cells[0]["predicted"] == "digon + dedicated"
    assert cells[2]["predicted"] == "triangle"
    for cell in cells:
        assert cell["best"] == cell["predicted"]
        assert 0 <= cell["gap"] <= 0.01 * cell["optimum"]
        assert cell["fraction"] == cell["matching"] / cell["runs"] >= 1 / 8
        assert cell["interval"][0] < cell["fraction"] <= cell["interval"][1]


def test_curves_are_the_candidates_losses_best_first(finished):
    names = [curve.geometry for curve in finished.curves]
    assert set(names[:2]) == {"triangle", "digon + dedicated"}
    assert "2*dedicated + dropped" in names
    best = np.min([curve.losses for curve in finished.curves], axis=0)
    for comparison in finished.comparisons:
        p = comparison.setting.density[0]
        assert np.interp(p, finished.curves[0].values, best) == pytest.approx(comparison.optimum.loss, rel=0.01)


def test_an_interrupted_study_resumes_to_the_same_result(finished, tmp_path, monkeypatch):
    monkeypatch.setattr("tegum.empirical.sweep.shards._USUAL_RUNS", 64)
    trained = 0

    def interrupt(stage, done, total):
        nonlocal trained
        if stage == "training" and done >= 0.5 * total:
            trained += 1
            raise Stopped

    axes = (Axis("density", (0.1, 0.2, 0.3)),)
    small = Plan(Setting(2, 1, 0.1), axes, Training(runs=64, steps=200, batch_size=64, seed=1))
    with pytest.raises(Stopped):
        study(small, tmp_path / "stopped", interrupt)
    assert trained == 1
    assert len(list((tmp_path / "stopped" / "runs" / "shards").glob("*.json"))) == 2  # of three
    stages = []
    resumed = study(small, tmp_path / "stopped", lambda stage, done, total: stages.append((stage, done, total)))
    undisturbed = study(small, tmp_path / "undisturbed")
    np.testing.assert_array_equal(resumed.ensemble.weights.W, undisturbed.ensemble.weights.W)
    assert [one.best.geometry for one in resumed.comparisons] == [one.best.geometry for one in undisturbed.comparisons]
    again = []
    study(small, tmp_path / "stopped", lambda stage, done, total: again.append(stage))
    assert "training" in dict((stage, 1) for stage, _, _ in stages)
    assert "training" not in again


def test_a_folder_of_another_plan_is_refused(finished, tmp_path):
    study(PLAN_OF_ONE, tmp_path)
    other = Plan(PLAN_OF_ONE.setting, PLAN_OF_ONE.axes, Training(runs=3, steps=20, batch_size=16))
    with pytest.raises(InputError, match="another plan"):
        study(other, tmp_path)
    shutil.rmtree(tmp_path / "runs")
    study(PLAN_OF_ONE, tmp_path)  # lost runs are trained again


PLAN_OF_ONE = Plan(Setting(2, 1, 0.2), (Axis("density", (0.2,)),), Training(runs=2, steps=20, batch_size=16))


def test_boundaries_between_neighbouring_optima_are_found(tmp_path):
    plan = Plan(
        Setting(2, 1, 0.1, (1.0, 0.4)), (Axis("density", (0.4, 0.5)),), Training(runs=2, steps=20, batch_size=16)
    )
    found = study(plan, tmp_path)
    (crossing,) = found.boundaries
    assert crossing.value == pytest.approx(0.4361008632394934, abs=1e-12)
    assert (crossing.below, crossing.above) == ("digon", "dedicated + dropped")


def test_hurried_training_is_called_unconverged_not_a_match(tmp_path):
    found = study(PLAN_OF_ONE, tmp_path)
    assert {verdict.kind for one in found.comparisons for verdict in one.verdicts} == {"unconverged"}
    assert found.comparisons[0].fraction == 0


def test_a_plan_that_cannot_be_computed_leaves_nothing_behind(tmp_path):
    with pytest.raises(InputError, match="l1 > 0 with tied = false"):
        study(Plan(Setting(2, 1, 0.2, tied=False), (Axis("l1", (0.0, 0.1)),)), tmp_path / "out")
    with pytest.raises(InputError, match="count = 80"):
        study(Plan(Setting(80, 3, 0.2), (Axis("density", (0.1, 0.2)),)), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_study_needs_an_axis(tmp_path):
    with pytest.raises(InputError, match="at least one"):
        study(Plan(Setting(2, 1, 0.2)), tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_folder_says_what_it_holds(finished, tmp_path):
    study(PLAN_OF_ONE, tmp_path)
    note = json.loads((tmp_path / "plan.json").read_text())
    assert note["plan"]["axes"] == {"density": {"values": [0.2]}}
