"""The feature law and the kind of model as the loss kernels take them."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from jaxtyping import Float

from tegum.theory.errors import InputError
from tegum.theory.setting import Setting


@dataclass(frozen=True)
class Structure:
    """What all models of a batch share: the kind of feature law, of model and of target, without their numbers.

    The fields are those of `Setting`; the defaults are the setting with everything optional left out.
    """

    values: str = "uniform"
    law: str = "independent"
    groups: tuple[tuple[int, ...], ...] = ()
    tied: bool = True
    bias: bool = True
    activation: str = "none"
    readout: str = "relu"
    target: str = "identity"


@dataclass(frozen=True)
class Law:
    """Numbers of a batch of models, one row each, and what the models share.

    Attributes:
        density: probability that each feature is on.
        importance: weight of each feature's squared error.
        structure: the kind of feature law and of model.
        l1: λ of each model; None where no model has an L1 term.
    """

    density: Float[np.ndarray, "models features"]
    importance: Float[np.ndarray, "models features"]
    structure: Structure = Structure()
    l1: Float[np.ndarray, " models"] | None = None

    def __getitem__(self, models) -> Law:
        l1 = None if self.l1 is None else self.l1[models]
        return Law(self.density[models], self.importance[models], self.structure, l1)


def law_of(setting: Setting, models: int = 1) -> Law:
    """The setting's law, repeated for ``models`` models."""
    return Law(
        np.tile(np.array(setting.density), (models, 1)),
        np.tile(np.array(setting.importance), (models, 1)),
        structure_of(setting),
        np.full(models, setting.l1) if setting.l1 else None,
    )


def structure_of(setting: Setting) -> Structure:
    """What a setting says besides numbers."""
    return Structure(**{field.name: getattr(setting, field.name) for field in fields(Structure)})


def empty_loss(law: Law) -> Float[np.ndarray, " models"]:
    """Σ_i I_i E y_i², the loss of a model that answers zero: the scale of everything below it."""
    square = 1.0 if law.structure.values == "binary" else 1 / 3
    return (law.importance * law.density).sum(axis=1) * square


def joined(laws: list[Law]) -> Law:
    """The laws of several batches of one structure as one."""
    first = laws[0]
    l1 = None if first.l1 is None else np.concatenate([law.l1 for law in laws if law.l1 is not None])
    return Law(
        np.concatenate([law.density for law in laws]),
        np.concatenate([law.importance for law in laws]),
        first.structure,
        l1,
    )


def require_basic(setting: Setting, what: str) -> None:
    """Refuse a setting that something takes in its basic form only: independent uniform features, tied weights, ....

    Args:
        setting: to be checked.
        what: what refuses it, for the message.

    Raises:
        InputError: names the key, its value and what is supported.
    """
    for key, supported in {**vars(Structure()), "l1": 0.0}.items():
        if getattr(setting, key) != supported:
            raise InputError(f"{key} = {getattr(setting, key)!r} is not supported by {what}; supported: {supported!r}")


def require_factored(setting: Setting, what: str) -> None:
    """Refuse a setting whose loss is no sum over orthogonal factors: ℓ_i depends on what feature i overlaps with.

    Raises:
        InputError: untied weights or a ReLU hidden layer; beyond independent uniform features an L1 term.
    """
    for key, supported in (("tied", True), ("activation", "none")):
        if getattr(setting, key) != supported:
            raise InputError(f"{key} = {getattr(setting, key)!r} is not supported by {what}; supported: {supported!r}")
    if setting.l1:
        require_basic(replace(setting, l1=0.0), f"{what} with l1 > 0")


def require_enclosable(setting: Setting, what: str) -> None:
    """Refuse a setting whose loss is not enclosed by balls: any feature law, tied weights, biases, a ReLU readout.

    Raises:
        InputError: names the key, its value and what is supported.
    """
    require_factored(setting, what)
    for key, supported in (("bias", True), ("readout", "relu")):
        if getattr(setting, key) != supported:
            raise InputError(f"{key} = {getattr(setting, key)!r} is not supported by {what}; supported: {supported!r}")
