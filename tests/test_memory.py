"""Training takes no more memory than it said before, and what does not fit is split or refused."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tegum.empirical.kernels import kernel_named
from tegum.empirical.memory import available_bytes, memory_needed
from tegum.empirical.plan import Training
from tegum.empirical.training import ensemble_memory
from tegum.theory.errors import InputError
from tegum.theory.setting import Setting

WIDE = Setting(count=200, hidden=100, density=0.1)
OPTIONS = Training(runs=200, steps=2, batch_size=8192, device="cpu", kernel="batched")


def peak_of(kernel: str, runs: int, batch_size: int) -> tuple[int, int]:
    """Bytes that a fresh process adds to its peak while it trains, and what was predicted."""
    code = f"""
import json
from tegum.empirical.training import ensemble_memory, train
from tegum.theory.setting import Setting
def peak():  # of this process alone: getrusage would begin with the peak of the one that started it
    (line,) = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024
options = dict(steps=2, device="cpu", kernel={kernel!r})
train(Setting(3, 2, 0.1), runs=2, batch_size=64, **options)
before = peak()
setting = Setting({WIDE.count}, {WIDE.hidden}, 0.1)
from tegum.empirical.plan import Training
predicted = ensemble_memory(setting, Training(runs={runs}, batch_size={batch_size}, **options)).peak
train(setting, runs={runs}, batch_size={batch_size}, **options)
print(json.dumps([peak() - before, predicted]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return tuple(json.loads(done.stdout))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells a process's own peak")
@pytest.mark.parametrize(("runs", "batch_size"), [(100, 64), (2, 16384)], ids=["many runs", "large batches"])
def test_the_peak_is_known_in_advance(runs, batch_size):
    measured, predicted = peak_of("batched", runs, batch_size)
    assert measured <= predicted  # and not so far below that more could run at once
    assert measured > predicted / 6


def test_what_does_not_fit_is_split_and_the_peak_says_so():
    kernel = kernel_named("batched")
    whole = memory_needed(WIDE, OPTIONS, kernel, 200, limit=2**40)
    assert whole.at_once == 200
    limit = whole.peak - 1
    split = memory_needed(WIDE, OPTIONS, kernel, 200, limit)
    assert 0 < split.at_once < 200
    assert split.peak <= limit


def test_what_does_not_even_fit_one_by_one_is_refused_in_one_line():
    with pytest.raises(InputError, match="^training.runs = 200 needs [0-9]+ MiB at least, 1 MiB can be had; [^\n]*$"):
        memory_needed(WIDE, OPTIONS, kernel_named("batched"), 200, limit=2**20)


def test_early_stops_need_the_memory_of_the_exact_loss():
    plain = ensemble_memory(WIDE, Training(device="cpu", batch_size=8))
    assert ensemble_memory(WIDE, Training(device="cpu", batch_size=8, tolerance=1e-3)).peak > plain.peak


def test_a_step_that_a_gpu_has_no_room_for_is_refused(monkeypatch):
    monkeypatch.setattr("torch.cuda.mem_get_info", lambda device: (2**20, 2**30))
    options = Training(device="cuda:1", batch_size=4096, kernel="batched")
    with pytest.raises(InputError, match="^training.batch_size = 4096 needs [0-9]+ MiB on cuda:1, 1 MiB are free"):
        memory_needed(WIDE, options, kernel_named("batched"), 2)


def test_some_memory_can_be_had():
    assert 2**26 < available_bytes() < 2**50
