"""Schemas of what the theory alone reports: mixtures over density, phase diagrams, the table of factors."""

from __future__ import annotations

from tegum.compare.report.schema.parts import FORMS, RUN_AGAIN, WEIGHTS, head, setting
from tegum.compare.report.schema.shapes import (
    FLAG,
    INPUT,
    MATRIX,
    NAMES,
    PAIR,
    REAL,
    REALS,
    TEXT,
    WHOLE,
    Field,
    Row,
    Table,
    one_of,
    parts,
    read,
    taken,
)

_LOSS = {
    "loss": Field("exact population loss", REAL),
    "error": Field("bound on its numerical error", REAL),
}
_CRITICAL = {
    "gradient_norm": Field("Euclidean norm of the loss's gradient", REAL),
    "hessian_min": Field("least curvature, rotations left out", REAL),
}
_DENSE = Table(
    "dense",
    {
        **_LOSS,
        "gain": Field("common factor of the code's vectors", REAL),
        "bias": Field("common bias", REAL),
        "mean_field": Field("loss of codes with Gaussian overlaps", REAL),
    },
    nullable=True,
)
_VERTEX = Table(
    "vertex",
    {
        "name": Field("factor", TEXT),
        "dimensions": Field("dimensions per feature", REAL),
        "loss": Field("exact loss per feature", REAL),
    },
)
_MIXTURE = Table(
    "mixture",
    {
        "density": read("of all features", REAL),
        "geometry": Field("the best orthogonal sum of known factors", TEXT),
        **_LOSS,
        "dimensions_per_feature": Field("m over the squared norm of its weights", REAL),
        "dense": Field("a harmonic code beside it, null where there is none", _DENSE),
        "hull": Field("lower convex hull of loss over dimensions per feature", Row(_VERTEX)),
    },
)
MIXTURES = Table(
    "mixtures",
    {
        **head("mixtures"),
        "id": Field("content id of the setting", TEXT),
        "setting": parts("like features; its density is that of the first mixture", setting(INPUT)),
        "densities": parts("one mixture for each", Row(_MIXTURE, least=1)),
    },
)
_PLANE_AXIS = Table(
    "plane_axis",
    {
        "key": read("what varies", TEXT),
        "start": read("first value", REAL),
        "stop": read("last value", REAL),
        "count": read("cells along it", WHOLE),
        "scale": read("of the cells", one_of("linear", "log")),
    },
)
_CELL = Table(
    "phase_cell",
    {
        "x": Field("place along the first axis", REAL),
        "y": Field("place along the second axis", REAL),
        "geometry": Field("name of the optimum", TEXT),
        **_LOSS,
        **_CRITICAL,
        "stable": Field("whether it is a strict local minimum", FLAG),
        **WEIGHTS,
    },
    forms=FORMS,
)
_END = Table(
    "end",
    {
        "point": Field("where it ends", PAIR),
        "why": Field("why it ends there", TEXT),
        "error": Field("distance from the exact end, as share of the axes", REAL),
    },
)
PHASE_BOUNDARY = Table(
    "phase_boundary",
    {
        "between": Field("names of the two geometries", NAMES),
        "kind": Field("how the optimum changes there", one_of("first-order", "continuous", "metastability")),
        "points": Field("places along it", Row(PAIR)),
        "error": Field("largest distance of a point from the exact curve, as share of the axes", REAL),
        "ends": Field("its two ends", Row(_END, 2, 2)),
    },
)
_TRIPLE = Table(
    "triple_point",
    {
        "geometries": Field("names", Row(TEXT, 3, 3)),
        "point": Field("where their losses are equal", PAIR),
        "residual": Field("largest difference of the losses there", REAL),
        "error": Field("distance from the exact point, as share of the axes", REAL),
    },
)
_FIXED = Table(
    "fixed_boundary",
    {
        "between": Field("solutions whose weights are held fixed", NAMES),
        "points": Field("places along it", Row(PAIR)),
    },
)
PHASES = Table(
    "phases",
    {
        **head("phases"),
        "id": Field("content id of the setting", TEXT),
        "x": parts("first axis", _PLANE_AXIS),
        "y": parts("second axis", _PLANE_AXIS),
        "setting": parts("everything but the axes", setting(INPUT)),
        "starts": taken("random starts of each cell", WHOLE, RUN_AGAIN),
        "seed": taken("of the random starts", WHOLE, RUN_AGAIN),
        "cells": parts("optima, row by row", Row(_CELL, least=1)),
        "boundaries": Field("between the optima", Row(PHASE_BOUNDARY)),
        "left_out": Field("why boundaries are left out, empty where they are not", TEXT),
        "triple_points": Field("where three geometries have the same loss", Row(_TRIPLE)),
        "fixed_weight_boundaries": Field("published ones, of weights held fixed", Row(_FIXED)),
    },
)
_PLAN = Table(
    "table_plan",
    {
        "most_vertices": read("largest number of features", WHOLE),
        "most_dimensions": read("largest number of dimensions", WHOLE),
        "densities": read("rising", REALS),
        "starts": taken("random starts of each search", WHOLE, RUN_AGAIN),
        "seed": taken("of the random starts", WHOLE, RUN_AGAIN),
    },
)
_ENTRY = Table(
    "entry",
    {
        "vertices": Field("features", WHOLE),
        "dimensions": Field("hidden dimensions", WHOLE),
        "density": Field("of all features", REAL),
        "W": read("weights, [dimensions, vertices]", MATRIX),
        "b": read("biases, [vertices]", REALS),
        **_LOSS,
        **_CRITICAL,
        "starts": taken("random starts", WHOLE, RUN_AGAIN),
        "seed": taken("of the random starts", WHOLE, RUN_AGAIN),
        "hits": taken("random starts that came to rest at this loss", WHOLE, RUN_AGAIN),
        "converged": taken("random starts that came to rest", WHOLE, RUN_AGAIN),
        "continued": taken("starts from other cells", WHOLE, RUN_AGAIN),
    },
)
_HEAD = head("factors")
FACTORS = Table(
    "factors",
    {
        **{key: _HEAD[key] for key in _HEAD if key != "command"},
        "plan": parts("sizes, densities and searches", _PLAN),
        "cells": parts("size by size, each at all densities", Row(_ENTRY, least=1)),
    },
)
