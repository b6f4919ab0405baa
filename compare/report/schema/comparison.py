"""Schemas of a comparison and of a study, which is a comparison in each of its cells."""

from __future__ import annotations

from dataclasses import fields, replace

from tegum.compare.agreement.why import REASONS
from tegum.compare.report.schema.derivation import DERIVED
from tegum.compare.report.schema.parts import FORMS, IDENTITY, RUN_AGAIN, WEIGHTS, head, setting
from tegum.compare.report.schema.shapes import (
    COMPUTED,
    FLAG,
    INPUT,
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
from tegum.compare.report.schema.theory import PHASE_BOUNDARY
from tegum.compare.second_search import OUTCOMES
from tegum.compare.verdict import VERDICTS
from tegum.empirical.plan import Training

_TRAINED = "of the last batches of a training that is not run again"
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
        **WEIGHTS,
    },
    forms=FORMS,
)
_BEFORE = replace(_OPTIMUM, name="optimum_before")
_RESOLUTION = Table(
    "resolution",
    {
        "outcome": Field("what the second search made of runs below the prediction", one_of(*OUTCOMES)),
        "run": Field("number of the lowest of them, from 0", WHOLE),
        "count": Field("how many there are", WHOLE),
        "loss": Field("exact loss of that run, as learned or at its critical point, whichever is lower", REAL),
        "error": Field("bound on its numerical error", REAL),
        "starts": Field("starts of the second search, beside those from the runs", WHOLE),
        "seed": Field("of the second search", WHOLE),
        "before": parts("the optimum that they lie below", _BEFORE),
    },
    nullable=True,
)
_POLISHED = Table(
    "critical_point",
    {
        "loss": Field("exact population loss", REAL),
        "moved": Field("distance of the learned weights from it, relative to their norm", MAYBE_REAL),
        **_POINT,
        "valley": Field("whether it lies in a valley of equally good weights", FLAG),
        "asymmetry": Field("of W_out W_in, relative; 0 where weights are tied", MAYBE_REAL),
        "identity": Field("its geometry, factor by factor", IDENTITY),
        **WEIGHTS,
    },
    forms=FORMS,
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
        **WEIGHTS,
        "polished": parts("critical point that the weights were close to", _POLISHED),
    },
    forms=FORMS,
)
_COMPARED = {
    "setting_id": Field("content id of the setting", TEXT),
    "optimum": parts("best weights that the theory found", _OPTIMUM),
    "best": Field("place of the run with the lowest exact loss", WHOLE),
    "fraction": Field("share of runs that match the prediction", REAL),
    "resolution": parts("of runs below the first search's optimum, null where there are none", _RESOLUTION),
    "runs": parts("learned models", Row(_RUN, least=1)),
}
_INTERVAL = Field("95 % Wilson interval of that share", PAIR)
_HIT_RATE = Table(
    "hit_rate",
    {
        "hits": Field("trials that hit", WHOLE),
        "trials": Field("all of them", WHOLE),
        "share": Field("of hits", REAL),
        "interval": _INTERVAL,
    },
)
_BASIN = Table(
    "basin",
    {
        "geometry": Field("name of critical points that runs were close to", TEXT),
        "runs": Field("how many", WHOLE),
        "trials": Field("of all", WHOLE),
        "share": Field("of runs", REAL),
        "interval": _INTERVAL,
    },
)
_CONFUSION = Table(
    "confusion",
    {
        "predicted": Field("geometry of the optimum", TEXT),
        "learned": Field("geometry of runs", TEXT),
        "runs": Field("how many", WHOLE),
        "matching": Field("of them, the predicted optimum up to relabelling of like features", WHOLE),
    },
)
_GAPS = Table(
    "gaps",
    {
        "shares": Field("of the runs", REALS),
        "gap": Field("quantiles of their exact losses minus the optimum's", REALS),
        "relative_gap": Field("the same over the optimum's, null where one is zero", Either((REALS, Scalar("null")))),
    },
)
_STATISTICS = {
    "hit_rate": Field("runs that are the predicted optimum", _HIT_RATE),
    "confusion": Field("predicted against learned geometries", Row(_CONFUSION)),
    "basins": Field("geometries that the runs fell into", Row(_BASIN)),
    "gaps": Field("distribution of the gaps", _GAPS),
}
_WHY = Table(
    "why",
    {
        "reason": Field("why the best run is not the optimum", one_of(*REASONS)),
        "distance": Field("from the nearest predicted boundary, relative", MAYBE_REAL),
        "loss_difference": Field("loss of its critical point minus the optimum's", REAL),
        "relative_difference": Field("that over the optimum's, null where it is zero", MAYBE_REAL),
        "excess": Field("its loss minus its critical point's", REAL),
        "matching_excess": Field("the same of the lowest run that matches, null where none does", MAYBE_REAL),
        "search_share": Field("share of the search's random starts that found the optimum", REAL),
        "miss_chance": Field("that as many of them as there are runs all miss it", REAL),
    },
    nullable=True,
)
COMPARISON = Table(
    "comparison",
    {
        **head("comparison"),
        "id": Field("content id of the setting", TEXT),
        "setting": parts("objective of all runs", setting(INPUT)),
        **_COMPARED,
        "statistics": Field("of all runs", Table("statistics", _STATISTICS)),
        "why": Field("why the best run is not the optimum, null where it is", _WHY),
        **DERIVED,
    },
)
_CELL = Table(
    "cell",
    {
        "at": Field("value of each axis, by its key", Named(REAL)),
        "setting": Field("objective of the cell's runs", setting(COMPUTED)),
        **_COMPARED,
    },
)
_AGREEMENT = Table(
    "agreement",
    {
        "at": Field("value of each axis, by its key", Named(REAL)),
        "value": Field("of the first axis", REAL),
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
        "basins": _STATISTICS["basins"],
        "gaps": _STATISTICS["gaps"],
        "boundary_distance": Field("from the nearest predicted boundary, relative, null where none is", MAYBE_REAL),
        "near_boundary": Field("whether that is near", FLAG),
        "why": Field("why the best run is not the optimum, null where it is", _WHY),
        "resolution": Field(
            "outcome of the second search, null where no run lay below the first one's optimum",
            Either((one_of(*OUTCOMES), Scalar("null"))),
        ),
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
_OVERALL = Table("overall", {"best": Field("cells whose best run is the optimum", _HIT_RATE), **_STATISTICS})
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
        "axes": Field("of the plan", Row(_AXIS, least=1)),
        "training": parts("how it was trained", _TRAINED_ON),
        "agreement": Field("prediction and training at each cell", Row(_AGREEMENT)),
        "overall": Field("of all runs of all cells", _OVERALL),
        "boundaries": Field(
            "between the optima: crossings of one axis, curves over two", Row(Either((_BOUNDARY, PHASE_BOUNDARY)))
        ),
        "curves": Field("of the candidates", Row(_CURVE)),
        "cells": parts("one comparison for each cell of the plan", Row(_CELL, least=1)),
        **DERIVED,
    },
)
