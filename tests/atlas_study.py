"""Eight studies over density, n = 5 to 8 in m = 2 and 3: is every best learned geometry known or entered in the atlas?

Writes the record that tests/test_atlas_study.py reads, and the atlas of what was found beside the plans' folders.
"""

import argparse
import json
from collections import Counter
from importlib.metadata import version
from pathlib import Path

import numpy as np

from tegum.compare.agreement import agreement, wilson_interval
from tegum.compare.atlas.entry import Atlas
from tegum.compare.atlas.file import read_atlas, write_atlas
from tegum.compare.atlas.learned import discoveries
from tegum.compare.atlas.merge import merge_atlases
from tegum.compare.study import STARTS, Study, boundaries_of
from tegum.compare.verdict import Comparison, compare_all
from tegum.empirical.axes import Axis
from tegum.empirical.plan import Plan, Training, cells, plan_id
from tegum.empirical.sweep.ensembles import sweep_ensemble
from tegum.empirical.sweep.folder import sweep_in
from tegum.empirical.sweep.sweep import sweep
from tegum.theory.files.atomic import write_json
from tegum.theory.search.optimum import optimum
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

SIZES = [(n, m) for n in range(5, 9) for m in (2, 3)]
#: Ten densities from 0.01 to 0.6, about even on a logarithmic scale.
DENSITIES = (0.01, 0.016, 0.025, 0.039, 0.062, 0.098, 0.15, 0.24, 0.38, 0.6)
TRAINING = Training(runs=16, steps=3000, seed=0, device="cpu")
#: Of the agreement at each density.
KEYS = ("value", "predicted", "best", "best_verdict", "best_matches", "near_boundary", "optimum", "best_loss", "gap")


def plan(n: int, m: int) -> Plan:
    return Plan(Setting(n, m, DENSITIES[0]), (Axis("density", DENSITIES),), TRAINING)


def studied(one: Plan, folder: Path) -> Study:
    """The study of a plan, without the curves of its candidates."""
    settings = cells(one)
    optima = [optimum(setting, STARTS) for setting in settings]
    sweep(one, folder)
    ensemble, runs = sweep_ensemble(folder, sweep_in(folder)), one.training.runs
    weights = [ensemble[first : first + runs].weights for first in range(0, len(ensemble.runs), runs)]
    comparisons = tuple(compare_all(settings, weights, optima))
    return Study(one, comparisons, (), tuple(boundaries_of(one, optima)), ensemble)


def entered(comparison: Comparison) -> Atlas:
    """What the best run came to rest in and no catalogue names."""
    best = comparison.verdicts.index(comparison.best)
    return discoveries(Weights(comparison.polished.W[best], comparison.polished.b[best]), comparison.setting)


def dead_features(comparison: Comparison) -> int:
    """Features that the best run's critical point never puts out: no weights, a bias below zero, hence no gradient."""
    best = comparison.verdicts.index(comparison.best)
    norms, b = np.linalg.norm(comparison.polished.W[best], axis=0), comparison.polished.b[best]
    return int(((norms < 1e-6) & (b < 0)).sum())


def why(comparison: Comparison) -> str | None:
    """What keeps the best run from being the optimum."""
    best, predicted, runs = comparison.best, comparison.optimum, len(comparison.verdicts)
    if best.matches:
        return None
    dead = dead_features(comparison)
    if dead and best.geometry == predicted.geometry:
        cost = f"p²/4 = {comparison.setting.density[0] ** 2 / 4:.3g}"
        return f"{dead} dead: a dropped feature whose bias fell below zero has no gradient; each costs {cost}"
    low, high = wilson_interval(sum(one.matches for one in comparison.verdicts), runs)
    return (
        f"training does not find the optimum's basin: 0 of {runs} runs, a share of {low:.2f} to {high:.2f}; the search "
        f"did from {predicted.hits} of {predicted.starts} starts"
    )


def cell_record(comparison: Comparison, agreed: dict, found: Atlas) -> dict:
    """One density: what was predicted and learned, what of it was entered, and why they differ if they do."""
    verdicts = comparison.verdicts
    basins = Counter(one.geometry for one in verdicts).most_common()
    at_optimum = sum(one.matches for one in verdicts)
    return {
        **{key: agreed[key] for key in KEYS},
        "why": why(comparison),
        "dead": dead_features(comparison),
        "polished_loss": comparison.best.polished_loss,
        "kinds": dict(Counter(one.kind for one in verdicts).most_common()),
        "basins": [{"geometry": geometry, "runs": count} for geometry, count in basins],
        "hit_rate": {
            "runs": len(verdicts),
            "hits": at_optimum,
            "interval": list(wilson_interval(at_optimum, len(verdicts))),
        },
        "search": {"hits": comparison.optimum.hits, "starts": comparison.optimum.starts},
        "entries": [
            {
                "name": entry.name,
                "loss": point.decimal,
                "kind": point.kind,
                "certified": point.certified,
                "radius": point.radius,
                "signature": point.signature,
            }
            for entry in found.entries
            for point in entry.points
        ],
    }


def record_of(n: int, m: int, folder: Path) -> tuple[dict, Atlas]:
    """The record of one plan and the atlas of what it found; a finished one is read."""
    one = plan(n, m)
    note, atlas = folder / f"{plan_id(one)}.json", folder / f"{plan_id(one)}-atlas.json"
    if not note.exists():
        study = studied(one, folder / plan_id(one))
        found = [entered(comparison) for comparison in study.comparisons]
        parts = zip(study.comparisons, agreement(study), found, strict=True)
        whole = Atlas()
        for each in found:
            whole = merge_atlases(whole, each)
        write_atlas(atlas, whole)
        content = {"features": n, "hidden": m, "plan": plan_id(one), "cells": [cell_record(*part) for part in parts]}
        write_json(note, content)
    return json.loads(note.read_text()), read_atlas(atlas)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path, help="keeps runs and finished plans; run again to resume")
    parser.add_argument("--record", type=Path, required=True)
    given = parser.parse_args()
    plans, whole = [], Atlas()
    for n, m in SIZES:
        record, found = record_of(n, m, given.folder)
        plans.append(record)
        whole = merge_atlases(whole, found)
        print(n, m, Counter(cell["best_verdict"] for cell in record["cells"]), flush=True)
    write_atlas(given.folder / "atlas.json", whole)
    versions = {name: version(name) for name in ("tegum", "numpy", "scipy", "numba", "torch", "python-flint")}
    write_json(given.record, {"command": "make atlas-study", "versions": versions, "plans": plans})


if __name__ == "__main__":
    main()
