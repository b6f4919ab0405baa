"""Interrupted at any moment, `tegum train` goes on where it was and ends with the bits of an undisturbed training."""

import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
from sweeps import contents

from tegum.cli import main
from tegum.empirical import checkpoints
from tegum.empirical.memory import Memory
from tegum.empirical.plan import Training
from tegum.empirical.resumed import train_in
from tegum.empirical.sweep.folder import claimed
from tegum.theory.errors import InputError
from tegum.theory.setting import Setting

SETTING = Setting(3, 2, 0.3)
PLAIN = Training(runs=5, steps=540, batch_size=8, device="cpu")
MODES = {
    "adam": PLAIN,
    "sgd, warm-up": replace(PLAIN, optimizer="sgd", warmup=150),
    "on a dataset": replace(PLAIN, steps=240, data="dataset", dataset_size=16),
    "some diverge": replace(PLAIN, optimizer="sgd", learning_rate=0.2, start="normal", schedule="constant"),
    "some stop early": replace(PLAIN, data="population", optimizer="sgd", learning_rate=0.5, tolerance=1e-6),
}


def interrupting(after: int):
    """A progress that is interrupted when it is told the so-manieth time."""
    told = iter(range(after))

    def progress(done: int, total: int) -> None:
        if next(told, None) is None:
            raise KeyboardInterrupt

    return progress


def unfinished(folder: Path) -> list[Path]:
    return list(folder.glob("unfinished-*/*/*.safetensors"))


@pytest.fixture(scope="module", params=MODES)
def undisturbed(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    train_in(folder, SETTING, MODES[request.param])
    return MODES[request.param], contents(folder)


@pytest.mark.parametrize("pieces", [0, 1])
def test_it_goes_on_where_it_was_to_the_same_bits(undisturbed, tmp_path, pieces):
    training, expected = undisturbed
    for more in (pieces, 0):
        with pytest.raises(KeyboardInterrupt):
            train_in(tmp_path, SETTING, training, interrupting(more))
        assert len(unfinished(tmp_path)) == 1
    told: list[int] = []
    train_in(tmp_path, SETTING, training, lambda done, total: told.append(done))
    assert contents(tmp_path) == expected
    assert len(told) <= 4 - pieces  # what was done is not done again


def test_what_the_modes_are_made_to_try_happens(undisturbed, tmp_path):
    training, _ = undisturbed
    ensemble = train_in(tmp_path, SETTING, training)
    assert (len(set(ensemble.steps)) > 1) == (training in (MODES["some diverge"], MODES["some stop early"]))
    assert ensemble.diverged.any() == (training == MODES["some diverge"])


def test_runs_that_do_not_fit_side_by_side_go_on_part_by_part(tmp_path, monkeypatch):
    whole = train_in(tmp_path / "whole", SETTING, PLAIN)
    monkeypatch.setattr("tegum.empirical.training._memory", lambda *_: Memory(0, 2))
    with pytest.raises(KeyboardInterrupt):
        train_in(tmp_path / "parts", SETTING, PLAIN, interrupting(8))  # in the second of three parts
    assert len(unfinished(tmp_path / "parts")) == 2
    monkeypatch.setattr("tegum.empirical.training._memory", lambda *_: Memory(0, 3))  # now there is more room
    again = train_in(tmp_path / "parts", SETTING, PLAIN)
    assert contents(tmp_path / "parts") == contents(tmp_path / "whole")
    np.testing.assert_array_equal(again.weights.W, whole.weights.W)


def test_a_kill_costs_what_came_after_the_last_checkpoint(tmp_path, monkeypatch):
    """Checkpoints come by themselves; a later one that is damaged leaves the one before, or the start."""
    monkeypatch.setattr(checkpoints, "_SECONDS", 0.0)
    monkeypatch.setattr(checkpoints, "_SHARE", 1e9)
    seen: list[int] = []

    def killed(done: int, total: int) -> None:
        seen.append(len(unfinished(tmp_path / "killed")))
        if len(seen) == 4:
            raise MemoryError  # any end that is no interruption

    with pytest.raises(MemoryError):
        train_in(tmp_path / "killed", SETTING, PLAIN, killed)
    assert seen == [0, 1, 1, 1]
    (kept,) = unfinished(tmp_path / "killed")
    assert "step-0000000240-" in kept.name
    kept.write_bytes(kept.read_bytes()[:-1])
    train_in(tmp_path / "killed", SETTING, PLAIN)
    train_in(tmp_path / "whole", SETTING, PLAIN)
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")


def test_a_finished_folder_is_read_and_not_trained_again(tmp_path, monkeypatch):
    first = train_in(tmp_path, SETTING, PLAIN)
    held = contents(tmp_path)
    monkeypatch.setattr("tegum.empirical.resumed.train_runs", lambda *_: pytest.fail("trained again"))
    np.testing.assert_array_equal(train_in(tmp_path, SETTING, PLAIN).weights.W, first.weights.W)
    assert contents(tmp_path) == held


@pytest.mark.parametrize("change", [{"seed": 1}, {"steps": 541}, {"kernel": "batched"}])
def test_a_folder_of_other_runs_is_refused_whether_they_are_finished_or_not(tmp_path, change):
    with pytest.raises(KeyboardInterrupt):
        train_in(tmp_path, SETTING, PLAIN, interrupting(1))
    with pytest.raises(InputError, match="holds unfinished runs of another setting or other options; choose another"):
        train_in(tmp_path, SETTING, replace(PLAIN, **change))
    train_in(tmp_path, SETTING, PLAIN)
    for setting, training in ((SETTING, replace(PLAIN, **change)), (replace(SETTING, l1=0.1), PLAIN)):
        with pytest.raises(InputError, match="holds runs of another setting or other options; choose another"):
            train_in(tmp_path, setting, training)


def test_where_all_diverge_nothing_is_left_in_the_way_of_a_smaller_learning_rate(tmp_path):
    with pytest.raises(InputError, match="^training.learning_rate = 1e\\+30"):
        train_in(tmp_path, SETTING, replace(PLAIN, learning_rate=1e30, batch_size=64))
    assert contents(tmp_path) == {}
    train_in(tmp_path, SETTING, PLAIN)


def test_two_trainings_in_one_folder_are_refused(tmp_path):
    with claimed(tmp_path), pytest.raises(InputError, match="another command is at work"):
        train_in(tmp_path, SETTING, PLAIN)


def test_a_damaged_ensemble_is_trained_again(tmp_path):
    train_in(tmp_path, SETTING, PLAIN)
    held = contents(tmp_path)
    (arrays,) = tmp_path.glob("*.safetensors")
    arrays.write_bytes(b"")
    train_in(tmp_path, SETTING, PLAIN)
    assert contents(tmp_path) == held


def test_a_sigint_at_a_random_moment_is_one_line_and_costs_no_bit(tmp_path):
    (tmp_path / "three.toml").write_text("[features]\ncount = 3\ndensity = 0.3\n[model]\nhidden = 2\n")
    options = ("--runs", "4", "--steps", "60000", "--batch-size", "32", "--seed", "5", "--device", "cpu")
    out, random = tmp_path / "out", Random(3)
    command = [sys.executable, "-m", "tegum", "train", str(tmp_path / "three.toml"), "--out", str(out), *options]
    for _ in range(2):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        assert process.stderr is not None
        assert process.stderr.readline().startswith("memory: ")
        time.sleep(random.uniform(0.0, 0.3))
        process.send_signal(signal.SIGINT)
        goes_on = f"what was finished is kept in {out}, and the same command goes on from there"
        assert process.communicate(timeout=60)[1] == f"tegum: interrupted; {goes_on}\n"
        # CPython ends by the signal itself, which a shell calls 130 too, where it struck the making of a class.
        assert process.returncode in (130, -signal.SIGINT)
    assert len(unfinished(out)) <= 1
    assert main(command[3:]) == 0
    assert main([*command[3:5], "--out", str(tmp_path / "undisturbed"), *options]) == 0
    assert contents(out) == contents(tmp_path / "undisturbed")
