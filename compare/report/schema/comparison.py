"""Schemas of a comparison and of a study, which is a comparison in each of its cells."""

from __future__ import annotations

from dataclasses import fields

from tegum.compare.report.schema.parts import IDENTITY, RUN_AGAIN, head, setting
from tegum.compare.report.schema.shapes import (
    COMPUTED,
    FLAG,
    INPUT,
    MATRIX,
    MAYBE_REAL,
    NAMES,
    PAIR,
    REAL,
    REALS,
    TEXT,
    WHOLE,
    Either,
    Field,
    Named,
    Row,
    Scalar,
    Table,
    one_of,
    parts,
    read,
    taken,
)
from tegum.compare.verdict import VERDICTS
from tegum.empirical.plan import Training

_TRAINED = "of the last batches of a training that is not run again"
_WEIGHTS = {
    "W": read("weights of a tied model, [hidden, features]", MATRIX, optional=True),
    "W_in": read("input weights of an untied one, [hidden, features]", MATRIX, optional=True),
    "W_out": read("its output weights, [features, hidden]", MATRIX, optional=True),
    "b": read("biases, [features]", REALS),
}
_FORMS = (("W",), ("W_in", "W_out"))
_POINT = {
    "gradient_norm": Field("Euclidean norm of the exact loss's gradient", MAYBE_REAL),
    "hessian_min": Field("least curvature of the exact loss, rotations left out", MAYBE_REAL),
}
_LOSS = {
    "loss": Field("exact population loss", REAL),
    "error": Field("bound on its numerical error", REAL),
}
#: What an optimum says of the search that found it.
SEARCH = {
    "starts": "random starts",
    "seed": "of the random starts",
    "hits": "starts that came to rest at this loss",
    "converged": "starts that came to rest",
    "abandoned": "starts that were given up",
    "structured": "starts from known arrangements",
    "structured_hits": "of those, the ones that came to rest at this loss",
    "exchanges": "exchanges of features that were tried",
}
_OPTIMUM = Table(
    "optimum",
    {
        "geometry": Field("name", TEXT),
        **_LOSS,
        **_POINT,
        **{key: taken(says, WHOLE, RUN_AGAIN) for key, says in SEARCH.items()},
        "identity": Field("its geometry, factor by factor", IDENTITY),
        **_WEIGHTS,
    },
    forms=_FORMS,
)
_POLISHED = Table(
    "critical_point",
    {
        "loss": Field("exact population loss", REAL),
        "moved": Field("distance of the learned weights from it, relative to their norm", MAYBE_REAL),
        **_POINT,
        "identity": Field("its geometry, factor by factor", IDENTITY),
        **_WEIGHTS,
    },
    forms=_FORMS,
)
_RUN = Table(
    "run",
    {
        "run": Field("its number, from 0", WHOLE),
        "geometry": Field("of the critical point that it was close to", TEXT),
        "verdict": Field("what comparing it with the optimum says", one_of(*VERDICTS)),
        "matches": Field("whether it is the predicted optimum", FLAG),
        **_LOSS,
        "gap": Field("loss minus the optimum's", REAL),
        "batch_loss": taken("mean of the last batches' losses, null where nobody said", MAYBE_REAL, _TRAINED),
        "vertex_map": Field(
            "predicted feature that each learned feature plays, null where there is no isomorphism",
            Either((Row(WHOLE), Scalar("null"))),
        ),
        "learned": Field("geometry of the weights as they are", IDENTITY),
        **_WEIGHTS,
        "polished": parts("critical point that the weights were close to", _POLISHED),
    },
    forms=_FORMS,
)
_COMPARED = {
    "setting_id": Field("content id of the setting", TEXT),
    "optimum": parts("best weights that the theory found", _OPTIMUM),
    "best": Field("place of the run with the lowest exact loss", WHOLE),
    "fraction": Field("share of runs that match the prediction", REAL),
    "runs": parts("learned models", Row(_RUN, least=1)),
}
COMPARISON = Table(
    "comparison",
    {
        **head("comparison"),
        "id": Field("content id of the setting", TEXT),
        "setting": parts("objective of all runs", setting(INPUT)),
        **_COMPARED,
    },
)
_CELL = Table(
    "cell",
    {
        "value": Field("of the axis", REAL),
        "setting": Field("objective of the cell's runs", setting(COMPUTED)),
        **_COMPARED,
    },
)
_AGREEMENT = Table(
    "agreement",
    {
        "value": Field("of the axis", REAL),
        "predicted": Field("geometry of the optimum", TEXT),
        "best": Field("geometry of the run with the lowest exact loss", TEXT),
        "fraction": Field("share of runs that match the prediction", REAL),
        "interval": Field("95 % Wilson interval of that share", PAIR),
        "gap": Field("exact loss of the best run minus the optimum's", REAL),
        "relative_gap": Field("that divided by the optimum's, null where it is zero", MAYBE_REAL),
        "runs": Field("models trained", WHOLE),
        "matching": Field("of them, the predicted optimum", WHOLE),
        "best_matches": Field("whether the best run is the predicted optimum", FLAG),
        "best_verdict": Field("verdict of the best run", one_of(*VERDICTS)),
        "best_loss": Field("exact loss of the best run", REAL),
        "optimum": Field("exact loss of the optimum", REAL),
        "error": Field("bound on its numerical error", REAL),
        "hits": Field("starts of the search that found it", WHOLE),
        "starts": Field("starts of the search", WHOLE),
        "near_boundary": Field("whether the value is near a boundary", FLAG),
    },
)
_BOUNDARY = Table(
    "boundary",
    {
        "between": Field("names of the two geometries", NAMES),
        "axis": Field("key that varies", TEXT),
        "value": Field("the crossing of their optimised losses", REAL),
        "lower": Field("at which the difference of the losses has one proved sign", REAL),
        "upper": Field("at which it has the other", REAL),
        "decimal": Field("the crossing with its proved digits", TEXT),
        "digits": Field("how many there are", WHOLE),
        "order": Field("1 where the derivatives of the losses differ, 2 where they agree", one_of(1, 2)),
        "below": Field("the better geometry below", TEXT),
        "above": Field("the better geometry above", TEXT),
    },
)
_CURVE = Table(
    "curve",
    {
        "geometry": Field("name of a candidate", TEXT),
        "values": Field("points of the axis", REALS),
        "losses": Field("its optimised exact loss at each, null where it has no critical point", Row(MAYBE_REAL)),
        "stable": Field("whether it is a local minimum there", Row(FLAG)),
    },
)
_AXIS = Table("axis", {"key": Field("what varies", TEXT), "values": Field("its values", REALS)})
_PLAN_AXIS = Table("plan_axis", {"values": read("values of the axis", REALS)})
_TRAINING = Table(
    "training",
    {one.name: read(f"option {one.name}", Either((REAL, TEXT))) for one in fields(Training)},
)
_PLAN = Table(
    "plan",
    {
        **setting(INPUT).fields,
        "axes": parts("axes by their keys", Named(_PLAN_AXIS)),
        "training": read("how each cell was trained", _TRAINING),
    },
)
_TRAINED_ON = Table(
    "trained",
    {
        "seed": Field("seed of all random streams", WHOLE),
        "device": taken("kind of machine", TEXT, "of a training that is not run again"),
    },
)
STUDY = Table(
    "study",
    {
        **head("study"),
        "id": Field("content id of the plan", TEXT),
        "plan": parts("setting, axes and training", _PLAN),
        "axis": Field("the axis of the plan", _AXIS),
        "training": parts("how it was trained", _TRAINED_ON),
        "agreement": Field("prediction and training at each value", Row(_AGREEMENT)),
        "boundaries": Field("between the optima of neighbouring values", Row(_BOUNDARY)),
        "curves": Field("of the candidates", Row(_CURVE)),
        "cells": parts("one comparison for each value", Row(_CELL, least=1)),
    },
)
