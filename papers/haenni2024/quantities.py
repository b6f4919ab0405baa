"""Hänni et al., and what is cited beside them: the crosstalk of linear readouts."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from tegum.papers.claims.quantity import Quantity


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
