"""Elhage et al.'s neurons with a ReLU: how many features each of them has."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tegum.empirical.probes.cells import Cell, given_cells
from tegum.empirical.probes.computation import Computation, computation
from tegum.papers.claims.models import best_trained
from tegum.papers.claims.quantity import Quantity
from tegum.theory.setting import Setting, with_axis


def neurons_of_features(setting: Setting, runs: int = 32, steps: int = 5000) -> Quantity:
    """Neurons with one feature, with several, with none, and neurons of each feature, in the best of trained models."""
    best = _best_cell(setting, runs, steps)
    known = computation(best)
    counts = int(known.monosemantic[0]), int(known.polysemantic[0]), int(known.dead[0]), *known.neurons_of[0].tolist()
    return Quantity(counts, 0.0, f"best of {runs} trained models", {"loss": float(known.loss[0])})


def monosemantic_shares(setting: Setting, densities: Sequence[float], runs: int = 16, steps: int = 4000) -> Quantity:
    """Share of the working neurons that have one feature, in the best of trained models at each density.

    A neuron has a feature whose strength is a fifth of its strongest one's; the error is what a tenth and two fifths
    would change.
    """
    cells = [_best_cell(with_axis(setting, "density", p), runs, steps) for p in densities]
    shares = np.array(
        [[_share_of_one(computation(cell, threshold)) for threshold in (0.1, 0.2, 0.4)] for cell in cells]
    )
    errors = np.abs(shares - shares[:, [1]]).max(axis=1)
    method = f"best of {runs} trained models; error: what other thresholds would change"
    return Quantity(tuple(shares[:, 1].tolist()), tuple(errors.tolist()), method, {"density": list(densities)})


def _best_cell(setting: Setting, runs: int, steps: int) -> Cell:
    """The best trained model, by the population loss."""
    return given_cells([setting], best_trained(setting, runs, steps, learning_rate=0.02).weights)[0]


def _share_of_one(found_there: Computation) -> float:
    return float(found_there.monosemantic[0] / (found_there.monosemantic[0] + found_there.polysemantic[0]))
