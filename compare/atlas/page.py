"""The page of an atlas: what it holds, entry by entry, and how it was made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tegum.compare.atlas.entry import Atlas, Entry
from tegum.compare.atlas.file import FORMAT, atlas_id
from tegum.compare.atlas.pictures import drawn_point, sheet_entries, sheet_picture, write_picture
from tegum.theory.errors import InputError
from tegum.theory.files.atomic import write_atomically

_SAYS = """\
# Atlas: geometries that no catalogue names

{entries} signed overlap graphs that the table of factors and the sweeps below came to, and that the catalogue does not
name; {certified} of them have a critical point that is certified: exactly one in a box of the stated radius, with the
signature of the full Hessian proved. Each stands alone here: k like features of importance 1 in the d dimensions that
they span. A name is the digits of the canonical form of the signed graph, which `tegum` computes for any weights; one
graph may have several metric arrangements, told apart by their symmetry. What an arrangement is in words is computed
from its vectors, and may be bent.

*Best* gives the densities at which an entry is the best that is known for its own k and d: between the places where its
branch crosses what is best beyond, or turns into it. Something better may be unknown. *Seen* counts trained models,
over all sweeps, whose critical point has the entry as a factor.

`tegum atlas` lists the entries, `tegum atlas NAME` shows one with its weights and closed form, `tegum atlas --check`
evaluates every point again, `tegum atlas --add` enters what your own weights, sweeps or reports hold into a collection
of your own, and `tegum atlas --merge` joins collections. In Python: `atlas`, `discoveries`, `merge_atlases`,
`read_atlas`, `write_atlas`.

![Arrangements that are the best known somewhere]({picture})

`{command}` writes this page.

"""
_FORMAT = """\
## The file

One JSON object: `format` ("{format}"), `id` (16 hexadecimal digits of the SHA-256 of the content), `sources` (`name`,
`description`, `command`, `versions`) and `entries`, sorted by name:

- `name`, and `form`: the signs of the overlaps in canonical order, a row for each vertex, from which the name follows;
- `arrangements`: `dimension`, `symmetries` (order of the group), `orbits`, `scalars` (free ones, biases counted),
  `description`, and `points`: `density`, `W` and `b` in the form's order, `decimal` (the loss), `lower` and `upper`
  (doubles that enclose it), `radius` and `signature` (of the certificate), `formula` with the `values` of its scalars,
  `intractable` and `reason` (why there is no formula, no certificate);
- `observations`: `density`, `features`, `hidden`, `source`, `seen` of `models`, least `loss` of such a model;
- `spans`: `dimension`, `source`, `low`, `high`, and what is `below` and `above`.

Merging takes the union, whichever file comes first; of a critical point that both hold the enclosures are intersected.
Two forms with one name, two signatures or disjoint enclosures of one critical point, or two counts of one source are
refused by the entry's name.
"""


def write_atlas_page(path: str | Path, atlas: Atlas, command: str) -> None:
    """Write the page as Markdown, with its picture beside it.

    Raises:
        InputError: another suffix than .md, or a file cannot be written there.
    """
    path = Path(path)
    if path.suffix.lower() != ".md":
        raise InputError(f"page = {str(path)!r} has another suffix than .md")
    picture = path.with_suffix(".svg")
    write_picture(picture, sheet_picture(atlas))
    certified = sum(entry.certified for entry in atlas.entries)
    head = _SAYS.format(entries=len(atlas.entries), certified=certified, picture=picture.name, command=command)
    best = sheet_entries(atlas)
    others = [entry for entry in atlas.entries if entry not in best]
    parts = [
        head,
        f"## Best somewhere ({len(best)})\n\n{_table(best)}\n",
        f"## Where training came to rest ({len(others)})\n\n{_table(sorted(others, key=_size))}\n",
        f"## Sources\n\nAtlas `{atlas_id(atlas)}`.\n\n{_sources(atlas)}\n",
        _FORMAT.format(format=FORMAT),
    ]
    write_atomically(path, "".join(parts).encode())


def _size(entry: Entry) -> tuple[int, int, str]:
    return (len(entry.points[0].W) if entry.points else 0), entry.vertices, entry.name


def _table(entries: list[Entry]) -> str:
    head = "| name | k | d | what it is | symmetries | scalars | density | loss | critical point | best | seen |"
    return "\n".join([head, "|---" * 11 + "|", *(row for entry in entries for row in _rows(entry))]) + "\n"


def _rows(entry: Entry) -> Iterator[str]:
    if not entry.points:
        yield f"| {entry.name} | {entry.vertices} |  | {entry.description} |  |  |  |  | none |  | {seen(entry)} |"
        return
    point = drawn_point(entry)
    arrangement = next(one for one in entry.arrangements if point in one.points)
    kind = point.kind + (", certified" if point.certified else "")
    yield (
        f"| {entry.name} | {entry.vertices} | {arrangement.dimension} | {arrangement.description} | "
        f"{arrangement.symmetries} | {arrangement.scalars} | {point.density:g} | {point.decimal} | {kind} | "
        f"{best_at(entry)} | {seen(entry)} |"
    )


def best_at(entry: Entry) -> str:
    """The spans in words."""
    return "; ".join(f"{one.low:g} to {one.high:g}" for one in entry.spans)


def seen(entry: Entry) -> str:
    """How many trained models have it, of which sizes, at which densities."""
    learned = [one for one in entry.observations if not one.source.startswith("table ")]
    if not learned:
        return "in the table only"
    low, high = (f"{end(one.density for one in learned):g}" for end in (min, max))
    sizes = sorted({(one.features, one.hidden) for one in learned})
    named = ", ".join(f"{n} in {m}" for n, m in sizes[:3]) + (f" and {len(sizes) - 3} more" if sizes[3:] else "")
    return f"{sum(one.seen for one in learned)} ({named}; density {low if low == high else f'{low} to {high}'})"


def _sources(atlas: Atlas) -> str:
    return "\n".join(f"- `{one.name}`: {one.description}; `{one.command}`" for one in atlas.sources) + "\n"
