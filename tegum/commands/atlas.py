"""`tegum atlas`: geometries that no catalogue names: listed, shown, checked, entered, merged, or built anew."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tegum.commands.answers import Answer, Progress, aligned, command_line
from tegum.theory.errors import InputError
from tegum.theory.files.layouts import FORMS
from tegum.theory.files.weights import read_weights
from tegum.theory.setting import read_setting

if TYPE_CHECKING:
    from tegum.compare.atlas.entry import Atlas, Entry, Point

#: What a call does besides listing: at most one of these.
_DEEDS = ("name", "add", "merge", "check", "build")


def options(command: ArgumentParser) -> None:
    command.add_argument("name", metavar="NAME", nargs="?", help="show one entry, with its weights and closed form")
    command.add_argument("--atlas", metavar="FILE", help="a collection of your own instead of the shipped one")
    command.add_argument(
        "--add",
        metavar="PATH",
        help="enter what a weights file (with --setting), a sweep's folder or a report.json holds",
    )
    command.add_argument("--setting", metavar="FILE", help="with --add WEIGHTS: the setting that they were trained on")
    command.add_argument(
        "--layout", default="tegum", metavar="NAME", help=f"with --add WEIGHTS: of the file: tegum, {', '.join(FORMS)}"
    )
    command.add_argument("--merge", metavar="FILE", nargs="+", help="join collections")
    command.add_argument(
        "--check", action="store_true", help="evaluate every point again; exit status 1 if one differs"
    )
    command.add_argument("--build", metavar="DIR", help="make the shipped atlas anew in a folder; run again to resume")
    command.add_argument(
        "--out", metavar="FILE", help="with --add and --merge: the collection that is written, or joined if it is there"
    )
    command.add_argument("--page", metavar="FILE.md", help="write the collection as a page with its pictures")
    command.add_argument("--picture", metavar="FILE.svg", help="with NAME: draw its vectors")


def run(arguments: Namespace) -> Answer:
    deeds = [deed for deed in _DEEDS if getattr(arguments, deed)]
    if len(deeds) > 1:
        raise InputError("atlas takes one of NAME, --add, --merge, --check and --build")
    (deed,) = deeds or ["list"]
    if (arguments.out is not None) != (deed in ("add", "merge")):
        raise InputError("--out FILE goes with --add or --merge, and they need it")
    if arguments.picture and deed != "name":
        raise InputError("--picture goes with NAME")
    if (arguments.setting or arguments.layout != "tegum") and deed != "add":
        raise InputError("--setting and --layout go with --add")
    if deed == "name":
        return _show(arguments)
    if deed in ("add", "merge"):
        return _join(arguments, _added(arguments) if deed == "add" else _merged(arguments.merge))
    atlas = _built(arguments.build) if deed == "build" else _collection(arguments)
    if arguments.page:
        from tegum.compare.atlas.page import write_atlas_page

        write_atlas_page(arguments.page, atlas, command_line())
    return _check(atlas) if deed == "check" else _list(atlas)


def _collection(arguments: Namespace) -> Atlas:
    from tegum.compare.atlas.file import read_atlas
    from tegum.compare.atlas.shipped import atlas

    return atlas() if arguments.atlas is None else read_atlas(arguments.atlas)


def _built(folder: str) -> Atlas:
    from tegum.compare.atlas.build import built

    with Progress() as progress:
        return built(folder, progress=progress)


def _list(atlas: Atlas) -> Answer:
    from tegum.compare.atlas.file import atlas_id
    from tegum.compare.atlas.page import best_at, seen

    rows = [("name", "k", "what it is", "best at densities", "seen")]
    for entry in atlas.entries:
        rows.append((entry.name, str(entry.vertices), entry.description, best_at(entry), seen(entry)))
    answer = {"id": atlas_id(atlas), "entries": [_summary(entry) for entry in atlas.entries]}
    return answer, aligned(rows)


def _summary(entry: Entry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "vertices": entry.vertices,
        "description": entry.description,
        "certified": entry.certified,
        "arrangements": [
            {
                "dimension": one.dimension,
                "symmetries": one.symmetries,
                "orbits": list(one.orbits),
                "scalars": one.scalars,
                "description": one.description,
                "points": len(one.points),
            }
            for one in entry.arrangements
        ],
        "best": [[one.low, one.high] for one in entry.spans],
        "seen": sum(one.seen for one in entry.observations),
    }


def _show(arguments: Namespace) -> Answer:
    from tegum.compare.atlas.file import plain_entry
    from tegum.compare.atlas.pictures import entry_picture, write_picture

    if arguments.page:
        raise InputError("--page goes with a whole collection, --picture with NAME")
    atlas = _collection(arguments)
    entry = atlas.entry(arguments.name)
    if entry is None:
        raise InputError(f"{arguments.name} is not among the {len(atlas.entries)} entries of the atlas")
    answer = plain_entry(entry) | {"description": entry.description, "certified": entry.certified}
    if arguments.picture:
        write_picture(arguments.picture, entry_picture(entry))
        answer |= {"picture": arguments.picture}
    return answer, "\n".join(_described(entry))


def _described(entry: Entry) -> list[str]:
    lines = [f"{entry.name}: {entry.description}", "signs of overlaps", *(f"  {row}" for row in entry.form)]
    for one in entry.arrangements:
        lines.append(
            f"arrangement in {one.dimension} dimensions: {one.description}; {one.symmetries} symmetries, orbits of "
            f"{', '.join(map(str, one.orbits))}, {one.scalars} free scalars"
        )
        lines += [f"  {line}" for point in one.points for line in _of_point(point)]
    lines += [
        f"best from density {span.low:g} ({span.below}) to {span.high:g} ({span.above}), of what {span.source} knows"
        for span in entry.spans
    ]
    rows = [("  density", "features", "hidden", "seen", "of", "least loss", "source")]
    for seen in entry.observations:
        size = (f"  {seen.density:g}", str(seen.features), str(seen.hidden), str(seen.seen), str(seen.models))
        rows.append((*size, f"{seen.loss:.10g}", seen.source))
    return [*lines, "observations", aligned(rows)]


def _of_point(point: Point) -> list[str]:
    proof = f"certified to {point.radius:.1e}" if point.radius is not None else f"not certified: {point.reason}"
    lines = [f"density {point.density:g}: loss {point.decimal}, {point.kind}, {proof}"]
    lines.append("  " + ", ".join(f"{name} = {value:.12g}" for name, value in point.values))
    return [*lines, f"  loss = {point.formula or f'not written: {point.intractable}'}"]


def _added(arguments: Namespace) -> Atlas:
    from tegum.compare.atlas.learned import discoveries, report_atlas, sweep_atlas

    path = Path(arguments.add)
    if arguments.setting is not None:
        return discoveries(read_weights(path, arguments.layout), read_setting(arguments.setting))
    if path.is_dir():
        with Progress() as progress:
            return sweep_atlas(path, command_line(), lambda done, total: progress("runs", done, total))
    if path.suffix == ".json":
        return report_atlas(path)
    raise InputError(f"{path} is neither a sweep's folder nor a report.json; weights need --setting FILE")


def _merged(paths: list[str]) -> Atlas:
    from functools import reduce

    from tegum.compare.atlas.file import read_atlas
    from tegum.compare.atlas.merge import merge_atlases

    return reduce(merge_atlases, map(read_atlas, paths))


def _join(arguments: Namespace, found: Atlas) -> Answer:
    from tegum.compare.atlas.entry import Atlas
    from tegum.compare.atlas.file import atlas_id, read_atlas, write_atlas
    from tegum.compare.atlas.merge import merge_atlases

    if arguments.atlas or arguments.page:
        raise InputError("--atlas and --page do not go with --add and --merge")
    held = read_atlas(arguments.out) if Path(arguments.out).exists() else Atlas()
    whole = merge_atlases(held, found)
    write_atlas(arguments.out, whole)
    known = {entry.name for entry in held.entries}
    answer = {
        "out": arguments.out,
        "id": atlas_id(whole),
        "entries": len(whole.entries),
        "found": [entry.name for entry in found.entries],
        "added": [entry.name for entry in found.entries if entry.name not in known],
    }
    rows = [("name", "what it is", "")]
    for entry in found.entries:
        rows.append((entry.name, entry.description, "known" if entry.name in known else "new"))
    return answer, f"{aligned(rows)}\n{arguments.out}: {len(whole.entries)} entries"


def _check(atlas: Atlas) -> Answer:
    from tegum.compare.atlas.check import check_atlas

    failed = check_atlas(atlas)
    points = sum(len(entry.points) for entry in atlas.entries)
    answer = {"checked": points, "differences": [vars(one) for one in failed]}
    text = "\n".join([f"{points} points evaluated again, {len(failed)} differences", *map(str, failed)])
    return answer, text, int(bool(failed))
