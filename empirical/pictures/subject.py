"""Subject: one model as its pictures show it, features in the order and the colours of their factors."""

from __future__ import annotations

from dataclasses import dataclass

from tegum.empirical.pictures.sticks import Colors
from tegum.empirical.pictures.style import palette
from tegum.theory.geometry.critical import feature_vectors
from tegum.theory.geometry.factor import DROPPED
from tegum.theory.geometry.identify import Identity, identify
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights


@dataclass(frozen=True)
class Subject:
    """One model, ready to be drawn.

    Attributes:
        weights: its own.
        setting: what it was trained for; only values, activation and readout are looked at.
        identity: its geometry.
        order: features, factor by factor.
        colors: of each feature, a colour for each factor; None for a dropped one.
    """

    weights: Weights
    setting: Setting
    identity: Identity
    order: tuple[int, ...]
    colors: Colors

    @property
    def names(self) -> list[str]:
        """Numbers of the features in that order."""
        return [str(feature) for feature in self.order]


def subject(weights: Weights, setting: Setting) -> Subject:
    """One model and the geometry of its weights."""
    identity = identify(feature_vectors(weights))
    order = tuple(feature for factor in identity.factors for feature in factor.features)
    colors: list[str | None] = [None] * weights.W.shape[1]
    represented = [factor for factor in identity.factors if factor.name != DROPPED.name]
    for factor, color in zip(represented, palette(len(represented)), strict=True):
        for feature in factor.features:
            colors[feature] = color
    return Subject(weights, setting, identity, order, tuple(colors))
