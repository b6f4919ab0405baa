"""A phase diagram computed anew from the optima of its cells."""

from __future__ import annotations

from collections.abc import Mapping
from math import log
from typing import Any

import numpy as np

from tegum.compare.diagram.fixed import fixed_boundaries
from tegum.compare.diagram.folder import diagram_tables
from tegum.compare.verify.answer import Recomputed
from tegum.compare.verify.digits import critical_allowances
from tegum.compare.verify.inputs import weights_in
from tegum.theory.diagram.diagram import diagram_of
from tegum.theory.diagram.plane import Plane, PlaneAxis, parse_axis
from tegum.theory.errors import InputError, located
from tegum.theory.loss.objective import parameters
from tegum.theory.search.scope import require_enumerable
from tegum.theory.setting import content_id, setting_from_tables


def recomputed_phases(data: Mapping[str, Any]) -> Recomputed:
    """Cells judged at their weights, and the boundaries between them followed again.

    Raises:
        InputError: axes or a setting that have no diagram, other cells than the axes ask for, or weights of another
            shape.
    """
    setting = setting_from_tables(data["setting"])
    require_enumerable(setting)
    plane = Plane(setting, _axis("x", data["x"]), _axis("y", data["y"]))
    found = diagram_of(plane, _theta(data["cells"], plane))
    tables = diagram_tables(found, fixed_boundaries(plane)) | {"id": content_id(setting)}
    return Recomputed(tables, _allowances(tables, plane))


def _axis(name: str, given: Mapping[str, Any]) -> PlaneAxis:
    with located(name):
        return parse_axis(f"{given['key']}:{given['start']!r}:{given['stop']!r}:{given['count']}:{given['scale']}")


def _theta(cells: list[Mapping[str, Any]], plane: Plane) -> np.ndarray:
    rows, columns = plane.shape
    if len(cells) != rows * columns:
        raise InputError(f"cells: {len(cells)} are listed, the axes have {rows * columns}")
    found = []
    for number, cell in enumerate(cells):
        with located(f"cells[{number}]"):
            one = weights_in(cell, plane.setting)[None]
            found.append(parameters(one.W, one.b, one.W_out, plane.setting.bias)[0])
    return np.array(found).reshape(rows, columns, -1)


def _allowances(tables: dict[str, Any], plane: Plane) -> dict[str, tuple[float, float]]:
    """Losses to their bounds; points along curves to twice their errors, which are shares of the axes."""
    known = critical_allowances([plane.law(plane.points().reshape(-1, 2))], [one["error"] for one in tables["cells"]])
    curves = [*tables["boundaries"], *tables["triple_points"]]
    share = 2 * max((one["error"] for one in curves), default=0.0)
    axes = (plane.x, plane.y)
    span = max(axis.stop - axis.start if axis.scale == "linear" else 0.0 for axis in axes)
    factor = max(log(axis.stop / axis.start) if axis.scale == "log" else 0.0 for axis in axes)
    points = (share * span, share * factor + 1e-12)
    return known | {"points": points, "point": points, "residual": (1e-12, 0.0), "x": (0.0, 1e-14), "y": (0.0, 1e-14)}
