"""Schemas published: JSON Schema (2020-12), one self-contained file for each kind of report.

`python -m tegum.compare.report.schema.publish docs/schema` writes them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tegum.compare.report.schema.kinds import SCHEMAS
from tegum.compare.report.schema.shapes import PARTS, Either, Field, Named, Row, Scalar, Shape, Table
from tegum.theory.files.atomic import write_atomically
from tegum.theory.files.seal import schema_name


def json_schema(kind: str) -> dict[str, Any]:
    """The JSON Schema of a kind of report.

    Args:
        kind: a key of `SCHEMAS`.

    Returns:
        The schema as plain data.  Each key says what it means in ``description``, and in ``x-verify`` what `tegum
        verify` does with it: "input" (all else follows from it), "computed" (recomputed and compared), "given" (only
        the digest notices a change).

    Source: JSON Schema, draft 2020-12, https://json-schema.org/draft/2020-12.
    """
    definitions: dict[str, Any] = {}
    body = _table(SCHEMAS[kind], definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": schema_name(kind),
        "title": f"tegum report: {kind}",
        **body,
        "$defs": dict(sorted(definitions.items())),
    }


def schema_text(kind: str) -> bytes:
    """The published file of a kind of report."""
    return (json.dumps(json_schema(kind), indent=1, ensure_ascii=False) + "\n").encode()


def write_schemas(folder: str | Path) -> list[Path]:
    """Write the schemas of all kinds of report, and say where they are.

    Raises:
        InputError: a file cannot be written there.
    """
    written = [Path(folder) / f"{kind}.schema.json" for kind in SCHEMAS]
    for path, kind in zip(written, SCHEMAS, strict=True):
        write_atomically(path, schema_text(kind))
    return written


def _shape(shape: Shape, definitions: dict[str, Any]) -> dict[str, Any]:
    match shape:
        case Scalar():
            return _scalar(shape)
        case Row():
            ends = {"minItems": shape.least} if shape.least else {}
            ends |= {"maxItems": shape.most} if shape.most >= 0 else {}
            return {"type": "array", "items": _shape(shape.item, definitions), **ends}
        case Named():
            return {"type": "object", "additionalProperties": _shape(shape.values, definitions)}
        case Either():
            return {"anyOf": [_shape(one, definitions) for one in shape.shapes]}
        case Table():
            definitions.setdefault(shape.name, None)  # keeps its place while its own parts are described
            definitions[shape.name] = _table(shape, definitions)
            return {"$ref": f"#/$defs/{shape.name}"}


def _scalar(shape: Scalar) -> dict[str, Any]:
    if shape.allowed:
        return {"const": shape.allowed[0]} if len(shape.allowed) == 1 else {"enum": list(shape.allowed)}
    return {"type": [shape.type, "null"] if shape.nullable else shape.type}


def _table(shape: Table, definitions: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": ["object", "null"] if shape.nullable else "object",
        "properties": {key: _field(field, definitions) for key, field in shape.fields.items()},
        "required": [key for key, field in shape.fields.items() if not field.optional],
        "additionalProperties": False,
        **({"anyOf": [{"required": list(form)} for form in shape.forms]} if shape.forms else {}),
    }


def _field(field: Field, definitions: dict[str, Any]) -> dict[str, Any]:
    found = {"description": field.says, **_shape(field.shape, definitions)}
    return found if field.source == PARTS else found | {"x-verify": field.source}


if __name__ == "__main__":
    for place in write_schemas(sys.argv[1]):
        print(place)
