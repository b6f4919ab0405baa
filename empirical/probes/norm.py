"""Mean length of an input, exactly."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float
from scipy.special import hyp1f1

from tegum.theory.loss.law import structure_of
from tegum.theory.loss.scenarios import free_features, groups_of
from tegum.theory.setting import Setting

#: Trapezoidal rule in u = ln t: the integrand is analytic for |Im u| < π/2 and falls like e^(-|u|/2) on both sides.
_NODES = np.linspace(-80.0, 80.0, 2001)
#: Below, 1 - ψ(t) is summed as a series so that it keeps its digits.
_SMALL = 1e-2


def mean_input_norm(setting: Setting) -> float:
    """E‖x‖ of the setting's inputs, in magnitudes of a feature.

    √s = 1/(2√π) ∫_0^∞ (1 - e^(-ts)) t^(-3/2) dt, so that E‖x‖ = 1/(2√π) ∫_{-∞}^∞ (1 - φ(e^u)) e^(-u/2) du, where
    φ(t) = E e^(-t‖x‖²) is a product over the law's independent blocks.

    Args:
        setting: any feature law.

    Returns:
        The norm, to about 12 digits.
    """
    missing = _missing(np.exp(_NODES), setting)
    step = _NODES[1] - _NODES[0]
    return float(step * (missing * np.exp(-_NODES / 2)).sum() / (2 * math.sqrt(math.pi)))


def _missing(t: Float[np.ndarray, " nodes"], setting: Setting) -> Float[np.ndarray, " nodes"]:
    """1 - φ(t), by logarithms of the blocks so that nothing cancels."""
    structure = structure_of(setting)
    on = _missing_when_on(t, setting.values)
    blocks = [setting.density[i] * on for i in free_features(structure, setting.count)]
    for group in groups_of(structure, setting.count):
        if setting.law == "correlated":
            blocks.append(setting.density[group[0]] * -np.expm1(len(group) * _log1p(-on)))
        else:
            blocks.append(min(math.fsum(setting.density[i] for i in group), 1.0) * on)
    return -np.expm1(sum((_log1p(-block) for block in blocks), np.zeros_like(t)))


def _missing_when_on(t: np.ndarray, values: str) -> np.ndarray:
    """1 - ψ(t), ψ(t) = E e^(-t x²) of a feature that is on: ∫_0^1 e^(-t x²) dx, or e^(-t) if binary."""
    if values == "binary":
        return -np.expm1(-t)
    series = sum((-t) ** k / (-math.factorial(k) * (2 * k + 1)) for k in range(1, 9))
    return np.where(t < _SMALL, series, 1.0 - hyp1f1(0.5, 1.5, -t))


def _log1p(x: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):  # a block that is certainly on: e^(-t‖x‖²) vanishes for large t
        return np.log1p(x)
