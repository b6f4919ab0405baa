"""Records: what came of a claim, kept as JSON so that it can be cited, and recomputed from itself."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from typing import Any

from tegum.compare.versions import versions
from tegum.papers.claims.claim import Claim
from tegum.papers.claims.quantity import Quantity
from tegum.theory.errors import InputError, located
from tegum.theory.files.atomic import write_json
from tegum.theory.files.seal import FORMAT, sealed
from tegum.theory.files.strict_json import strict_json

#: Bytes of the largest record that is read.
LARGEST_FILE = 2**23
#: Levels of its tables and lists.
_DEEPEST = 16
_KEYS = {
    *("schema", "format", "kind", "sha256", "source", "id", "claim", "claim_id", "mode", "value", "error", "method"),
    *("details", "verdict", "control", "second", "holds", "seconds", "versions", "platform", "command"),
}


@dataclass(frozen=True)
class Judged:
    """A computed quantity and the verdict on it."""

    quantity: Quantity
    verdict: str


@dataclass(frozen=True)
class Outcome:
    """What came of a claim.

    Attributes:
        claim: as it stood.
        mode: "full", or "quick" where a reduced size was computed.
        result: of the claim's recipe.
        control: of its deliberately wrong recipe, where the predicate must fail.
        second: of another route, where the claim has one.
        holds: of a recipe on which the predicate holds, where the claim has one.
        seconds: it took, all recipes together.
    """

    claim: Claim
    mode: str
    result: Judged
    control: Judged
    second: Judged | None
    holds: Judged | None
    seconds: float


def outcome_data(outcome: Outcome) -> dict[str, Any]:
    """The record of an outcome, ready for JSON."""
    claim = outcome.claim
    body = {
        "source": claim.source,
        "id": claim.id,
        "claim": dict(claim.tables),
        "claim_id": claim.content_id,
        "mode": outcome.mode,
        **_plain(outcome.result),
        "control": _plain(outcome.control),
        "second": _plain(outcome.second) if outcome.second else None,
        "holds": _plain(outcome.holds) if outcome.holds else None,
        "seconds": outcome.seconds,
        "versions": versions(),
        "platform": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "command": command(claim, outcome.mode),
    }
    return sealed("claim", body)


def command(claim: Claim, mode: str) -> str:
    """What computes a record."""
    return f"tegum reproduce {claim.source} --claim {claim.id}" + (" --quick" if mode == "quick" else "")


def write_record(path: str | os.PathLike[str], outcome: Outcome) -> None:
    """Write an outcome's record, atomically."""
    write_json(path, outcome_data(outcome))


def read_record(path: str | os.PathLike[str]) -> dict[str, Any]:
    """A record whose form is checked; whether its numbers are right is `recompute.verify_record`'s business.

    Raises:
        InputError: no regular file, too large, not strict JSON, or other keys than a record's.
    """
    with located(os.fspath(path)):
        data = strict_json(path, LARGEST_FILE, _DEEPEST)
        if not isinstance(data, dict) or data.get("format") != FORMAT or data.get("kind") != "claim":
            raise InputError(f"is no record of a claim, format {FORMAT}")
        if set(data) != _KEYS:
            raise InputError(f"has other keys than a record: {', '.join(sorted(set(data) ^ _KEYS))}")
        return data


def is_record(path: str | os.PathLike[str]) -> bool:
    """Whether a file says that it is the record of a claim; whether it is a good one is `read_record`'s business."""
    try:
        data = strict_json(path, LARGEST_FILE, _DEEPEST)
    except InputError:
        return False
    return isinstance(data, dict) and data.get("kind") == "claim"


def _plain(judged: Judged) -> dict[str, Any]:
    quantity = judged.quantity
    return {
        "value": _listed(quantity.value),
        "error": _listed(quantity.error),
        "method": quantity.method,
        "details": dict(quantity.details),
        "verdict": judged.verdict,
    }


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
