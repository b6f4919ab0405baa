"""What the figures show is the geometry, whatever rotation, order or number of dimensions it came in."""

import numpy as np
import pytest

from tegum.compare.report.alignment import aligned, flat
from tegum.compare.report.axis import axis_name, scale_of, share, value_names
from tegum.empirical.axes import Axis
from tegum.empirical.pictures.labels import label_spots, levels
from tegum.empirical.pictures.numerals import brief, exact, percent
from tegum.empirical.pictures.style import UNIDENTIFIED, looks

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
