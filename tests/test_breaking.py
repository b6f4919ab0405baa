"""An unstable candidate says in which direction it breaks, and what it breaks to; a stable one does not."""

import json

import numpy as np
import pytest

from tegum.cli import main
from tegum.theory.candidates.breaking import breaking
from tegum.theory.candidates.candidates import candidate, candidates
from tegum.theory.loss.population import population_loss
from tegum.theory.search.optimum import optimum
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights


def test_antipodal_pair_breaks_to_an_unequal_one():
    setting = Setting(2, 1, 0.72)
    found = breaking(candidate("digon", setting), setting)
    best = optimum(setting, 16)
    assert found.breaks_to == "digon"
    assert found.identity.factors[0].distortion > 0.1
    assert found.loss == pytest.approx(best.loss, rel=1e-12)
    norms = found.W[0] * np.sign(candidate("digon", setting).weights.W[0])
    assert norms[0] * norms[1] < 0  # one vector grows, the other shrinks


def test_stable_candidates_do_not_break():
    assert breaking(candidate("digon", Setting(2, 1, 0.70)), Setting(2, 1, 0.70)) is None
    assert breaking(candidate("pentagon", Setting(5, 2, 0.1)), Setting(5, 2, 0.1)) is None
    assert breaking(candidate("triangle", Setting(3, 2, 0.05)), Setting(3, 2, 0.05)) is None


@pytest.mark.parametrize("setting", [Setting(5, 2, 0.4), Setting(3, 2, 0.8), Setting(2, 1, 0.36, (1.0, 0.4))])
def test_the_loss_falls_along_the_direction_by_its_curvature(setting):
    broken = [(one, breaking(one, setting)) for one in candidates(setting)]
    assert any(found for _, found in broken)
    for one, found in broken:
        assert (found is None) == (one.hessian_min >= 0 or one.stable)
        if found is None:
            continue
        assert np.linalg.norm(found.W) ** 2 + np.linalg.norm(found.b) ** 2 == pytest.approx(1.0)
        assert found.curvature == pytest.approx(one.hessian_min, rel=1e-6)
        step = 1e-3
        sides = [
            population_loss(Weights(one.weights.W + way * found.W, one.weights.b + way * found.b), setting).loss
            for way in (step, -step)
        ]
        fall = 0.5 * found.curvature * step**2
        assert min(sides) - one.loss == pytest.approx(fall, rel=0.2)
        assert found.loss < one.loss
        assert population_loss(found.weights, setting).loss == pytest.approx(found.loss, rel=1e-12)


def test_pentagon_at_high_density_breaks_to_the_optimum():
    setting = Setting(5, 2, 0.4)
    found = breaking(candidate("pentagon", setting), setting)
    assert found.breaks_to == "2*digon + dropped"
    assert found.loss == pytest.approx(optimum(setting, 16).loss, rel=1e-12)


def test_command_says_what_breaks(tmp_path, capsys):
    (tmp_path / "s.toml").write_text("[features]\ncount = 2\ndensity = 0.72\n[model]\nhidden = 1\n")
    assert main(["candidates", str(tmp_path / "s.toml"), "--json", "--breaking"]) == 0
    found = json.loads(capsys.readouterr().out)["candidates"]
    assert found[0]["breaking"]["breaks_to"] == "digon"
    assert np.shape(found[0]["breaking"]["direction"]["W"]) == (1, 2)
    assert main(["candidates", str(tmp_path / "s.toml"), "--json"]) == 0
    assert "breaking" not in json.loads(capsys.readouterr().out)["candidates"][0]
    assert main(["candidates", str(tmp_path / "s.toml"), "--breaking"]) == 0
    assert "breaks to digon" in capsys.readouterr().out
