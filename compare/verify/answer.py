"""What recomputing a report gives, and how it is completed by what is not recomputed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tegum.compare.report.schema.shapes import COMPUTED, GIVEN, PARTS, Row, Shape, Table
from tegum.compare.verify.differences import Difference
from tegum.compare.verify.digits import Allowances


@dataclass(frozen=True)
class Recomputed:
    """A report computed anew.

    Attributes:
        data: what its inputs make; keys that are inputs or given may be left out.
        known: how far its numbers may differ.
        others: differences that are seen by other routes, computed when they are asked for.
    """

    data: dict[str, Any]
    known: Allowances
    others: Iterable[Difference] = ()


def completed(expected: Any, stored: Any, shape: Shape) -> Any:
    """What a report should say: what was recomputed, and its own word for what is given or an input.

    Args:
        expected: what was recomputed.
        stored: the report.
        shape: its schema.
    """
    if isinstance(shape, Table) and isinstance(stored, dict) and isinstance(expected, dict):
        known = {key: field for key, field in shape.fields.items() if key in stored}
        own = {key: stored[key] for key, field in known.items() if field.source not in (COMPUTED, PARTS)}
        given = {key: value for key, value in own.items() if shape.fields[key].source == GIVEN}
        inner = {
            key: completed(expected.get(key, _empty(stored[key])), stored[key], field.shape)
            for key, field in known.items()
            if field.source == PARTS
        }
        return own | expected | inner | given
    if isinstance(shape, Row) and isinstance(stored, list) and len(stored) == len(expected):
        return [completed(*pair, shape.item) for pair in zip(expected, stored, strict=True)]
    return expected


def _empty(stored: Any) -> Any:
    return [{} for _ in stored] if isinstance(stored, list) else {}
