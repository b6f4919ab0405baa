"""What the pictures of a model and of a training show is what its numbers say: artists, labels, values."""

import io

import numpy as np
import pytest
from matplotlib.collections import LineCollection, QuadMesh
from matplotlib.colors import to_hex
from PIL import Image

from tegum.empirical.dynamics.course import course
from tegum.empirical.dynamics.recording import record
from tegum.empirical.dynamics.schedule import snapshot_steps
from tegum.empirical.pictures import frames
from tegum.empirical.pictures.activations import activations_figure, inputs, response
from tegum.empirical.pictures.arrangement import arrangement_figure
from tegum.empirical.pictures.draw import model_pictures
from tegum.empirical.pictures.matrices import overlap_figure, weights_figure
from tegum.empirical.pictures.norms import norms_figure
from tegum.empirical.pictures.style import drawing
from tegum.empirical.pictures.subject import subject
from tegum.empirical.pictures.trajectory import level_name, shown_run, trajectory_figure
from tegum.empirical.pictures.views import principal_axes, view
from tegum.empirical.plan import Training
from tegum.theory.diagnostics import superposition
from tegum.theory.files.weights import write_weights
from tegum.theory.geometry.factor import polygon, regular_vectors
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights, overlap_matrix


def model(features, hidden, seed=0, **choices):
    random = np.random.default_rng(seed)
    tied = choices.get("tied", True)
    W_out = None if tied else random.normal(size=(features, hidden))
    weights = Weights(random.normal(size=(hidden, features)), random.normal(size=features), W_out)
    return subject(weights, Setting(features, hidden, 0.1, **choices))


@pytest.fixture(scope="module")
def pair_and_more():
    """A digon over features 4 and 1, a feature with a dimension of its own, 0, and two that are dropped."""
    W = np.zeros((2, 5))
    W[0, [4, 1]], W[1, 0] = (1.0, -0.9), 1.1
    return subject(Weights(W, np.linspace(-0.2, 0.2, 5)), Setting(5, 2, 0.1))


@pytest.fixture(scope="module")
def staircase(tmp_path_factory):
    training = Training(
        runs=4, steps=200, data="population", optimizer="sgd", momentum=0.0, learning_rate=0.3,
        schedule="constant", start="notebook",
    )  # fmt: skip
    setting = Setting(count=2, hidden=1, law="one-hot")
    return course(record(setting, training, snapshot_steps("linear:25", 200), tmp_path_factory.mktemp("staircase")))


def meshes(figure):
    return [part for ax in figure.axes for part in ax.collections if isinstance(part, QuadMesh)]


def words(figure):
    return [text.get_text() for ax in figure.axes for text in ax.texts]


def test_features_stand_factor_by_factor_in_its_colour(pair_and_more):
    assert sorted(pair_and_more.order) == list(range(5))
    assert set(pair_and_more.order[:2]) == {1, 4}
    assert pair_and_more.order[2] == 0
    colors = pair_and_more.colors
    assert colors[1] == colors[4] != colors[0]
    assert colors[2] is None
    assert colors[3] is None


def test_weights_are_drawn_in_that_order(pair_and_more):
    order = list(pair_and_more.order)
    with drawing():
        figure = weights_figure(pair_and_more)
    W, b, _ = meshes(figure)
    np.testing.assert_array_equal(W.get_array(), pair_and_more.weights.W[:, order])
    np.testing.assert_array_equal(b.get_array(), pair_and_more.weights.b[None, order])
    assert W.get_clim() == b.get_clim() == (-1.1, 1.1)
    assert [label.get_text() for label in figure.axes[1].get_xticklabels()] == [str(k) for k in order]


def test_untied_weights_are_both_drawn():
    one = model(3, 2, tied=False)
    with drawing():
        W, W_out, b, _ = meshes(weights_figure(one))
    np.testing.assert_array_equal(W_out.get_array(), one.weights.W_out.T[:, list(one.order)])
    assert W.get_array().shape == (2, 3)
    assert b.get_array().shape == (1, 3)


def test_overlaps_have_a_frame_for_each_factor(pair_and_more):
    with drawing():
        figure = overlap_figure(pair_and_more)
    order = np.array(pair_and_more.order)
    np.testing.assert_array_equal(
        meshes(figure)[0].get_array(), overlap_matrix(pair_and_more.weights)[np.ix_(order, order)]
    )
    frames = [(patch.get_x(), patch.get_width()) for patch in figure.axes[0].patches]
    assert frames == [(0, 2), (2, 1), (3, 1), (4, 1)]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["digon", "dedicated", "dropped"]


@pytest.mark.parametrize("hidden", [1, 2, 3, 6])
def test_vectors_end_where_the_view_says(hidden):
    one = model(6, hidden, seed=hidden)
    with drawing():
        figure = arrangement_figure(one)
    (ax,) = figure.axes
    (sticks,) = [part for part in ax.collections if isinstance(part, LineCollection)]
    shown = view(one.weights.W)
    tips = np.array([stick[1] - stick[0] for stick in sticks.get_segments()])
    flat = shown.flat.T * ([1, 0] if hidden == 1 else 1)
    lengths, wanted = np.sort(np.linalg.norm(tips, axis=1)), np.sort(np.linalg.norm(flat, axis=1))
    np.testing.assert_allclose(lengths / lengths[-1], wanted / wanted[-1], atol=1e-9)
    numbers = {part for text in words(figure)[:-2] for part in text.split(", ")}
    assert numbers == {str(k) for k in range(6)}
    if hidden >= 3:  # the nearest is the broadest and is drawn last
        assert np.argmax(sticks.get_linewidths()) == 5
    assert ("principal" in words(figure)[-1]) == (hidden > 3)


def test_three_dimensions_are_turned_and_nothing_else():
    W = np.random.default_rng(0).normal(size=(3, 7))
    shown = view(W)
    seen = np.vstack([shown.flat, shown.depth])
    np.testing.assert_allclose(seen.T @ seen, W.T @ W, atol=1e-12)
    assert sum(shown.shares) == pytest.approx(1)


def test_more_dimensions_are_shown_by_their_principal_components():
    W = np.diag([3.0, 2.0, 1.0, 0.1, 0.01]) @ np.linalg.qr(np.random.default_rng(1).normal(size=(9, 5)))[0].T
    shown = view(W)
    squares = np.array([9, 4, 1, 0.01, 0.0001])
    np.testing.assert_allclose(shown.shares, squares[:3] / squares.sum(), atol=1e-12)
    np.testing.assert_allclose(np.abs(principal_axes(W)), np.eye(5)[:3], atol=1e-9)


def test_vectors_of_another_moment_are_seen_from_the_same_side():
    random = np.random.default_rng(2)
    end = random.normal(size=(4, 6))
    np.testing.assert_allclose(view(2 * end, like=end).flat, 2 * view(end).flat, atol=1e-12)


def test_norms_and_their_colours(pair_and_more):
    with drawing():
        figure = norms_figure(pair_and_more)
    W = pair_and_more.weights.W[:, list(pair_and_more.order)]
    bars = figure.axes[0].patches
    np.testing.assert_allclose([bar.get_height() for bar in bars], np.linalg.norm(W, axis=0))
    brightness = [sum(bar.get_facecolor()[:3]) for bar in bars]
    assert np.argsort(brightness, kind="stable").tolist() == np.argsort(superposition(W), kind="stable").tolist()


@pytest.mark.parametrize(
    ("choices", "least"), [({}, 0.0), ({"values": "signed", "readout": "linear"}, -1.0), ({"activation": "relu"}, 0.0)]
)
def test_activations_are_those_of_one_feature_alone(choices, least):
    one = model(4, 3, **choices)
    t = inputs(one.setting)
    assert (t[0], t[-1]) == (least, 1.0)
    with drawing():
        figure = activations_figure(one)
    panels = figure.axes
    assert len(panels) == 8
    assert [ax.get_title() for ax in panels[::2]] == [f"feature {k}" for k in one.order]
    for k, feature in enumerate(one.order):
        x = np.zeros((4, len(t)))
        x[feature] = t
        h = one.weights.W @ x
        h = np.maximum(h, 0) if one.setting.activation == "relu" else h
        z = one.weights.W.T @ h + one.weights.b[:, None]
        x_hat = np.maximum(z, 0) if one.setting.readout == "relu" else z
        target, *others, own = (line.get_ydata() for line in panels[2 * k].lines)
        np.testing.assert_array_equal(target, t)
        np.testing.assert_allclose(own, x_hat[feature])
        np.testing.assert_allclose(others, np.delete(x_hat, feature, axis=0))
        np.testing.assert_allclose([line.get_ydata() for line in panels[2 * k + 1].lines], h)
        np.testing.assert_allclose(response(one.weights, one.setting, feature, t)[1], x_hat)


def test_every_picture_has_words_even_where_no_feature_is_represented():
    nothing = subject(Weights(np.zeros((2, 3)), np.zeros(3)), Setting(3, 2, 0.1))
    pictures = model_pictures(nothing)
    assert [one.name for one in pictures] == ["weights", "overlaps", "vectors", "norms", "activations"]
    assert all("3*dropped" in one.alt and one.caption for one in pictures)


def test_many_features_still_fit_the_page():
    one = model(60, 8)
    with drawing():
        for figure in (weights_figure(one), overlap_figure(one), norms_figure(one), activations_figure(one)):
            assert figure.get_size_inches()[0] <= 7.3


def test_a_training_is_drawn_with_the_levels_of_the_run_that_jumps(staircase):
    run = shown_run(staircase)
    stays = staircase.itineraries[run].stays
    assert len(staircase.itineraries[run].jumps) == max(len(one.jumps) for one in staircase.itineraries) == 1
    with drawing():
        above, below = trajectory_figure(staircase, run).axes
    curves = [line for line in above.lines if len(line.get_xdata()) == 26]
    assert len(curves) == 4
    broad = max(curves, key=lambda line: line.get_linewidth())
    np.testing.assert_array_equal(broad.get_ydata(), staircase.loss[:, run])
    assert [text.get_text() for text in above.texts] == [level_name(stay) for stay in stays]
    assert "merged-2, 0.1667 (saddle)" in level_name(stays[0])
    shares = [line.get_ydata() for line in below.lines if len(line.get_xdata()) == 26]
    np.testing.assert_array_equal(shares, staircase.dimensionality[:, run].T)
    bands = [patch.get_x() for patch in above.patches]
    assert bands == [staircase.history.steps[staircase.itineraries[run].jumps[0].steepest[0]]]


def test_a_strip_shows_start_stays_jumps_and_end(staircase):
    run = shown_run(staircase)
    one = staircase.itineraries[run]
    places = frames.strip_snapshots(staircase, run)
    assert {0, 25, *(stay.snapshot for stay in one.stays)} <= set(places)
    assert any(one.jumps[0].steepest[0] <= place <= one.jumps[0].steepest[1] for place in places)
    with drawing():
        figure = frames.strip_figure(staircase, run)
    told = [text for text in words(figure) if text.startswith("step ")]
    assert [int(text.split()[1].strip(",")) for text in told] == [staircase.history.steps[place] for place in places]


def test_an_animation_has_a_frame_for_each_snapshot(staircase, monkeypatch):
    monkeypatch.setattr(frames, "MOST_FRAMES", 5)
    run = shown_run(staircase)
    with drawing():
        data = frames.animation(staircase, run)
        figure, curve = frames.animation_stage(staircase, run)
        _, dot = frames.animation_actors(figure, curve, staircase, run, 7, 1.0)
    moving = Image.open(io.BytesIO(data))
    assert moving.n_frames == 5
    assert (float(dot.get_xdata()[0]), float(dot.get_ydata()[0])) == (56.0, staircase.loss[7, run])
    pictures = []
    for k in range(5):
        moving.seek(k)
        pictures.append(np.asarray(moving.convert("RGB")))
    assert not any((one == other).all() for one, other in zip(pictures[:-1], pictures[1:], strict=True))


def test_anyones_weights_are_drawn(run, refused, tmp_path):
    W = np.stack([regular_vectors(polygon(5)), np.zeros((2, 5))])
    write_weights(tmp_path / "mine.npz", Weights(W, np.zeros((2, 5))))
    command = ["draw", "--weights", str(tmp_path / "mine.npz"), "--out", str(tmp_path / "out")]
    drawn = run(*command)
    assert (drawn["model"], drawn["geometry"]) == (0, "pentagon")
    assert len(drawn["pictures"]) == 10
    assert "--model 2" in refused(*command, "--model", "2")
    assert "either" in refused("draw", "--out", str(tmp_path))
    (tmp_path / "other.toml").write_text("[features]\ncount = 4\ndensity = 0.1\n[model]\nhidden = 2\n")
    assert "count = 4" in refused(*command, "--setting", str(tmp_path / "other.toml"))


def test_colours_fade_with_distance():
    W = np.array([[1.0, 0.5, 0.0], [0.0, 1.0, 0.3], [0.0, 0.2, 1.0]])
    one = subject(Weights(W, np.zeros(3)), Setting(3, 3, 0.1))
    with drawing():
        (ax,) = arrangement_figure(one).axes
    (sticks,) = [part for part in ax.collections if isinstance(part, LineCollection)]
    assert len({to_hex(color) for color in sticks.get_colors()}) == 3
