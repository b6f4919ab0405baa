"""An arrangement's group has the known order, moves what it should, and leaves the loss a critical point."""

from itertools import permutations
from math import factorial

import numpy as np
import pytest

from tegum.theory.candidates.ansatz import ansatz_expansion, ansatz_minima, symmetric_ansatz
from tegum.theory.errors import InputError
from tegum.theory.geometry.entries import ENTRIES
from tegum.theory.geometry.factor import entry, polygon, regular_cosines, regular_vectors, simplex
from tegum.theory.geometry.symmetry import overlap_classes, symmetry
from tegum.theory.loss.law import Law
from tegum.theory.loss.objective import expansion
from tegum.theory.loss.transform import transformed_rows

#: Dihedral groups with their mirrors, Coxeter groups (A, B, D, E6, E7, E8, F4, H3, H4), and those of two-graphs.
KNOWN = {
    "triangular-prism": 12,
    "pentagonal-prism": 20,
    "square-antiprism": 16,
    "pentagonal-antiprism": 20,
    "hexagonal-antiprism": 24,
    "antiprism-7": 28,
    "capped-octahedron": 6,
    "gyroelongated-square-pyramid": 8,
    "triaugmented-triangular-prism": 12,
    "gyroelongated-square-bipyramid": 16,
    "capped-pentagonal-antiprism": 10,
    "code-10-3": 4,
    "cube": 48,
    "icosahedron": 120,
    "cuboctahedron": 48,
    "dodecahedron": 120,
    "icosidodecahedron": 120,
    "capped-16-cell": factorial(4),
    "rectified-5-cell": factorial(5),
    "code-11-4": 12,
    "duoprism-3-3": 6 * 6 * 2,
    "duoprism-3-4": 6 * 8,
    "duoprism-5-5": 10 * 10 * 2,
    "tesseract": 2**4 * factorial(4),
    "24-cell": 1152,
    "600-cell": 14400,
    "rectified-simplex-5": factorial(6),
    "gosset-5": 2**4 * factorial(5),
    "gosset-6": 51840,
    "gosset-7": 2903040,
    "gosset-8": 696729600,
    "equiangular-10-5": factorial(5),
    "equiangular-16-6": 2 * factorial(4) ** 2,
    "equiangular-16-10": 2**4 * factorial(5),
    "equiangular-28-7": factorial(8),
    "equiangular-64-28": 2**6 * factorial(8),
}


def scrambled(G: np.ndarray, random: np.random.Generator) -> np.ndarray:
    order = random.permutation(len(G))
    return 3.7 * G[np.ix_(order, order)]


def test_every_entry_has_its_known_order():
    assert set(KNOWN) == set(ENTRIES)
    random = np.random.default_rng(31)
    for name, order in KNOWN.items():
        group = symmetry(scrambled(regular_cosines(entry(name)), random))
        assert group.order == order, name
        assert group.gap < 1e-3


def test_the_signs_of_every_entry_have_no_more_symmetry_than_it_has():
    # Hence every vertex map that proves an identification gives the same distortion.
    for name, order in KNOWN.items():
        assert symmetry(np.sign(regular_cosines(entry(name))) + 2 * np.eye(ENTRIES[name].vertices)).order == order, name


@pytest.mark.parametrize("count", [5, 6, 7, 12, 40])
def test_polygons_and_simplices(count):
    assert symmetry(regular_cosines(polygon(count))).order == 2 * count
    assert symmetry(regular_cosines(simplex(count))).order == factorial(count + 1)
    assert int(symmetry(regular_cosines(simplex(count))).pair_orbits.max()) == 1


def test_groups_are_those_of_brute_force():
    random = np.random.default_rng(32)
    orders = set()
    for kinds in (1, 2, 3) * 20:
        count = int(random.integers(1, 7))
        colors = np.triu(random.integers(0, 2, size=(count, count)), 1)
        G = colors + colors.T - 1.0 + np.diag(random.integers(0, kinds, size=count))
        maps = [m for m in permutations(range(count)) if np.array_equal(G[np.ix_(m, m)], G)]
        group = symmetry(G)
        assert group.order == len(maps)
        assert set(group.elements()) == set(maps)
        for v in range(count):
            orbit = {m[v] for m in maps}
            assert set(np.flatnonzero(group.vertex_orbits == group.vertex_orbits[v])) == orbit
            pairs = {(m[v], m[0]) for m in maps}
            assert {tuple(pair) for pair in np.argwhere(group.pair_orbits == group.pair_orbits[v, 0])} == pairs
        orders.add(group.order)
    assert len(orders) > 4


@pytest.mark.parametrize("name", ["square-antiprism", "triaugmented-triangular-prism", "code-11-4"])
def test_networkx_agrees(name):
    import networkx
    from networkx.algorithms.isomorphism import GraphMatcher

    colors, _ = overlap_classes(regular_cosines(entry(name)))
    graph = networkx.complete_graph(len(colors))
    for i, j in graph.edges:
        graph.edges[i, j]["color"] = int(colors[i, j])
    matcher = GraphMatcher(graph, graph, edge_match=lambda one, other: one == other)
    assert sum(1 for _ in matcher.isomorphisms_iter()) == KNOWN[name]


def test_sympy_agrees_on_a_large_group():
    from sympy.combinatorics import Permutation, PermutationGroup

    group = symmetry(regular_cosines(entry("24-cell")))
    assert PermutationGroup([Permutation(list(one)) for one in group.generators]).order() == 1152


def test_orders_beyond_double_precision_are_exact():
    assert symmetry(np.eye(40) - 0.01).order == factorial(40)
    blocks = np.kron(np.eye(12), regular_cosines(polygon(5)))
    assert symmetry(blocks).order == 10**12 * factorial(12)


def test_noise_within_the_tolerance_keeps_the_group_and_kinds_cut_it():
    random = np.random.default_rng(33)
    G = regular_cosines(entry("icosahedron"))
    noise = 1e-10 * random.normal(size=G.shape)
    assert symmetry(G + noise + noise.T).order == 120
    assert symmetry(G + 1e6 * (noise + noise.T)).order == 1
    one_apart = symmetry(G, kinds=["apart"] + ["alike"] * 11)
    assert one_apart.order == 10
    assert sorted(one_apart.orbit_sizes) == [1, 1, 5, 5]


def test_what_is_no_overlap_matrix_is_refused():
    with pytest.raises(InputError, match="symmetric"):
        symmetry(np.array([[1.0, 0.5], [0.2, 1.0]]))
    with pytest.raises(InputError, match="finite"):
        symmetry(np.array([[1.0, np.nan], [np.nan, 1.0]]))


SCALARS = {"square-antiprism": 2, "cube": 1, "triaugmented-triangular-prism": 3, "capped-octahedron": 5, "600-cell": 1}


@pytest.mark.parametrize(("name", "scalars"), SCALARS.items())
def test_free_scalars_of_known_arrangements(name, scalars):
    ansatz = symmetric_ansatz(regular_vectors(entry(name)))
    assert len(ansatz.basis) == scalars
    assert ansatz.rigid == (scalars == 1)
    flat = ansatz.basis.reshape(scalars, -1)
    np.testing.assert_allclose(flat @ flat.T, np.eye(scalars), atol=1e-12)


def test_the_ansatz_holds_every_matrix_that_the_group_fixes():
    """The average of ρ(g) V P(g)⁻¹ over the whole group, for random V, lies in the span, and fills it."""
    random = np.random.default_rng(34)
    for name in ("square-antiprism", "capped-octahedron", "triangular-prism"):
        W = regular_vectors(entry(name))
        ansatz, inverse = symmetric_ansatz(W), np.linalg.pinv(W)
        averages = []
        for _ in range(8):
            V = random.normal(size=W.shape)
            turned = [W[:, m] @ inverse @ V[:, np.argsort(m)] for m in map(list, ansatz.symmetry.elements())]
            averages.append(np.mean(turned, axis=0).ravel())
        basis = ansatz.basis.reshape(len(ansatz.basis), -1)
        np.testing.assert_allclose(np.array(averages) @ basis.T @ basis, averages, atol=1e-12)
        assert np.linalg.matrix_rank(averages, tol=1e-9) == len(basis)


def test_parameters_and_weights_are_inverse_to_each_other():
    ansatz = symmetric_ansatz(regular_vectors(entry("capped-octahedron")))
    theta = np.random.default_rng(35).normal(size=len(ansatz.basis) + 3)
    np.testing.assert_allclose(ansatz.parameters(*ansatz.weights(theta)), theta, atol=1e-14)


@pytest.mark.parametrize("name", ["square-antiprism", "capped-octahedron", "duoprism-3-4"])
def test_the_reduced_expansion_is_the_full_one_along_the_ansatz(name):
    random = np.random.default_rng(36)
    ansatz = symmetric_ansatz(regular_vectors(entry(name)))
    scalars, orbits = len(ansatz.basis), ansatz.symmetry.orbit_sizes.size
    theta = random.normal(size=(2, scalars + orbits)) * np.r_[np.full(scalars, 1.0), np.full(orbits, 0.2)]
    k = ansatz.order.size
    law = Law(np.full((2, k), 0.17), np.full((2, k), 1.3))
    W, b = (np.stack(parts) for parts in zip(*(ansatz.weights(one) for one in theta), strict=True))
    full, reduced = expansion(W, b, law), ansatz_expansion(theta, ansatz, law)
    biases = np.arange(orbits)[:, None] == ansatz.symmetry.vertex_orbits
    zeros = np.zeros((scalars, k)), np.zeros((orbits, W[0].size))
    jacobian = np.block([[ansatz.basis.reshape(scalars, -1), zeros[0]], [zeros[1], biases.astype(float)]])
    np.testing.assert_allclose(reduced.loss, full.loss, rtol=1e-12)
    np.testing.assert_allclose(reduced.gradient, full.gradient @ jacobian.T, atol=1e-11)
    np.testing.assert_allclose(reduced.hessian, jacobian @ full.hessian @ jacobian.T, atol=1e-10)


def test_the_ansatz_of_an_uncatalogued_arrangement_gives_a_critical_point_of_the_full_loss():
    """A pentagonal bipyramid with unlike poles and ring, then one without any symmetry but a mirror."""
    random = np.random.default_rng(37)
    ring = regular_vectors(polygon(5))
    bipyramid = np.block([[ring, np.zeros((2, 2))], [np.zeros((1, 5)), np.array([[1.0, -1.0]])]])
    half = random.normal(size=(3, 3))
    mirrored = np.hstack([half, half * np.array([[1.0], [1.0], [-1.0]])])
    for W, order in ((bipyramid, 20), (mirrored, 2)):
        ansatz, k = symmetric_ansatz(W), W.shape[1]
        assert ansatz.symmetry.order == order
        law = Law(np.full((1, k), 0.05), np.ones((1, k)))
        rest = ansatz_minima(ansatz.parameters(W, np.full(k, -0.2))[None], ansatz, law)
        weights, b = ansatz.weights(rest.theta[0])
        assert rest.converged.all()
        assert np.linalg.norm(expansion(weights[None], b[None], law).gradient) < 1e-11


@pytest.mark.slow
def test_first_rows_of_the_transform_are_those_of_all():
    G = regular_cosines(polygon(7))[None]
    b, law = np.full((1, 7), -0.2), Law(np.full((1, 7), 0.1), np.ones((1, 7)))
    every = transformed_rows(G, b, law.density, law.importance)
    first = transformed_rows(G[:, :2], b[:, :2], law.density, law.importance)
    np.testing.assert_array_equal(first.loss, every.loss[:, :2])
    np.testing.assert_array_equal(first.gradient, every.gradient[:, :2])
