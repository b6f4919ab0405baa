"""The feature law as the loss kernels take it, and the check that a setting is among those computed here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from tegum.theory.errors import InputError
from tegum.theory.setting import Setting

#: The settings with an exact loss, and with training, in this version.
SUPPORTED = {
    "values": "uniform",
    "law": "independent",
    "tied": True,
    "bias": True,
    "activation": "none",
    "readout": "relu",
    "target": "identity",
    "l1": 0.0,
}


@dataclass(frozen=True)
class Law:
    """Densities and importances of a batch of models, one row each."""

    density: Float[np.ndarray, "models features"]
    importance: Float[np.ndarray, "models features"]

    def __getitem__(self, models) -> Law:
        return Law(self.density[models], self.importance[models])


def law_of(setting: Setting, models: int = 1) -> Law:
    """The setting's law, repeated for ``models`` models.

    Raises:
        InputError: the setting asks for something without an exact route in this version, named by its key.
    """
    require_supported(setting)
    density = np.tile(np.array(setting.density), (models, 1))
    return Law(density, np.tile(np.array(setting.importance), (models, 1)))


def empty_loss(law: Law) -> Float[np.ndarray, " models"]:
    """Σ_i I_i E x_i² = Σ_i I_i p_i / 3, the loss of a model that answers zero: the scale of everything below it."""
    return (law.importance * law.density).sum(axis=1) / 3


def joined(laws: list[Law]) -> Law:
    """The laws of several batches as one."""
    return Law(np.concatenate([law.density for law in laws]), np.concatenate([law.importance for law in laws]))


def require_supported(setting: Setting) -> None:
    """Refuse a valid setting that the methods of this version do not compute.

    Raises:
        InputError: names the key, its value and what is supported.
    """
    for key, supported in SUPPORTED.items():
        if getattr(setting, key) != supported:
            raise InputError(f"{key} = {getattr(setting, key)!r} is not supported yet; supported: {supported!r}")
