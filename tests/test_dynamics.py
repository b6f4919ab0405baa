"""Snapshots are the runs that `train` trains, however often they are taken up; levels and jumps are the exact ones."""

from dataclasses import replace

import numpy as np
import pytest

from tegum.empirical.dynamics.course import course, elapsed
from tegum.empirical.dynamics.history import load_history
from tegum.empirical.dynamics.level import nearby_levels
from tegum.empirical.dynamics.recording import record
from tegum.empirical.dynamics.schedule import snapshot_steps
from tegum.empirical.ensemble import load_ensemble
from tegum.empirical.plan import Training
from tegum.empirical.schedule import learning_rate
from tegum.empirical.training import train
from tegum.theory.diagnostics import dimensionality
from tegum.theory.errors import InputError
from tegum.theory.loss.population import population_loss
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

#: Two features, one of which is on, in one dimension: antipodal they cost nothing, merged 1/6, dropped 5/24.
PAIR = Setting(count=2, hidden=1, law="one-hot")
DESCENT = Training(
    runs=8,
    steps=200,
    data="population",
    optimizer="sgd",
    momentum=0.0,
    learning_rate=0.3,
    schedule="constant",
    start="notebook",
)
MODES = {
    "adam": Training(runs=3, steps=130, batch_size=16),
    "adamw on a dataset": Training(runs=2, steps=120, batch_size=8, optimizer="adamw", data="dataset", dataset_size=32),
    "momentum, warm-up": Training(runs=2, steps=110, batch_size=16, optimizer="sgd", warmup=20),
    "population": replace(DESCENT, runs=2, steps=120),
}


@pytest.fixture(scope="module")
def descent(tmp_path_factory):
    folder = tmp_path_factory.mktemp("descent")
    return course(record(PAIR, DESCENT, snapshot_steps("linear:60", DESCENT.steps), folder))


@pytest.mark.parametrize(
    ("schedule", "steps"),
    [
        ("linear:4", (0, 25, 50, 75, 100)),
        ("linear:1000", tuple(range(101))),
        ("log:3", (0, 1, 10, 100)),
        ("0, 7,99", (0, 7, 99, 100)),
        ("100", (0, 100)),
    ],
)
def test_schedules(schedule, steps):
    assert snapshot_steps(schedule, 100) == steps


@pytest.mark.parametrize(
    "schedule", ["", "linear", "linear:", "linear:0", "log:1", "log:x", "5,101", "-1", "1.5", "linear:9" * 30]
)
def test_bad_schedules_are_refused(schedule):
    with pytest.raises(InputError, match="snapshots"):
        snapshot_steps(schedule, 100)


@pytest.mark.parametrize("mode", MODES)
def test_snapshots_are_the_runs_that_train_trains(mode, tmp_path):
    setting = Setting(count=3, hidden=2, density=0.3)
    history = record(setting, MODES[mode], snapshot_steps("0,1,17,100", MODES[mode].steps), tmp_path)
    trained = train(setting, **vars(MODES[mode]))
    np.testing.assert_array_equal(history.W[-1], trained.weights.W)
    np.testing.assert_array_equal(history.b[-1], trained.weights.b)
    np.testing.assert_array_equal(load_ensemble(tmp_path).weights.W, trained.weights.W)
    assert history.steps == (0, 1, 17, 100, MODES[mode].steps)
    assert np.isnan(history.batch_loss[0]).all()
    assert np.isfinite(history.batch_loss[1:]).all()


def test_untied_models_without_bias_are_recorded(tmp_path):
    setting = Setting(count=3, hidden=2, density=0.3, tied=False, bias=False)
    history = record(setting, MODES["adam"], (0, 130), tmp_path)
    trained = train(setting, **vars(MODES["adam"]))
    np.testing.assert_array_equal(history.at(1).W_out, trained.weights.W_out)
    assert not history.b.any()


def harmed(path, harm):
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.unlink()
    if harm != "removed":
        path.write_bytes(data[:99] if harm == "torn" else data)


def files(folder):
    return sorted((folder / "snapshots").iterdir())


@pytest.mark.parametrize("harm", ["removed", "torn", "changed"])
def test_what_is_lost_or_damaged_is_computed_again_to_the_bit(harm, tmp_path):
    setting, steps = Setting(count=3, hidden=2, density=0.3), (0, 5, 50, 90, 130)
    whole = record(setting, MODES["adam"], steps, tmp_path)
    names = [path.name for path in files(tmp_path)]
    for path in files(tmp_path)[2:]:
        harmed(path, harm)
    with pytest.raises(InputError, match="step 50 is missing or damaged"):
        load_history(tmp_path)
    again = record(setting, MODES["adam"], steps, tmp_path)
    for one in (again, load_history(tmp_path)):
        np.testing.assert_array_equal(one.W, whole.W)
        np.testing.assert_array_equal(one.batch_loss, whole.batch_loss)
    assert [path.name for path in files(tmp_path)] == names  # the names hold the checksums


def test_another_history_in_the_folder_is_refused(tmp_path):
    setting = Setting(count=3, hidden=2, density=0.3)
    record(setting, MODES["adam"], (0, 130), tmp_path)
    with pytest.raises(InputError, match="another history: its options"):
        record(setting, replace(MODES["adam"], seed=1), (0, 130), tmp_path)
    with pytest.raises(InputError, match="another history: its steps"):
        record(setting, MODES["adam"], (0, 1, 130), tmp_path)
    with pytest.raises(InputError, match="another history: its setting"):
        record(replace(setting, density=0.2), MODES["adam"], (0, 130), tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}', '{"format": 2}', '{"format": 2, "steps": [5, 1]}'])
def test_a_bad_manifest_is_one_line(text, tmp_path):
    (tmp_path / "dynamics.json").write_text(text)
    with pytest.raises(InputError, match=r"dynamics\.json: (is|steps)"):
        load_history(tmp_path)


def test_losses_and_dimensionalities_are_the_exact_ones(descent):
    history = descent.history
    for k in (0, 7, -1):
        exact = population_loss(history.at(k), PAIR)
        np.testing.assert_array_equal(descent.loss[k], exact.loss)
        np.testing.assert_array_equal(descent.error[k], exact.error)
        np.testing.assert_array_equal(descent.dimensionality[k], dimensionality(history.W[k]))
        slopes = np.concatenate([exact.gradient.W.reshape(8, -1), exact.gradient.b], axis=1)
        np.testing.assert_allclose(descent.gradient_norm[k], np.linalg.norm(slopes, axis=1))
    assert (np.diff(descent.loss, axis=0) < 1e-13).all()  # descent without noise never rises


def test_a_pair_jumps_from_merged_to_antipodal(descent):
    """Runs 2 and 3 start on one side of the line: they stop at the saddle of a merged pair before they part."""
    for run in (2, 3):
        merged, antipodal = descent.itineraries[run].stays
        assert (merged.level.geometry, antipodal.level.geometry) == ("merged-2", "digon")
        assert abs(merged.level.loss - 1 / 6) < 1e-12
        assert abs(antipodal.level.loss) < 1e-12
        assert merged.level.least_curvature < -0.1
        assert antipodal.level.least_curvature > 0.1
        (jump,) = descent.itineraries[run].jumps
        W = descent.history.W[:, run, 0]
        together = W[:, 0] * W[:, 1] > 0
        assert together[: jump.first + 1].all()
        assert not together[jump.last :].any()
        assert 0.1 < jump.least <= descent.loss[0, run]


def test_a_pair_that_starts_antipodal_does_not_jump(descent):
    W = descent.history.W[0, :, 0]
    apart = np.flatnonzero(W[:, 0] * W[:, 1] < 0)
    assert apart.size > 1
    for run in apart:
        assert not descent.itineraries[run].jumps
        assert [stay.level.geometry for stay in descent.itineraries[run].stays] == ["digon"]


@pytest.mark.parametrize(
    ("W", "b", "geometry", "loss"),
    [
        ([[1.0, -1.0]], [0.0, 0.0], "digon", 0.0),
        ([[0.8, 0.8]], [0.0, 0.0], "merged-2", 1 / 6),
        ([[0.0, 0.0]], [0.25, 0.25], "2*dropped", 5 / 24),
    ],
)
def test_levels_next_to_bent_weights(W, b, geometry, loss):
    bent = 0.03 * np.random.default_rng(0).normal(size=(3, 2, 2))
    weights = Weights(np.array(W) + bent[:, :1], np.array(b) + bent[:, 1])
    for level in nearby_levels(weights, PAIR):
        assert level is not None
        assert level.geometry == geometry
        assert abs(level.loss - loss) < 1e-12
        assert level.gradient_norm < 1e-12
        assert 0 < level.moved < 1


def test_the_clock_is_the_sum_of_the_learning_rates():
    cosine = Training(steps=50, learning_rate=0.3, warmup=7)
    summed = [sum(learning_rate(cosine, t) for t in range(stop)) for stop in (0, 3, 20, 50)]
    np.testing.assert_allclose(elapsed(cosine, (0, 3, 20, 50)), summed)
    np.testing.assert_allclose(elapsed(replace(cosine, schedule="constant", warmup=0), (0, 10)), [0, 3])


def test_the_command_tells_and_draws_and_resumes(run, refused, tmp_path, monkeypatch):
    monkeypatch.setattr("tegum.empirical.pictures.frames.MOST_FRAMES", 3)
    path, out = tmp_path / "pair.toml", tmp_path / "out"
    path.write_text('[features]\ncount = 2\nlaw = "one-hot"\n[model]\nhidden = 1\n')
    options = "--runs 4 --steps 200 --data population --optimizer sgd --momentum 0 --learning-rate 0.3 --start notebook"
    command = ["dynamics", str(path), "--out", str(out), "--snapshots", "linear:25", "--schedule", "constant"]
    first = run(*command, *options.split())
    assert np.shape(first["loss"]) == np.shape(first["error"]) == (26, 4)
    assert np.shape(first["dimensionality"]) == (26, 4, 2)
    told = first["itineraries"][first["shown"]]
    assert len(told["jumps"]) == 1
    assert [stay["level"]["geometry"] for stay in told["stays"]][-1] == "digon"
    assert {p.rpartition("/")[2] for p in first["pictures"]} == {
        "dynamics.svg", "dynamics.pdf", "strip.svg", "strip.pdf", "dynamics.gif",
    }  # fmt: skip
    assert run(*command, *options.split()) == first
    drawn = run("draw", "--runs", str(out), "--out", str(tmp_path / "drawn"))
    assert drawn["geometry"] == "digon"
    assert len(drawn["pictures"]) == 10 + 5
    assert "another history" in refused(*command, *options.split(), "--seed", "1")
    assert "--show 9" in refused(*command, *options.split(), "--show", "9")
