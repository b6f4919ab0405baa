"""The search against what one would use instead, from the same starts, in one run: python benchmarks/search.py

1. SciPy's L-BFGS-B on an autograd loss of the same accuracy, start by start.
2. The plain training loop, 10,000 steps, whose exact loss at the end is printed beside the optimum.

Prints one line for each, with the ratio of the times per start.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import minimize

from tegum.theory.loss.law import law_of
from tegum.theory.loss.population import population_loss
from tegum.theory.search.descent import descend
from tegum.theory.search.starts import random_starts
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

SETTING = Setting(count=5, hidden=2, density=0.1)
FREQUENCIES = 256
TRAINING_STEPS, BATCH = 10_000, 1024


@dataclass(frozen=True)
class Line:
    """One contender: seconds per start, the best loss that it found, and how near its own loss is to the exact one."""

    name: str
    seconds: float
    best: float
    accuracy: float


def autograd_loss(W: torch.Tensor, b: torch.Tensor, setting: Setting) -> torch.Tensor:
    """The population loss by characteristic functions, as one would write it for autograd.

    Subsets with one active feature in closed form, the rest by a Fourier series of (t)_+²; E x_i (z_i)_+ is half the
    derivative of E (z_i)_+² by G_ii, taken by autograd as well.
    """
    p, n = torch.tensor(setting.density, dtype=torch.float64), setting.count
    G = W.T @ W
    inner = G if G.requires_grad else G.requires_grad_()
    with torch.enable_grad():
        F = squares(inner, b, p)
        cross = torch.autograd.grad(F.sum(), inner, create_graph=True)[0].diagonal() / 2
    importance = torch.tensor(setting.importance, dtype=torch.float64)
    assert len(importance) == n
    return (importance * (p / 3 - 2 * cross + F)).sum()


def squares(G: torch.Tensor, b: torch.Tensor, p: torch.Tensor) -> torch.Tensor:
    """E (z_i)_+² of every row."""
    L = 0.55 * (torch.maximum(b + G.clamp(min=0).sum(1), -(b + G.clamp(max=0).sum(1)))).max().detach()
    k = 2 * torch.arange(FREQUENCIES, dtype=torch.float64) + 1
    omega = k * torch.pi / (2 * L)
    y = G[:, :, None] * omega
    small = y.abs() < 1e-4
    safe = torch.where(small, torch.ones_like(y), y)
    real = torch.where(small, 1 - y**2 / 6, torch.sin(safe) / safe)
    imag = torch.where(small, y / 2 - y**3 / 24, (1 - torch.cos(safe)) / safe)
    phi = torch.complex(real, imag)
    off = (1 - p).prod()
    singles = off * p / (1 - p)
    rest = (1 - p[:, None] + p[:, None] * phi).prod(1) - off - (singles[:, None] * phi).sum(1)
    mean = b + (G * p / 2).sum(1) - off * b - (singles * (b[:, None] + G / 2)).sum(1)
    spread = (G**2 * (p / 3 - p**2 / 4)).sum(1) + (b + (G * p / 2).sum(1)) ** 2
    square = spread - off * b**2 - (singles * (b[:, None] ** 2 + b[:, None] * G + G**2 / 3)).sum(1)
    waves = (torch.exp(1j * omega * b[:, None]) * rest).imag
    series = (square + 2 * L * mean) / 2 - 16 * L**2 / torch.pi**3 * (waves / k**3).sum(1)
    return series + off * b.clamp(min=0) ** 2 + (singles * single_squares(G, b)).sum(1)


def single_squares(G: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """∫_0^1 (b_i + G_ij x)_+² dx."""
    start = b[:, None].clamp(min=0)
    stop = (b[:, None] + G).clamp(min=0)
    tiny = G.abs() < 1e-9
    slope = torch.where(tiny, torch.ones_like(G), G)
    return torch.where(tiny, start**2, (stop**3 - start**3) / (3 * slope))


def by_scipy(starts: int, seed: int) -> Line:
    W, b = random_starts(SETTING, starts, seed)
    features = SETTING.count

    def value_and_slope(theta: np.ndarray) -> tuple[float, np.ndarray]:
        at = torch.tensor(theta.reshape(-1, features), requires_grad=True)
        loss = autograd_loss(at[:-1], at[-1], SETTING)
        return loss.item(), torch.autograd.grad(loss, at)[0].numpy().ravel()

    begun = time.perf_counter()
    options = {"maxiter": 2000, "maxfun": 5000, "ftol": 1e-15, "gtol": 1e-10}
    ends = [
        minimize(value_and_slope, np.concatenate([w.ravel(), c]), jac=True, method="L-BFGS-B", options=options)
        for w, c in zip(W, b, strict=True)
    ]
    seconds = (time.perf_counter() - begun) / starts
    best = min(ends, key=lambda end: end.fun).x.reshape(-1, features)
    exact = population_loss(Weights(best[:-1], best[-1]), SETTING).loss
    return Line("SciPy L-BFGS-B on an autograd loss", seconds, exact, abs(exact - min(end.fun for end in ends)))


def by_training(starts: int, seed: int) -> Line:
    begun, best = time.perf_counter(), np.inf
    for start in range(starts):
        weights = trained(seed + start)
        best = min(best, population_loss(weights, SETTING).loss)
    return Line(f"plain training, {TRAINING_STEPS} steps", (time.perf_counter() - begun) / starts, best, np.nan)


def trained(seed: int) -> Weights:
    """The training loop of the field's notebooks: Adam on fresh batches."""
    random = torch.Generator().manual_seed(seed)
    n, m = SETTING.count, SETTING.hidden
    W = (torch.randn(m, n, generator=random) / np.sqrt(m)).requires_grad_()
    b = torch.zeros(n, requires_grad=True)
    optimizer = torch.optim.Adam([W, b], lr=3e-3)
    p, importance = torch.tensor(SETTING.density), torch.tensor(SETTING.importance)
    for _ in range(TRAINING_STEPS):
        x = torch.rand(BATCH, n, generator=random) * (torch.rand(BATCH, n, generator=random) < p)
        loss = (importance * (x - torch.relu(x @ W.T @ W + b)) ** 2).sum(1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return Weights(W.detach().numpy(), b.detach().numpy())


def by_tegum(starts: int, seed: int) -> Line:
    law = law_of(SETTING, starts)
    W, b = random_starts(SETTING, starts, seed)
    descend(W[:2], b[:2], law[:2])  # compiled before the clock starts
    begun = time.perf_counter()
    rest = descend(W, b, law)
    seconds = (time.perf_counter() - begun) / starts
    return Line("tegum: Newton on the exact loss", seconds, float(rest.loss[rest.converged].min()), 0.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--starts", type=int, default=64, help="random starts (default: 64)")
    parser.add_argument("--trained", type=int, default=3, help="models trained (default: 3)")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)  # tensors this small are slower on more
    ours = by_tegum(arguments.starts, arguments.seed)
    others = [by_scipy(arguments.starts, arguments.seed), by_training(arguments.trained, arguments.seed)]
    print(f"n = {SETTING.count}, m = {SETTING.hidden}, density {SETTING.density[0]}, {arguments.starts} starts")
    for line in (ours, *others):
        ratio = line.seconds / ours.seconds
        accuracy = "" if np.isnan(line.accuracy) else f", its loss off by {line.accuracy:.1e}"
        print(f"{line.name:36s} {1e3 * line.seconds:10.3f} ms/start  x{ratio:8.1f}  best {line.best:.12f}{accuracy}")


if __name__ == "__main__":
    main()
