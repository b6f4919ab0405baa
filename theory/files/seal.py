"""The seal on a file of results: what kind of report it is, by which schema, and a digest of all that it says."""

from __future__ import annotations

import hashlib
import json
from typing import Any

#: Raised when a key of a report changes its meaning.
FORMAT = 1


def schema_name(kind: str) -> str:
    """The `$id` of the published JSON Schema of a kind of report, `urn:tegum:report:study:1`."""
    return f"urn:tegum:report:{kind}:{FORMAT}"


def sealed(kind: str, body: dict[str, Any]) -> dict[str, Any]:
    """A report: its schema, format and kind, the SHA-256 of all of it, and its body.

    Args:
        kind: of report, such as "study".
        body: plain data, ready for JSON.
    """
    whole = {**head(kind), **body}
    return {"sha256": digest(whole), **whole}


def head(kind: str) -> dict[str, Any]:
    """What every report of a kind begins with, besides the digest."""
    return {"schema": schema_name(kind), "format": FORMAT, "kind": kind}


def digest(body: dict[str, Any]) -> str:
    """SHA-256, in hexadecimal digits, of all of a report but itself: it changes with the last digit of any number.

    Keys are sorted and numbers written with the fewest digits that give them back, so that it is of what the report
    says and not of how the file is laid out.
    """
    said = {key: value for key, value in body.items() if key != "sha256"}
    plain = json.dumps(said, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(plain.encode()).hexdigest()
