"""Loss and gradient, with bounds, of many models: compiled kernels against PyTorch's tensors on each device there is.

    python benchmarks/loss_devices.py [--models 1000] [--hessian] [--only METHOD]

Prints one line per case: milliseconds by each, the best of three after a warm-up, and the largest relative difference.
"""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
import torch

from tegum import Setting, Weights, population_loss

#: Features, hidden units, density, values, route, and models as a share of those asked for.
CASES = (
    (5, 2, 0.2, "uniform", "enumeration", 1.0),
    (8, 3, 0.2, "uniform", "enumeration", 1.0),
    (10, 3, 0.2, "uniform", "enumeration", 1.0),
    (12, 4, 0.2, "uniform", "enumeration", 0.2),
    (5, 2, 0.2, "signed", "enumeration", 1.0),
    (8, 3, 0.2, "signed", "enumeration", 0.2),
    (10, 3, 0.2, "binary", "enumeration", 1.0),
    (24, 4, 0.2, "binary", "meet-in-the-middle", 0.05),
    (60, 8, 0.1, "uniform", "transform", 0.02),
    (400, 30, 0.01, "uniform", "transform", 0.0),
)
#: Up to how many features the Hessian is timed as well.
MOST_FEATURES = 12


def main() -> None:
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=int, default=1000, help="models of the small cases (default: 1000)")
    parser.add_argument("--hessian", action="store_true", help="also compute the Hessian")
    parser.add_argument("--only", metavar="METHOD", help="cases of one route: enumeration, transform, …")
    arguments = parser.parse_args()
    devices = [None, "cpu"] + ["cuda"] * torch.cuda.is_available()
    print(f"{torch.get_num_threads()} CPU threads; CUDA: {_cuda_name()}")
    for features, hidden, density, values, method, share in CASES:
        if arguments.only not in (None, method) or (arguments.hessian and features > MOST_FEATURES):
            continue
        models = max(1, round(share * arguments.models))
        setting = Setting(features, hidden, density, values=values)
        weights = _weights(setting, models)
        times, losses = [], []
        for device in devices:
            seconds, found = _timed(
                lambda weights=weights, setting=setting, method=method, device=device: population_loss(
                    weights, setting, method, order=1 + arguments.hessian, device=device
                )
            )
            times.append(f"{device or 'compiled'} {1e3 * seconds:9.1f} ms")
            losses.append(found.loss)
        difference = max(np.abs(loss / losses[0] - 1).max() for loss in losses)
        case = f"n={features:<3d} m={hidden:<2d} {values:7s} {method:18s} {models:5d} models"
        print(f"{case}  {'  '.join(times)}  difference {difference:.0e}", flush=True)


def _weights(setting: Setting, models: int) -> Weights:
    random = np.random.default_rng(0)
    return Weights(
        random.normal(size=(models, setting.hidden, setting.count)) / np.sqrt(setting.hidden),
        0.2 * random.normal(size=(models, setting.count)),
    )


def _timed(work: Callable) -> tuple[float, Any]:
    result, seconds = work(), np.inf
    for _ in range(3):
        start = perf_counter()
        result = work()
        seconds = min(seconds, perf_counter() - start)
    return seconds, result


def _cuda_name() -> str:
    return torch.cuda.get_device_name() if torch.cuda.is_available() else "none"


if __name__ == "__main__":
    main()
