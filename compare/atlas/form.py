"""Canonical forms of signed graphs as text, a row for each vertex: equal for isomorphic graphs."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Int8

from tegum.compare.atlas.entry import SignRow
from tegum.theory.checks import shown
from tegum.theory.errors import InputError
from tegum.theory.geometry.isomorphism import canonical_order

_CHARACTERS = {"-": -1, "0": 0, "+": 1}
_OF_SIGN = {sign: character for character, sign in _CHARACTERS.items()}

Signs = Int8[np.ndarray, "vertices vertices"]


def canonical_form(signs: Signs) -> tuple[tuple[SignRow, ...], tuple[int, ...]]:
    """The canonical form of a signed graph, and the vertex that stands at each of its places."""
    order = canonical_order(signs, (None,) * len(signs))
    rows = signs[np.ix_(order, order)].tolist()
    return tuple("".join(_OF_SIGN[sign] for sign in row) for row in rows), order


def signs_of(form: tuple[SignRow, ...]) -> Signs:
    """The matrix of signs of a form."""
    return np.array([[_CHARACTERS[character] for character in row] for row in form], dtype=np.int8)


def form_of(data: Any, most: int) -> tuple[SignRow, ...]:
    """A form from plain data.

    Raises:
        InputError: no list of 2 to ``most`` rows of as many signs, not symmetric, or with signs on its diagonal.
    """
    if not isinstance(data, list) or not 2 <= len(data) <= most:
        raise InputError(f"form = {shown(data)} is no list of 2 to {most} rows")
    for row in data:
        if not isinstance(row, str) or len(row) != len(data) or not set(row) <= set(_CHARACTERS):
            raise InputError(f"form has the row {shown(row)}; needed are {len(data)} of the characters -, 0, +")
    signs = signs_of(tuple(data))
    if (signs != signs.T).any() or np.diagonal(signs).any():
        raise InputError("form is not symmetric, or has signs on its diagonal")
    return tuple(data)
