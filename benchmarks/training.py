"""Training speed on the CPU against a plain loop and tms-kit, and against the machine's own limits, in one run.

Run: python benchmarks/training.py [--threads 2] [--repeats 7]     (tms-kit: pip install -e '.[bench]')

Every contender trains 10 models on 1,024 fresh inputs a step; the figure is model steps per second of wall clock, the
best of several turns taken one after another, so that a busy moment of the machine hits none of them alone. Compilation
and imports come before. The limits are of the same threads: how fast they make nothing but the random words that the
inputs need, and how fast they multiply and add in registers.
"""

import argparse
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec

import numpy as np
import torch
from numba import njit
from plain_loop import plain_loop

from tegum.empirical.kernels import compiled
from tegum.empirical.kernels.philox import fill_words
from tegum.empirical.models import new_models
from tegum.empirical.plan import Training
from tegum.empirical.stream import run_key
from tegum.theory.setting import Setting

MODELS, BATCH = 10, 1024
OPTIONS = {"batch_size": BATCH, "optimizer": "adamw", "learning_rate": 1e-3, "schedule": "constant", "device": "cpu"}


@dataclass(frozen=True)
class Case:
    """A setting, how many steps make a turn, and how many times the loop's rate must be reached."""

    setting: Setting
    steps: int
    target: float


CASES = (
    Case(Setting(count=5, hidden=2, density=0.1), 200, 6.0),
    Case(Setting(count=200, hidden=20, density=0.5), 10, 3.0),
    Case(Setting(count=200, hidden=20, density=0.02), 10, 8.0),
)

Turn = Callable[[int], None]


def tegum_turn(setting: Setting) -> Turn:
    """Steps of tegum's compiled kernel."""
    training, settings = Training(**OPTIONS), [setting] * MODELS
    keys = np.array([run_key(setting, run, 0) for run in range(MODELS)], dtype=np.uint64)
    models = new_models(settings, keys, training)

    def turn(steps: int) -> None:
        compiled.advance(models, settings, keys, training, 0, steps)

    return turn


def tms_kit_turn(setting: Setting) -> Turn:
    """Steps of tms-kit's own `optimize`."""
    from tms_kit.data import IIDFeatureGenerator
    from tms_kit.loss import ImportanceWeightedLoss
    from tms_kit.model import Model
    from tms_kit.optimize import optimize
    from tms_kit.tms import TMS

    class Toy(TMS):
        model = Model(setting.count, MODELS, setting.hidden, device="cpu")
        data_gen = IIDFeatureGenerator(setting.count, MODELS, torch.tensor(setting.density).expand(MODELS, -1))
        loss_calc = ImportanceWeightedLoss(setting.count, torch.tensor(setting.importance))

    return lambda steps: optimize(Toy(), disable_tqdm=True, batch_size=BATCH, steps=steps)


def best_seconds(turns: dict[str, Turn], steps: int, repeats: int) -> dict[str, float]:
    """Least seconds a step of each contender, their turns interleaved."""
    best = dict.fromkeys(turns, float("inf"))
    for turn in turns.values():
        turn(1)
    for _ in range(repeats):
        for name, turn in turns.items():
            start = time.perf_counter()
            turn(steps)
            best[name] = min(best[name], (time.perf_counter() - start) / steps)
    return best


@njit(nogil=True)
def _draw(out: np.ndarray, times: int) -> None:
    for step in range(times):
        fill_words(np.uint64(1), step, 0, 0, out)


@njit(nogil=True, fastmath={"contract"})
def _multiply_and_add(x: np.ndarray, times: int) -> None:
    for _ in range(times):
        for i in range(128):  # eight vectors of sixteen that stay in registers
            x[i] = x[i] * np.float32(0.999) + np.float32(0.001)


def limits(threads: int, repeats: int) -> tuple[float, float]:
    """Random words, and multiplications with additions, a second on all threads."""
    words, numbers = np.empty((8, 4, 256), np.uint32), np.ones(128, np.float32)
    draws = best_seconds({"": _everywhere(_draw, words, threads)}, 1_000, 20 * repeats)[""]
    products = best_seconds({"": _everywhere(_multiply_and_add, numbers, threads)}, 1_000_000, 20 * repeats)[""]
    return threads * words.size / draws, threads * numbers.size / products


def _everywhere(work: Callable[[np.ndarray, int], None], array: np.ndarray, threads: int) -> Turn:
    def turn(times: int) -> None:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda own: work(own, times), [array.copy() for _ in range(threads)]))

    return turn


def needed(setting: Setting) -> tuple[float, float]:
    """Random words, and multiplications with additions, of one model's step, as the kernel does it.

    By tiles five times n m for each input; by rows twice n for each feature that is on, and three times n² m a step.
    """
    n, m, on = setting.count, setting.hidden, BATCH * sum(setting.density)
    route = compiled.route(setting, BATCH)
    words = 3 * on if route.by_gaps else BATCH * n
    return words, 2 * on * n + 3 * n * n * m if route.by_rows else 5 * BATCH * n * m


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=7)
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    words, products = limits(chosen.threads, chosen.repeats)
    print(f"{chosen.threads} threads: {words / 1e9:.2f} G random words/s, {2 * products / 1e9:.0f} GFLOP/s at most")
    contenders = {"tegum": tegum_turn, "plain loop": partial(plain_loop, models=MODELS, batch=BATCH, device="cpu")}
    if find_spec("tms_kit"):
        contenders["tms-kit"] = tms_kit_turn
    else:
        print("tms-kit is not installed: left out")
    for case in CASES:
        report(case, {name: make(case.setting) for name, make in contenders.items()}, words, products, chosen.repeats)


def report(case: Case, turns: dict[str, Turn], words: float, products: float, repeats: int) -> None:
    """Print what each contender reaches for one case."""
    setting = case.setting
    seconds = best_seconds(turns, case.steps, repeats)
    print(f"\nn = {setting.count}, m = {setting.hidden}, density {setting.density[0]}")
    for name, each in seconds.items():
        print(f"  {name:10s} {MODELS / each:12,.0f} model steps/s   {each / seconds['tegum']:6.1f} times tegum's time")
    ratio = seconds["plain loop"] / seconds["tegum"]
    needs = zip(needed(setting), (words, products), strict=True)
    of_words, of_products = (MODELS * need / rate / seconds["tegum"] for need, rate in needs)
    print(f"  {ratio:.1f} times the plain loop, target {case.target:g}: {'met' if ratio >= case.target else 'MISSED'}")
    print(f"  random words alone would take {of_words:.0%} of tegum's time, products alone {of_products:.0%}")


if __name__ == "__main__":
    main()
