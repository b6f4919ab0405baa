"""Links from an uncatalogued name to the shipped atlas."""

from __future__ import annotations

import re

from tegum.compare.atlas.shipped import atlas

_NAME = re.compile(r"unknown-[0-9a-f]{8}")


def in_atlas(name: str) -> str | None:
    """What the shipped atlas says of a factor's name in words; None if it has no such entry."""
    entry = atlas().entry(name) if _NAME.fullmatch(name) else None
    return entry.description if entry is not None else None


def with_links(geometry: str) -> str:
    """A geometry's name with what the shipped atlas says of its factors.

    >>> with_links("unknown-beec5514 + dropped")
    'unknown-beec5514 (atlas: digon with a doubled vertex) + dropped'
    """
    return _NAME.sub(lambda found: found[0] + _note(found[0]), geometry)


def _note(name: str) -> str:
    words = in_atlas(name)
    return "" if words is None else f" (atlas: {words})"
