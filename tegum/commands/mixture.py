"""`tegum mixture`: best orthogonal sum of small factors for any number of features."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from tegum.commands.answers import Answer, Progress, aligned, command_line, plain
from tegum.commands.inputs import setting_argument
from tegum.theory.setting import read_setting


def options(command: ArgumentParser) -> None:
    setting_argument(command)
    command.add_argument("--out", metavar="DIR", help="also draw dimensionality and hulls over density, here")
    command.add_argument(
        "--from", dest="start", type=float, default=0.005, metavar="P", help="with --out: first density"
    )
    command.add_argument("--to", dest="stop", type=float, default=0.9, metavar="P", help="with --out: last density")
    command.add_argument("--count", type=int, default=20, metavar="N", help="with --out: densities (default: 20)")


def run(arguments: Namespace) -> Answer:
    from tegum.theory.mixture.beside import dense_beside
    from tegum.theory.mixture.mixture import mixture as mixed
    from tegum.theory.mixture.mixture import predicted_dimensionality

    setting = read_setting(arguments.setting)
    found = mixed(setting)
    dimensionality, overall = predicted_dimensionality(found)
    parts = [
        {
            "name": part.piece.name,
            "vertices": part.piece.vertices,
            "dimension": part.piece.dimension,
            "copies": part.copies,
            "loss": part.piece.loss,
            "error": part.piece.error,
            "features": [list(features) for features in part.features],
        }
        for part in found.parts
    ]
    answer = {
        "geometry": found.geometry,
        "loss": found.loss,
        "error": found.error,
        "gap": found.gap,
        "parts": parts,
        "dimensionality": plain(dimensionality),
        "dimensions_per_feature": overall,
        "restriction": found.restriction,
        "dense": dense_beside(setting),
    }
    rows = [("copies", "factor", "vertices", "dimensions", "loss of one")]
    for part in found.parts:
        size = str(part.piece.vertices), str(part.piece.dimension)
        rows.append((str(part.copies), part.piece.name, *size, f"{part.piece.loss:.9g}"))
    lines = [
        aligned(rows),
        f"loss {found.loss:.9g} ± {found.error:.1e}, the least of all such mixtures; m/|W|² {overall:.6g}",
    ]
    if answer["dense"]:
        dense = answer["dense"]
        lines.append(f"dense code {dense['loss']:.8g} ± {dense['error']:.1e}, its mean field {dense['mean_field']:.6g}")
    if found.restriction:
        lines.append(f"where {found.restriction}")
    if arguments.out:
        from tegum.compare.report.mixtures import write_mixture_pictures

        with Progress() as progress:
            sweep = arguments.start, arguments.stop, arguments.count
            lines += map(str, write_mixture_pictures(arguments.out, setting, *sweep, command_line(), progress))
    return answer, "\n".join(lines)
