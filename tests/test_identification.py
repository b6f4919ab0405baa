"""Identification is invariant, survives training noise, and gives no regular name to what is bent out of shape."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from identification import LEVEL, negatives, outcomes

from tegum.theory.errors import InputError
from tegum.theory.geometry import isomorphism
from tegum.theory.geometry.factor import catalogue, polygon, regular_vectors
from tegum.theory.geometry.identify import identify, identify_ensemble
from tegum.theory.geometry.labelling import Undecided
from tegum.theory.geometry.noise import TRAINING_NOISE, cuts, rank
from tegum.theory.geometry.tegum import parse_geometry


def model(name: str, random: np.random.Generator, noise: float = 0.0, spare: int = 1) -> np.ndarray:
    """Weights of a geometry, rotated, permuted, scaled, with noise; dropped features keep a tiny vector."""
    factors = parse_geometry(name).factors
    hidden = sum(factor.dimension for factor in factors) + spare
    W, row, column = np.zeros((hidden, sum(factor.vertices for factor in factors))), 0, 0
    for factor in factors:
        rows, columns = slice(row, row + factor.dimension), slice(column, column + factor.vertices)
        if factor.dimension:
            W[rows, columns] = regular_vectors(factor)
        row, column = rows.stop, columns.stop
    W = W + noise * random.normal(size=W.shape) / np.sqrt(hidden)
    turn = np.linalg.qr(random.normal(size=(hidden, hidden)))[0]
    return 10 ** random.uniform(-1, 1) * (turn @ W)[:, random.permutation(W.shape[1])]


NAMES = [
    "pentagon",
    "2*digon + dropped",
    "triangle + 2*dropped",
    "digon + dedicated + 2*dropped",
    "hexagon + triangle",
    "pentagon + tetrahedron + digon + dedicated + dropped",
    "polygon-7",
    "simplex-4 + 3*digon",
    "simplex-11",
    "triangle + 2*merged-2",
    "5*dropped",
    "polygon-8 + merged-3",
    "icosahedron + square-antiprism + dropped",
    "cube + capped-octahedron",
    "rectified-5-cell + duoprism-3-3",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_random_rotations_permutations_and_scales_keep_the_name(name, noise):
    random = np.random.default_rng(11)
    for _ in range(25):
        W = model(name, random, noise)
        if name == "5*dropped":
            W = np.zeros_like(W)
        found = identify(W)
        assert found.geometry == name
        assert sorted(v for factor in found.factors for v in factor.features) == list(range(W.shape[1]))
        assert all(factor.distortion < max(1e-12, 4 * noise) for factor in found.factors)


def test_the_vertex_map_is_a_certificate():
    random = np.random.default_rng(12)
    W = model("pentagon + triangle + dropped", random)
    for factor in identify(W).factors:
        if factor.dimension:
            block = W[:, list(factor.features)]
            G = block.T @ block
            named = parse_geometry(factor.name).factors[0]
            regular = regular_vectors(named).T @ regular_vectors(named)
            np.testing.assert_allclose(G / G[0, 0], regular, atol=1e-12)


def test_squares_and_octahedra_fall_into_digons():
    square = np.array([[1.0, 0, -1, 0], [0, 1, 0, -1]])
    assert identify(square).geometry == "2*digon"
    assert identify(np.hstack([np.eye(3), -np.eye(3)])).geometry == "3*digon"


def test_an_unequal_pair_is_a_digon_with_distortion():
    for longer in (1.1, 1.5, 2.0):
        found = identify(np.array([[1.0, -longer]]))
        assert found.geometry == "digon"
        # ‖G - g C‖/‖G‖ for G = [1 -l; -l l²], the best g being (1 + 2 l + l²)/4.
        g = (1 + longer) ** 2 / 4
        expected = np.sqrt((1 - g) ** 2 + 2 * (longer - g) ** 2 + (longer**2 - g) ** 2) / (1 + longer**2)
        assert found.factors[0].distortion == pytest.approx(expected, rel=1e-12)


def test_a_bent_pentagon_keeps_its_name_and_shows_its_distortion():
    angle = 2 * np.pi * np.arange(5) / 5
    for bend in (0.02, 0.05, 0.1):
        bent = angle + np.array([bend, -bend, 0, 0, 0])
        found = identify(np.array([np.cos(bent), np.sin(bent)]))
        assert found.geometry == "pentagon"
        assert 0.3 * bend < found.factors[0].distortion < 2 * bend


def test_what_is_far_from_regular_gets_no_regular_name_with_small_distortion():
    random = np.random.default_rng(13)
    angle = 2 * np.pi * np.arange(6) / 6
    for _ in range(100):
        moved = angle.copy()
        moved[random.integers(6)] += random.choice([-1, 1]) * random.uniform(0.45, 0.6)
        found = identify(np.array([np.cos(moved), np.sin(moved)]))
        regular = found.geometry == "hexagon" and found.factors[0].distortion < 0.1
        assert not regular


def test_unknown_factors_get_the_same_digits_under_any_relabelling():
    random = np.random.default_rng(14)
    for _ in range(20):
        W = random.normal(size=(3, 7))
        first = identify(W, tolerance=1e-9).geometry
        assert first.startswith("unknown-")
        for _ in range(5):
            turn = np.linalg.qr(random.normal(size=(3, 3)))[0]
            assert identify((turn @ W)[:, random.permutation(7)], tolerance=1e-9).geometry == first


def test_different_unknowns_get_different_digits():
    random = np.random.default_rng(15)
    names = {identify(random.normal(size=(3, 7)), tolerance=1e-9).geometry for _ in range(40)}
    assert len(names) > 30


def test_merged_features_and_their_antipode():
    assert identify(np.array([[1.0, 0.8, 1.2]])).geometry == "merged-3"
    assert identify(np.array([[1.0, 0.8, -1.0]])).geometry.startswith("unknown-")


def test_catalogue_factors_have_signed_graphs_of_their_own():
    """No two catalogue entries of up to 12 vertices share a name's graph, whatever their dimensions."""
    found = [identify(regular_vectors(factor), tolerance=1e-9).geometry for factor in catalogue(12, 11)]
    assert found == [factor.name for factor in catalogue(12, 11)]


def test_the_margin_tells_ambiguous_readings():
    def tilted(*cosines):
        return np.array([[1.0, *cosines], [0.0, *(np.sqrt(1 - c**2) for c in cosines)]])

    clear, unclear = identify(tilted(0.01, -0.999)), identify(tilted(0.06, 0.11))
    assert clear.margin < 0.2
    assert 0.4 < unclear.margin < 1


def test_explicit_tolerance_decides():
    tilted = np.array([[1.0, -1.0, 0.05], [0.0, 0.0, 1.0]])
    assert identify(tilted, tolerance=0.1).geometry == "digon + dedicated"
    assert identify(tilted, tolerance=0.01).geometry.startswith("unknown-")


def test_a_thousand_models_take_seconds():
    random = np.random.default_rng(16)
    W = np.stack([model("pentagon", random, 0.02) for _ in range(1000)])
    found = identify_ensemble(W)
    assert {one.geometry for one in found} == {"pentagon"}
    assert identify(regular_vectors(polygon(5))).factors[0].distortion < 1e-15


def test_the_margin_sees_a_doubtful_reading_with_values_on_one_side_only():
    nearly = np.array([[1.0, 0.07], [0.0, 1.0]])  # one cosine, next to the limit
    assert identify(nearly).margin > 0.6
    nearly_dropped = np.diag([1.0, 0.07])
    assert identify(nearly_dropped).margin > 0.5
    assert identify(np.diag([1.0, 0.9])).margin < 0.2


def test_very_small_and_very_large_weights_are_read_alike():
    W = model("pentagon + digon + 2*dropped", np.random.default_rng(17))
    for scale in (1e-200, 1e-30, 1e30, 1e200):
        found = identify(scale * W)
        assert found.geometry == "pentagon + digon + 2*dropped"
        assert max(factor.distortion for factor in found.factors) < 1e-12


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused(value):
    W = regular_vectors(polygon(5)).copy()
    W[1, 2] = value
    with pytest.raises(InputError, match="not finite"):
        identify(W)


def test_noise_adds_no_dimensions_to_an_unknown_factor():
    random = np.random.default_rng(18)
    angles = np.radians([0, 40, 80, 200])
    flat = np.pad(np.array([np.cos(angles), np.sin(angles)]), ((0, 6), (0, 0)))
    for _ in range(20):
        (factor,) = identify(flat + 0.02 * random.normal(size=flat.shape) / np.sqrt(8)).factors
        assert factor.name.startswith("unknown-")
        assert factor.dimension == 2
        assert factor.distortion == 1.0


def test_features_apart_by_more_than_noise_are_not_merged():
    for degrees, merged in [(0, True), (2, True), (8, False), (40, False)]:
        angles = np.radians([0, degrees])
        found = identify(np.array([np.cos(angles), np.sin(angles)]))
        assert (found.geometry == "merged-2") == merged


def doubled_pentagon() -> np.ndarray:
    W = regular_vectors(polygon(5))
    return np.hstack([W, 0.9 * W[:, [2]]])


def test_what_features_on_one_ray_leave_has_a_name():
    angles = np.radians([0, 0, 180])
    (factor,) = identify(np.array([np.cos(angles), np.sin(angles)])).factors
    assert (factor.name[:8], factor.dimension, factor.base, factor.parallel) == ("unknown-", 1, "digon", ((0, 1),))
    (factor,) = identify(doubled_pentagon()).factors
    assert (factor.name[:8], factor.base, factor.parallel) == ("unknown-", "pentagon", ((2, 5),))
    (factor,) = identify(np.array([[1.0, 0.8, 1.2]])).factors
    assert (factor.name, factor.base, factor.parallel) == ("merged-3", "dedicated", ((0, 1, 2),))
    assert all(
        one.base == one.name and not one.parallel for one in identify(np.hstack([np.eye(3), -np.eye(3)])).factors
    )


def test_every_answer_says_how_far_it_is_to_be_believed():
    def tilted(*cosines):
        return np.array([[1.0, *cosines], [0.0, *(np.sqrt(1 - c**2) for c in cosines)]])

    assert identify(np.eye(3)).status == "identified"
    assert identify(doubled_pentagon()).status == "unidentified"
    assert identify(tilted(0.06)).status == "near-degenerate"
    assert identify(tilted(0.4)).status == "unidentified"
    assert identify(tilted(0.06), noise=0.001).status == "unidentified"  # an overlap of 0.06 is none of its making
    assert identify(tilted(0.06), noise=0.02).geometry == "2*dedicated"
    assert identify(np.diag([1.0, 0.07])).status == "near-degenerate"  # dropped or not?
    assert identify(tilted(np.cos(0.1), 0.0)).status == "near-degenerate"  # merged or not?


def test_a_factor_that_is_not_labelled_in_time_is_called_undecided(monkeypatch):
    def never(*_):
        raise Undecided("the time is up")

    monkeypatch.setattr(isomorphism, "canonical_labelling", never)
    W = np.random.default_rng(19).normal(size=(3, 9))
    found = identify(W, tolerance=1e-9)
    assert (found.status, found.geometry) == ("undecided", "unknown-undecided")


def test_the_noise_of_the_weights_is_found():
    random = np.random.default_rng(31)
    for noise in (1e-6, 1e-4, 0.003, 0.008):
        shown = [identify(model("pentagon + tetrahedron + 2*digon", random, noise, 0)).noise for _ in range(30)]
        assert 0.7 < np.median(shown) / (noise / np.sqrt(7)) < 1.4  # that of one weight, of seven to a feature
    assert identify(np.array([[1.0, 0.4], [0.0, 1.0]])).noise is None


def test_small_overlaps_count_once_the_noise_is_seen_to_be_smaller():
    """Cosines of 0.049 between neighbours in a prism: within reach of the noise assumed, not of the noise seen."""
    random = np.random.default_rng(32)
    for _ in range(10):
        found = identify(model("pentagonal-prism + 2*digon", random, 0.002))
        assert (found.geometry, found.status) == ("pentagonal-prism + 2*digon", "identified")


@pytest.mark.parametrize(
    ("options", "line"),
    [({"tolerance": 0.0}, "tolerance is 0.0"), ({"noise": -1.0}, "noise is -1"), ({"noise": np.nan}, "noise is nan")],
)
def test_limits_out_of_range_are_refused(options, line):
    with pytest.raises(InputError, match=line):
        identify(np.eye(2), **options)
    with pytest.raises(InputError, match="both given"):
        identify(np.eye(2), tolerance=0.1, noise=0.1)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(NAMES), st.integers(0, 2**32 - 1), st.floats(-6, 6), st.sampled_from([0.0, 0.004]))
def test_identification_does_not_depend_on_frame_order_or_scale(name, seed, power, noise):
    random = np.random.default_rng(seed)
    W = model(name, random, noise)
    order, turn = random.permutation(W.shape[1]), np.linalg.qr(random.normal(size=(len(W), len(W))))[0]
    one, other = identify(W), identify(10**power * (turn @ W)[:, order])
    assert (one.geometry, one.status) == (other.geometry, other.status)
    assert one.margin == pytest.approx(other.margin, rel=1e-6, abs=1e-9)
    place = {tuple(sorted(factor.features)): factor.distortion for factor in one.factors}
    for factor in other.factors:
        features = tuple(sorted(order[list(factor.features)].tolist()))
        assert factor.distortion == pytest.approx(place[features], rel=1e-6, abs=1e-9)


def test_noise_alone_is_cut_off_from_what_is_there_and_nothing_else_is():
    random, wrong = np.random.default_rng(33), 0
    for _ in range(400):
        level, present = 10 ** random.uniform(-6, np.log10(TRAINING_NOISE)), random.uniform(0.2, 0.7, size=10)
        vanishing = level * random.normal(size=random.integers(0, 40))
        first = cuts(np.abs(np.concatenate([vanishing, present])), 1, 0.71)[0]
        wrong += not (np.abs(vanishing).max(initial=0.0) <= first.limit < present.min() and first.clear)
    assert wrong <= 1  # the chance of one is 1e-4 a time
    reachable = np.concatenate([0.01 * np.abs(random.normal(size=20)), [0.05]])
    assert not cuts(reachable, 1, 0.71)[0].clear
    quiet = cuts(np.concatenate([1e-4 * np.abs(random.normal(size=20)), [0.05]]), 1, 0.71)[0]
    assert quiet.clear  # the same value beside less noise
    assert quiet.reach < 0.002


def test_noise_seldom_adds_a_dimension_and_a_real_one_is_seen():
    random = np.random.default_rng(34)
    for hidden, vectors in ((3, 6), (30, 8), (8, 40)):
        flat = np.zeros((hidden, vectors))
        flat[:2] = random.normal(size=(2, vectors))
        flat /= np.linalg.norm(flat, axis=0)
        for _ in range(50):
            assert rank(flat + 0.01 * random.normal(size=flat.shape), 0.01)[0] == 2
        assert rank(flat + 0.2 * np.eye(hidden, vectors), 0.01)[0] > 2


def test_a_sample_of_the_campaign_gets_no_wrong_name():
    found = Counter(what for _, what in outcomes(cases=300, seed=1, level=LEVEL))
    assert found["wrong"] == 0
    assert found["right"] >= 0.97 * 300
    assert not any(passed for _, passed in negatives(cases=120, seed=1, level=LEVEL))


def test_the_recorded_campaign_had_ten_thousand_cases_and_no_wrong_name():
    record = json.loads((Path(__file__).parent / "records" / "identification.json").read_text())
    assert record["cases"] >= 10_000
    assert record["outcomes"].get("wrong", 0) == 0
    assert record["outcomes"]["right"] >= 0.99 * record["cases"]
    assert all(one["passed_for_regular"] == 0 and one["cases"] >= 1000 for one in record["negative_controls"].values())
    assert record["noise"]["learned_against_polished"].get("different", 0) == 0
    assert 0 < record["noise"]["level"] <= LEVEL <= TRAINING_NOISE / 2
