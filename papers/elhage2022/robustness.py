"""Elhage et al.'s adversarial examples: what attacks cost, beside a model without superposition."""

from __future__ import annotations

from collections.abc import Sequence

from scipy.stats import spearmanr

from tegum.empirical.probes.adversarial import vulnerability
from tegum.empirical.probes.cells import given_cells
from tegum.papers.claims.quantity import Quantity
from tegum.theory.search.optimum import optimum
from tegum.theory.setting import Setting, with_axis


def attack_ratio(setting: Setting, density: float, share: float = 0.1) -> Quantity:
    """What an attack costs the best weights over what it costs a model without superposition."""
    at = with_axis(setting, "density", density)
    found_there = vulnerability(given_cells([at], optimum(at).weights)[0], share)
    ratio = float(found_there.single[0] / found_there.baseline)
    error = float(4 * found_there.single_error[0] / found_there.baseline)
    return Quantity(ratio, error, "best attacks found on 4096 inputs, four standard errors")


def attack_rank_correlation(
    setting: Setting, densities: Sequence[float], against: str = "features", attack: str = "single"
) -> Quantity:
    """Spearman's correlation over densities of that ratio with the features per dimension (or with density).

    An attack is found for each input ("single"), or one for all inputs, whose cost is exact ("shared").
    """
    ratios, sizes = [], []
    for p in densities:
        at = with_axis(setting, "density", p)
        attacked = vulnerability(given_cells([at], optimum(at).weights)[0])
        ratios.append(float(getattr(attacked, attack)[0] / attacked.baseline))
        sizes.append(float(attacked.features_per_dimension[0]) if against == "features" else p)
    value = float(spearmanr(ratios, sizes).statistic)
    return Quantity(value, 0.0, f"rank correlation of {attack} attacks", {"ratio": ratios, "features": sizes})


def attack_rank_correlation_of_shared(setting: Setting, densities: Sequence[float]) -> Quantity:
    """The same for one attack on all inputs, whose cost is exact."""
    return attack_rank_correlation(setting, densities, attack="shared")
