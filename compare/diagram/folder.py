"""A phase diagram in a folder: finished parts are kept there, so that an interrupted one goes on where it was."""

from __future__ import annotations

from functools import partial
from typing import Any

from tegum.compare.diagram.figure import diagram_picture
from tegum.compare.diagram.fixed import FixedBoundary, fixed_boundaries
from tegum.compare.versions import versions
from tegum.theory.diagram.boundaries import TriplePoint
from tegum.theory.diagram.curves import End
from tegum.theory.diagram.diagram import STARTS, Advance, PhaseDiagram, diagram_id, phase_diagram
from tegum.theory.diagram.pieces import PhaseBoundary
from tegum.theory.diagram.plane import Plane, parse_axis
from tegum.theory.files.atomic import StrPath, claim_folder, write_atomically, write_json
from tegum.theory.files.kept import kept
from tegum.theory.files.seal import sealed
from tegum.theory.files.weights import named_arrays
from tegum.theory.loss.law import structure_of
from tegum.theory.loss.objective import weights_of
from tegum.theory.setting import Setting, content_id, setting_tables
from tegum.theory.weights import Weights

_NUMBERS = ("loss", "error", "gradient_norm", "hessian_min", "stable")


def write_phase_diagram(
    setting: Setting,
    x: str,
    y: str,
    folder: StrPath,
    starts: int = STARTS,
    seed: int = 0,
    advance: Advance = lambda stage, done, total: None,
    command: str = "",
) -> dict[str, Any]:
    """Compute a phase diagram into a folder: `phases.json` (all numbers) and `phases.svg`, `phases.pdf` (its figure).

    Finished parts lie in a subfolder named by the content of the question; asked again, they are read back, and the
    result is the same to the last bit.

    Args:
        setting, x, y, starts, seed, advance: see `theory.diagram.diagram.phase_diagram`.
        folder: made if it is missing.
        command: that makes the files, kept with the numbers.

    Returns:
        What `phases.json` holds.

    Raises:
        InputError: the folder cannot be written to, a kept part is damaged, or as `phase_diagram`.
    """
    plane = Plane(setting, parse_axis(x), parse_axis(y))
    home = claim_folder(folder)
    parts = home / f"parts-{diagram_id(plane, starts, seed)}"
    found = phase_diagram(setting, x, y, starts, seed, advance, partial(kept, parts))
    published = fixed_boundaries(plane)
    head = {"command": command, "versions": versions(), "id": content_id(setting), "starts": starts, "seed": seed}
    answer = sealed("phases", head | diagram_tables(found, published))
    drawn = diagram_picture(found, published)
    write_atomically(home / "phases.svg", drawn.svg)
    write_atomically(home / "phases.pdf", drawn.pdf)
    write_json(home / "phases.json", answer)
    return answer


def diagram_tables(diagram: PhaseDiagram, published: list[FixedBoundary]) -> dict[str, Any]:
    """A phase diagram as plain data: every cell, boundary and triple point."""
    plane = diagram.plane
    return {
        "x": vars(plane.x),
        "y": vars(plane.y),
        "setting": setting_tables(plane.setting),
        "cells": _cells(diagram),
        "boundaries": [boundary_table(plane, one) for one in diagram.boundaries],
        "left_out": plane.left_out,
        "triple_points": [triple_point_table(one) for one in diagram.triple_points],
        "fixed_weight_boundaries": [{"between": list(one.between), "points": one.points.tolist()} for one in published],
    }


def _cells(diagram: PhaseDiagram) -> list[dict[str, Any]]:
    cells = []
    values = diagram.plane.values(diagram.plane.points())
    setting = diagram.plane.setting
    for points, row, theta in zip(values, diagram.rows, diagram.theta, strict=True):
        models = Weights(*weights_of(theta, setting.count, structure_of(setting)))
        for k, (x, y) in enumerate(points.tolist()):
            numbers = {key: getattr(row, key)[k].item() for key in _NUMBERS}
            weights = {name: array.tolist() for name, array in named_arrays(models[k]).items()}
            cells.append({"x": x, "y": y, "geometry": row.geometry[k], **numbers, **weights})
    return cells


def boundary_table(plane: Plane, one: PhaseBoundary) -> dict[str, Any]:
    return {
        "between": list(one.between),
        "kind": one.kind,
        "points": one.points.tolist(),
        "error": one.error,
        "ends": [_end(plane, end) for end in one.ends],
    }


def _end(plane: Plane, end: End) -> dict[str, Any]:
    return {"point": plane.values(end.point).tolist(), "why": end.why, "error": end.error}


def triple_point_table(one: TriplePoint) -> dict[str, Any]:
    return {
        "geometries": list(one.geometries),
        "point": one.point.tolist(),
        "residual": one.residual,
        "error": one.error,
    }
