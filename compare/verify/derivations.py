"""A report's derivations computed anew, each step but those that it says there was no time for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any

from tegum.compare.derivation.chosen import derivations_of
from tegum.compare.derivation.derivation import DIGITS
from tegum.compare.report.data import Data
from tegum.compare.report.derivations import derivations_data
from tegum.compare.verdict import Comparison
from tegum.compare.verify.digits import Allowances

#: Overlaps of given weights are known to their rounding, and so is their distance from exact ones.
_ROUNDING = 1e-12
_OUT_OF_TIME = "time"


def rederived(stored: Mapping[str, Any], comparisons: Sequence[Comparison]) -> Data:
    """The derivations of a report as its comparisons make them; none where the report has none.

    Args:
        stored: the report, of which only the steps that ran out of time are read.
        comparisons: recomputed.
    """
    if "derivations" not in stored:
        return {}
    skipped = _skipped(stored["derivations"])
    return derivations_data(derivations_of(comparisons, lambda place, step: 0.0 if (place, step) in skipped else inf))


def derivation_allowances(known: Allowances) -> Allowances:
    """The digits that derivations support; what is proved is written as words and must be equal."""
    return {
        "difference": known["loss"],
        "at_point": known["loss"],
        "certificate.distance": (_ROUNDING, 0.0),
        "box": (10.0**-DIGITS, 0.0),  # how far below that it lies depends on rounding
    }


def _skipped(stored: Any) -> set[tuple[int, str]]:
    """Place of each derivation and name of each of its steps that ran out of time."""
    found = set()
    for place, one in enumerate(stored if isinstance(stored, list) else []):
        if _ran_out(one, "certificate"):
            found.add((place, "certificate"))
        factors = one.get("factors") if isinstance(one, dict) else None
        for number, factor in enumerate(factors if isinstance(factors, list) else []):
            if _ran_out(factor, "formula"):
                found.add((place, f"formula {number}"))
    return found


def _ran_out(table: Any, key: str) -> bool:
    step = table.get(key) if isinstance(table, dict) else None
    return isinstance(step, dict) and step.get("reason") == _OUT_OF_TIME
