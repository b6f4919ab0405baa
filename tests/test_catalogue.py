"""Every catalogue entry is indecomposable, has a signed graph of its own, and a symmetric optimum that is critical."""

from fractions import Fraction

import numpy as np
import pytest

from tegum.theory.candidates.factors import factor_ansatz, fitted_factors
from tegum.theory.errors import InputError
from tegum.theory.geometry.entries import ENTRIES
from tegum.theory.geometry.exact import exact_entry_cosines
from tegum.theory.geometry.factor import catalogue, entry, factor_named, is_rigid, regular_cosines, regular_vectors
from tegum.theory.geometry.identify import identify
from tegum.theory.geometry.isomorphism import canonical_digest
from tegum.theory.geometry.overlap import networkx_graph, overlap_graph
from tegum.theory.loss.law import Law
from tegum.theory.loss.objective import expansion
from tegum.theory.loss.transform import transformed_rows

NAMES = list(ENTRIES)
SMALL = [name for name in NAMES if ENTRIES[name].vertices <= 12]
#: Beyond these sizes all rows together take minutes; a sample of rows takes seconds.
LARGE = {"600-cell", "gosset-8"}
DENSITIES = (0.02, 0.03, 0.05)


@pytest.mark.parametrize("name", NAMES)
def test_entries_span_their_dimension_and_are_indecomposable(name):
    from networkx import is_connected

    factor = entry(name)
    W = regular_vectors(factor)
    assert W.shape == (factor.dimension, factor.vertices)
    assert factor_named(name) == factor
    np.testing.assert_allclose(W.T @ W, regular_cosines(factor), atol=1e-12)
    assert is_connected(networkx_graph(overlap_graph(W, 1e-9)))


def test_no_two_factors_of_one_dimension_share_a_signed_graph():
    """In other dimensions they may: a flat enough antiprism has the signs of a polygon with as many vertices."""
    types: dict[tuple[str, int], str] = {}
    for factor in [*catalogue(30, 12), *map(entry, NAMES)]:
        signs = np.sign(regular_cosines(factor)).astype(np.int8)
        np.fill_diagonal(signs, 0)
        assert types.setdefault((canonical_digest(signs), factor.dimension), factor.name) == factor.name


def weight_gradient(W: np.ndarray, b: np.ndarray, density: float) -> np.ndarray:
    """∂L/∂(W, b) by the transform, all weights free."""
    k = b.size
    rows = transformed_rows((W.T @ W)[None], b[None], np.full((1, k), density), np.ones((1, k)))
    D = rows.gradient[0, :, :k]
    return np.concatenate([(W @ (D + D.T)).ravel(), rows.gradient[0, :, k]])


@pytest.mark.parametrize("name", [name for name in NAMES if name not in LARGE and ENTRIES[name].vertices < 50])
def test_symmetric_optima_are_critical_points_of_the_full_loss(name):
    factor = entry(name)
    k = factor.vertices
    for density in DENSITIES if k <= 16 else DENSITIES[1:2]:
        (fit,) = fitted_factors(factor, np.full((1, k), density), np.ones((1, k)))
        assert fit is not None
        if k <= 12:
            gradient = expansion(fit.W[None], fit.b[None], Law(np.full((1, k), density), np.ones((1, k)))).gradient
        else:
            gradient = weight_gradient(fit.W, fit.b, density)
        assert np.linalg.norm(gradient) < 1e-10
        assert fit.symmetric == is_rigid(factor)
        assert identify(fit.W, tolerance=1e-9).geometry == name


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in NAMES if 16 < ENTRIES[name].vertices < 100])
def test_optima_of_many_vertices_are_critical_points_at_other_densities(name):
    factor = entry(name)
    k = factor.vertices
    for density in (DENSITIES[0], DENSITIES[2]) if k < 50 else DENSITIES:
        (fit,) = fitted_factors(factor, np.full((1, k), density), np.ones((1, k)))
        assert fit is not None
        assert np.linalg.norm(weight_gradient(fit.W, fit.b, density)) < 1e-10


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(LARGE))
def test_optima_of_the_largest_entries_are_critical_row_by_row(name):
    """All pairs of vertices can be exchanged, so D = Dᵀ, and a column of ∂L/∂W is 2 Σ_j D_ij w_j: of one row."""
    factor = entry(name)
    k, random = factor.vertices, np.random.default_rng(41)
    for density in DENSITIES:
        (fit,) = fitted_factors(factor, np.full((1, k), density), np.ones((1, k)))
        assert fit is not None
        order = np.concatenate([[i := int(random.integers(k))], np.delete(np.arange(k), i)])
        W = fit.W[:, order]
        row = (W[:, :1].T @ W)[None]
        slopes = transformed_rows(row, fit.b[None, :1], np.full((1, k), density), np.ones((1, k))).gradient[0, 0]
        column = np.concatenate([2 * W @ slopes[:k], slopes[k:]])
        assert np.sqrt(k) * np.linalg.norm(column) < 1e-10


@pytest.mark.parametrize("name", ["icosahedron", "square-antiprism", "capped-octahedron", "rectified-5-cell"])
def test_the_optimum_is_the_lowest_of_symmetric_changes(name):
    """Second route: the loss of changed weights, by enumeration of all rows."""
    random, factor = np.random.default_rng(42), entry(name)
    k = factor.vertices
    ansatz, law = factor_ansatz(factor), Law(np.full((1, k), 0.05), np.ones((1, k)))
    (fit,) = fitted_factors(factor, law.density, law.importance)
    assert fit is not None
    best = ansatz.parameters(fit.W, fit.b)
    for _ in range(20):
        W, b = ansatz.weights(best + 1e-2 * random.normal(size=best.size))
        assert expansion(W[None], b[None], law).loss[0] > fit.loss


def test_unlike_features_are_refused_beyond_enumeration():
    density = np.full((1, 24), 0.05)
    density[0, 0] = 0.06
    with pytest.raises(InputError, match="24-cell of unlike features"):
        fitted_factors(entry("24-cell"), density, np.ones((1, 24)))


@pytest.mark.parametrize("name", [name for name in NAMES if ENTRIES[name].rigid and ENTRIES[name].vertices <= 30])
def test_exact_cosines_are_the_computed_ones(name):
    exact = exact_entry_cosines(entry(name))
    rational, irrational = (np.array(part, dtype=float) for part in (exact.rational, exact.irrational))
    np.testing.assert_allclose(rational + irrational * np.sqrt(exact.root), regular_cosines(entry(name)), atol=1e-14)


def test_exact_cosines_of_known_shapes():
    assert set(exact_entry_cosines(entry("rectified-5-cell")).rational[0]) == {1, Fraction(1, 6), Fraction(-2, 3)}
    assert set(exact_entry_cosines(entry("icosahedron")).irrational[0]) == {0, Fraction(1, 5), Fraction(-1, 5)}
    with pytest.raises(ArithmeticError, match="square-antiprism"):
        exact_entry_cosines(entry("square-antiprism"))


@pytest.mark.parametrize("name", SMALL)
def test_entries_are_found_in_any_rotation_and_relabelling(name):
    random, factor = np.random.default_rng(43), entry(name)
    clear = np.abs(regular_cosines(factor)[regular_cosines(factor) != 0]).min() > 0.2
    for _ in range(10):
        padded = np.vstack([regular_vectors(factor), np.zeros((1, factor.vertices))])
        turn = np.linalg.qr(random.normal(size=(factor.dimension + 1,) * 2))[0]
        W = (turn @ padded)[:, random.permutation(factor.vertices)]
        exact = identify(W, tolerance=1e-9)
        assert exact.geometry == name
        assert exact.factors[0].dimension == factor.dimension
        assert exact.factors[0].distortion < 1e-10
        if clear:
            noisy = identify(W + 0.01 * random.normal(size=W.shape))
            assert noisy.geometry == name
            assert 0 < noisy.factors[0].distortion < 0.1


def test_no_height_counts_as_distortion_but_a_moved_vertex_does():
    random, W = np.random.default_rng(44), regular_vectors(entry("square-antiprism"))
    sizes, axes = np.linalg.eigh(W @ W.T)
    along = axes[:, [0]] if sizes[1] - sizes[0] > sizes[2] - sizes[1] else axes[:, [2]]  # the axis of the two squares
    taller = W + 0.05 * along @ along.T @ W
    assert identify(taller, tolerance=1e-9).geometry == "square-antiprism"
    assert identify(taller, tolerance=1e-9).factors[0].distortion < 1e-10
    moved = W.copy()
    moved[:, 0] += 0.05 * random.normal(size=3)
    assert identify(moved, tolerance=1e-9).factors[0].distortion > 0.005


def test_a_flattened_octahedron_is_no_hexagon():
    """Its overlaps have the signs of a hexagon's, in three dimensions."""
    angles = np.pi * np.arange(6) / 3
    for height, hexagon in ((0.0, True), (0.3, False), (0.6, False)):
        W = np.array([np.cos(angles), np.sin(angles), height * (-1.0) ** np.arange(6)])
        found = identify(W)
        assert (found.geometry == "hexagon") == hexagon
        if not hexagon:
            assert found.factors[0].dimension == 3
    octahedron = np.array([np.cos(angles), np.sin(angles), np.sqrt(0.5) * (-1.0) ** np.arange(6)])
    assert identify(octahedron, tolerance=1e-9).geometry == "3*digon"
