"""A dictionary's survey says what brute force says, whatever the order of features and of tiles, in bounded memory."""

import json
import subprocess
import sys
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.sparse import csr_array

from tegum.compare.dictionary.classes import MOST_VERTICES, component_classes, component_name
from tegum.compare.dictionary.components import component_labels, filtration
from tegum.compare.dictionary.directions import ONE, directions
from tegum.compare.dictionary.edges import edges
from tegum.compare.dictionary.random_directions import (
    bin_probabilities,
    limit_of_one_false_pair,
    moments,
    tail,
    welch_bound,
)
from tegum.compare.dictionary.refinement import refined_digest
from tegum.compare.dictionary.scan import BINS
from tegum.compare.dictionary.statistics import EDGES, statistics
from tegum.compare.dictionary.survey import survey
from tegum.compare.dictionary.threshold import GRID, edges_above, threshold_of_edges
from tegum.theory.diagnostics import dimensionality, dimensions_per_feature
from tegum.theory.errors import InputError
from tegum.theory.geometry.factor import factor_named, regular_vectors

FEATURES, HIDDEN = 300, 24


def quiet(done, total):
    pass


def lumpy(features=FEATURES, hidden=HIDDEN, seed=3):
    """Directions around a few centres, of lengths over two orders of magnitude, one feature without a length."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(features // 3, hidden))
    vectors = centres[random.integers(len(centres), size=features)] * random.choice([-1, 1], (features, 1))
    vectors = (vectors + 0.4 * random.normal(size=vectors.shape)) * np.exp(random.normal(size=(features, 1)))
    vectors[7] = 0
    return vectors.astype(np.float32)


def cosines_of(vectors):
    """All cosines by the definition, pair by pair above the diagonal, of features that have a length."""
    lengths = np.linalg.norm(vectors.astype(float), axis=1)
    kept = np.flatnonzero(lengths)
    units = vectors[kept].astype(float) / lengths[kept, None]
    one, other = np.triu_indices(len(kept), 1)
    return kept, one, other, (units[one] * units[other]).sum(axis=1)


# Second routes


def test_statistics_are_those_of_brute_force():
    vectors = lumpy()
    kept, one, other, cosines = cosines_of(vectors)
    given = directions(vectors)
    found = statistics(given, quiet, side=64)
    np.testing.assert_array_equal(given.features, kept)
    assert given.pairs == len(cosines) == found.counts.sum()
    expected = np.histogram(cosines, EDGES)[0]
    near = np.histogram((cosines + 1) * (BINS // 2) % 1, [0, 1e-3, 1 - 1e-3, 1])[0]  # close to the edge of a bin
    assert np.abs(found.counts - expected).sum() <= 2 * (near[0] + near[2]) < len(cosines) / 100
    np.testing.assert_allclose(found.mean, cosines.mean(), atol=given.error)
    np.testing.assert_allclose(found.variance, cosines.var(), rtol=1e-6)
    central = cosines - cosines.mean()
    np.testing.assert_allclose(found.excess, (central**4).mean() / cosines.var() ** 2 - 3, rtol=1e-5)
    matrix = np.zeros((len(kept), len(kept)))
    matrix[one, other] = matrix[other, one] = cosines
    np.testing.assert_array_equal(found.partner, np.abs(matrix).argmax(axis=1))
    np.testing.assert_allclose(found.nearest, matrix[np.arange(len(kept)), found.partner], atol=given.error)
    np.testing.assert_allclose(found.dimensionality, dimensionality(vectors[kept].T.astype(float)), rtol=1e-5)
    np.testing.assert_allclose(found.dimensions_per_feature, dimensions_per_feature(vectors.T.astype(float)), rtol=1e-6)


def test_cosines_are_within_the_error_that_is_stated():
    vectors = lumpy(hidden=700)
    _, one, other, cosines = cosines_of(vectors)
    given = directions(vectors)
    off = np.abs((given.units[one] * given.units[other]).sum(axis=1) / ONE**2 - cosines)
    assert 1e-3 * given.error < off.max() < given.error < 1e-6


def test_the_graph_is_that_of_brute_force():
    vectors = lumpy()
    kept, one, other, cosines = cosines_of(vectors)
    for threshold in (0.0, 0.5, 0.9):
        found = edges(directions(vectors), threshold, quiet, side=64)
        expected = csr_array((cosines, (one, other)), shape=found.cosines.shape)
        expected.data[np.abs(cosines) <= threshold] = 0
        expected.eliminate_zeros()
        np.testing.assert_array_equal(found.cosines.indptr, expected.indptr)
        np.testing.assert_array_equal(found.cosines.indices, expected.indices)
        np.testing.assert_allclose(found.cosines.data, expected.data, atol=1e-6)
        graph = nx.Graph(list(zip(*found.cosines.nonzero(), strict=True)))
        graph.add_nodes_from(range(len(kept)))
        theirs = {frozenset(map(int, component)) for component in nx.connected_components(graph)}
        labels = component_labels(found)
        assert {frozenset(np.flatnonzero(labels == label).tolist()) for label in set(labels)} == theirs


def test_pairs_within_rounding_of_the_threshold_are_counted():
    vectors = np.array([[1.0, 0], [0.5, np.sqrt(0.75)], [0, 1.0]])
    assert edges(directions(vectors), 0.5, quiet).undecided == 1
    assert edges(directions(vectors), 0.5001, quiet).undecided == 0


def test_components_at_every_threshold_are_those_of_the_graph_cut_there():
    given = directions(lumpy())
    course = filtration(edges(given, 0.3, quiet))
    for place in range(0, len(course.thresholds), 37):
        sizes = np.bincount(component_labels(edges(given, float(course.thresholds[place]), quiet)))
        expected = ((sizes > 1).sum(), (sizes == 1).sum(), sizes.max())
        assert (course.components[place], course.isolated[place], course.largest[place]) == expected


def test_pairs_above_each_threshold_are_sums_of_the_histogram():
    vectors = lumpy()
    found = statistics(directions(vectors), quiet)
    positive, negative = edges_above(found.counts)
    cosines = cosines_of(vectors)[3]
    for k in range(1, len(GRID), 101):
        assert abs(positive[k] - (cosines > GRID[k]).sum()) <= (np.abs(cosines - GRID[k]) < 1e-6).sum()
        assert abs(negative[k] - (cosines < -GRID[k]).sum()) <= (np.abs(cosines + GRID[k]) < 1e-6).sum()
    fitting = threshold_of_edges(found, 500).value
    assert edges(directions(vectors), fitting, quiet).count <= 500
    assert edges(directions(vectors), fitting - 1 / 1024, quiet).count > 500


# The law of random directions


@pytest.mark.parametrize("hidden", [2, 3, 10, 384])
def test_the_law_is_the_integral_of_its_density(hidden):
    """Density of one coordinate of a random direction, in terms of the angle: sin^(m-2)."""
    whole = quad(lambda angle: np.sin(angle) ** (hidden - 2), 0, np.pi)[0]
    for cosine in (0.0, 0.05, 0.2, 0.5, 0.9):
        beyond = 2 * quad(lambda angle: np.sin(angle) ** (hidden - 2), 0, np.arccos(cosine), epsabs=0)[0] / whole
        np.testing.assert_allclose(tail(cosine, hidden), beyond, rtol=1e-9)
    edges_of_bins = np.linspace(-1, 1, 41)
    np.testing.assert_allclose(bin_probabilities(edges_of_bins, hidden).sum(), 1, rtol=1e-12)
    middle = bin_probabilities(edges_of_bins, hidden)
    np.testing.assert_allclose(middle, middle[::-1], rtol=1e-12)


def test_random_directions_follow_the_law_of_their_dimensions_and_no_other():
    """10^5 pairs: each count is within five of its own standard errors, which are at most 3 % of it."""
    count, hidden = 1500, 12
    random = np.random.default_rng(5)
    counts = statistics(directions(random.normal(size=(count, hidden))), quiet).counts
    lumped, at = counts.reshape(64, -1).sum(axis=1), np.linspace(-1, 1, 65)
    pairs = count * (count - 1) / 2
    probability = bin_probabilities(at, hidden)
    expected, spread = pairs * probability, np.sqrt(pairs * probability * (1 - probability))
    tested = expected > 1100
    assert tested.sum() > 30
    assert (spread[tested] < 0.0305 * expected[tested]).all()
    assert (np.abs(lumped - expected)[tested] < 5 * spread[tested]).all()
    wrong = pairs * bin_probabilities(at, hidden + 1)  # a law of one dimension more is not believed
    assert (np.abs(lumped - wrong)[tested] > 5 * spread[tested]).sum() > 20


def test_moments_of_random_directions_are_those_of_the_law():
    hidden, random = 6, np.random.default_rng(11)
    found = statistics(directions(random.normal(size=(2000, hidden))), quiet)
    mean, variance, excess = moments(hidden)
    pairs = 2000 * 1999 / 2
    assert abs(found.mean - mean) < 5 * np.sqrt(variance / pairs)
    assert abs(found.variance - variance) < 5 * np.sqrt((3 / (hidden * (hidden + 2)) - variance**2) / pairs)
    assert abs(found.excess - excess) < 0.01  # twice 5 standard errors √(24 / pairs)


def test_random_directions_have_one_edge_on_average_above_the_suggested_threshold():
    count, hidden, turns = 400, 8, 200
    limit = limit_of_one_false_pair(count * (count - 1) // 2, hidden)
    np.testing.assert_allclose(count * (count - 1) / 2 * tail(limit, hidden), 1, rtol=1e-9)
    random = np.random.default_rng(2)
    edges_found = 0
    for _ in range(turns):
        units = random.normal(size=(count, hidden))
        units /= np.linalg.norm(units, axis=1, keepdims=True)
        edges_found += (np.abs(np.triu(units @ units.T, 1)) > limit).sum()
    assert abs(edges_found - turns) < 5 * np.sqrt(turns)  # 35 %


def test_welch_bound_is_reached_by_a_simplex_and_is_zero_where_all_fit():
    simplex = regular_vectors(factor_named("simplex-5")).T
    np.testing.assert_allclose(welch_bound(6, 5), np.abs(statistics(directions(simplex), quiet).nearest), rtol=1e-6)
    assert welch_bound(5, 5) == welch_bound(3, 5) == 0


# Invariances


def test_nothing_depends_on_tiles():
    given = directions(lumpy())
    whole = statistics(given, quiet, side=1000)
    for side in (7, 64, 299):
        parts = statistics(given, quiet, side)
        np.testing.assert_array_equal(parts.counts, whole.counts)
        np.testing.assert_array_equal(parts.nearest, whole.nearest)
        np.testing.assert_array_equal(parts.partner, whole.partner)
        np.testing.assert_allclose(parts.variance, whole.variance, rtol=1e-13)
        one, other = edges(given, 0.4, quiet, side), edges(given, 0.4, quiet, 1000)
        for part in ("indptr", "indices", "data"):
            np.testing.assert_array_equal(getattr(one.cosines, part), getattr(other.cosines, part))


def test_the_order_of_features_and_dimensions_and_their_lengths_change_nothing():
    vectors = lumpy().astype(float)
    random = np.random.default_rng(0)
    place, columns = random.permutation(len(vectors)), random.permutation(HIDDEN)
    one, other = survey(vectors, 0.6), survey(2.0 ** random.integers(-3, 3) * vectors[place][:, columns], 0.6)
    # Sums of squares in another order: a last bit of a length may move a coordinate by one unit, a pair by a bin.
    assert np.abs(one.statistics.counts - other.statistics.counts).sum() <= 4
    assert one.edges.count == other.edges.count
    described = [
        [(x.name, x.vertices, x.positive, x.negative, x.count) for x in found.classes] for found in (one, other)
    ]
    assert described[0] == described[1]
    same = survey(vectors[place], 0.6)
    np.testing.assert_array_equal(same.statistics.counts, one.statistics.counts)
    np.testing.assert_array_equal(np.sort(same.statistics.nearest), np.sort(one.statistics.nearest))


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_lengths_of_any_size_are_taken(scale):
    vectors = lumpy().astype(float)
    np.testing.assert_array_equal(
        statistics(directions(scale * vectors), quiet).counts.sum(), statistics(directions(vectors), quiet).counts.sum()
    )
    np.testing.assert_allclose(directions(scale * vectors).norms, scale * directions(vectors).norms, rtol=1e-12)


# Planted structure


def planted(names, hidden=64, noise=0.0):
    """One block of dimensions for each factor, all turned together: no two factors overlap."""
    random = np.random.default_rng(9)
    blocks = [regular_vectors(factor_named(name)).T for name in names]
    vectors = np.zeros((sum(len(block) for block in blocks), hidden))
    row = column = 0
    for block in blocks:
        vectors[row : row + len(block), column : column + block.shape[1]] = block
        row, column = row + len(block), column + block.shape[1]
    turn = np.linalg.qr(random.normal(size=(hidden, hidden)))[0]
    vectors = vectors @ turn + noise * random.normal(size=vectors.shape)
    return vectors[random.permutation(len(vectors))].astype(np.float32)


def test_planted_factors_are_found_and_named():
    names = ["digon"] * 7 + ["merged-2"] * 4 + ["merged-3"] * 2 + ["triangle"] * 3 + ["pentagon"] * 2
    names += ["tetrahedron", "hexagon", "square-antiprism", *["dedicated"] * 5]
    found = survey(planted(names, noise=0.003), 0.2)
    counts = {one.name: one.count for one in found.classes}
    assert counts == {name: names.count(name) for name in names if name != "dedicated"}
    assert all(one.isomorphic for one in found.classes)
    assert (np.bincount(found.labels) == 1).sum() == 5
    digon = next(one for one in found.classes if one.name == "digon")
    assert 0.98 < digon.weakest <= digon.strongest <= 1 + 1e-6
    assert (digon.vertices, digon.positive, digon.negative) == (2, 0, 1)


def test_positive_pairs_share_a_direction_only_if_they_nearly_coincide():
    close = np.array([[1, 0, 0, 0], [1, 0.05, 0, 0], [0, 0, 1, 0], [0, 0, 1, 0.8]])
    assert {one.name for one in survey(close, 0.3).classes} == {"merged-2", "clique-2"}


def test_the_threshold_decides_what_a_pentagon_is():
    pentagon = planted(["pentagon"], hidden=4)
    assert [one.name for one in survey(pentagon, 0.2).classes] == ["pentagon"]
    (cut,) = survey(pentagon, 0.5).classes  # its negative edges alone: a ring that the catalogue does not have
    assert cut.name.startswith("unknown-")
    assert (cut.vertices, cut.positive, cut.negative) == (5, 0, 5)


def rook_and_shrikhande():
    """Two strongly regular graphs with equal parameters, as Gram matrices I + A/8 of unit vectors."""
    cells = [(i, j) for i in range(4) for j in range(4)]
    steps = {(0, 1), (1, 0), (1, 1), (0, 3), (3, 0), (3, 3)}
    rook = np.array([[(a != b) and (a[0] == b[0] or a[1] == b[1]) for b in cells] for a in cells])
    other = np.array([[((a[0] - b[0]) % 4, (a[1] - b[1]) % 4) in steps for b in cells] for a in cells])
    return [np.linalg.cholesky(np.eye(16) + adjacency / 8) for adjacency in (rook, other)]


def test_classes_are_isomorphism_classes_and_refinement_alone_is_not_called_one(monkeypatch):
    pieces = [*rook_and_shrikhande(), rook_and_shrikhande()[0]]
    vectors = np.zeros((48, 48))
    for k, piece in enumerate(pieces):
        vectors[16 * k : 16 * k + 16, 16 * k : 16 * k + 16] = piece
    vectors = vectors[np.random.default_rng(1).permutation(48)]
    found = survey(vectors, 0.05).classes
    assert sorted(one.count for one in found) == [1, 2]
    assert all(one.isomorphic for one in found)
    monkeypatch.setattr("tegum.compare.dictionary.classes.MOST_VERTICES", 10)
    (merged_up,) = survey(vectors, 0.05).classes  # 1-WL is blind on strongly regular graphs, and is not believed
    assert (merged_up.count, merged_up.isomorphic) == (3, False)
    assert merged_up.name.startswith("refined-")


def test_refinement_is_the_same_for_relabelled_graphs_and_tells_others_apart():
    random = np.random.default_rng(4)
    upper = np.triu(random.choice([-1, 0, 0, 1], (MOST_VERTICES + 50,) * 2), 1)
    signs = upper + upper.T
    place = random.permutation(len(signs))
    relabelled, flipped = signs[np.ix_(place, place)], signs.copy()
    i, j = np.argwhere(np.triu(signs) > 0)[0]
    flipped[i, j] = flipped[j, i] = -1
    digests = [refined_digest(csr_array(matrix)) for matrix in (signs, relabelled, flipped, -signs)]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


def test_component_names_of_the_smallest():
    signs = np.array([[0, -1, -1], [-1, 0, -1], [-1, -1, 0]], dtype=np.int8)
    assert component_name(signs) == "triangle"
    assert component_name(-signs) == "clique-3"


def test_components_are_counted_once_each_with_their_strongest_cosines():
    given = directions(planted(["digon", "triangle", "triangle"], hidden=8))
    graph = edges(given, 0.3, quiet)
    classes = component_classes(graph, component_labels(graph), given.features, quiet)
    assert [(one.name, one.count) for one in classes] == [("triangle", 2), ("digon", 1)]
    np.testing.assert_allclose([classes[0].weakest, classes[0].strongest], 0.5, atol=1e-6)


def test_one_pass_gives_the_graph_that_two_passes_give():
    vectors = lumpy()
    given = directions(vectors)
    for found in (
        survey(vectors, 0.55),
        survey(vectors),
        survey(vectors, "components"),
        survey(vectors, most_edges=5000),
    ):
        alone = edges(given, found.threshold.value, quiet)
        assert found.edges.undecided == alone.undecided
        for part in ("indptr", "indices", "data"):
            np.testing.assert_array_equal(getattr(found.edges.cosines, part), getattr(alone.cosines, part))


def test_principles_choose_what_they_say():
    vectors = lumpy(600)
    assert survey(vectors).threshold.value == limit_of_one_false_pair(599 * 598 // 2, HIDDEN)
    most = survey(vectors, "components")
    connected = (np.bincount(most.labels) > 1).sum()
    given = directions(vectors)
    for threshold in np.linspace(survey(vectors).threshold.value, 0.99, 40):
        sizes = np.bincount(component_labels(edges(given, float(threshold), quiet)))
        assert (sizes > 1).sum() <= connected
    assert survey(vectors, most_edges=100).edges.count <= 100


# What cannot be surveyed


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda vectors: vectors.__setitem__((5, 2), np.nan), "feature 5 has an entry that is not a finite number"),
        (lambda vectors: vectors.__setitem__((299, 0), -np.inf), "feature 299 has"),
        (lambda vectors: vectors.__setitem__(slice(1, None), 0), "1 features of non-zero length"),
    ],
)
def test_bad_vectors_are_refused(change, reason):
    vectors = lumpy()
    change(vectors)
    with pytest.raises(InputError, match=reason):
        survey(vectors)


def test_bad_thresholds_are_refused(monkeypatch):
    vectors = lumpy()
    for threshold, reason in ((1.0, "outside"), (-0.1, "outside"), ("often", "neither"), (np.nan, "outside")):
        with pytest.raises(InputError, match=reason):
            survey(vectors, threshold)
    with pytest.raises(InputError, match="below 1"):
        survey(vectors, most_edges=0)
    for module in ("threshold", "edges", "survey"):
        monkeypatch.setattr(f"tegum.compare.dictionary.{module}.MOST_PAIRS", 100)
    with pytest.raises(InputError, match="threshold = 0.1 leaves [0-9]+ edges or more; allowed are 100, as at 0"):
        survey(vectors, 0.1)
    fitting = survey(vectors)
    assert "most that are held" in fitting.threshold.principle
    assert 0 < fitting.edges.count <= 100
    just_above = float(np.nextafter(fitting.threshold.value - 1 / 1024, 1))  # the grid does not see that it is too low
    with pytest.raises(InputError, match="leaves .* edges"):
        survey(vectors, just_above)
    with pytest.raises(InputError, match="one dimension"):
        survey(np.ones((5, 1)))


def test_what_does_not_fit_in_memory_is_refused_first(monkeypatch):
    monkeypatch.setattr("tegum.compare.dictionary.survey.available_bytes", lambda: 2**16)
    with pytest.raises(InputError, match=r"shape \(300, 24\) needs 0 MiB, 0 MiB can be had"):
        survey(lumpy())


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells a process's own peak")
def test_memory_is_bounded():
    """8,000 features in 64 dimensions: all cosines would take 512 MB; what is added stays below a fifth."""
    code = """
import json, numpy as np
from tegum.compare.dictionary.survey import survey
def peak():
    (line,) = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024
random = np.random.default_rng(0)
survey(random.normal(size=(1100, 64)).astype(np.float32))
vectors = random.normal(size=(8000, 64)).astype(np.float32)
before = peak()
survey(vectors)
print(json.dumps(peak() - before))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) < 8000**2 * 8 / 5
