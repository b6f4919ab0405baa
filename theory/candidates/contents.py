"""What each factor of a tegum product holds, and the factors that are already optimised for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from tegum.theory.candidates.factors import FittedFactor, fitted_factors
from tegum.theory.geometry.factor import Factor
from tegum.theory.loss.law import Structure, structure_of
from tegum.theory.loss.marginal import restricted
from tegum.theory.setting import Setting


@dataclass(frozen=True)
class Content:
    """The features at the vertices of a factor.

    Attributes:
        numbers: density and importance of each, vertex by vertex.
        structure: their law, and the kind of model.
    """

    numbers: tuple[tuple[float, float], ...]
    structure: Structure


#: Factors already optimised, by what they are and hold; None where there is no critical point.
Known = dict[tuple[Factor, Content], FittedFactor | None]


def content_of(place: tuple[int, ...], setting: Setting) -> Content:
    """The content of a factor that holds these features of a setting."""
    numbers = tuple((setting.density[i], setting.importance[i]) for i in place)
    return Content(numbers, restricted(structure_of(setting), place, setting.count))


def by_structure(contents: Iterable[Content]) -> dict[Structure, list[Content]]:
    """Distinct contents by their law."""
    found: dict[Structure, list[Content]] = {}
    for content in dict.fromkeys(contents):
        found.setdefault(content.structure, []).append(content)
    return found


def numbers_of(
    contents: list[Content],
) -> tuple[Float[np.ndarray, "contents vertices"], Float[np.ndarray, "contents vertices"]]:
    """Densities and importances."""
    density, importance = np.moveaxis(np.array([content.numbers for content in contents]), -1, 0)
    return density, importance


def fit_all(factor: Factor, contents: Iterable[Content], known: Known) -> None:
    """Optimise a factor for all contents that are not known yet, those of one law in one batch."""
    for structure, missing in by_structure(one for one in contents if (factor, one) not in known).items():
        fits = fitted_factors(factor, *numbers_of(missing), structure)
        known.update(zip([(factor, content) for content in missing], fits, strict=True))
