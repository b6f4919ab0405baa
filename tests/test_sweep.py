"""A sweep's folder holds what its plan says, whatever happened to it, and a damaged one says so or is mended."""

import errno
import json
import os
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from sweeps import PLAN, SMALL, TRAINING, contents

from tegum.empirical.executors.attempt import serial
from tegum.empirical.plan import Axis, Plan, Training, cells
from tegum.empirical.sweep.folder import claimed, sweep_in
from tegum.empirical.sweep.sealed import read_shard, sealed
from tegum.empirical.sweep.shards import Sweep, runs_of, shard, sweep_of
from tegum.empirical.sweep.sweep import Status, sweep, sweep_status
from tegum.empirical.sweep.trained import layout, trained
from tegum.empirical.training import train_runs
from tegum.theory.errors import InputError
from tegum.theory.loss.population import population_loss
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

GRID = Plan(Setting(3, 2, 0.1), (Axis("density", (0.1, 0.2)), Axis("importance[1]", (1, 2, 3))), Training(runs=7))


@pytest.mark.parametrize("size", [1, 4, 7, 10, 42, 1000])
def test_shards_hold_every_run_of_every_cell_once_and_in_order(size):
    cut = Sweep(GRID, size)
    shards = [shard(cut, index) for index in range(cut.shards)]
    pairs = [(setting, run) for setting in cells(GRID) for run in range(7)]
    assert [pair for one in shards for pair in zip(one.settings, one.runs, strict=True)] == pairs
    assert [len(one.runs) for one in shards[:-1]] == [size] * (len(shards) - 1)
    assert [len(runs_of(cut, one.index)) for one in shards] == [len(one.runs) for one in shards]


def test_a_million_runs_are_cut_without_making_them():
    million = Plan(
        Setting(2, 1, 0.1), (Axis("density", tuple(np.linspace(0.01, 1, 1000))),), replace(TRAINING, runs=1000)
    )
    cut = sweep_of(million)
    assert cut.total == 10**6
    assert cut.shards == 245
    last = shard(cut, cut.shards - 1)
    assert last.settings[-1].density == (1.0, 1.0)
    assert last.runs[-1] == 999
    assert len(last.runs) == 10**6 - 244 * 4096


def test_the_usual_shard_takes_seconds():
    long = replace(PLAN, training=replace(TRAINING, steps=3000, batch_size=256))
    assert sweep_of(long).size == 2**29 // (3000 * 256 * 2) == 349
    assert sweep_of(replace(PLAN, training=replace(TRAINING, steps=10**9))).size == 1


@pytest.mark.parametrize(
    ("plan", "size", "named"),
    [
        (PLAN, 0, "runs_per_shard = 0"),
        (replace(PLAN, training=replace(TRAINING, runs=10**6)), 10, "400000 shards; .* take at least 40 runs"),
    ],
)
def test_a_size_that_cannot_be_is_refused(plan, size, named):
    with pytest.raises(InputError, match=named):
        Sweep(plan, size)


def test_arrays_have_the_precision_of_their_training_and_untied_models_two_matrices(tmp_path):
    plan = Plan(Setting(3, 2, 0.1, tied=False), (), Training(runs=2, steps=3, device="cpu"))
    sweep(plan, tmp_path)
    arrays = read_shard(tmp_path, sweep_of(plan), 0)
    assert arrays["W_out"].shape == (2, 3, 2)
    assert arrays["W"].dtype == arrays["W_out"].dtype == np.float32
    np.testing.assert_array_equal(arrays["steps"], 3)
    assert layout(plan.setting, replace(plan.training, data="population"))["W"][0] == np.float64


def test_the_name_of_a_sweep_is_its_content():
    ids = {Sweep(PLAN, 40).id, Sweep(PLAN, 41).id, Sweep(SMALL, 40).id}
    assert len(ids) == 3
    elsewhere = replace(PLAN, training=replace(TRAINING, device="auto"))
    assert Sweep(elsewhere, 40).id == Sweep(PLAN, 40).id


def test_a_shard_is_its_runs_trained_and_their_exact_losses():
    cut = Sweep(SMALL, 4)
    second = shard(cut, 1)  # spans both cells
    assert len(set(second.settings)) == 2
    arrays = trained(second).arrays
    ensemble = train_runs(second.settings, second.runs, second.training)
    np.testing.assert_array_equal(arrays["W"], ensemble.weights.W)
    np.testing.assert_array_equal(arrays["b"], ensemble.weights.b)
    for k, setting in enumerate(second.settings):
        exact = population_loss(Weights(ensemble.weights.W[k], ensemble.weights.b[k]), setting)
        assert arrays["loss"][k] == pytest.approx(exact.loss, abs=2 * exact.error)
        assert 0 < arrays["error"][k] < 1e-12
        norm = np.sqrt((exact.gradient.W**2).sum() + (exact.gradient.b**2).sum())
        assert arrays["gradient_norm"][k] == pytest.approx(norm, rel=1e-12)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    assert sweep(SMALL, folder, size=3) == sweep_status(folder, Sweep(SMALL, 3))
    return folder


@pytest.fixture
def copy(undisturbed, tmp_path):
    """A finished sweep that may be damaged."""
    for name, content in contents(undisturbed).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    return tmp_path


def test_a_finished_sweep_is_a_manifest_and_two_files_a_shard(undisturbed):
    names = set(contents(undisturbed))
    cut = sweep_in(undisturbed)
    assert cut == Sweep(SMALL, 3)
    shards = {f"shards/{cut.id}-{k:06d}{suffix}" for k in range(4) for suffix in (".json", ".safetensors")}
    assert names == shards | {"sweep.json"}


def test_how_it_is_cut_does_not_matter_to_a_run(undisturbed, tmp_path):
    sweep(SMALL, tmp_path, size=10)
    whole = read_shard(tmp_path, Sweep(SMALL, 10), 0)
    cut = Sweep(SMALL, 3)
    parts = [read_shard(undisturbed, cut, index) for index in range(cut.shards)]
    for name in whole:
        np.testing.assert_array_equal(np.concatenate([part[name] for part in parts]), whole[name])


def counting(done: list[int]):
    def execute(function, items):
        for item, result in serial(function, items):
            done.append(item.index)
            yield item, result

    return execute


def test_what_is_there_is_not_done_again(copy, undisturbed):
    done: list[int] = []
    told: list[tuple[str, int, int]] = []
    status = sweep(SMALL, copy, counting(done), progress=lambda *at: told.append(at))
    assert done == []
    assert (status.done, status.total, status.failed, status.running) == (10, 10, 0, False)
    assert told[-1] == ("checking", 4, 4)
    assert contents(copy) == contents(undisturbed)


def arrays_file(folder: Path, index: int) -> Path:
    return folder / "shards" / f"{Sweep(SMALL, 3).id}-{index:06d}.safetensors"


def reseal(path: Path, change) -> None:
    """A forged shard: other arrays, and the seal that belongs to them."""
    arrays = load_file(path)
    change(arrays)
    save_file(arrays, path)
    seal = path.with_suffix(".json")
    seal.write_text(json.dumps(json.loads(seal.read_text()) | {"sha256": sha256(path.read_bytes()).hexdigest()}))


def flip(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))


def link_outside(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.parent.parent / "outside")


DAMAGE = {
    "flipped": flip,
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-8]),
    "empty": lambda path: path.write_bytes(b""),
    "missing": lambda path: path.unlink(),
    "seal missing": lambda path: path.with_suffix(".json").unlink(),
    "seal no JSON": lambda path: path.with_suffix(".json").write_text("{"),
    "seal a list": lambda path: path.with_suffix(".json").write_text("[]"),
    "seal empty": lambda path: path.with_suffix(".json").write_text("{}"),
    "seal deep": lambda path: path.with_suffix(".json").write_text("[" * 10**5),
    "seal huge": lambda path: path.with_suffix(".json").write_text(" " * 10**6),
    "of another shard": lambda path: path.write_bytes(path.with_name(path.name.replace("01.", "02.")).read_bytes()),
    "NaN": lambda path: reseal(path, lambda arrays: arrays["loss"].__setitem__(0, np.nan)),
    "infinite": lambda path: reseal(path, lambda arrays: arrays["W"].__setitem__((0, 0, 0), np.inf)),
    "an array too many": lambda path: reseal(path, lambda arrays: arrays.update(W_out=arrays["b"])),
    "an array too few": lambda path: reseal(path, lambda arrays: arrays.pop("error")),
    "a run too few": lambda path: reseal(path, lambda arrays: arrays.update(b=arrays["b"][:2])),
    "double precision": lambda path: reseal(path, lambda arrays: arrays.update(W=arrays["W"].astype(np.float64))),
    "a link": link_outside,
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_shard_is_done_again(copy, undisturbed, damage):
    DAMAGE[damage](arrays_file(copy, 1))
    done: list[int] = []
    sweep(SMALL, copy, counting(done))
    assert done == [1]
    assert contents(copy) == contents(undisturbed)  # nothing appeared outside either


@pytest.mark.parametrize("damage", ["flipped", "cut", "missing", "NaN", "seal no JSON"])
def test_a_damaged_shard_is_never_read(copy, damage):
    DAMAGE[damage](arrays_file(copy, 1))
    with pytest.raises(InputError, match=f"{arrays_file(copy, 1).stem}[^\n]*$"):
        read_shard(copy, Sweep(SMALL, 3), 1)


def test_a_damaged_shard_that_cannot_be_done_again_does_not_count(copy):
    flip(arrays_file(copy, 1))

    def broken(function, items):
        return serial(lambda item: 1 / 0, items)

    status = sweep(SMALL, copy, broken)
    assert (status.done, status.failed, status.reason) == (7, 3, "division by zero")


def test_files_of_others_are_left_alone(copy):
    strangers = {"0123456789abcdef-000000.json", f"{Sweep(SMALL, 3).id}-000099.json", "notes.txt"}
    for name in strangers:
        (copy / "shards" / name).write_text("{}")
    (copy / "shards" / f"{Sweep(SMALL, 3).id}-000001.failed").mkdir()
    assert sweep(SMALL, copy).done == 10
    assert strangers < {path.name for path in (copy / "shards").iterdir()}


MANIFESTS = [
    lambda tables: tables.update(id="0" * 16),
    lambda tables: tables.update(id="../../../etc"),
    lambda tables: tables.update(format=2),
    lambda tables: tables.update(file="../../etc/passwd"),
    lambda tables: tables.update(runs_per_shard=4),
    lambda tables: tables.update(runs_per_shard=0),
    lambda tables: tables.update(runs_per_shard=float("nan")),
    lambda tables: tables.update(runs_per_shard=10**400),
    lambda tables: tables.pop("runs_per_shard"),
    lambda tables: tables.pop("plan"),
    lambda tables: tables.update(plan=[]),
    lambda tables: tables["plan"]["training"].update(learning_rate=float("nan")),
    lambda tables: tables["plan"]["training"].update(steps=3),
    lambda tables: tables["plan"]["axes"].update(l1={"values": [0, 1]}),
]


@pytest.mark.parametrize("edit", MANIFESTS)
def test_a_manifest_that_is_wrong_is_refused(copy, edit):
    path = copy / "sweep.json"
    tables = json.loads(path.read_text())
    edit(tables)
    path.write_text(json.dumps(tables))
    with pytest.raises(InputError, match="^[^\n]*sweep.json: [^\n]*$"):
        sweep(SMALL, copy)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b"[" * 100_000, b"null"])
def test_a_manifest_that_is_no_manifest_is_refused(copy, content):
    (copy / "sweep.json").write_bytes(content)
    with pytest.raises(InputError, match="sweep.json: "):
        sweep(SMALL, copy)


def test_a_folder_of_another_sweep_is_refused(copy):
    with pytest.raises(InputError, match="holds the sweep of another plan"):
        sweep(replace(SMALL, training=replace(SMALL.training, seed=1)), copy)
    with pytest.raises(InputError, match="holds shards of 3 runs, not 4"):
        sweep(SMALL, copy, size=4)


def full(monkeypatch, room: int, code: int = errno.ENOSPC) -> None:
    """A disk on which so many more files find room."""
    sync = os.fsync
    left = iter(range(room))

    def fsync(descriptor: int) -> None:
        if next(left, None) is None:
            raise OSError(code, os.strerror(code))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)


@pytest.mark.parametrize("room", range(0, 18, 2))
def test_a_full_disk_is_said_and_costs_nothing_that_was_finished(tmp_path, undisturbed, monkeypatch, room):
    full(monkeypatch, room)
    with pytest.raises(InputError, match=r"^[^\n]*No space left on device$"):
        sweep(SMALL, tmp_path, size=3)
    assert not list(tmp_path.rglob("*.tmp"))
    assert sweep_status(tmp_path, Sweep(SMALL, 3)).done == 3 * max(0, (room - 2) // 4)
    monkeypatch.undo()
    sweep(SMALL, tmp_path, size=3)
    assert contents(tmp_path) == contents(undisturbed)


def test_a_disk_fault_is_said(tmp_path, monkeypatch):
    full(monkeypatch, 5, errno.EIO)
    with pytest.raises(InputError, match="Input/output error"):
        sweep(SMALL, tmp_path, size=3)


@pytest.mark.parametrize("place", ["/proc/tegum", "/dev/null/tegum", "read-only"])
def test_a_folder_that_cannot_be_written_is_said_before_any_work(tmp_path, place):
    folder = Path(place)
    if place == "read-only":
        if os.geteuid() == 0:
            pytest.skip("the superuser may write anywhere")
        folder = tmp_path
        folder.chmod(0o555)
    with pytest.raises(InputError, match=r"^[^\n]*cannot be written to: [^\n]*$"):
        sweep(SMALL, folder, lambda function, items: pytest.fail("work was begun"))


def test_two_drivers_in_one_folder_are_refused(copy):
    with claimed(copy):
        with pytest.raises(InputError, match="another command is at work"):
            sweep(SMALL, copy)
        assert sweep_status(copy, Sweep(SMALL, 3)).running
    assert not sweep_status(copy, Sweep(SMALL, 3)).running
    assert sweep(SMALL, copy).done == 10


def test_leftovers_of_a_killed_driver_are_removed(copy, undisturbed):
    (copy / "shards" / ".0123.tmp").write_bytes(b"half")
    sweep(SMALL, copy)
    assert contents(copy) == contents(undisturbed)


# The second cell's importances are beyond single precision.
SPOILED = replace(SMALL, axes=(Axis("importance", (1.0, 1e39)),))


def test_a_shard_that_cannot_be_trained_is_told_and_costs_no_other(tmp_path):
    status = sweep(SPOILED, tmp_path, size=5)
    assert (status.done, status.total, status.failed) == (5, 10, 5)
    assert status.reason.isprintable()
    assert status.reason
    assert set(sealed(tmp_path, Sweep(SPOILED, 5))) == {0}
    done: list[int] = []
    assert sweep(SPOILED, tmp_path, counting(done)).failed == 5
    assert done == [1]  # tried anew


def test_a_plan_of_which_nothing_can_be_done_is_refused(tmp_path):
    hopeless = replace(SMALL, training=replace(SMALL.training, learning_rate=1e30, batch_size=64))
    with pytest.raises(InputError, match=r"learning_rate = 1e\+30.* all 10 runs diverged; a smaller"):
        sweep(hopeless, tmp_path)


def test_status_of_no_folder_is_nothing_done(tmp_path):
    assert sweep_status(tmp_path / "none", Sweep(SMALL, 3)) == Status(done=0, total=10)


def test_the_rate_is_that_of_the_latest_shards(copy):
    for index in range(4):
        seal = arrays_file(copy, index).with_suffix(".json")
        os.utime(seal, (10**9 + 2 * index, 10**9 + 2 * index))
    assert sweep_status(copy, Sweep(SMALL, 3)).rate == pytest.approx((3 + 3 + 1) / 6)


PLAN_TEXT = """
features.count = 3
model.hidden = 2
axes.density.values = [0.1, 0.5]
training = { runs = 5, steps = 2, batch_size = 4, device = "cpu" }
"""


@pytest.fixture
def plan_file(tmp_path):
    path = tmp_path / "plan.toml"
    path.write_text(PLAN_TEXT)
    return str(path)


def test_the_command_sweeps_says_how_far_and_resumes(run, plan_file, tmp_path, undisturbed):
    out = str(tmp_path / "out")
    assert run("sweep", plan_file, "--out", out, "--status")["done"] == 0
    assert not Path(out).exists()
    for _ in range(2):
        answer = run("sweep", plan_file, "--out", out, "--runs-per-shard", "3")
        assert (answer["done"], answer["total"]) == (10, 10)
    assert run("sweep", plan_file, "--out", out, "--status")["done"] == 10
    assert contents(Path(out)) == contents(undisturbed)


def test_the_command_refuses_in_one_line(refused, plan_file, tmp_path, copy):
    out = str(tmp_path / "new")
    assert "executor" in refused("sweep", plan_file, "--out", out, "--executor", "ray")
    assert "workers" in refused("sweep", plan_file, "--out", out, "--executor", "serial", "--workers", "2")
    assert "not dask" not in refused("sweep", plan_file, "--out", out, "--executor", "serial", "--scheduler", "tcp://x")
    assert "KEY=VALUE" in refused("sweep", plan_file, "--out", out, "--slurm", "gpus")
    assert "suffix" in refused("sweep", plan_file, "--out", out, "--export", "x.csv")
    assert not Path(out).exists()
    Path(plan_file).write_text(PLAN_TEXT.replace("density", "importance").replace("0.5", "1e39") + "features.density=1")
    assert "5 could not be" in refused("sweep", plan_file, "--out", out, "--runs-per-shard", "5")


def test_progress_of_a_resumed_sweep_starts_where_it_was(copy):
    arrays_file(copy, 2).unlink()
    told: list[tuple[str, int, int]] = []
    sweep(SMALL, copy, progress=lambda *at: told.append(at))
    assert told == [*(("checking", k, 4) for k in range(1, 5)), ("training", 7, 10), ("training", 10, 10)]
