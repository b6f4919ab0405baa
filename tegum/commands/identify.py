"""`tegum identify`: geometry of any weights."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any

from tegum.commands.answers import Answer, aligned
from tegum.commands.inputs import weights_arguments
from tegum.theory.files.weights import read_weights


def options(command: ArgumentParser) -> None:
    weights_arguments(command)
    command.add_argument(
        "--tolerance",
        type=float,
        metavar="X",
        help="for weights at a critical point: cosines up to it count as zero",
    )
    command.add_argument(
        "--noise",
        type=float,
        metavar="S",
        help="standard deviation that training left in a weight, relative to the largest norm (default: found from the "
        "weights' own vanishing overlaps, up to 0.01)",
    )


def run(arguments: Namespace) -> Answer:
    from tegum.theory.geometry.identify import identify_ensemble

    W = read_weights(arguments.weights, arguments.layout).W
    models = W.reshape(-1, *W.shape[-2:])
    found = identify_ensemble(models, tolerance=arguments.tolerance, noise=arguments.noise)
    columns: dict[str, list[Any]] = {
        "geometry": [one.geometry for one in found],
        "factors": [[_factor(factor) for factor in one.factors] for one in found],
        "status": [one.status for one in found],
        "margin": [one.margin for one in found],
        "noise": [one.noise for one in found],
    }
    answer = columns if W.ndim == 3 else {key: values[0] for key, values in columns.items()}
    return answer, "\n".join(_described(one) for one in found)


def _factor(factor: Any) -> dict[str, Any]:
    from tegum.compare.atlas.link import in_atlas

    return {
        "name": factor.name,
        "dimension": factor.dimension,
        "features": list(factor.features),
        "distortion": factor.distortion,
        "base": factor.base,
        "parallel": [list(group) for group in factor.parallel],
        "atlas": in_atlas(factor.name),
    }


def _described(identity: Any) -> str:
    from tegum.compare.atlas.link import with_links
    from tegum.theory.geometry.identify import STATUSES

    rows = [("  factor", "dimension", "features", "distortion", "")]
    for one in identity.factors:
        features = " ".join(map(str, one.features))
        rows.append((f"  {one.name}", str(one.dimension), features, f"{one.distortion:.2g}", _doubled(one)))
    noise = "" if identity.noise is None else f"; noise {identity.noise:.2g} of the largest norm"
    named = with_links(identity.geometry)
    return f"{named}\n{identity.status}: {STATUSES[identity.status]}{noise}\n{aligned(rows)}"


def _doubled(factor: Any) -> str:
    """What is left of an unknown factor when features on one ray count as one."""
    if factor.base == factor.name or not factor.name.startswith("unknown-"):
        return ""
    rays = ", ".join(" ".join(map(str, group)) for group in factor.parallel)
    return f"{factor.base} with several features on a ray: {rays}"
