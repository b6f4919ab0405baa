"""Wiring: the coloured graph that says which models are one and the same, whatever their kind."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np

from tegum.theory.geometry.balance import balanced
from tegum.theory.geometry.critical import CRITICAL_TOLERANCE
from tegum.theory.geometry.isomorphism import isomorphism
from tegum.theory.geometry.overlap import OverlapGraph, overlap_graph
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights, overlap_matrix


def vertex_map(learned: Weights, predicted: Weights, setting: Setting) -> tuple[int, ...] | None:
    """The predicted feature that each learned feature plays: an isomorphism of the two models' wirings, or None.

    Args:
        learned, predicted: two models at critical points.
        setting: of both; features that differ in density, importance or group are never exchanged.
    """
    found = isomorphism(wiring(learned, setting), wiring(predicted, setting))
    return None if found is None else found[: setting.count]


def wiring(weights: Weights, setting: Setting) -> OverlapGraph:
    """What a model does, as a signed graph that no symmetry of its setting changes.

    A vertex for each feature, coloured by density, importance and being represented, and one for each group of a
    grouped law.  Tied models: an edge for each overlap.  Untied ones: each feature has an input and an output, and the
    edges between those are the entries of G = W_out W_in.  A ReLU hidden layer is no matter of overlaps: its units are
    vertices between inputs and outputs (tied: next to the features).

    The sign of a signed feature is independent of all else, so that without a ReLU hidden layer the sign of its overlap
    with another output says nothing, nor that with its own where |x| is asked: those edges bear none.  Before a ReLU
    hidden layer, where |x| is asked, x and -x are two inputs of one feature.

    Args:
        weights: one model at a critical point, where what vanishes does so up to `CRITICAL_TOLERANCE`.
        setting: of the model.

    Returns:
        `OverlapGraph` whose first vertices are the features.
    """
    even = balanced(weights, setting.activation)
    overlaps = overlap_graph(even.W, CRITICAL_TOLERANCE)
    features = np.arange(setting.count)
    kinds: list[Hashable] = list(zip(setting.density, setting.importance, overlaps.represented.tolist(), strict=True))
    edges = _tied_edges(even, overlaps, setting) if setting.tied else _untied_edges(even, setting)
    member = np.array([[feature in group for group in setting.groups] for feature in features], dtype=np.int8)
    edges["feature", "group"] = member.reshape(setting.count, len(setting.groups))
    return _assembled(kinds, edges)


#: Signs of the edges between two sorts of vertices.
_Edges = dict[tuple[str, str], np.ndarray]


def _tied_edges(even: Weights, overlaps: OverlapGraph, setting: Setting) -> _Edges:
    if setting.activation == "relu":
        return {("feature", "unit"): _signs(even.W.T)}
    return {("feature", "feature"): _that_count(overlaps.signs, setting)}


def _untied_edges(even: Weights, setting: Setting) -> _Edges:
    own = np.eye(setting.count, dtype=np.int8)
    if setting.activation == "none":
        heard = _that_count(_signs(overlap_matrix(even).T), setting)
        return {("feature", "output"): own, ("feature", "input"): own, ("input", "output"): heard}
    even_in_x = setting.values == "signed" and setting.target == "abs"
    halves, inward = (1, -1) if even_in_x else (1,), _signs(even.W.T)
    return {
        ("feature", "output"): own,
        ("feature", "input"): np.hstack([own] * len(halves)),
        ("input", "unit"): np.vstack([half * inward for half in halves]),
        ("output", "unit"): _signs(even.outward),
    }


def _that_count(signs: np.ndarray, setting: Setting) -> np.ndarray:
    """Signs of overlaps without those that no loss depends on."""
    if setting.values != "signed":
        return signs
    free = np.ones_like(signs) if setting.target == "abs" else 1 - np.eye(setting.count, dtype=np.int8)
    return np.where(free, np.abs(signs), signs)


def _signs(matrix: np.ndarray) -> np.ndarray:
    """Signs of the entries, 0 for those that vanish next to the largest."""
    held = np.abs(matrix) > CRITICAL_TOLERANCE * np.abs(matrix).max(initial=0.0)
    return np.where(held, np.sign(matrix), 0.0).astype(np.int8)


def _assembled(kinds: list[Hashable], edges: _Edges) -> OverlapGraph:
    """One graph of all vertices, the features first; other sorts are told apart by their names."""
    sizes = {"feature": len(kinds)}
    for (one, other), signs in edges.items():
        sizes |= {one: signs.shape[0], other: signs.shape[1]}
    start = dict(zip(sizes, np.cumsum([0, *sizes.values()]).tolist(), strict=False))
    total = sum(sizes.values())
    joined = np.zeros((total, total), dtype=np.int8)
    for (one, other), signs in edges.items():
        rows, columns = (slice(start[sort], start[sort] + sizes[sort]) for sort in (one, other))
        joined[rows, columns] = signs
        joined[columns, rows] = signs.T
    colors = [*kinds, *(sort for sort in sizes if sort != "feature" for _ in range(sizes[sort]))]
    return OverlapGraph(joined, np.ones(total, dtype=bool), tuple(colors), CRITICAL_TOLERANCE, 0.0)
