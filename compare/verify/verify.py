"""Verify: a report's numbers recomputed from its JSON and the weights in it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from tegum.compare.report.data import SEARCH, digest
from tegum.compare.verify.derivations import derivation_allowances, rederived
from tegum.compare.verify.differences import Difference, differences
from tegum.compare.verify.digits import allowances
from tegum.compare.verify.file import children, read_data
from tegum.compare.verify.inputs import inputs_of
from tegum.compare.verify.recompute import comparisons_of, recomputed
from tegum.compare.verify.routes import polish_differences, route_differences
from tegum.theory.errors import located

#: What verification takes a report's word for, by its place without the numbers of cells and runs, and why.  A change
#: there is noticed by the report's SHA-256 alone.
GIVEN = {
    **{f"optimum.{key}": "of the search for the optimum, that is not run again" for key in SEARCH},
    "runs.batch_loss": "of the last batches of a training that is not run again",
    "training.device": "of a training that is not run again",
    "command": "as its user typed it",
    "versions": "of the libraries that computed the report; the ones that recompute it may be others",
}


@dataclass(frozen=True)
class Verification:
    """What recomputing a report says.

    Attributes:
        differences: each a dict of ``place``, ``stored``, ``recomputed``; none where all agrees.
        numbers: how many numbers the report holds.
    """

    differences: tuple[Difference, ...]
    numbers: int

    @property
    def verified(self) -> bool:
        """Whether everything agrees."""
        return not self.differences


def verify(path: str | os.PathLike[str]) -> Verification:
    """Recompute a report from its JSON.

    From the settings, the learned weights, the points they were polished to and the weights of the optima follow all
    losses, gradients, curvatures, geometries, verdicts, shares, curves and boundaries, the latter proved again.  The
    learned weights are polished again to see that they lead there, and the optima's losses computed by a second route.
    The report's SHA-256 is of every digit in it, those beyond what error bounds support included.

    Args:
        path: report.json of a comparison or a study.

    Returns:
        `Verification`.

    Raises:
        InputError: a file that is no such report, or lacks what its numbers follow from.

    Validity: numbers agree if they differ by no more than `digits.allowances`; `GIVEN` lists what is not recomputed.  A
    digest is no signature: whoever changes the weights and makes all numbers anew from them has written another report.
    """
    with located(os.fspath(path)):
        data, respelt = read_data(path)
        found = verified_data(data)
    spelling = ({"place": "spelling", "stored": one, "recomputed": other} for one, other in respelt.items())
    return Verification((*found.differences, *spelling), found.numbers)


def verified_data(data: dict[str, Any]) -> Verification:
    """`verify`, of a report's plain data."""
    inputs = inputs_of(data)
    comparisons = comparisons_of(inputs)
    body = {key: value for key, value in data.items() if key != "sha256"}
    expected = recomputed(inputs, comparisons) | rederived(data, comparisons) | {"sha256": digest(body)}
    known = allowances(comparisons)
    found = [
        *differences(data, expected, known | derivation_allowances(known)),
        *polish_differences(inputs, comparisons),
        *route_differences(inputs, comparisons),
    ]
    return Verification(tuple(found), _number_count(expected))


def _number_count(data: Any) -> int:
    if isinstance(data, dict | list):
        return sum(map(_number_count, children(data)))
    return isinstance(data, int | float) and not isinstance(data, bool)
