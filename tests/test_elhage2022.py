"""What Elhage et al.'s quantities are made of: each by a second route, its invariances, and cases known by hand."""

import numpy as np
import pytest
import torch

from tegum.compare.diagram.fixed import fixed_solutions
from tegum.empirical.dynamics.history import History
from tegum.empirical.kernels.reference import batch_loss
from tegum.empirical.plan import Training
from tegum.empirical.probes.forward import inputs
from tegum.empirical.training import train
from tegum.papers.elhage2022 import (
    bases,
    demonstration,
    figure_phases,
    hidden_bias,
    learning,
    motif,
    pentagon,
    phases,
    polytopes,
    removal,
    training,
)
from tegum.theory.diagnostics import dimensionality
from tegum.theory.diagram.plane import Plane, parse_axis
from tegum.theory.limits import one_hot_loss
from tegum.theory.loss.population import population_loss
from tegum.theory.mixture.mixture import mixture
from tegum.theory.setting import Setting, setting_tables, with_axes
from tegum.theory.weights import Weights

RANDOM = np.random.default_rng


def turned(W, seed=0):
    """The same weights in other axes of the hidden space."""
    return np.linalg.qr(RANDOM(seed).normal(size=(len(W), len(W))))[0] @ W


@pytest.mark.parametrize(
    ("W", "name"),
    [
        ([[1, -1]], "digon, last shares"),
        ([[1, 0.1]], "1 of 2 represented, last dropped"),
        ([[0, 1]], "1 of 2 represented, last kept"),
        ([[1, -1, 0], [0, 0, 1]], "digon + dedicated, last alone"),
        ([[1, 0, -1], [0, 1, 0]], "digon + dedicated, last shares"),
    ],
)
def test_a_phase_says_what_the_last_feature_does_in_any_axes(W, name):
    W = np.array(W, dtype=float)
    assert phases._phase(W) == phases._phase(turned(W)) == phases._phase(1.2 * W) == name
    others = np.r_[np.arange(W.shape[1] - 1)[::-1], W.shape[1] - 1]
    assert phases._phase(W[:, others]) == name, "the other features may change places"


def test_what_fixed_weights_represent_is_what_the_best_of_them_by_the_population_loss_do():
    setting = Setting(3, 2, 0.5)
    plane = Plane(setting, parse_axis("density:0.05:0.95:4:log"), parse_axis("importance[2]:0.2:4:5:log"))
    found = phases._represented_by_fixed(plane, sharing=True)
    solutions, expected = fixed_solutions(3, 2), []
    for x, y in plane.values(plane.points().reshape(-1, 2)):
        at = with_axes(setting, {"density": float(x), "importance[2]": float(y)})
        losses = []
        for one in solutions:
            b = np.zeros(3)
            if one.dropped is not None:
                b[one.dropped] = x / 2
            losses.append(float(population_loss(Weights(one.W, b), at).loss))
        dropped = solutions[int(np.argmin(losses))].dropped
        expected.append([3 if dropped is None else 2, dropped != 2])
    np.testing.assert_array_equal(found, expected)
    assert len(np.unique(found, axis=0)) == 3, "the cells try all three answers"


def test_dimensionalities_of_a_mixture_are_those_of_its_weights_put_together():
    best = mixture(Setting(9, 4, 0.3))
    blocks = [part.piece.W for part in best.parts for _ in range(part.copies)]
    W = np.zeros((sum(len(one) for one in blocks), sum(one.shape[1] for one in blocks)))
    row = column = 0
    for one in blocks:
        W[row : row + len(one), column : column + one.shape[1]] = one
        row, column = row + len(one), column + one.shape[1]
    D, squares = polytopes._represented_of_mixture(best)
    np.testing.assert_allclose(np.sort(D), np.sort(dimensionality(W)[np.linalg.norm(W, axis=0) > 0.5]), atol=1e-12)
    assert squares == pytest.approx((W**2).sum())


def test_shares_on_lines_count_what_is_within_their_width():
    D = np.array([0.5, 0.515, 0.53, 0.7, 1.0])
    assert polytopes._share(D, [1 / 2, 1], 0.02) == 3 / 5
    assert polytopes._share(D, [1 / 2, 1], 0.0) == 2 / 5
    assert polytopes._share(D, [2], 5.0) == 1


def test_the_tight_antiprism_gives_each_vertex_three_eighths_and_another_height_does_not():
    assert polytopes.antiprism_dimensionality("tight").value == pytest.approx(3 / 8, abs=1e-12)
    assert abs(polytopes.antiprism_dimensionality().value - 3 / 8) > 1e-4


def test_beginnings_and_what_stays_by_brute_force():
    for true in RANDOM(0).random((200, 6)) < 0.6:
        begins = [k for k in range(6) if true[k]]
        stays = [k for k in range(6) if true[k:].all()]
        assert learning._begins(true) == min(begins, default=np.inf)
        assert learning._stays(true) == min(stays, default=np.inf)


def test_the_mean_cosine_is_that_of_all_pairs():
    unit = RANDOM(1).normal(size=(5, 3, 4))
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    pairs = [unit[:, :, i] * unit[:, :, j] for i in range(4) for j in range(i)]
    np.testing.assert_allclose(learning._mean_cosine(unit), np.mean([one.sum(axis=1) for one in pairs], axis=0))


def staged(order=(0, 1, 2)):
    """Two sets of two features that are gathered, open, turned into antipodes, and one stage at each snapshot."""
    e = np.eye(4)
    gathered = np.stack([e[0] + 0.5 * e[1], e[0] - 0.5 * e[1], -e[0] + 0.5 * e[2], -e[0] - 0.5 * e[2]], axis=1)
    opened = np.stack([e[0], e[1], e[2], e[3]], axis=1)
    antipodal = np.stack([e[0], e[1], -e[0], -e[1]], axis=1)
    return followed(np.stack([(gathered, opened, antipodal)[k] for k in order]))


def followed(W):
    """The history of one run."""
    snapshots, hidden, count = W.shape
    nothing = np.zeros((snapshots, 1))
    setting, options = Setting(count, hidden, 0.1), Training(runs=1, steps=max(5 * snapshots, 1))
    steps = tuple(range(0, 5 * snapshots, 5))
    taken = np.array(steps)[:, None]
    return History(setting, options, steps, W[:, None], np.zeros((snapshots, 1, count)), None, nothing, taken)


def test_stages_are_told_in_the_order_in_which_they_come_in_any_axes():
    sets = [[0, 1], [2, 3]]
    assert learning._stages(staged(), 0, sets) == (0, 1, 2)
    in_other_axes = followed(1.3 * np.stack([turned(one[0], seed=2) for one in staged().W]))
    assert learning._stages(in_other_axes, 0, sets) == (0, 1, 2)
    assert learning._stages(staged((1, 2, 0)), 0, sets)[1] == np.inf, "it does not stay open"


def test_jumps_are_the_same_in_other_units_of_the_loss():
    history = followed(np.ones((120, 1, 1)))
    t = np.array(history.steps)
    loss = 1 + 1 / (1 + np.exp((t - 150) / 8)) + 0.5 / (1 + np.exp((t - 400) / 8))
    jumps = learning._jumps(history, loss)
    assert [np.mean(one.steepest) * 5 for one in jumps] == pytest.approx([150, 400], abs=10)
    scaled = learning._jumps(history, 7 * loss)
    assert [one.steepest for one in scaled] == [one.steepest for one in jumps]
    assert [one.least for one in scaled] == pytest.approx([7 * one.least for one in jumps])


def test_cosines_within_pairs_do_not_see_axes_or_lengths():
    W = RANDOM(3).normal(size=(3, 4))
    expected = [W[:, i] @ W[:, i + 1] / np.linalg.norm(W[:, i]) / np.linalg.norm(W[:, i + 1]) for i in (0, 2)]
    assert bases._in_groups(W, [(0, 1), (2, 3)]) == pytest.approx(expected)
    assert bases._in_groups(turned(W) * [1, 2, 3, 4], [(0, 1), (2, 3)]) == pytest.approx(expected)


def test_pairs_are_the_groups_or_neighbours():
    grouped = Setting(4, 2, 0.1, law="correlated", groups=[[0, 2], [1, 3]])
    assert bases._pairs(grouped) == [(0, 2), (1, 3)]
    assert bases._pairs(Setting(4, 2, 0.1)) == [(0, 1), (2, 3)]


def test_scores_of_known_arrangements():
    assert demonstration.scores_of_scaled(1.0).value == pytest.approx((0, 1, 1 / 2), abs=1e-12)
    assert demonstration.scores_of_scaled(2.0).value == pytest.approx((0, 4, 2), abs=1e-12)


def test_an_antipode_costs_one_active_feature_nothing_and_a_parallel_one_a_third():
    assert demonstration.one_active_loss(-1.0).value == pytest.approx(0, abs=1e-15)
    assert demonstration.one_active_loss(1.0).value == pytest.approx(1 / 3)


def test_the_square_has_unit_vectors_and_no_bias_and_a_pentagon_does_not():
    assert pentagon.square_less_bias(4).value == pytest.approx(0, abs=1e-6)
    turn = 2 * np.pi * np.arange(5) / 5

    def loss(length, bias):
        return one_hot_loss(Weights(length * np.array([np.cos(turn), np.sin(turn)]), np.full(5, bias)))

    grid = [(loss(u, b), u**2 - 1 + b) for u in np.linspace(1.1, 1.25, 61) for b in np.linspace(-0.35, -0.2, 61)]
    assert pentagon.square_less_bias(5).value == pytest.approx(min(grid)[1], abs=0.01)


def test_training_on_the_plain_loss_is_the_package_s_own():
    setting = Setting(4, 2, 0.3, {"geometric": 0.8})
    options = Training(runs=1, steps=60, batch_size=32, device="cpu", kernel="reference")

    def plain(parameters, x):
        return batch_loss({name: one[0] for name, one in parameters.items()}, x[0], setting)[None]

    own, known = training.trained(setting, options, plain), train(setting, **vars(options)).weights
    np.testing.assert_allclose(own["W"], known.W, atol=1e-5)
    np.testing.assert_allclose(own["b"], known.b, atol=1e-5)


def test_training_leaves_the_number_of_threads_as_it_was():
    before = torch.get_num_threads()
    with pytest.raises(ZeroDivisionError):
        training.trained(Setting(2, 1, 0.5), Training(runs=1, steps=1, device="cpu"), lambda parameters, x: 1 / 0)
    assert torch.get_num_threads() == before


def biased(seed, hidden=3, count=5):
    random = RANDOM(seed)
    return Weights(random.normal(size=(hidden, count)) / 2, -0.1 * random.random(count))


def test_without_hidden_biases_the_loss_is_that_of_the_hidden_relu():
    setting, weights = Setting(5, 3, 0.3, {"geometric": 0.8}, activation="relu"), biased(0)
    found = hidden_bias.measured(setting, weights, np.zeros(3), inputs(setting, 2**16, RANDOM(1)))
    exact = population_loss(weights, setting)
    assert abs(found.loss - float(exact.loss)) < found.error + 4 * float(exact.error)
    assert 0 < found.error < 0.05 * found.loss
    assert found.off > 0.1


def test_with_large_hidden_biases_the_loss_is_exactly_the_linear_one():
    setting, weights, c = Setting(5, 3, 0.3, activation="relu"), biased(0), np.array([9.0, 8.0, 7.0])
    shifted = Weights(weights.W, weights.b - weights.outward @ c)
    found = hidden_bias.measured(setting, shifted, c, inputs(setting, 1000, RANDOM(1)))
    linear = population_loss(weights, Setting(5, 3, 0.3))
    assert found.off == 0
    assert found.loss == pytest.approx(float(linear.loss), rel=1e-12)
    assert found.error < 1e-10


def test_hidden_biases_turn_positive_and_the_relu_of_absolute_values_keeps_some_from_it():
    known = Setting(6, 3, 0.2, activation="relu")
    needs_it = Setting(6, 3, 0.2, activation="relu", values="signed", tied=False, target="abs")
    assert hidden_bias.positive_hidden_biases(known, [0.2], runs=4, steps=600).value == (3,)
    assert hidden_bias.positive_hidden_biases(needs_it, [0.2], runs=4, steps=600).details["off"][0] > 0.2


def attacked(W, b, x, share, through=True):
    setting = Setting(W.shape[-1], W.shape[-2], 0.3, {"geometric": 0.9})
    parameters = {"W": torch.tensor(W[None], requires_grad=True), "b": torch.tensor(b[None])}
    losses = removal.attacked_losses(setting, share, through, parameters, torch.tensor(x[None]))
    return losses, parameters, np.array(setting.importance)


def test_attacked_losses_are_those_of_the_attack_s_definition():
    random = RANDOM(4)
    W, b, x = random.normal(size=(2, 4)), random.normal(size=4) / 5, random.random((4, 9))
    found, _, importance = attacked(W, b, x, 0.7)
    G = W.T @ W
    for k, column in enumerate(x.T):
        delta = 0.7 * np.linalg.norm(column) * G[k % 4] / np.linalg.norm(G[k % 4])
        x_hat = np.maximum(G @ (column + delta) + b, 0)
        assert found[0, k].item() == pytest.approx(importance @ (x_hat - column) ** 2)
        others = random.normal(size=(500, 4))
        others *= np.linalg.norm(delta) / np.linalg.norm(others, axis=1, keepdims=True)
        assert G[k % 4] @ delta > (others @ G[k % 4]).max(), "no attack of its length raises that output more"


def test_the_gradient_goes_through_the_attack_unless_it_is_held():
    random = RANDOM(5)
    W, b, x = random.normal(size=(2, 4)), random.normal(size=4) / 5, random.random((4, 8))
    losses, parameters, _ = attacked(W, b, x, 0.5)
    losses.sum().backward()
    step = np.zeros((2, 4))
    step[1, 2] = 1e-6
    change = sum(sign * attacked(W + sign * step, b, x, 0.5)[0].sum().item() for sign in (1, -1)) / 2e-6
    assert parameters["W"].grad[0, 1, 2].item() == pytest.approx(change, rel=1e-5)
    held, others, _ = attacked(W, b, x, 0.5, through=False)
    held.sum().backward()
    assert held.sum().item() == pytest.approx(losses.sum().item())
    assert others["W"].grad[0, 1, 2].item() != pytest.approx(change, rel=1e-3)


def test_a_dropped_feature_is_attacked_by_nothing():
    W, b, x = np.array([[1.0, 0.0]]), np.zeros(2), np.ones((2, 2))
    losses, _, _ = attacked(W, b, x, 0.5)
    assert losses[0, 1].item() == pytest.approx(0.9), "its own loss, 0.9 x², and no more"
    assert losses[0, 0].item() == pytest.approx(0.9 + 0.5), "an attack of √2 / 2 on the other"


def test_represented_features_do_not_depend_on_axes_scale_or_order():
    W = np.array([[1.0, 0.0, 0.3, 0.6], [0.0, 0.9, 0.3, 0.0]])
    assert removal.represented(W) == removal.represented(3 * turned(W)) == removal.represented(W[:, ::-1]) == 3


def test_superposition_that_is_left_under_every_attack_is_no_number():
    assert removal._since(np.array([False, True, False, True, True])) == 3
    with pytest.raises(ArithmeticError, match="each of the attacks"):
        removal._since(np.array([True, False]))


def printed(inhibits=-4.0, ratio=4.0):
    """The paper's motif: a neuron [2, -1/2] with outputs [1/2, 2], and one that x_0 > 0 inhibits output 1 with."""
    side = ratio**0.5
    W = np.array([[side, -1 / side], [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    V = np.array([[1 / side, 0.0, 0.0, 1.0], [side, inhibits, 1.0, 0.0]])
    return Weights(W, np.zeros(2), V)


def test_the_printed_motif_is_found_and_only_where_it_is_one():
    (found,) = motif.asymmetric(printed())
    assert (found["neuron"], found["features"]) == (0, [0, 1])
    assert [found[key] for key in ("inward", "outward", "interference", "left")] == pytest.approx([4, 4, 4, 0])
    assert motif.shared(printed()) == [0]
    assert motif.asymmetric(printed(inhibits=-3.0)) == [], "nothing inhibits what is left"
    assert motif.asymmetric(printed(inhibits=-2.0, ratio=1.5)) == [], "its weights are nearly equal"
    assert motif.shared(Weights(np.eye(2), np.zeros(2), np.eye(2))) == []


def test_the_motif_is_the_same_in_other_scales_signs_and_orders():
    one, random = printed(), RANDOM(6)
    scale, neurons, features = random.random(4) + 0.5, random.permutation(4), np.array([1, 0])
    W = (scale[:, None] * one.W * [-1, 1])[neurons][:, features]
    V = (one.outward / scale)[:, neurons][features]
    (found,) = motif.asymmetric(Weights(W, one.b, V))
    assert (neurons[found["neuron"]], features[found["features"]].tolist()) == (0, [0, 1])
    for key in ("inward", "outward", "interference", "left"):
        assert found[key] == pytest.approx(motif.asymmetric(one)[0][key], abs=1e-12)


def test_a_diagram_of_reduced_size_is_drawn_without_its_curves():
    setting = Setting(2, 1, 0.1)
    found = phases.represented_alike(setting, cells=3, curves=False)
    drawn = figure_phases.phases([{"claim": {"setting": setting_tables(setting)}, "details": found.details}])
    assert drawn.name == "phases"
