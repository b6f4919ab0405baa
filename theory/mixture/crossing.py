"""Where a dense code and the best tegum mixture cost the same."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import brentq

from tegum.theory.codes import Code, FittedCode, fitted_code
from tegum.theory.errors import InputError
from tegum.theory.mixture.mixture import Mixture, mixture
from tegum.theory.setting import Setting

#: Width of the bracket in density, relative.
_WIDTH = 1e-4


@dataclass(frozen=True)
class Crossing:
    """The density at which a dense code stops being better than the best tegum mixture.

    Attributes:
        lower, upper: the code is better at the one and the mixture at the other, by more than the bounds on both
            losses' numerical errors.
        code, mixture: at ``upper``.
    """

    lower: float
    upper: float
    code: FittedCode
    mixture: Mixture

    @property
    def density(self) -> float:
        """The middle of the bracket."""
        return (self.lower + self.upper) / 2


def crossing(setting: Setting, code: Code, low: float, high: float) -> Crossing:
    """Where L_code(p) = L_mixture(p), by Brent's method on the logarithm of the density.

    Args:
        setting: like features of importance 1; its density is not used.
        code: of as many features and dimensions; its gain and bias are fitted at every density.
        low, high: densities at which the code and the mixture is better.

    Returns:
        `Crossing`.  It is that of this code and of the pieces known: both losses are exact for weights that exist, so a
        better code moves it up and a better factor moves it down.

    Raises:
        InputError: features of several importances, or a code that is not better at ``low`` or not worse at ``high``.
        ArithmeticError: the difference is smaller than the bounds on its numerical error.
    """
    if set(setting.importance) != {1.0}:
        raise InputError("importance: a code is compared with the mixture of features of importance 1 only")
    if not _difference(setting, code, low)[0] < 0 < _difference(setting, code, high)[0]:
        raise InputError(f"the code and the mixture do not cross between the densities {low!r} and {high!r}")
    middle = brentq(
        lambda logarithm: _difference(setting, code, float(np.exp(logarithm)))[0],
        np.log(low), np.log(high), xtol=_WIDTH / 8,
    )  # fmt: skip
    lower, upper = (float(np.exp(middle + side * _WIDTH / 2)) for side in (-1, 1))
    below, above = _difference(setting, code, lower), _difference(setting, code, upper)
    doubts = [dense.error + best.error for _, dense, best in (below, above)]
    if not (below[0] < -doubts[0] and above[0] > doubts[1]):
        raise ArithmeticError(f"the code and the mixture cannot be told apart within {_WIDTH} of {lower!r}")
    return Crossing(lower, upper, *above[1:])


def _difference(setting: Setting, code: Code, density: float) -> tuple[float, FittedCode, Mixture]:
    """Loss of the code less that of the mixture."""
    best, dense = mixture(replace(setting, density=density)), fitted_code(code, density)
    return dense.loss - best.loss, dense, best
