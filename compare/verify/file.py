"""A report's file as plain data: somebody else's until it is checked, and refused before memory is spent on it."""

from __future__ import annotations

import os
from typing import Any

from tegum.theory.errors import InputError
from tegum.theory.files.seal import FORMAT
from tegum.theory.files.strict_json import finite, strict_json

#: Bytes; about a hundred thousand models of five features.
LARGEST_FILE = 2**26
#: Levels of tables and lists; a report has eight.
_DEEPEST = 16


def read_data(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The JSON object in a report's file, and its numbers that are not spelt as reports spell them.

    Returns:
        The object; and, by what stands in the file, the digits that a double is written with: the fewest that give it
        back.  Seventeen digits name some doubles twice, so that a digit can change and the number stay.

    Raises:
        InputError: see `strict_json`; or no report of this format.
    """
    respelt: dict[str, str] = {}

    def real(digits: str) -> float:
        value = finite(digits)
        if repr(value) != digits:
            respelt[digits] = repr(value)
        return value

    data = strict_json(path, LARGEST_FILE, _DEEPEST, real)
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise InputError(f"is no report of format {FORMAT}")
    return data, respelt
