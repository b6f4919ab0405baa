"""Killed at random moments, driver or workers, a sweep ends with the bits of an undisturbed one."""

import os
import signal
import subprocess
import sys
import time
from functools import partial
from itertools import count
from multiprocessing import active_children
from pathlib import Path
from random import Random

import pytest
from sweeps import PLAN, PLAN_FILE, SIZE, contents

from tegum.empirical.executors.processes import processes
from tegum.empirical.sweep.shards import Sweep
from tegum.empirical.sweep.sweep import sweep, sweep_status

CUT = Sweep(PLAN, SIZE)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    assert sweep(PLAN, folder, size=SIZE).done == 2000
    return contents(folder)


@pytest.fixture
def driver(tmp_path):
    """Starts the command on a folder of its own, in a process group of its own."""
    plan = tmp_path / "plan.toml"
    plan.write_text(PLAN_FILE)
    started = []

    def start(*options: str) -> subprocess.Popen:
        command = (sys.executable, "-m", "tegum", "sweep", str(plan), "--out", str(tmp_path / "out"))
        size = ("--runs-per-shard", str(SIZE))
        started.append(subprocess.Popen([*command, *size, *options], stderr=subprocess.PIPE, start_new_session=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def sealed_shards(folder: Path) -> int:
    return len(list(folder.glob("shards/*-*.json")))


def wait_for(condition, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.002)


def children(process: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def is_alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


needs_proc = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds children by /proc")


@pytest.mark.parametrize("executor", ["serial", pytest.param("processes", marks=needs_proc)])
def test_a_killed_driver_resumes_to_the_same_bits(driver, tmp_path, undisturbed, executor):
    out, random = tmp_path / "out", Random(7)
    options = ("--executor", executor, *(("--workers", "2") if executor == "processes" else ()))
    for _ in range(2):
        process = driver(*options)
        target = sealed_shards(out) + random.randrange(1, 12)
        wait_for(lambda target=target: sealed_shards(out) >= target)
        time.sleep(random.random() * 0.02)
        workers = children(process.pid) if executor == "processes" else []
        process.kill()
        process.wait()
        assert process.returncode == -signal.SIGKILL  # killed amid its work
        wait_for(lambda workers=workers: not any(map(is_alive, workers)))  # they do not outlive it
    assert len(workers) >= 2 * (executor == "processes")
    before = sealed_shards(out)
    assert sweep_status(out, CUT).done == before * SIZE
    assert sweep(PLAN, out).done == 2000
    assert contents(out) == undisturbed


def test_killed_workers_are_replaced_and_their_shards_done_again(tmp_path, undisturbed):
    random, killed = Random(1), []
    moments = sorted(random.sample(range(1, 45), 4))

    def disturb(stage: str, done: int, total: int) -> None:
        if stage == "training" and moments and done >= moments[0] * SIZE:
            moments.pop(0)
            time.sleep(random.random() * 0.02)
            victim = random.choice(active_children())
            os.kill(victim.pid, signal.SIGKILL)
            killed.append(victim.pid)

    assert sweep(PLAN, tmp_path, partial(processes, workers=2), SIZE, disturb).done == 2000
    assert len(killed) == 4
    assert contents(tmp_path) == undisturbed
    assert not active_children()


@needs_proc
def test_an_interrupt_ends_driver_and_workers_and_keeps_what_was_finished(driver, tmp_path, undisturbed):
    out = tmp_path / "out"
    process = driver("--executor", "processes", "--workers", "2")
    wait_for(lambda: sealed_shards(out) >= 3)
    workers = children(process.pid)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does, which tells every process of the group
    message = process.communicate(timeout=30)[1].decode()
    goes_on = f"what was finished is kept in {out}, and the same command goes on from there"
    assert (process.returncode, message) == (130, f"tegum: interrupted; {goes_on}\n")
    assert len(workers) >= 2
    wait_for(lambda: not any(map(is_alive, workers)), seconds=10)
    assert 3 <= sealed_shards(out) < CUT.shards
    assert set(contents(out).items()) <= set(undisturbed.items())


def dies_on_three(item: int) -> int:
    if item == 3:
        os._exit(9)
    return item * item


def fails_on_three(item: int) -> int:
    return 1 // (item - 3)


def test_an_item_that_kills_its_workers_is_given_up_and_costs_no_other(monkeypatch):
    monkeypatch.setattr("tegum.empirical.executors.processes.MOST_DEATHS", 3)
    results = dict(processes(dies_on_three, range(6), workers=2))
    assert "its worker died 3 times" in results.pop(3).reason
    assert results == {0: 0, 1: 1, 2: 4, 4: 16, 5: 25}


def test_an_item_that_fails_is_told_and_items_are_taken_when_there_is_room():
    taken = count()
    results = processes(fails_on_three, (item for item in range(100) if next(taken) >= 0), workers=1)
    found = dict(next(results) for _ in range(5))
    assert found.pop(3).reason == "integer division or modulo by zero"
    assert set(found) == {0, 1, 2, 4}
    assert next(taken) <= 7
    results.close()
    assert not active_children()
