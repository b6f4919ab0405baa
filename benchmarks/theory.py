"""How long the theory takes, each line beside its target: python benchmarks/theory.py [NAME ...]

Times are the best of a few runs in this process, kernels compiled before; commands are timed as a user meets them, with
the start of the interpreter.  The last lines set the loss kernel beside what this machine's cores can do at most.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tegum.theory.loss.enumeration import enumerated_rows
from tegum.theory.loss.law import law_of
from tegum.theory.loss.population import population_loss
from tegum.theory.setting import Setting, setting_tables
from tegum.theory.weights import Weights


def best_of(work: Callable[[], object], times: int) -> float:
    """Seconds of the fastest of some runs, after one that does not count."""
    work()
    return min(_seconds(work) for _ in range(times))


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def loss_of_64() -> float:
    """Loss and gradient of 64 models with n = 5, m = 2, to rounding."""
    random = np.random.default_rng(0)
    W, b = random.normal(size=(64, 2, 5)), 0.1 * random.normal(size=(64, 5))
    law = law_of(Setting(5, 2, 0.1), 64)
    return best_of(lambda: enumerated_rows(W.swapaxes(1, 2) @ W, b, law.density, law.importance), 50)


def loss_of_400() -> float:
    """One loss and gradient with n = 400, m = 30 at density 0.01, with its bound."""
    random = np.random.default_rng(0)
    weights = Weights(random.normal(size=(30, 400)) / np.sqrt(30), -0.1 * np.abs(random.normal(size=400)))
    return best_of(lambda: population_loss(weights, Setting(400, 30, 0.01)), 2)


def command(*arguments: str) -> float:
    """One command, from the shell."""
    line = [sys.executable, "-m", "tegum", *arguments, "--json"]
    return _seconds(lambda: subprocess.run(line, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))


def optimum_of(count: int, hidden: int, density: float, importance: object = 1.0) -> float:
    """`tegum optimum` with 64 starts."""
    with tempfile.TemporaryDirectory() as folder:
        return command("optimum", str(_setting(folder, count, hidden, density, importance)), "--starts", "64")


def certified_boundary() -> float:
    """`tegum boundary` pentagon | 2*digon + dropped to 15 certified digits."""
    with tempfile.TemporaryDirectory() as folder:
        setting = str(_setting(folder, 5, 2, 0.1))
        names = ("pentagon", "2*digon + dropped")
        return command("boundary", setting, "--between", *names, "--over", "density", "--from", "0.1", "--to", "0.4")


def phase_diagram() -> float:
    """`tegum phases` for n = 2, m = 1 on a 100 × 100 grid, with curves and figure."""
    with tempfile.TemporaryDirectory() as folder:
        setting = str(_setting(folder, 2, 1, 0.1))
        axes = "--x", "density:0.01:0.99:100", "--y", "importance[1]/importance[0]:0.1:10:100:log"
        return command("phases", setting, *axes, "--out", f"{folder}/out")


def mixtures() -> float:
    """The mixture at n = 400, m = 30 over 20 densities."""
    from tegum.theory.mixture.mixture import mixture

    return _seconds(lambda: [mixture(Setting(400, 30, float(p))) for p in np.geomspace(0.005, 0.9, 20)])


def _setting(folder: str, count: int, hidden: int, density: float, importance: object = 1.0) -> Path:
    tables = setting_tables(Setting(count, hidden, density, importance))  # type: ignore[arg-type]
    path = Path(folder) / "setting.toml"
    path.write_text("\n".join(f"[{name}]\n{_toml(table)}" for name, table in tables.items()))
    return path


def _toml(table: dict) -> str:
    words = {True: "true", False: "false"}
    lines = (
        f"{key} = {words[value] if isinstance(value, bool) else repr(value)}"
        for key, value in table.items()
        if key != "groups"
    )
    return "\n".join(lines).replace("'", '"')


LINES: dict[str, tuple[str, float, Callable[[], float]]] = {
    "loss-64": ("loss and gradient, 64 models, n=5 m=2", 0.003, loss_of_64),
    "loss-400": ("loss and gradient, n=400 m=30 p=0.01", 2.0, loss_of_400),
    "optimum-5": ("tegum optimum, 64 starts, n=5 m=2", 2.0, lambda: optimum_of(5, 2, 0.1)),
    "optimum-10": ("tegum optimum, 64 starts, n=10 m=3", 15.0, lambda: optimum_of(10, 3, 0.1)),
    "optimum-20": (
        "tegum optimum, 64 starts, n=20 m=5 0.7^i",
        60.0,
        lambda: optimum_of(20, 5, 0.1, {"geometric": 0.7}),
    ),
    "boundary": ("tegum boundary, 15 certified digits", 10.0, certified_boundary),
    "phases": ("tegum phases, n=2 m=1, 100 x 100", 60.0, phase_diagram),
    "mixture": ("mixture, n=400 m=30, 20 densities", 60.0, mixtures),
}


def ceiling() -> str:
    """Multiplications and additions of the loss kernel against those of a matrix product on the same cores."""
    features, models = 12, 64
    random = np.random.default_rng(1)
    W, b = random.normal(size=(models, 4, features)), 0.1 * random.normal(size=(models, features))
    law = law_of(Setting(features, 4, 0.1), models)
    seconds = best_of(lambda: enumerated_rows(W.swapaxes(1, 2) @ W, b, law.density, law.importance), 3)
    # A node combines some 2 n + 2 expectations at up to four powers, about five operations each.
    nodes = models * features * 2**features
    rate = nodes * (2 * features + 2) * 3 * 5 / seconds
    A = random.normal(size=(1500, 1500))
    peak = 2 * 1500**3 / best_of(lambda: A @ A, 3)
    return (
        f"n=12: {1e9 * seconds / nodes:.0f} ns a knot if none were pruned; at most {rate / 1e9:.1f} of the "
        f"{peak / 1e9:.1f} GFLOP/s of a matrix product"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of {', '.join(LINES)} (default: all)")
    chosen = parser.parse_args().names or list(LINES)
    for name in chosen:
        what, target, work = LINES[name]
        seconds = work()
        print(
            f"{what:44s} {seconds:9.4f} s   target {target:g} s   {'met' if seconds <= target else 'MISSED'}",
            flush=True,
        )
    print(f"peak memory of this process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")
    print(ceiling())


if __name__ == "__main__":
    main()
