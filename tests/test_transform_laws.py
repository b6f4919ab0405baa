"""Route 2 under every feature law: exact rationals, sampling, finite differences and limits agree within its bounds."""

from fractions import Fraction

import numpy as np
import pytest
from cases import KINDS
from exact_laws import GROUPS, KINDS_OF_VALUES, case, exact_norm, exact_row

from tegum.theory.errors import InputError
from tegum.theory.limits import one_hot_loss
from tegum.theory.loss.law import Structure
from tegum.theory.loss.transform import transformed_norms, transformed_rows
from tegum.theory.weights import Weights, overlap_matrix

AGREEMENT = 1e-9


@pytest.mark.parametrize("law", GROUPS)
@pytest.mark.parametrize(("values", "target"), KINDS_OF_VALUES)
def test_rows_equal_exact_rationals_within_their_bounds(law, values, target):
    random = np.random.default_rng(71)
    for kind in KINDS:
        weights, density, structure = case(random, kind, law, values, target)
        G, b = overlap_matrix(weights), weights.b
        G = G + 0.1 * random.normal(size=G.shape) if kind == "generic" else G  # untied: not symmetric
        importance = random.uniform(0.5, 2.0, size=3)
        rows = transformed_rows(G[None], b[None], density[None], importance[None], structure=structure)
        total = 0
        for i in range(3):
            loss, *slopes = exact_row(structure, G[i], b[i], density, i)
            weight = Fraction(importance[i])
            total += weight * loss
            assert abs(Fraction(rows.loss[0, i]) - weight * loss) <= rows.error[0, i], kind
            for got, slope in zip(rows.gradient[0, i], slopes, strict=True):
                assert abs(Fraction(got) - weight * slope) <= rows.gradient_error[0, i], kind
        assert abs(Fraction(rows.loss.sum()) - total) <= AGREEMENT * total, kind
        assert rows.error.sum() <= AGREEMENT * total, kind


@pytest.mark.parametrize("law", GROUPS)
@pytest.mark.parametrize("values", ["uniform", "signed"])
def test_norms_equal_exact_rationals_within_their_bounds(law, values):
    random = np.random.default_rng(72)
    for kind in KINDS:
        weights, density, structure = case(random, kind, law, values)
        norms = transformed_norms(weights.W[None], density[None], structure=structure)
        for a, w in enumerate(weights.W):
            norm, *slopes = exact_norm(structure, w, density)
            assert abs(Fraction(norms.loss[0, a]) - norm) <= norms.error[0, a], kind
            assert abs(Fraction(norms.loss[0, a]) - norm) <= AGREEMENT * norm, kind
            assert norms.error[0, a] <= 1e-7 * max(norm, Fraction(1, 1000)), kind
            for got, slope, weight in zip(norms.gradient[0, a], slopes, w, strict=True):
                if weight != 0.0:  # at 0 there may be a kink: x_k alone leaves h = 0
                    assert abs(Fraction(got) - slope) <= norms.gradient_error[0, a], (kind, weight)


@pytest.mark.parametrize("tolerance", [1e-3, 1e-6])
@pytest.mark.parametrize("law", GROUPS)
def test_harmonics_left_out_stay_below_their_bounds(law, tolerance):
    """With few harmonics the tails are seen, not rounding; the bounds hold, and are not absurdly wide."""
    random, slack = np.random.default_rng(73), []
    for kind in KINDS:
        for values, target in KINDS_OF_VALUES:
            weights, density, structure = case(random, kind, law, values, target, features=5)
            G, b, ones = overlap_matrix(weights)[None], weights.b[None], np.ones((1, 5))
            few = transformed_rows(G, b, density[None], ones, tolerance, structure)
            many = transformed_rows(G, b, density[None], ones, 1e-13, structure)
            off = np.abs(few.loss - many.loss)
            assert (off <= few.error + many.error).all(), kind
            assert few.error.max() <= 1.3 * tolerance
            worst = np.abs(few.gradient - many.gradient).max(axis=-1)
            assert (worst <= few.gradient_error + many.gradient_error).all(), kind
            few_norms, norms = (
                transformed_norms(weights.W[None], density[None], t, structure) for t in (tolerance, 1e-13)
            )
            assert (np.abs(few_norms.loss - norms.loss) <= few_norms.error + norms.error).all(), kind
            slack += list((few.error / (off + 1e-15)).ravel())
    if law != "one-hot":  # exact in closed form: no tail at all
        assert np.quantile(slack, 0.05) < 1e4


@pytest.mark.parametrize("values", ["uniform", "signed"])
@pytest.mark.parametrize("law", ["independent", "correlated", "anticorrelated"])
def test_periods_shorter_than_the_range_keep_their_bounds(law, values):
    """Many rare features: the range of z is far longer than where z ever is, and the series' period is cut."""
    random = np.random.default_rng(80)
    W, b, density = random.normal(size=(4, 24)) / 2, 0.2 * random.normal(size=24), np.full(24, 0.02)
    groups = () if law == "independent" else tuple((j, j + 1, j + 2) for j in range(0, 21, 3))
    structure = Structure(values=values, law=law, groups=groups)
    G, ones = (W.T @ W)[None], np.ones((1, 24))
    many = transformed_rows(G, b[None], density[None], ones, 1e-12, structure)
    norms = transformed_norms(W[None], density[None], 1e-12, structure)
    for tolerance in (1e-2, 1e-4, 1e-7):
        few = transformed_rows(G, b[None], density[None], ones, tolerance, structure)
        few_norms = transformed_norms(W[None], density[None], tolerance, structure)
        for rough, fine in ((few, many), (few_norms, norms)):
            assert (np.abs(rough.loss - fine.loss) <= rough.error + fine.error).all()
            worst = np.abs(rough.gradient - fine.gradient).max(axis=-1)
            assert (worst <= rough.gradient_error + fine.gradient_error).all()
            assert rough.error.max() <= 1.3 * tolerance


@pytest.mark.parametrize("law", GROUPS)
@pytest.mark.parametrize(("values", "target"), KINDS_OF_VALUES)
def test_gradients_match_finite_differences(law, values, target):
    random = np.random.default_rng(74)
    weights, density, structure = case(random, "generic", law, values, target, features=6)
    G, b, step = overlap_matrix(weights), weights.b, 1e-5
    ones, i = np.ones((1, 6)), 2

    def loss(G, b):
        return transformed_rows(G[None], b[None], density[None], ones, 1e-13, structure).loss[0, i]

    gradient = transformed_rows(G[None], b[None], density[None], ones, 1e-13, structure).gradient[0, i]
    for k in range(6):
        shift = np.zeros_like(G)
        shift[i, k] = step
        assert gradient[k] == pytest.approx((loss(G + shift, b) - loss(G - shift, b)) / (2 * step), abs=1e-7)
    shift = np.zeros(6)
    shift[i] = step
    assert gradient[6] == pytest.approx((loss(G, b + shift) - loss(G, b - shift)) / (2 * step), abs=1e-7)
    W, rows = weights.W, weights.W.shape[0]
    norms = transformed_norms(W[None], density[None], 1e-13, structure)
    for k in range(6):
        shift = np.zeros_like(W)
        shift[:, k] = step
        ahead, behind = (transformed_norms((W + s)[None], density[None], 1e-13, structure) for s in (shift, -shift))
        np.testing.assert_allclose(norms.gradient[0, :, k], (ahead.loss - behind.loss)[0] / (2 * step), atol=1e-6)
    assert norms.loss.shape == (1, rows)


def sample(random, structure, density, samples):
    """Features drawn by the law's own story, without characteristic functions."""
    features = len(density)
    on = random.random((samples, features)) < density
    if structure.law == "one-hot":
        on = random.choice(features, size=samples, p=density)[:, None] == np.arange(features)
    for group in map(list, structure.groups):
        if structure.law == "correlated":
            on[:, group] = on[:, group[:1]]
        else:
            edges, point = np.cumsum(density[group]), random.random(samples)
            on[:, group] = np.searchsorted(edges, point, side="right")[:, None] == np.arange(len(group))
    size = random.random((samples, features))
    return on * (2 * size - 1 if structure.values == "signed" else size)


@pytest.mark.parametrize("law", GROUPS)
@pytest.mark.parametrize(("values", "target"), KINDS_OF_VALUES)
def test_samples_agree_and_refuse_a_wrong_loss(law, values, target):
    random = np.random.default_rng(75)
    weights, density, structure = case(random, "generic", law, values, target, features=6)
    x = sample(random, structure, density, 400_000)
    exact = transformed_rows(
        overlap_matrix(weights)[None], weights.b[None], density[None], np.ones((1, 6)), 1e-10, structure
    ).loss.sum()
    rebuilt = np.maximum(x @ overlap_matrix(weights) + weights.b, 0.0)
    each = (((np.abs(x) if target == "abs" else x) - rebuilt) ** 2).sum(axis=1)
    mean, standard_error = each.mean(), each.std() / np.sqrt(len(x))
    assert standard_error < 5e-3 * exact
    assert abs(mean - exact) < 4 * standard_error
    assert abs(mean - 1.05 * exact) > 4 * standard_error
    norms = transformed_norms(weights.W[None], density[None], 1e-10, structure).loss[0]
    sizes = np.abs(x @ weights.W.T)
    assert (np.abs(sizes.mean(axis=0) - norms) < 4 * sizes.std(axis=0) / np.sqrt(len(x))).all()


@pytest.mark.parametrize("law", ["correlated", "anticorrelated"])
def test_groups_with_one_member_that_is_ever_on_are_independent_features(law):
    random = np.random.default_rng(76)
    weights, density, _ = case(random, "generic", "independent", features=5)
    G, b, ones = overlap_matrix(weights)[None], weights.b[None], np.ones((1, 5))
    groups = ((0,), (3,))
    if law == "anticorrelated":
        groups, density[3] = ((0, 3), (2,)), 0.0
    one, other = (
        transformed_rows(G, b, density[None], ones, 1e-13, structure)
        for structure in (Structure(), Structure(law=law, groups=groups))
    )
    np.testing.assert_array_equal(one.loss, other.loss)
    np.testing.assert_array_equal(one.gradient, other.gradient)
    np.testing.assert_array_equal(one.error, other.error)


def test_one_hot_features_have_the_loss_in_closed_form():
    random = np.random.default_rng(77)
    for _ in range(5):
        weights = Weights(random.normal(size=(2, 5)), 0.3 * random.normal(size=5))
        G, b, uniform = overlap_matrix(weights)[None], weights.b[None], np.full((1, 5), 0.2)
        rows = transformed_rows(G, b, uniform, np.ones((1, 5)), structure=Structure(law="one-hot"))
        assert rows.loss.sum() == pytest.approx(one_hot_loss(weights), rel=1e-13)


@pytest.mark.parametrize("law", ["independent", "correlated", "anticorrelated"])
def test_rare_features_have_the_loss_of_single_blocks(law):
    """As p -> 0 at most one block is on: L/p is that of one block, or one feature of it, at a time."""
    random, p = np.random.default_rng(78), 1e-6
    weights = Weights(random.normal(size=(2, 4)), -np.abs(random.normal(size=4)))
    G, b, ones = overlap_matrix(weights)[None], weights.b[None], np.ones((1, 4))
    structure = Structure(law=law, groups=() if law == "independent" else ((0, 1), (2, 3)))
    sparse = transformed_rows(G, b, np.full((1, 4), p), ones, structure=structure).loss.sum() / p
    if law == "correlated":
        together = [
            transformed_rows(G, b, np.array([on]), ones).loss.sum()
            for on in ([1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0])
        ]
        assert sparse == pytest.approx(sum(together), rel=2e-5)
    else:
        assert sparse == pytest.approx(4 * one_hot_loss(weights), rel=2e-5)


def test_signs_of_overlaps_do_not_matter_to_signed_features_but_the_own_one():
    random = np.random.default_rng(79)
    G, b, density = random.normal(size=(1, 4, 4)), 0.2 * random.normal(size=(1, 4)), np.full((1, 4), 0.4)
    flipped = G * np.where(np.eye(4, dtype=bool), 1.0, random.choice([-1.0, 1.0], size=(4, 4)))
    for groups in ((), ((0, 2),)):
        structure = Structure(values="signed", law="correlated" if groups else "independent", groups=groups)
        one, other = (transformed_rows(g, b, density, np.ones((1, 4)), structure=structure) for g in (G, flipped))
        np.testing.assert_allclose(one.loss, other.loss, atol=1e-12)


def test_binary_values_are_refused():
    ones = np.ones((1, 2))
    with pytest.raises(InputError, match="values = 'binary'"):
        transformed_rows(np.ones((1, 2, 2)), ones, ones / 2, ones, structure=Structure(values="binary"))
    with pytest.raises(InputError, match="values = 'binary'"):
        transformed_norms(np.ones((1, 1, 2)), ones / 2, structure=Structure(values="binary"))
