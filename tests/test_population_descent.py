"""Population descent comes to rest where the exact gradient vanishes, and runs stop on the exact loss and gradient."""

from dataclasses import replace

import numpy as np
import pytest
from training_cases import keys_of, setting_of

from tegum.empirical.exact import exact_losses
from tegum.empirical.kernels import population
from tegum.empirical.models import new_models, weights_of_models
from tegum.empirical.plan import Training
from tegum.empirical.training import train, train_cells, train_runs
from tegum.theory.errors import InputError
from tegum.theory.loss.population import population_loss
from tegum.theory.setting import Setting

# Least population loss: quasi-Newton descent of the exact loss from many starts and the global search agree.
PAIR, PAIR_LOSS = Setting(count=2, hidden=1, density=0.2), 0.013184555221
DESCENT = Training(
    runs=4, steps=2000, data="population", optimizer="sgd", learning_rate=1.0, schedule="constant", tolerance=1e-9
)


def test_it_reaches_a_point_whose_exact_gradient_is_below_the_tolerance():
    found = train_cells([PAIR], DESCENT)
    exact = exact_losses(found.weights, found.settings)
    assert (exact.gradient_norm <= 1e-9).all()
    assert (found.steps < DESCENT.steps).all()
    assert (found.steps % 100 == 0).all()
    assert exact.loss.min() == pytest.approx(PAIR_LOSS, abs=1e-12)
    assert (exact.loss >= PAIR_LOSS - 1e-12).all()
    sooner = train_cells([PAIR], replace(DESCENT, steps=int(found.steps.max()) - 100))
    assert (exact_losses(sooner.weights, sooner.settings).gradient_norm > 1e-9).any()


@pytest.mark.parametrize("kind", ["l1", "untied", "correlated", "without biases", "linear"])
def test_the_loss_falls_at_every_step_of_plain_gradient_descent(kind):
    setting = setting_of(kind)
    training = replace(DESCENT, momentum=0.0, learning_rate=0.1)
    models = new_models([setting] * 2, keys_of(setting, 2), training)
    losses = [population.advance(models, [setting] * 2, keys_of(setting, 2), training, step, 1) for step in range(12)]
    assert (np.diff(losses, axis=0) < 0).all()


def test_it_is_the_mean_of_training_on_samples():
    """One step of plain descent on many samples is one step on the exact gradient."""
    setting = setting_of("basic")
    sampled = Training(runs=1, steps=1, batch_size=10**6, optimizer="sgd", learning_rate=1.0, schedule="constant")
    exact = replace(sampled, data="population")
    one, other = (train_cells([setting], options).weights for options in (sampled, exact))
    start = weights_of_models(new_models([setting], keys_of(setting, 1), exact))
    step = np.abs(other.W - start.W).max()
    assert step > 0.02
    np.testing.assert_allclose(one.W, other.W, rtol=0, atol=0.02 * step)


def test_a_run_on_samples_stops_once_its_exact_loss_is_low_enough():
    training = Training(runs=6, steps=1000, batch_size=64, device="cpu", stop_loss=1.2 * PAIR_LOSS)
    stopped = train_cells([PAIR], training)
    loss = np.asarray(population_loss(stopped.weights, PAIR).loss)
    early = stopped.steps < 1000
    assert early.any()
    assert (loss[early] <= training.stop_loss).all()
    assert (loss[~early] > training.stop_loss).all()
    # What a run does before it stops is what it does in any case, and its stop is its own.
    place = int(np.argmax(early))
    alone = train_runs([PAIR], [place], training)
    np.testing.assert_array_equal(alone.weights.W[0], stopped.weights.W[place])
    assert alone.steps[0] == stopped.steps[place]
    assert alone.batch_loss[0] == stopped.batch_loss[place]


def test_progress_still_rises_to_the_total_where_runs_stop():
    told: list[tuple[int, int]] = []
    train_cells([PAIR], DESCENT, lambda done, total: told.append((done, total)))
    done = [one for one, _ in told]
    assert done == sorted(done)
    assert told[-1] == (8000, 8000)


def test_a_setting_without_an_exact_loss_is_refused():
    setting = Setting(count=30, hidden=4, density=0.1, values="uniform", activation="relu")
    for options in ({"data": "population"}, {"tolerance": 1e-3}, {"stop_loss": 1e-3}):
        with pytest.raises(InputError, match="need an exact loss; this setting has none"):
            train(setting, runs=1, steps=10, batch_size=8, device="cpu", **options)
