"""A run that diverges is marked, at the right step, and costs no other a bit, a number or a verdict."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from training_cases import keys_of

from tegum.cli import main
from tegum.compare.verdict import DIVERGED, compare
from tegum.compare.verify.verify import verify
from tegum.empirical.best import best_of
from tegum.empirical.dynamics.course import course
from tegum.empirical.dynamics.history import load_history
from tegum.empirical.dynamics.recording import record
from tegum.empirical.ensemble import Ensemble, load_ensemble, save_ensemble
from tegum.empirical.kernels import kernel_named
from tegum.empirical.models import new_models
from tegum.empirical.plan import Axis, Plan, Training
from tegum.empirical.probes.cells import trained_cells
from tegum.empirical.sweep.ensembles import sweep_ensemble
from tegum.empirical.sweep.export import export
from tegum.empirical.sweep.shards import Sweep
from tegum.empirical.sweep.sweep import sweep, sweep_status
from tegum.empirical.training import train_cells, train_runs
from tegum.theory.errors import InputError
from tegum.theory.setting import Setting

SETTING = Setting(5, 2, 0.3)
RUNS = range(8)
# At this learning rate some starts are too far out, early and late, and some are not.
STEEP = Training(
    runs=8, steps=120, batch_size=16, optimizer="sgd", learning_rate=0.37, schedule="constant", start="normal",
    device="cpu",
)  # fmt: skip
MODES = {
    "compiled": STEEP,
    "batched": replace(STEEP, kernel="batched"),
    "reference": replace(STEEP, kernel="reference"),
    "dataset": replace(STEEP, data="dataset", dataset_size=64),
    "population": replace(STEEP, data="population", learning_rate=1.0),
}


@pytest.fixture(scope="module")
def mixed() -> Ensemble:
    return train_runs([SETTING] * 8, RUNS, STEEP)


def assert_same_runs(ours: Ensemble, theirs: Ensemble) -> None:
    np.testing.assert_array_equal(ours.weights.W, theirs.weights.W)
    np.testing.assert_array_equal(ours.weights.b, theirs.weights.b)
    np.testing.assert_array_equal(ours.batch_loss, theirs.batch_loss)
    np.testing.assert_array_equal(ours.steps, theirs.steps)


def first_bad_step(run: int, training: Training, kernel: str) -> int:
    """The step in which a run diverges, watched step by step: the other route to what halving finds."""
    keys = keys_of(SETTING, 8)[run : run + 1]
    models = new_models([SETTING], keys, training)
    for step in range(training.steps):
        with np.errstate(all="ignore"):
            loss = kernel_named(kernel).advance(models, [SETTING], keys, training, step, 1)
        largest = max(float(np.abs(array).max()) for array in models.parameters.values())
        state = [array for part in models.parts for array in part.values()]
        if not (all(np.isfinite(array).all() for array in state) and np.isfinite(loss).all() and largest <= 2.0**26):
            return step + 1
    return training.steps + 1


@pytest.mark.parametrize("mode", MODES)
def test_a_diverged_run_leaves_every_bit_of_the_others_alone(mode):
    together = train_runs([SETTING] * 8, RUNS, MODES[mode])
    lost = np.flatnonzero(together.diverged)
    assert 0 < len(lost) < 8  # else nothing is tried
    backwards = train_runs([SETTING] * 8, RUNS[::-1], MODES[mode])
    assert_same_runs(backwards[list(RUNS[::-1])], together)
    for run in {int(lost[0]), int(np.flatnonzero(~together.diverged)[0])}:
        assert_same_runs(train_runs([SETTING], [run], MODES[mode]), together[[run]])


@pytest.mark.parametrize("mode", MODES)
def test_the_step_is_the_one_that_is_seen_when_every_step_is_watched(mode):
    ensemble = train_runs([SETTING] * 8, RUNS, MODES[mode])
    kernel, training = ensemble.options.kernel, ensemble.options
    for run in np.flatnonzero(ensemble.diverged)[:2].tolist():
        assert first_bad_step(run, training, kernel) == ensemble.steps[run] + 1
    sound = int(np.flatnonzero(~ensemble.diverged)[0])
    assert first_bad_step(sound, training, kernel) == training.steps + 1 == ensemble.steps[sound] + 1


@pytest.mark.parametrize("piece", [1, 7, 64])
def test_what_is_said_of_it_does_not_depend_on_how_many_steps_are_taken_at_once(mixed, monkeypatch, piece):
    monkeypatch.setattr("tegum.empirical.training.PIECE", piece)
    again = train_runs([SETTING] * 8, RUNS, STEEP)
    np.testing.assert_array_equal(again.steps, mixed.steps)
    np.testing.assert_array_equal(again.diverged, mixed.diverged)
    np.testing.assert_array_equal(again.weights.W, mixed.weights.W)


def test_it_has_the_weights_of_its_start_and_no_batch_loss(mixed):
    start = new_models([SETTING] * 8, keys_of(SETTING, 8), STEEP).parameters
    lost = mixed.diverged
    np.testing.assert_array_equal(mixed.weights.W[lost], start["W"][lost])
    assert np.isnan(mixed.batch_loss[lost]).all()
    assert np.isfinite(mixed.batch_loss[~lost]).all()
    assert not (mixed.weights.W[~lost] == start["W"][~lost]).any()


@pytest.mark.parametrize(
    "change",
    [
        {"learning_rate": 1e30},
        {"optimizer": "adam", "learning_rate": 1e30},
        {"optimizer": "adam", "learning_rate": 1e10},  # the second moments overflow, and the weights stand still
    ],
)
def test_where_all_diverge_the_line_names_the_learning_rate_and_what_helps(change):
    line = f"training.learning_rate = {change['learning_rate']!r}, or an importance, is too large: all 8 runs diverged"
    with pytest.raises(InputError, match=f"^{re.escape(line)}; a smaller [^\n]*$"):
        train_cells([SETTING], replace(STEEP, batch_size=64, **change))


def test_runs_that_stop_early_are_unaffected_by_those_that_diverge():
    options = replace(MODES["population"], tolerance=1e-3)
    stopped = train_runs([SETTING] * 8, RUNS, options)
    sound = np.flatnonzero(~stopped.diverged).tolist()
    assert 0 < len(sound) < 8
    assert_same_runs(train_runs([SETTING] * len(sound), sound, options), stopped[sound])


def test_the_best_run_is_none_that_diverged(mixed):
    (best,) = best_of(mixed)
    assert not mixed.diverged[best.place]
    assert (best.runs, best.diverged) == (8, int(mixed.diverged.sum()))
    lost = np.flatnonzero(mixed.diverged).tolist()
    with pytest.raises(InputError, match=f"all {len(lost)} runs diverged"):
        best_of(mixed[lost])


def test_an_ensemble_with_diverged_runs_survives_its_files(mixed, tmp_path):
    save_ensemble(tmp_path, mixed)
    assert_same_runs(load_ensemble(tmp_path), mixed)


def test_every_verdict_on_it_is_that_it_diverged_and_no_other_changes(mixed):
    found = compare(mixed.weights, SETTING, starts=8, diverged=mixed.diverged)
    unmarked = compare(mixed.weights, SETTING, starts=8)
    assert not found.best.kind == DIVERGED
    for verdict, other, lost in zip(found.verdicts, unmarked.verdicts, mixed.diverged, strict=True):
        assert (verdict.kind == DIVERGED) == (verdict.geometry == DIVERGED) == lost
        assert not (lost and verdict.matches)
        assert lost or (verdict.kind, verdict.loss, verdict.geometry) == (other.kind, other.loss, other.geometry)


# In the last cell all runs diverge, in the first none.
PLAN = Plan(
    Setting(2, 1, 0.3),
    (Axis("importance[0]", (1.0, 3.0, 400.0)),),
    replace(STEEP, runs=4, learning_rate=0.2),
)
TOML = """
[features]
count = 2
density = 0.3
[model]
hidden = 1
[axes]
"importance[0]" = { values = [1.0, 3.0, 400.0] }
[training]
runs = 4
steps = 120
batch_size = 16
optimizer = "sgd"
learning_rate = 0.2
schedule = "constant"
start = "normal"
device = "cpu"
"""


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    folder = tmp_path_factory.mktemp("swept")
    status = sweep(PLAN, folder, size=3)  # of a shard of two cells, and of the last two no run is left
    assert (status.done, status.failed) == (12, 0)
    return folder


def test_a_sweep_keeps_the_others_and_counts_it(swept, tmp_path):
    ensemble, status = sweep_ensemble(swept, Sweep(PLAN, 3)), sweep_status(swept, Sweep(PLAN, 3))
    assert not ensemble.diverged[:4].any()
    assert ensemble.diverged[8:].all()
    assert status.diverged == ensemble.diverged.sum() == 5
    alone = train_runs(ensemble.settings, ensemble.runs, PLAN.training)
    assert_same_runs(alone, ensemble)
    assert sweep(PLAN, tmp_path, size=12).diverged == status.diverged
    assert_same_runs(sweep_ensemble(tmp_path, Sweep(PLAN, 12)), ensemble)


@pytest.mark.parametrize("name", ["all.nc", "all.zarr"])
def test_an_export_says_which_and_has_no_loss_of_it(swept, tmp_path, name):
    xarray = pytest.importorskip("xarray")
    export(swept, tmp_path / name)
    engine = "h5netcdf" if name.endswith("nc") else "zarr"
    with xarray.open_dataset(tmp_path / name, engine=engine, chunks=None) as data:
        lost = sweep_ensemble(swept, Sweep(PLAN, 3)).diverged
        np.testing.assert_array_equal(data["diverged"].values.ravel(), lost)
        for number in ("loss", "error", "gradient_norm", "batch_loss"):
            np.testing.assert_array_equal(np.isnan(data[number].values.ravel()), lost)
        assert np.isfinite(data["W"]).all()
        assert np.isfinite(data["steps"]).all()


def test_a_study_names_it_counts_it_and_its_report_verifies(run, tmp_path, monkeypatch):
    monkeypatch.setattr("tegum.compare.study.STARTS", 8)
    monkeypatch.setattr("tegum.compare.study._CURVE_POINTS", 3)
    (tmp_path / "plan.toml").write_text(TOML)
    out = tmp_path / "study"
    answer = run("study", str(tmp_path / "plan.toml"), "--out", str(out))
    first, _, last = answer["agreement"]
    assert DIVERGED not in {one["geometry"] for one in first["basins"]}
    assert (last["best"], last["best_verdict"], last["fraction"], last["why"]["reason"]) == (DIVERGED,) * 2 + (
        0,
        DIVERGED,
    )
    lost = [one["runs"] for one in answer["overall"]["basins"] if one["geometry"] == DIVERGED]
    report = json.loads((out / "report.json").read_text())
    assert lost == [sum(one["verdict"] == DIVERGED for cell in report["cells"] for one in cell["runs"])]
    assert f"{lost[0]} runs diverged, and count as missing it." in (out / "report.html").read_text()
    assert verify(out / "report.json").verified


def test_dynamics_go_on_without_it_and_resume(tmp_path):
    options, steps = replace(STEEP, steps=120), (0, 10, 50, 120)
    history = record(SETTING, options, steps, tmp_path)
    trained = train_runs([SETTING] * 8, RUNS, options)
    np.testing.assert_array_equal(history.diverged, trained.diverged)
    np.testing.assert_array_equal(history.taken[-1], trained.steps)
    np.testing.assert_array_equal(history.W[-1], trained.weights.W)
    for path in (tmp_path / "snapshots").glob("step-0000000[15]*"):
        path.unlink()
    record(SETTING, options, steps, tmp_path)
    again = load_history(tmp_path)
    np.testing.assert_array_equal(again.W, history.W)
    np.testing.assert_array_equal(again.taken, history.taken)
    found = course(history)
    gone = history.taken < np.array(steps)[:, None]
    np.testing.assert_array_equal(np.isnan(found.loss), gone)
    assert all(not one.stays for one, lost in zip(found.itineraries, history.diverged, strict=True) if lost)


STEEPLY = (
    "--runs", "4", "--steps", "120", "--batch-size", "16", "--optimizer", "sgd", "--learning-rate", "0.4", "--start",
    "normal", "--schedule", "constant", "--device", "cpu",
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The runs of a command two of whose four runs diverge."""
    folder = tmp_path_factory.mktemp("commands")
    (folder / "pair.toml").write_text("[features]\ncount = 2\ndensity = 0.3\n[model]\nhidden = 1\n")
    assert main(["train", str(folder / "pair.toml"), "--out", str(folder / "runs"), *STEEPLY]) == 0
    return folder


LOST = [True, False, True, False]


def test_train_marks_it_and_says_how_many(run, folder, capsys):
    asked = ("train", str(folder / "pair.toml"), "--out", str(folder / "runs"), *STEEPLY)
    answer = run(*asked)
    assert answer["diverged"] == [name == DIVERGED for name in answer["geometry"]] == LOST
    assert [steps < 120 for steps in answer["steps"]] == LOST
    for key in ("loss", "error", "batch_loss"):
        assert [number is None for number in answer[key]] == LOST
    assert not LOST[answer["best"]]
    assert main(list(asked)) == 0
    assert "2 of 4 runs diverged" in capsys.readouterr().out


def test_compare_gives_that_verdict_and_its_report_verifies(run, folder, tmp_path):
    asked = ("--runs", str(folder / "runs"), "--starts", "8", "--out", str(tmp_path))
    answer = run("compare", str(folder / "pair.toml"), *asked)
    assert [one == DIVERGED for one in answer["verdict"]] == LOST
    assert not any(hit and lost for hit, lost in zip(answer["matches"], LOST, strict=True))
    assert verify(tmp_path / "report.json").verified


def test_draw_takes_another_and_refuses_it(run, refused, folder, tmp_path):
    asked = ("draw", "--runs", str(folder / "runs"), "--out", str(tmp_path))
    assert not LOST[run(*asked)["model"]]
    assert "this run diverged" in refused(*asked, "--model", "0")


def test_dynamics_tell_the_others(run, refused, folder, tmp_path):
    asked = ("dynamics", str(folder / "pair.toml"), "--out", str(tmp_path), "--snapshots", "linear:6", *STEEPLY)
    answer = run(*asked)
    assert answer["diverged"] == LOST
    assert [number is None for number in answer["loss"][-1]] == LOST
    assert not LOST[answer["shown"]]
    assert "this run diverged" in refused(*asked, "--show", "0")


def test_probes_are_of_the_other_models(mixed):
    (cell,) = trained_cells([SETTING], STEEP)
    assert len(cell.weights.W) == 8 - mixed.diverged.sum()


def test_a_page_gives_it_no_geometry(mixed):
    from tegum.compare.explorer.learned import _judged

    for setting in (SETTING, replace(SETTING, l1=0.02)):
        judged = _judged(setting, mixed)
        assert [pair == (DIVERGED, DIVERGED) for pair in judged] == mixed.diverged.tolist()
