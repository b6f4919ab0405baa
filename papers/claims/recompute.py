"""Recompute: the record of a claim held against a fresh computation of what stands in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from tegum.compare.verify.differences import Difference
from tegum.compare.verify.verify import Verification
from tegum.papers.claims.claim import claim_from_tables
from tegum.papers.claims.record import outcome_data, read_record
from tegum.papers.claims.reproduce import outcome_of
from tegum.theory.files.seal import digest

#: What a record is taken at its word for, and why.
GIVEN = {
    "seconds": "of the machine that computed the record",
    "versions": "of the libraries that computed the record; the ones that recompute it may be others",
    "platform": "of the machine that computed the record",
    "details": "beside the value; a change there is noticed by the record's SHA-256 alone",
}
#: Rounding of a number that says its error is zero, relatively.
_ROUNDING = 1e-12


def verify_record(path: str | os.PathLike[str]) -> Verification:
    """Hold a claim's record against a fresh computation of the claim in it.

    Args:
        path: a record as `tegum reproduce` writes it.

    Returns:
        `Verification`; what differs are numbers further apart than the sum of their errors, verdicts, the digest.

    Raises:
        InputError: no record, or a claim in it that is not as it should be.
    """
    record = read_record(path)
    claim = claim_from_tables(record["source"], record["claim"])
    fresh = outcome_data(outcome_of(claim, record["mode"]))
    exact = {"sha256": digest(record)} | {key: fresh[key] for key in ("source", "id", "claim_id", "mode", "command")}
    found = [_difference(key, record[key], value) for key, value in exact.items() if record[key] != value]
    found += _of(record, fresh, "")
    for part in ("control", "second", "holds"):
        if (record[part] is None) != (fresh[part] is None):
            found.append(_difference(part, record[part], fresh[part]))
        elif fresh[part] is not None:
            found += _of(record[part], fresh[part], f"{part}.")
    return Verification(tuple(found), len(_listed(record["value"])), GIVEN)


def _of(stored: dict[str, Any], fresh: dict[str, Any], place: str) -> Iterator[Difference]:
    for key in ("method", "verdict"):
        if stored[key] != fresh[key]:
            yield _difference(place + key, stored[key], fresh[key])
    values, news = _listed(stored["value"]), _listed(fresh["value"])
    if len(values) != len(news) or not all(
        _agree(*each)
        for each in zip(values, news, _spread(stored["error"], values), _spread(fresh["error"], news), strict=True)
    ):
        yield _difference(f"{place}value", stored["value"], fresh["value"])
    if not all(
        abs(one - other) <= 0.5 * max(one, other) + _ROUNDING
        for one, other in zip(_spread(stored["error"], values), _spread(fresh["error"], news), strict=False)
    ):
        yield _difference(f"{place}error", stored["error"], fresh["error"])


def _agree(one: Any, other: Any, error: float, new_error: float) -> bool:
    if isinstance(one, bool | str) or isinstance(other, bool | str):
        return type(one) is type(other) and bool(one == other)
    return abs(one - other) <= error + new_error + _ROUNDING * abs(other)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _spread(error: Any, values: list[Any]) -> list[float]:
    return error if isinstance(error, list) else [error] * len(values)


def _difference(place: str, stored: Any, recomputed: Any) -> Difference:
    return {"place": place, "stored": stored, "recomputed": recomputed}
