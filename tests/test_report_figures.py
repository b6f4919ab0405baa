"""What the figures show is the geometry, whatever rotation, order or number of dimensions it came in."""

from itertools import permutations, product

import numpy as np
import pytest

from tegum.compare.report.alignment import aligned, flat
from tegum.compare.report.axis import axis_name, scale_of, share, value_names
from tegum.compare.report.overlaps import overlaps_figure
from tegum.compare.report.panel import panel
from tegum.compare.report.scene import eye_of, hull_edges, plane_order, scene
from tegum.compare.report.vectors import vectors_figure
from tegum.compare.verdict import compare_all
from tegum.empirical.axes import Axis
from tegum.empirical.pictures.labels import label_spots, levels
from tegum.empirical.pictures.numerals import brief, exact, percent
from tegum.empirical.pictures.style import UNIDENTIFIED, drawing, looks
from tegum.theory.candidates.candidates import candidate
from tegum.theory.geometry.factor import polygon, regular_vectors
from tegum.theory.geometry.identify import identify
from tegum.theory.search.optimum import Optimum
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

ALIKE = (0,) * 6


def arrangement(hidden, features, seed):
    return np.random.default_rng(seed).normal(size=(hidden, features))


def turned(W, seed):
    """The same arrangement after a rotation or reflection and a relabelling; and which feature each one was."""
    random = np.random.default_rng(seed)
    order = random.permutation(W.shape[1])
    return np.linalg.qr(random.normal(size=(len(W), len(W))))[0] @ W[:, order], tuple(int(k) for k in order)


@pytest.mark.parametrize("hidden", [1, 2, 3, 4])
def test_a_turned_and_relabelled_arrangement_lies_on_the_prediction(hidden):
    W = arrangement(hidden, 6, seed=hidden)
    learned, order = turned(W, seed=9)
    pair = aligned(W, learned, order, ALIKE)
    np.testing.assert_allclose(pair.learned, pair.predicted, atol=1e-12)
    predicted, drawn = flat(pair, [range(6)])
    np.testing.assert_allclose(drawn, predicted, atol=1e-12)


@pytest.mark.parametrize("hidden", [2, 3])
def test_without_an_isomorphism_the_relabelling_is_found(hidden):
    W = arrangement(hidden, 6, seed=hidden)
    learned, order = turned(W, seed=4)
    pair = aligned(W, learned, None, ALIKE)
    assert pair.places == order
    np.testing.assert_allclose(pair.learned, pair.predicted, atol=1e-9)


def test_unlike_features_are_never_exchanged():
    W = arrangement(2, 6, seed=0)
    learned, _ = turned(W, seed=1)
    pair = aligned(W, learned, None, (0, 0, 0, 1, 1, 1))
    assert set(pair.places[:3]) == {0, 1, 2}


@pytest.mark.parametrize("seed", [0, 1])
def test_two_dimensions_are_shown_as_they_are_with_the_first_feature_upright(seed):
    W = arrangement(2, 5, seed)
    predicted, _ = flat(aligned(W, W, range(5), ALIKE), [[3, 0, 1], [2, 4]])
    np.testing.assert_allclose(np.abs(predicted.T @ predicted), np.abs(W.T @ W), atol=1e-12)
    np.testing.assert_allclose(predicted[:, 3], [0, np.linalg.norm(W[:, 3])], atol=1e-12)


@pytest.mark.parametrize("hidden", [3, 4, 7])
def test_axes_of_more_dimensions_keep_their_length_and_stand_apart(hidden):
    W = np.concatenate([np.eye(hidden), -np.eye(hidden)], axis=1)
    pair = aligned(W, W, range(2 * hidden), (0,) * 2 * hidden)
    predicted, _ = flat(pair, [[k, k + hidden] for k in range(hidden)])
    np.testing.assert_allclose(np.hypot(*predicted), 1.0, atol=1e-12)
    assert np.unique(predicted.round(6), axis=1).shape == (2, 2 * hidden)


def test_dropped_features_and_flat_arrangements_can_be_shown():
    W = np.zeros((3, 4))
    W[0] = [0.0, 1.0, -1.0, 0.0]
    predicted, learned = flat(aligned(W, W, range(4), ALIKE), [[1, 2], [0], [3]])
    assert np.isfinite(predicted).all()
    np.testing.assert_allclose(np.sort(np.hypot(*learned)), [0, 0, 1, 1], atol=1e-12)


def test_evenly_spaced_values_have_equal_slots():
    for values in ((0.01, 0.1, 1.0), (1.0, 2.0, 3.0), (0.1, 0.01, 1.0)):
        scale = scale_of(Axis("density[0]", values) if max(values) <= 1 else Axis("importance", values))
        np.testing.assert_allclose([share(scale, value) for value in scale.values], [1 / 6, 3 / 6, 5 / 6], rtol=1e-12)
        assert [values[place] for place in scale.order] == sorted(values)


def test_names_of_values_keep_them_apart():
    assert value_names((0.01, 0.0131)) == ["0.01", "0.013"]
    assert len(set(value_names((0.1, 0.1000001)))) == 2
    assert axis_name("importance[12]") == "importance I₁₂"


def test_every_geometry_has_a_look_of_its_own():
    names = [f"polygon-{k}" for k in range(7, 30)]
    found = looks([*names, names[0]])
    assert list(found) == [*names, UNIDENTIFIED]
    assert len({(look.color, look.marker) for look in found.values()}) == len(found)
    assert len({found[name].color for name in names[:6]}) == 6


def test_words_in_rows_never_meet():
    spans = [(0.0, 2.0), (1.0, 3.0), (1.5, 1.8), (2.5, 4.0), (5.0, 6.0)]
    found = levels(spans)
    assert found == [0, 1, 2, 0, 0]


def test_labels_stay_inside_and_apart():
    x = np.linspace(0, 3, 40)
    curves = [np.column_stack([x, np.full(40, y)]) for y in (0.4, 0.8, 1.2)]
    sizes = [(0.8, 0.1)] * 3
    spots = np.array(label_spots(curves, sizes, np.zeros((0, 2)), (3.0, 2.0)))
    assert ((spots - np.array(sizes[0]) / 2 >= 0) & (spots + np.array(sizes[0]) / 2 <= (3.0, 2.0))).all()
    gaps = np.abs(spots[:, None] - spots) >= np.array(sizes[0])
    assert all(gaps[i, j].any() for i in range(3) for j in range(i))
    for (_, y), curve in zip(spots, curves, strict=True):
        assert 0.05 < abs(y - curve[0, 1]) < 0.4


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (brief(1.234e-6), "1.23×10⁻⁶"),
        (brief(0.01234), "0.0123"),
        (brief(-0.5), "−0.5"),
        (brief(0.0), "0"),
        (brief(float("nan")), "–"),
        (percent(0.94), "94%"),
        (percent(0.000236), "0.024%"),
        (percent(None), "–"),
        (exact(0.08044128961034, 3.6e-14), "0.0804412896103 ± 3.6×10⁻¹⁴"),
        (exact(0.5, 2e-17), "0.500000000000000 ± 2.0×10⁻¹⁷"),
    ],
)
def test_numbers_are_written_for_people(text, expected):
    assert text == expected


def cube(hidden):
    return np.array(np.meshgrid(*[[-1.0, 1.0]] * hidden)).reshape(hidden, -1)


def permuted(*values):
    """Vertices with these coordinates in any order, each with any sign."""
    found = {
        tuple(sign * value for sign, value in zip(signs, order, strict=True))
        for order in permutations(values)
        for signs in product((-1.0, 1.0), repeat=len(values))
    }
    return np.array(sorted(found)).T


@pytest.mark.parametrize(
    ("points", "edges"),
    [
        (cube(2), 4),
        (cube(3), 12),
        (cube(4), 32),
        (permuted(1.0, 0.0, 0.0), 12),
        (permuted(1.0, 0.0, 0.0, 0.0), 24),
        (permuted(1.0, 1.0, 0.0, 0.0), 96),
        (np.array([[1.0, -1.0], [0.0, 0.0], [0.0, 0.0]]), 0),
    ],
    ids=["square", "cube", "tesseract", "octahedron", "16-cell", "24-cell", "flat"],
)
def test_the_edges_of_a_hull_are_those_of_the_polytope(points, edges):
    random = np.random.default_rng(3)
    turn = np.linalg.qr(random.normal(size=(len(points), len(points))))[0]
    found = hull_edges(turn @ points)
    assert len(found) == edges
    lengths = [np.linalg.norm(points[:, i] - points[:, j]) for i, j in found]
    assert np.ptp(lengths or [0.0]) < 1e-12


def test_an_inner_point_has_no_edge():
    inside = np.concatenate([cube(3), np.zeros((3, 1))], axis=1)
    assert not any(8 in pair for pair in hull_edges(inside))


@pytest.mark.parametrize("hidden", [3, 4, 5])
def test_an_eye_keeps_tips_apart_and_lengths_as_they_are(hidden):
    vectors = np.concatenate([np.eye(hidden), -np.eye(hidden)], axis=1)
    eye = eye_of(vectors)
    np.testing.assert_allclose(eye @ eye.T, np.eye(hidden), atol=1e-12)
    tips = np.column_stack([scene(vectors, eye).view.flat, np.zeros(2)])
    apart = np.linalg.norm(tips[:, :, None] - tips[:, None], axis=0)[np.triu_indices(2 * hidden + 1, 1)]
    assert apart.min() > 0.15


def test_parallel_rays_show_three_dimensions_as_they_are():
    W = arrangement(3, 7, seed=2)
    shown = scene(W, eye_of(W)).view
    np.testing.assert_allclose((shown.flat**2).sum(axis=0) + shown.depth**2, (W**2).sum(axis=0), atol=1e-12)


def test_what_is_nearer_in_a_fourth_dimension_is_larger():
    eye = np.eye(4)
    near, far = (scene(np.array([[1.0], [0.0], [0.0], [w]]), eye).view.flat[0, 0] for w in (0.5, -0.5))
    assert near > 1 > far > 0


def test_a_polygon_is_ordered_around_its_centre():
    W = regular_vectors(polygon(7))[:, [3, 0, 5, 1, 6, 2, 4]]
    order = plane_order(W, range(7))
    G = (W.T @ W)[np.ix_(order, order)]
    np.testing.assert_allclose(G, np.roll(G, (1, 1), axis=(0, 1)), atol=1e-12)


def compared(geometry, setting, learned):
    """A comparison of one critical point with another, without a search."""
    best, other = candidate(geometry, setting), candidate(learned, setting)
    zero = dict.fromkeys(("gradient_norm", "hessian_min", "hessian_error"), 0.0)
    count = dict.fromkeys(("starts", "seed", "hits", "converged", "abandoned", "structured"), 1)
    more = dict.fromkeys(("structured_hits", "exchanges"), 0)
    identity = identify(best.weights.W, tolerance=1e-6)
    found = Optimum(
        setting=setting, weights=best.weights, identity=identity, loss=best.loss, error=1e-15, **zero, **count, **more
    )
    W, b = other.weights.W[None, :, ::-1], other.weights.b[None, ::-1]
    return compare_all([setting], [Weights(W.copy(), b.copy())], [found])[0]


@pytest.mark.parametrize(
    ("features", "hidden", "predicted", "learned", "shown"),
    [
        (5, 2, "pentagon", "pentagon", 0),
        (7, 3, "pentagon + digon", "pentagon + digon", 4),
        (8, 3, "square-antiprism", "square-antiprism", 0),
        (8, 3, "square-antiprism", "3*digon + 2*dropped", 4),
        (8, 5, "3*digon + 2*dedicated", "3*digon + 2*dedicated", 10),
    ],
)
def test_each_factor_is_drawn_and_named_on_both_sides(features, hidden, predicted, learned, shown):
    comparison = compared(predicted, Setting(features, hidden, 0.1), learned)
    known = looks([predicted, learned])
    one = panel(comparison, 0, "learned", "", known)
    assert one.same == (predicted == learned)
    with drawing():
        figure = vectors_figure(one, predicted, learned)
        words = [text.get_text() for text in figure.axes[0].texts]
        names = {factor.name for side in (one.expected, one.found) for factor in side.factors if factor.dimension}
        assert sum(word in names for word in words[4:]) == shown
        numbers = [number for word in words if word[:1].isdigit() for number in word.split(", ") if number.isdigit()]
        dropped = " ".join(word for word in words if word.startswith("dropped"))
        assert ("6, 7" in dropped or "0, 1" in dropped) == ("dropped" in learned)
        assert len(numbers) + 2 * bool(dropped) == 2 * features
        matrices = overlaps_figure(comparison, 0, one.places, "learned").axes[:2]
        assert all(len(ax.get_xticks()) == features for ax in matrices)
