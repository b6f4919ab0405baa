"""The reference descends theory's loss: by its gradient, its optimisers, its schedules and its starts."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.stats import kstest
from training_cases import CHANGES, keys_of, setting_of

from tegum.empirical.kernels import reference
from tegum.empirical.models import new_models, weights_of_models
from tegum.empirical.plan import Training
from tegum.empirical.schedule import learning_rate
from tegum.theory.loss.law import law_of, structure_of
from tegum.theory.loss.population import population_loss
from tegum.theory.loss.states import binary_states
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

BATCHES, BATCH = 40, 10_000
STANDARD_ERRORS = 4.5


def loss_and_gradient(weights: Weights, setting: Setting, x: np.ndarray) -> tuple[float, dict[str, np.ndarray]]:
    """The reference's batch_loss of one model on these inputs, and its automatic gradient."""
    named = {"W": weights.W} | ({"b": weights.b} if setting.bias else {})
    named |= {} if weights.W_out is None else {"W_out": weights.W_out}
    parameters = {name: torch.tensor(array, requires_grad=True) for name, array in named.items()}
    loss = reference.batch_loss(parameters, torch.from_numpy(x.astype(float)), setting)
    loss.backward()
    return loss.item(), {name: parameter.grad.numpy() for name, parameter in parameters.items()}


def some_weights(setting: Setting) -> Weights:
    random = np.random.default_rng(3)
    W, W_out = random.normal(size=(2, 5)), random.normal(size=(5, 2))
    b = 0.3 * random.normal(size=5) if setting.bias else np.zeros(5)
    return Weights(W, b, None if setting.tied else W_out)


@pytest.mark.parametrize("kind", CHANGES)
def test_the_average_gradient_is_the_exact_one(kind):
    setting = setting_of(kind)
    weights = some_weights(setting)
    training = Training(batch_size=BATCH, device="cpu")
    sampled = []
    for step in range(BATCHES):
        (x,) = reference.inputs([setting], keys_of(setting, 1), training, step)
        loss, gradient = loss_and_gradient(weights, setting, x)
        sampled.append(np.concatenate([[loss], *(gradient[name].ravel() for name in sorted(gradient))]))
    found = np.array(sampled)
    error = found.std(axis=0, ddof=1) / np.sqrt(BATCHES)
    exact = population_loss(weights, setting)
    named = {"W": exact.gradient.W, "W_out": exact.gradient.W_out, "b": exact.gradient.b}
    slopes = [named[name].ravel() for name in sorted(gradient)]
    expected = np.concatenate([[exact.loss], *slopes])
    margin = STANDARD_ERRORS * np.maximum(error, 1e-9) + 4 * exact.error + 4 * exact.gradient_error
    assert (margin < 0.05 * np.abs(expected).max()).all()  # a noisier test would accept wrong gradients
    assert (np.abs(found.mean(axis=0) - expected) < margin).all()
    wrong = np.abs(1.05 * expected - found.mean(axis=0)) > margin
    assert wrong.any()


@pytest.mark.parametrize("law", ["independent", "correlated", "anticorrelated", "one-hot"])
def test_a_dataset_of_all_states_of_a_binary_law_has_the_population_loss(law):
    grouped = {"groups": [[0, 1], [2, 3]]} if "correlated" in law else {}
    density = [0.25, 0.25, 0.125, 0.125, 0.25]
    setting = Setting(5, 2, density, values="binary", law=law, l1=0.1, importance={"geometric": 0.8}, **grouped)
    states = binary_states(law_of(setting).density, structure_of(setting))
    copies = states.probability[0] * 2.0**15
    assert (copies == np.round(copies)).all()  # so that the dataset has exactly the law's probabilities
    dataset = np.repeat(states.x, copies.astype(int), axis=0).T
    weights = some_weights(setting)
    loss, gradient = loss_and_gradient(weights, setting, dataset)
    exact = population_loss(weights, setting)
    assert loss == pytest.approx(exact.loss, rel=1e-12)
    np.testing.assert_allclose(gradient["W"], exact.gradient.W, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(gradient["b"], exact.gradient.b, rtol=1e-11, atol=1e-13)


OPTIMIZERS = {
    "adam": (lambda p, lr: torch.optim.Adam(p, lr=lr), {}),
    "adamw": (lambda p, lr: torch.optim.AdamW(p, lr=lr, weight_decay=0.05), {"weight_decay": 0.05}),
    "sgd": (lambda p, lr: torch.optim.SGD(p, lr=lr, momentum=0.8), {"momentum": 0.8}),
    "sgd without momentum": (lambda p, lr: torch.optim.SGD(p, lr=lr), {"momentum": 0.0}),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_steps_are_those_of_a_plain_loop_however_they_are_cut(name):
    """A loop that keeps PyTorch's own optimiser and scheduler throughout, on the same inputs."""
    setting, steps = setting_of("basic"), 12
    make, options = OPTIMIZERS[name]
    training = Training(steps=steps, batch_size=32, optimizer=name.split()[0], device="cpu", **options)
    keys = keys_of(setting, 1)
    pieces = new_models([setting], keys, training)
    W, b = (torch.from_numpy(pieces.parameters[key][0].copy()).requires_grad_() for key in ("W", "b"))
    optimizer = make([W, b], training.learning_rate)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for step in range(steps):
        optimizer.zero_grad()
        x = torch.from_numpy(reference.inputs([setting], keys, training, step)[0])
        reference.batch_loss({"W": W, "b": b}, x, setting).backward()
        optimizer.step()
        scheduler.step()
    for first, end in pairwise([0, 1, 6, steps]):
        reference.advance(pieces, [setting], keys, training, first, end - first)
    # The scheduler's recurrence and our formula differ in the learning rate's last digits.
    np.testing.assert_allclose(pieces.parameters["W"][0], W.detach().numpy(), rtol=0, atol=1e-6)
    np.testing.assert_allclose(pieces.parameters["b"][0], b.detach().numpy(), rtol=0, atol=1e-6)
    assert np.abs(pieces.parameters["b"]).max() > 1e-3
    whole = new_models([setting], keys, training)
    reference.advance(whole, [setting], keys, training, 0, steps)
    np.testing.assert_array_equal(whole.parameters["W"], pieces.parameters["W"])


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
@pytest.mark.parametrize("warmup", [0, 1, 4, 10])
def test_learning_rates_are_those_of_pytorchs_schedulers(schedule, warmup):
    training = Training(steps=10, warmup=warmup, schedule=schedule, learning_rate=0.3)
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3)
    last = {
        "constant": lambda: torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1.0),
        "cosine": lambda: torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(1, 10 - warmup)),
    }[schedule]
    rates = []
    if warmup:
        rise = torch.optim.lr_scheduler.LinearLR(optimizer, 1 / warmup, 1.0, warmup - 1) if warmup > 1 else None
        for _ in range(warmup):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            if rise is not None:
                rise.step()
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3)
    scheduler = last()
    for _ in range(10 - warmup):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    np.testing.assert_allclose([learning_rate(training, step) for step in range(10)], rates, rtol=1e-12, atol=1e-16)


RUNS = 400
VARIANCES = {
    "xavier": (2 / 8, 2 / 8),
    "kaiming": (2 / 5, 2 / 3),
    "normal": (1.0, 1.0),
    "notebook": (2 / 45, 2 / 45),
}


@pytest.mark.parametrize("start", VARIANCES)
def test_starts_are_normal_of_the_stated_variance(start):
    setting = Setting(count=5, hidden=3, density=0.1, tied=False)
    weights = weights_of_models(new_models([setting] * RUNS, keys_of(setting, RUNS), Training(start=start)))
    for array, variance in zip((weights.W, weights.W_out), VARIANCES[start], strict=True):
        assert kstest(array.ravel() / np.sqrt(variance), "norm").pvalue > 1e-4
        assert kstest(1.2 * array.ravel() / np.sqrt(variance), "norm").pvalue < 1e-3
    correlation = np.corrcoef(weights.W.reshape(RUNS, -1), weights.W_out.reshape(RUNS, -1), rowvar=False)
    assert np.abs(correlation - np.eye(30)).max() * np.sqrt(RUNS) < STANDARD_ERRORS
    assert (weights.b == 0).all()


def test_the_notebooks_start_is_what_pytorch_makes_of_its_tensor():
    torch.manual_seed(0)
    tensor = torch.empty(10, 5, 3)
    drawn = np.concatenate([torch.nn.init.xavier_normal_(tensor).numpy().ravel().copy() for _ in range(200)])
    assert kstest(drawn / np.sqrt(VARIANCES["notebook"][0]), "norm").pvalue > 1e-4


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4)])
def test_an_orthogonal_start_is_uniform_among_orthogonal_matrices(shape):
    count, hidden = shape
    setting = Setting(count=count, hidden=hidden, density=0.1)
    W = new_models([setting] * RUNS, keys_of(setting, RUNS), Training(start="orthogonal")).parameters["W"].astype(float)
    product = W @ W.mT if hidden <= count else W.mT @ W
    np.testing.assert_allclose(product, np.tile(np.eye(min(shape)), (RUNS, 1, 1)), atol=1e-6)
    assert abs(W.mean()) * np.sqrt(W.size * max(shape)) < STANDARD_ERRORS  # without the signs the diagonal is biased
    assert np.abs(W.mean(axis=0)).max() * np.sqrt(RUNS * max(shape)) < STANDARD_ERRORS
