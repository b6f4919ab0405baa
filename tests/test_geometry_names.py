"""Geometries have one name each, and the catalogue's arrangements are computed to be regular."""

import numpy as np
import pytest

from tegum.theory.errors import InputError
from tegum.theory.geometry.entries import ENTRIES
from tegum.theory.geometry.factor import catalogue, factor_named, is_rigid, regular_cosines, regular_vectors
from tegum.theory.geometry.overlap import networkx_graph, overlap_graph
from tegum.theory.geometry.tegum import geometries, name, parse_geometry

NAMES = [
    "pentagon",
    "2*digon + dropped",
    "triangle + 2*dropped",
    "digon + dedicated",
    "simplex-4 + polygon-7 + merged-2",
]


@pytest.mark.parametrize(
    "text",
    [*NAMES[:4], "polygon-7 + simplex-4 + merged-2", "hexagon + 3*digon + 4*dedicated", "24-cell + 2*icosahedron"],
)
def test_names_round_trip(text):
    assert name(parse_geometry(text)) == text


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("dropped+2 * digon", "2*digon + dropped"),
        ("digon + dropped + digon", "2*digon + dropped"),
        ("dropped + dedicated + digon + pentagon + triangle", "pentagon + triangle + digon + dedicated + dropped"),
        ("merged-2 + digon", "digon + merged-2"),
        ("2*dropped + simplex-4 + pentagon", "pentagon + simplex-4 + 2*dropped"),
    ],
)
def test_factors_come_in_the_contract_order(text, canonical):
    assert name(parse_geometry(text)) == canonical


@pytest.mark.parametrize(
    "text", ["", "square", "0*digon", "digon +", "polygon-4", "polygon-6", "simplex-3", "2 digon", "999*pentagon", "*"]
)
def test_what_is_no_name_is_refused_in_one_line(text):
    with pytest.raises(InputError, match="geometry") as refusal:
        parse_geometry(text)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("factor", catalogue(12, 11), ids=lambda factor: factor.name)
def test_regular_arrangements(factor):
    vectors, cosines = regular_vectors(factor), regular_cosines(factor)
    assert vectors.shape == (factor.dimension, factor.vertices)
    np.testing.assert_allclose(vectors.T @ vectors, cosines, atol=1e-14)
    assert factor_named(factor.name) == factor
    if not is_rigid(factor):
        assert np.trace(cosines) == pytest.approx(factor.vertices, abs=1e-12)
        return
    # A tight frame: Σ_v w wᵀ = (k/d) 1, so that every feature's dimensionality is d/k.
    np.testing.assert_allclose(
        vectors @ vectors.T, factor.vertices / factor.dimension * np.eye(factor.dimension), atol=1e-13
    )
    # Vertex-transitive: all rows hold the same cosines.
    np.testing.assert_allclose(np.sort(cosines), np.tile(np.sort(cosines[0]), (factor.vertices, 1)), atol=1e-14)


@pytest.mark.parametrize("factor", catalogue(12, 11), ids=lambda factor: factor.name)
def test_catalogue_factors_are_indecomposable(factor):
    from networkx import is_connected

    assert is_connected(networkx_graph(overlap_graph(regular_vectors(factor), 1e-9)))


def test_welch_bound_holds_and_simplices_and_equiangular_frames_meet_it():
    for factor in catalogue(64, 28):
        k, d = factor.vertices, factor.dimension
        welch = np.sqrt((k - d) / (d * (k - 1)))
        norms = np.sqrt(np.diagonal(regular_cosines(factor)))
        largest = np.abs(regular_cosines(factor) / np.outer(norms, norms) - np.eye(k)).max()
        assert largest >= welch - 1e-14
        assert (abs(largest - welch) < 1e-13) == (k == d + 1 or factor.name.startswith("equiangular"))


def test_geometries_of_five_features_in_two_dimensions():
    assert {name(one) for one in geometries(5, 2)} == {
        "pentagon",
        "triangle + 2*dropped",
        "2*digon + dropped",
        "digon + dedicated + 2*dropped",
        "digon + 3*dropped",
        "2*dedicated + 3*dropped",
        "dedicated + 4*dropped",
        "5*dropped",
    }
    assert all(sum(f.vertices for f in one.factors) == 6 for one in geometries(6, 4))
    assert all(sum(f.dimension for f in one.factors) <= 4 for one in geometries(6, 4))


@pytest.mark.parametrize(
    "factor", [one for one in catalogue(12, 11) if one.name not in ENTRIES], ids=lambda one: one.name
)
def test_symmetries_of_the_signed_graph_keep_the_regular_cosines(factor):
    # Hence every vertex map that proves an identification gives the same distortion.
    from networkx.algorithms.isomorphism import GraphMatcher

    cosines = regular_cosines(factor)
    if factor.vertices == factor.dimension + 1:  # a simplex: any relabelling keeps its two values
        assert len(np.unique(cosines)) == 2
        return
    graph = networkx_graph(overlap_graph(regular_vectors(factor), 1e-9))
    matcher = GraphMatcher(graph, graph, edge_match=lambda one, other: one["sign"] == other["sign"])
    maps = [[one[v] for v in range(factor.vertices)] for one in matcher.isomorphisms_iter()]
    assert len(maps) == 2 * factor.vertices
    for one in maps:
        np.testing.assert_allclose(cosines[np.ix_(one, one)], cosines, rtol=0, atol=1e-15)
