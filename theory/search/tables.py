"""An optimum as plain data, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from tegum.theory.errors import InputError
from tegum.theory.geometry.critical import critical_identity
from tegum.theory.search.optimum import Optimum
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

#: What follows from the setting and the arrays, and is not written.
_IMPLIED = ("setting", "weights", "identity")


def optimum_tables(found: Optimum) -> dict[str, Any]:
    """The numbers and the weights of an optimum."""
    weights = found.weights
    arrays = {"W": weights.W.tolist(), "b": weights.b.tolist()}
    if weights.W_out is not None:
        arrays["W_out"] = weights.W_out.tolist()
    return arrays | {one.name: getattr(found, one.name) for one in fields(Optimum) if one.name not in _IMPLIED}


def optimum_from_tables(setting: Setting, tables: Mapping[str, Any]) -> Optimum:
    """The inverse of `optimum_tables`, of our own files: what is missing is said, what is wrong is not sought.

    Raises:
        InputError: a key is missing.
    """
    given = dict(tables)
    try:
        W, b, W_out = (given.pop(name, None) for name in ("W", "b", "W_out"))
        weights = Weights(np.array(W), np.array(b), None if W_out is None else np.array(W_out))
        identity = critical_identity(weights, setting.activation)
        return Optimum(setting=setting, weights=weights, identity=identity, **given)
    except (TypeError, ValueError) as error:
        raise InputError(f"is no optimum; remove it to have it searched again: {error}") from error
