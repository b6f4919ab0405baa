"""The L1 penalty at which the geometry changes: predicted with digits, and learned on the same side of it."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from tegum.empirical.probes import penalty as penalty_module
from tegum.empirical.probes.cells import Cell, settings_over
from tegum.empirical.probes.penalty import penalty
from tegum.theory.errors import InputError
from tegum.theory.loss.population import population_loss
from tegum.theory.search.optimum import optimum
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

SETTING = Setting(count=5, hidden=2, density=0.1)
PENTAGON, DIGONS = "pentagon", "2*digon + dropped"
#: Where their losses cross, to 18 digits: computed by `tegum boundary` with 20.
CROSSING = 0.104862712835054476
PLAN = "--penalties 0.07 0.15 --runs 4 --steps 600 --batch-size 128 --learning-rate 0.03 --starts 8 --json"


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    """The whole probe, training included; in a process of its own, where no shapes are checked at every step."""
    path = tmp_path_factory.mktemp("penalty") / "five.toml"
    path.write_text("[features]\ncount = 5\ndensity = 0.1\n[model]\nhidden = 2\n")
    command = [sys.executable, "-m", "tegum", "probe", "penalty", str(path), *PLAN.split()]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


def near(setting: Setting, runs: int = 2) -> Cell:
    """Models as training leaves them, a little beside the optimum."""
    random, best = np.random.default_rng(0), optimum(setting, starts=8).weights
    W = best.W + 0.003 * random.normal(size=(runs, *best.W.shape))
    return Cell(setting, Weights(W, best.b + 0.003 * random.normal(size=(runs, setting.count))))


def test_the_change_is_predicted_with_its_digits(learned):
    (change,) = learned["predicted"]
    assert (change["below"], change["above"], change["start"], change["stop"]) == (PENTAGON, DIGONS, 0.07, 0.15)
    assert change["lower"] <= CROSSING <= change["upper"]
    assert change["value"] == pytest.approx(CROSSING, rel=1e-15)
    assert change["decimal"] == "0.104862712835054"


def test_trained_models_change_where_it_is_predicted(learned):
    (change,) = learned["learned"]
    assert (change["below"], change["above"], change["start"], change["stop"]) == (PENTAGON, DIGONS, 0.07, 0.15)
    for point in learned["points"]:
        assert point["converged"][0]
        assert point["rest_loss"][0] == pytest.approx(point["loss"], rel=1e-9)
        assert min(point["learned_loss"]) < 1.02 * point["loss"]
        assert min(point["learned_loss"]) >= point["loss"] - point["error"]


@pytest.mark.parametrize(("l1", "geometry"), [(0.0, PENTAGON), (0.1, PENTAGON), (0.11, DIGONS)])
def test_models_beside_the_optimum_come_to_rest_at_it(l1, geometry):
    (point,) = penalty([near(replace(SETTING, l1=l1))], starts=8).points
    assert point.predicted == geometry
    assert point.learned == (geometry, geometry)
    assert point.converged.all()
    np.testing.assert_allclose(point.rest_loss, point.loss, rtol=1e-9)
    assert (point.learned_loss >= point.loss * (1 - 1e-9)).all()
    assert ((point.moved > 0) & (point.moved < 0.1)).all()


def test_a_model_of_another_minimum_keeps_its_name_beyond_the_crossing():
    """Just above the crossing the pentagon is a minimum still: what is learned there need not be what is best."""
    above = replace(SETTING, l1=0.11)
    pentagon = near(replace(SETTING, l1=0.1))
    found = penalty([replace(pentagon, setting=above)], starts=8)
    assert found.points[0].predicted == DIGONS
    assert found.points[0].learned == (PENTAGON, PENTAGON)
    assert (found.points[0].rest_loss > found.points[0].loss).all()


def test_the_optimum_has_a_kink_at_the_crossing():
    """The slope of its loss by the penalty is E‖h‖₁, which falls there: another minimum takes over."""
    slopes = []
    for aside in (-1e-3, 1e-3):
        best = optimum(replace(SETTING, l1=CROSSING + aside), starts=8)
        slopes.append(float(population_loss(best.weights, best.setting).penalty) / best.setting.l1)
    assert slopes[0] > slopes[1] * 1.1


def test_a_change_that_is_not_proved_to_be_a_crossing_says_why(monkeypatch):
    def refuse(*_):
        raise InputError("no crossing here")

    monkeypatch.setattr(penalty_module, "boundary", refuse)
    cells = [near(one) for one in settings_over(Setting(count=1, hidden=1, density=0.5), "l1", [0.0, 2.0])]
    (change,) = penalty(cells, starts=4).predicted
    assert (change.below, change.above) == ("dedicated", "dropped")
    assert change.value is None
    assert change.why == "no crossing here"


@pytest.mark.parametrize(
    ("penalties", "changes", "named"),
    [
        ([0.2, 0.1], {}, "do not rise"),
        ([], {}, "do not rise"),
        ([0.1], {"tied": False}, "tied"),
        ([0.1], {"values": "binary"}, "continuous"),
    ],
)
def test_what_the_probe_does_not_take_is_refused_by_name(penalties, changes, named):
    setting = Setting(**({"count": 2, "hidden": 1, "density": 0.5} | changes))
    weights = Weights(np.ones((1, 1, 2)), np.zeros((1, 2)), None if setting.tied else np.zeros((1, 2, 1)))
    with pytest.raises(InputError, match=named):
        penalty([Cell(one, weights) for one in settings_over(setting, "l1", penalties)])
