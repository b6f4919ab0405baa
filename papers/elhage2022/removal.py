"""Elhage et al. on removing superposition, and at what price."""

from __future__ import annotations

from collections.abc import Sequence

from tegum.papers.claims.quantity import Quantity
from tegum.theory.loss.population import population_loss
from tegum.theory.search.optimum import optimum
from tegum.theory.setting import Setting, with_axis


def penalised(setting: Setting, penalties: Sequence[float]) -> Quantity:
    """Loss without its penalty, Σ I E(y - x̂)², of the best weights at each penalty λ."""
    values = []
    for value in penalties:
        best = optimum(with_axis(setting, "l1", value))
        plain = population_loss(best.weights, with_axis(setting, "l1", 0.0))
        values.append(float(plain.loss))
    return Quantity(tuple(values), 1e-9, "global search on the exact loss", {"l1": list(penalties)})
