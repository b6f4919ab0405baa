"""Training speed on a GPU against the plain loop on the same GPU, in one run.

    python benchmarks/training_gpu.py [--repeats 5]

Prints the device's name, and for each case microseconds a step of all models by the loop and by tegum (random numbers,
and in tegum's case the copies to and from the host, included), the best of several turns taken one after another; their
ratio with its target; and which share of the device's single precision the matrix products alone come to.
"""

import argparse
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import torch
from plain_loop import plain_loop

from tegum.empirical.kernels import kernel_named
from tegum.empirical.models import new_models
from tegum.empirical.plan import Training
from tegum.empirical.stream import run_key
from tegum.theory.setting import Setting

BATCH = 1024
Turn = Callable[[int], None]


@dataclass(frozen=True)
class Case:
    """What is trained by which kernel, steps of a turn of the loop and of tegum, and the ratio that must be reached."""

    setting: Setting
    models: int
    kernel: str
    loop_steps: int
    steps: int
    target: float | None


SMALL, LARGE = Setting(count=5, hidden=2, density=0.1), Setting(count=200, hidden=20, density=0.5)
CASES = (
    Case(SMALL, 10, "fused", 200, 20_000, 100),
    Case(SMALL, 4096, "fused", 20, 1000, 10),
    Case(LARGE, 10, "batched", 100, 100, None),
    Case(LARGE, 256, "batched", 20, 20, None),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5, help="turns of each contender (default: 5)")
    repeats = parser.parse_args().repeats
    if not torch.cuda.is_available():
        sys.exit("training_gpu.py needs a CUDA device, and there is none")
    peak = single_precision_peak()
    print(f"{torch.cuda.get_device_name()}, {peak / 1e12:.1f} TFLOP/s in single precision, PyTorch {torch.__version__}")
    for case in CASES:
        loop = plain_loop(case.setting, case.models, BATCH, "cuda")
        of_loop, of_tegum = best_seconds([(loop, case.loop_steps), (tegum_turn(case), case.steps)], repeats)
        print(line(case, of_loop, of_tegum, products(case) / of_tegum / peak), flush=True)


def line(case: Case, of_loop: float, of_tegum: float, share: float) -> str:
    """One case's figures."""
    target = "" if case.target is None else f" (target {case.target:.0f})"
    shape = f"n={case.setting.count} m={case.setting.hidden} {case.models} models, {case.kernel}"
    times = f"loop {1e6 * of_loop:.1f} us, tegum {1e6 * of_tegum:.2f} us a step"
    return f"{shape:40s} {times}, ratio {of_loop / of_tegum:.1f}{target}, {100 * share:.1f} % of the peak"


def tegum_turn(case: Case) -> Turn:
    """Steps of one of tegum's kernels."""
    training = Training(
        **{"batch_size": BATCH, "optimizer": "adamw", "learning_rate": 1e-3, "schedule": "constant"},
        device="cuda",
        kernel=case.kernel,
    )
    settings = [case.setting] * case.models
    keys = np.array([run_key(case.setting, run, 0) for run in range(case.models)], dtype=np.uint64)
    models = new_models(settings, keys, training)
    kernel = kernel_named(case.kernel)

    def turn(steps: int) -> None:
        kernel.advance(models, settings, keys, training, 0, steps)

    return turn


def best_seconds(turns: list[tuple[Turn, int]], repeats: int) -> list[float]:
    """Least seconds a step of each contender, their turns interleaved."""
    best = [float("inf")] * len(turns)
    for turn, _ in turns:
        turn(3)  # compiles
    for _ in range(repeats):
        for number, (turn, steps) in enumerate(turns):
            torch.cuda.synchronize()
            start = perf_counter()
            turn(steps)
            torch.cuda.synchronize()
            best[number] = min(best[number], (perf_counter() - start) / steps)
    return best


def products(case: Case) -> float:
    """Floating-point operations of the five matrix products of a step: two forwards and three backwards."""
    return 2 * 5 * case.setting.count * case.setting.hidden * BATCH * case.models


def single_precision_peak() -> float:
    """Operations a second at the highest clock; a fused multiplication and addition are two."""
    device = torch.cuda.get_device_properties(0)
    lanes = 64 if (device.major, device.minor) in {(7, 0), (7, 5), (8, 0)} else 128
    query = ["nvidia-smi", "--query-gpu=clocks.max.sm", "--format=csv,noheader,nounits", "--id=0"]
    megahertz = float(subprocess.run(query, capture_output=True, text=True, check=True).stdout)
    return 2 * lanes * device.multi_processor_count * megahertz * 1e6


if __name__ == "__main__":
    main()
