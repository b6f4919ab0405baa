"""Verify: the numbers of a report recomputed from its JSON and the weights in it."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Any

from tegum.compare.report.schema.kinds import SCHEMAS
from tegum.compare.report.schema.structure import faults, given_places
from tegum.compare.verify.answer import completed
from tegum.compare.verify.differences import Difference, differences
from tegum.compare.verify.file import read_data
from tegum.compare.verify.kinds import KINDS
from tegum.theory.checks import choice
from tegum.theory.errors import InputError, located
from tegum.theory.files.seal import digest, head
from tegum.theory.files.strict_json import children


@dataclass(frozen=True)
class Verification:
    """What recomputing a report says.

    Attributes:
        differences: each a dict of ``place``, ``stored``, ``recomputed``; none where all agrees.
        numbers: how many numbers the report holds.
        given: what the report's word is taken for, by its place without the numbers of lists, and why: a change there
            is noticed by the report's SHA-256 alone.
    """

    differences: tuple[Difference, ...]
    numbers: int
    given: dict[str, str]

    @property
    def verified(self) -> bool:
        """Whether everything agrees."""
        return not self.differences


def verify(path: str | os.PathLike[str]) -> Verification:
    """Recompute a report from its JSON.

    Its structure is checked first, against its schema.  Then everything follows from its inputs.  Of a comparison or a
    study: from the settings, the learned weights, the points they were polished to and the weights of the optima all
    losses, gradients, curvatures, geometries, verdicts, shares, curves and boundaries, the latter proved again; the
    learned weights are polished again to see that they lead there, and the optima's losses computed by a second route.
    Of a phase diagram: from the weights of the optima everything else.  Of mixtures: the integer program at each
    density, solved again.  Of a table of factors: losses, gradients and curvatures of its weights.  The report's
    SHA-256 is of every digit in it, those beyond what error bounds support included.

    Args:
        path: JSON of a report of one of the kinds in `SCHEMAS`.

    Returns:
        `Verification`.  A key that nothing recomputes is a difference, "not verified".

    Raises:
        InputError: a file that is no such report, or in which something is missing or of a wrong type.

    Validity: numbers agree if they differ by no more than the allowances of their kind; ``given`` lists what is not
    recomputed.  A digest is no signature: whoever changes the weights and makes all numbers anew from them has written
    another report.
    """
    with located(os.fspath(path)):
        data, respelt = read_data(path)
        found = verified_data(data)
    spelling = ({"place": "spelling", "stored": one, "recomputed": other} for one, other in respelt.items())
    return replace(found, differences=(*found.differences, *spelling))


def verified_data(data: dict[str, Any]) -> Verification:
    """`verify`, of a report's plain data."""
    kind = choice("kind", data.get("kind"), SCHEMAS)
    schema = SCHEMAS[kind]
    _require_structure(data, kind)
    anew = KINDS[kind](data)
    expected = completed(anew.data, data, schema) | head(kind) | {"sha256": digest(data)}
    found = [*differences(data, expected, anew.known), *anew.others]
    return Verification(tuple(found), _number_count(data), dict(given_places(schema)))


def _require_structure(data: dict[str, Any], kind: str) -> None:
    found = faults(data, SCHEMAS[kind])
    first = next(found, None)
    if first is not None:
        more = sum(1 for _ in found)
        raise InputError(f"is no {kind} report: {first}" + (f", and {more} more like it" if more else ""))


def _number_count(data: Any) -> int:
    if isinstance(data, dict | list):
        return sum(map(_number_count, children(data)))
    return isinstance(data, int | float) and not isinstance(data, bool)
