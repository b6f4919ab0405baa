"""Hänni et al.: all pairwise ANDs from one layer of ReLU units; and the crosstalk of linear readouts beside them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize

from tegum.papers.claims.quantity import Quantity
from tegum.papers.haenni2024.ands import errors_by_enumeration, worst_error

#: Least widths are found to this, relatively.
_WIDTH = 0.02


def rates_of_errors(
    features: int, widths: Sequence[int], on: int = 3, threshold: float = 1.0, seeds: int = 4
) -> Quantity:
    """Exponents, against width d, of the mean read-off error of an AND with both, one and none of its features on.

    A unit hears each of m features with probability p = log² m/√d and has the bias -threshold; an AND is read off by
    the mean over the units that hear both.  Means are over all pairs and all inputs with so many features on.
    """
    chances = [np.log(features) ** 2 / np.sqrt(d) for d in widths]
    errors = np.array(
        [
            [
                errors_by_enumeration(_heard(d, features, p, seed), on, threshold)
                for d, p in zip(widths, chances, strict=True)
            ]
            for seed in range(seeds)
        ]
    )
    slopes = np.array([[np.polyfit(np.log(widths), np.log(one[:, case]), 1)[0] for case in range(3)] for one in errors])
    return Quantity(
        tuple(slopes.mean(axis=0).tolist()),
        tuple((2 * slopes.std(axis=0, ddof=1) / np.sqrt(seeds)).tolist()),
        f"least squares over logarithms, all inputs enumerated; two standard errors over {seeds} layers",
        {"p": [float(p) for p in chances], "errors": errors.mean(axis=0).tolist()},
    )


def growth_of_width(features: Sequence[int], on: Sequence[int], error: float = 0.5, seeds: int = 4) -> Quantity:
    """Exponent, against the number m of features, of the least width at which no AND is read off with this error.

    Inputs have at most `on` features on, for each m; a unit hears a feature with probability 0.4 error/(on - 1), which
    leaves the sum of the errors' means well below the bound.  The worst error is that over all inputs and pairs; it is
    taken to fall with the width, which it does but for chance.
    """
    widths = np.array(
        [[_least_width(m, s, error, seed) for m, s in zip(features, on, strict=True)] for seed in range(seeds)]
    )
    slopes = [np.polyfit(np.log(features), np.log(row), 1)[0] for row in widths]
    return Quantity(
        float(np.mean(slopes)),
        float(2 * np.std(slopes, ddof=1) / np.sqrt(seeds)) + _WIDTH,
        f"least squares over logarithms, exact worst errors; two standard errors over {seeds} layers",
        {"features": list(features), "pairs": [m * (m - 1) // 2 for m in features], "widths": widths.tolist()},
    )


def least_crosstalk(width: int, features: int, bound: int | None = None, starts: int = 20, seed: int = 0) -> Quantity:
    """Least root-mean-square crosstalk of any linear readout with unit diagonal, times √d, over Welch's value.

    min over W_in, W_out of ‖W_out W_in - 1‖_F off the diagonal where the diagonal is 1: by gradient descent from random
    starts, both matrices free.  `bound` is the width of Welch's value, if it is to be another one.
    """
    of = width if bound is None else bound
    random = np.random.default_rng(seed)
    best = min(_least_spread(width, features, random) for _ in range(starts))
    return Quantity(best / np.sqrt((features - of) / (of * (features - 1))), 1e-4, "descent from random starts")


def _least_spread(width: int, features: int, random: np.random.Generator) -> float:
    shape = (2, features, width)

    def spread(flat: np.ndarray) -> tuple[float, np.ndarray]:
        out, into = flat.reshape(shape)
        G = out @ into.T
        diagonal = np.diagonal(G)
        # Rows are scaled to a unit diagonal: the readout of a feature may always be.
        scaled = G / diagonal[:, None]
        off = scaled - np.eye(features)
        value = float((off**2).sum())
        slope = 2 * off / diagonal[:, None]
        slope[np.diag_indices(features)] -= (2 * off * scaled).sum(axis=1) / diagonal
        return value, np.stack([slope @ into, slope.T @ out]).ravel()

    start = random.normal(size=(features, width))
    rest = minimize(spread, np.stack([start, start]).ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 2000})
    return float(np.sqrt(rest.fun / (features * (features - 1))))


def _heard(width: int, features: int, chance: float, seed: int) -> np.ndarray:
    """Which unit hears which feature; a wider layer of the same seed begins with the narrower one's units."""
    return np.random.default_rng(seed).random((width, features)) < chance


def _least_width(features: int, on: int, error: float, seed: int) -> int:
    chance = 0.4 * error / (on - 1)
    low, high = 8, 16
    while worst_error(_heard(high, features, chance, seed), on) >= error:
        low, high = high, 2 * high
    while high - low > _WIDTH * low:
        middle = (low + high) // 2
        below = worst_error(_heard(middle, features, chance, seed), on) < error
        low, high = (low, middle) if below else (middle, high)
    return high
