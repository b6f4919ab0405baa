"""An atlas as one JSON file: sorted, with the digest of its content, and somebody else's until it is checked."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from tegum.compare.atlas.checked import atlas_from
from tegum.compare.atlas.entry import Atlas, Entry
from tegum.theory.checks import shown
from tegum.theory.errors import InputError, located
from tegum.theory.files.atomic import write_atomically
from tegum.theory.files.strict_json import strict_json

FORMAT = "tegum atlas 1"
#: Bytes; the shipped atlas has less than one in a hundred of them.
LARGEST_FILE = 2**26
#: Levels of tables and lists; an atlas has eight.
_DEEPEST = 12


def read_atlas(path: str | os.PathLike[str]) -> Atlas:
    """The atlas in a file.

    Args:
        path: of a file that `write_atlas` has written, here or elsewhere.

    Returns:
        `Atlas`, as it was written: names agree with the digits of their canonical forms, and the overlaps of all
        weights have the signs of their entry's form.

    Raises:
        InputError: no regular file, larger than `LARGEST_FILE`, no strict JSON, another format, content that has
            changed since it was written, or an entry that contradicts itself; one line that names it.

    Validity: numbers are read, not recomputed; `tegum atlas check` evaluates every point again.

    Source: format documented in docs/atlas.md.
    """
    with located(os.fspath(path)):
        data = strict_json(path, LARGEST_FILE, _DEEPEST)
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            raise InputError(f"is no atlas of format {shown(FORMAT)}")
        read = atlas_from(data)
        if atlas_id(read) != data.get("id"):
            raise InputError(f"id = {shown(data.get('id'))} is not that of its content, {atlas_id(read)}")
        return read


def write_atlas(path: str | os.PathLike[str], atlas: Atlas) -> None:
    """Write an atlas, atomically: equal atlases give equal bytes.

    {"format", "id", "sources": [...], "entries": [...]}, a line for each source, arrangement, point and observation.

    Args:
        path: where; a file that is there is replaced.
        atlas: to be written.

    Returns:
        Nothing.

    Raises:
        InputError: the file cannot be written there.

    Validity: any atlas; `read_atlas` gives the same records back.

    Source: format documented in docs/atlas.md.
    """
    write_atomically(path, "".join(_lines(atlas)).encode())


def atlas_id(atlas: Atlas) -> str:
    """16 hexadecimal digits of the SHA-256 of an atlas's content, the same in whatever order it was gathered."""
    content = json.dumps(plain(atlas), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def plain(atlas: Atlas) -> dict[str, Any]:
    """An atlas as plain data; inverse of `checked.atlas_from`."""
    sources = [asdict(one) | {"versions": dict(one.versions)} for one in atlas.sources]
    return {"sources": sources, "entries": [plain_entry(one) for one in atlas.entries]}


def plain_entry(entry: Entry) -> dict[str, Any]:
    """One entry as plain data."""
    data = asdict(entry)
    for arrangement in data["arrangements"]:
        for point in arrangement["points"]:
            point["values"] = dict(point["values"])
    return data


def _lines(atlas: Atlas) -> Iterator[str]:
    data = plain(atlas)
    yield f'{{"format":{json.dumps(FORMAT)},"id":{json.dumps(atlas_id(atlas))},\n'
    yield f'"sources":{_listed(map(_short, data["sources"]))},\n'
    yield f'"entries":{_listed(map(_entry_lines, data["entries"]))}}}\n'


def _entry_lines(entry: dict[str, Any]) -> str:
    arrangements = _listed(map(_arrangement_lines, entry["arrangements"]))
    lists = ",\n".join(f'"{key}":{_listed(map(_short, entry[key]))}' for key in ("observations", "spans"))
    head = f'{{"name":{_short(entry["name"])},"form":{_short(entry["form"])}'
    return f'{head},\n"arrangements":{arrangements},\n{lists}}}'


def _arrangement_lines(arrangement: dict[str, Any]) -> str:
    head = {key: value for key, value in arrangement.items() if key != "points"}
    return f'{_short(head)[:-1]},"points":{_listed(map(_short, arrangement["points"]))}}}'


def _listed(lines: Any) -> str:
    inside = ",\n".join(lines)
    return f"[\n{inside}]" if inside else "[]"


def _short(value: Any) -> str:
    return json.dumps(value, allow_nan=False, separators=(",", ":"))
