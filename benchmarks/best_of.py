"""Best of 64 runs against the theoretical optimum at every density: how near, and in what time.

    OMP_NUM_THREADS=1 python benchmarks/best_of.py [--runs 64] [--steps 3000] [--kernel auto]

Trains 64 models of n = 5, m = 2 at each of twelve densities from 0.01 to 0.6, takes the one of least exact loss and
compares it with the global search.  The clock runs from the first step to the last exact loss; the search and the
compilation of the kernels are outside it.  Exit status 1 if a density is missed by more than 0.5 % or all together take
longer than 60 s.
"""

import argparse
import json
import sys
import time
from dataclasses import asdict, replace

from tegum.empirical.best import Best, best_of
from tegum.empirical.plan import Training
from tegum.empirical.training import train_cells
from tegum.theory.search.optimum import optimum
from tegum.theory.setting import Setting

DENSITIES = (0.01, 0.02, 0.03, 0.05, 0.08, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6)
WITHIN, SECONDS = 0.005, 60.0


def trained(training: Training) -> tuple[tuple[Best, ...], float]:
    """The best run at each density, and the seconds that all took."""
    settings = [Setting(count=5, hidden=2, density=density) for density in DENSITIES]
    train_cells(settings[:1], replace(training, runs=2, steps=10))  # compiles
    start = time.perf_counter()
    found = best_of(train_cells(settings, training))
    return found, time.perf_counter() - start


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=64)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--learning-rate", type=float, default=0.02)
    parser.add_argument("--kernel", default="auto")
    parser.add_argument("--device", default="auto")
    training = Training(**vars(parser.parse_args()))
    found, seconds = trained(training)
    gaps = []
    for one in found:
        predicted = optimum(one.setting)
        gaps.append(one.loss / predicted.loss - 1)
        print(
            f"p = {one.setting.density[0]:<5}  {predicted.loss:.9f}  {one.loss:.9f}  {gaps[-1]:+.3%}", file=sys.stderr
        )
    done = max(gaps) <= WITHIN and seconds <= SECONDS
    answer = {"density": DENSITIES, "gap": gaps, "worst": max(gaps), "seconds": seconds, "done": done}
    print(json.dumps(answer | {"options": asdict(training)}))
    return 0 if done else 1


if __name__ == "__main__":
    sys.exit(main())
