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
        help="cosines below it count as zero (default: from the gaps in the data)",
    )


def run(arguments: Namespace) -> Answer:
    from tegum.theory.geometry.identify import identify_ensemble

    W = read_weights(arguments.weights, arguments.layout).W
    found = identify_ensemble(W.reshape(-1, *W.shape[-2:]), tolerance=arguments.tolerance)
    geometries = [one.geometry for one in found]
    factors = [[_factor(factor) for factor in one.factors] for one in found]
    ensemble = W.ndim == 3
    answer = {
        "geometry": geometries if ensemble else geometries[0],
        "factors": factors if ensemble else factors[0],
    }
    return answer, "\n".join(_described(one) for one in found)


def _factor(factor: Any) -> dict[str, Any]:
    return {
        "name": factor.name,
        "dimension": factor.dimension,
        "features": list(factor.features),
        "distortion": factor.distortion,
    }


def _described(identity: Any) -> str:
    rows = [("  factor", "dimension", "features", "distortion")]
    for one in identity.factors:
        features = " ".join(map(str, one.features))
        rows.append((f"  {one.name}", str(one.dimension), features, f"{one.distortion:.2g}"))
    return f"{identity.geometry}\n{aligned(rows)}"
