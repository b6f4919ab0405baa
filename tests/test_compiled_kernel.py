"""The compiled kernel takes the reference's steps on the same inputs, gives a run the same bits however it is packed,
and trains to the same distribution of losses and geometries."""

import copy
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from scipy.stats import chi2_contingency, ks_2samp

from tegum.empirical.kernels import compiled, kernel_name, reference
from tegum.empirical.kernels.philox import fill_words
from tegum.empirical.kernels.route import route_of
from tegum.empirical.models import Models, new_models
from tegum.empirical.plan import Training
from tegum.empirical.stream import run_key, words
from tegum.empirical.training import train
from tegum.theory.errors import InputError
from tegum.theory.geometry.identify import identify
from tegum.theory.loss.population import population_loss
from tegum.theory.setting import LAWS, VALUES, Setting

ROUTES = {"words": (False, False), "gaps": (True, False), "rows": (True, True)}
OPTIONS = Training(batch_size=150, optimizer="sgd", learning_rate=0.1, device="cpu", steps=12)
ROUNDING = 2e-5  # of a sum of some hundred single precision numbers, relative to the largest entry of an array


@pytest.fixture
def take_route(monkeypatch):
    """Make the kernel take a route that it would not choose itself."""

    def take(name: str) -> None:
        by_gaps, by_rows = ROUTES[name]
        forced = lambda setting, batch: route_of(setting, batch)._replace(by_gaps=by_gaps, by_rows=by_rows)  # noqa: E731
        monkeypatch.setattr(compiled, "route", forced)

    return take


def keys_of(settings: list[Setting], seed: int = 0) -> np.ndarray:
    return np.array([run_key(setting, run, seed) for run, setting in enumerate(settings)], dtype=np.uint64)


def models_of(settings: list[Setting], training: Training) -> Models:
    """Models on their way: biases not at 0, where a readout has its kink."""
    models = new_models(settings, keys_of(settings), training)
    random = np.random.default_rng(0)
    for array in models.parameters.values():
        array += 0.1 * random.normal(size=array.shape).astype(np.float32)
    return models


def largest_difference(setting: Setting, training: Training, steps: int) -> float:
    """Largest difference from the reference after any single step, relative to the largest entry of each array."""
    settings = [setting, setting]
    keys, models = keys_of(settings), models_of(settings, training)
    differences = []
    for step in range(steps):
        expected = copy.deepcopy(models)
        loss = compiled.advance(models, settings, keys, training, step, 1)
        expected_loss = reference.advance(expected, settings, keys, training, step, 1, compiled.inputs)
        differences.append(np.abs(loss / expected_loss - 1).max())
        for part, expected_part in zip(models.parts, expected.parts, strict=True):
            for name, array in part.items():
                differences.append(np.abs(array - expected_part[name]).max() / np.abs(expected_part[name]).max())
    return max(differences)


def variants(law: str, values: str, count: int, hidden: int, density: float) -> list[Setting]:
    """Every kind of model and target under a law."""
    of_law: dict = {"law": law, "values": values}
    if law != "one-hot":
        of_law["density"] = density
    if law in ("correlated", "anticorrelated"):
        of_law["groups"] = [[0, 2], [3, 4]]
    untied = {"tied": False, "l1": 0.1}
    kinds = ({}, {"bias": False}, untied, {**untied, "bias": False, "target": "abs"})
    layers = [{"activation": a, "readout": r} for a, r in product(("none", "relu"), ("relu", "linear"))]
    of_law["importance"] = {"geometric": 0.9}
    return [Setting(count, hidden, **of_law, **kind, **layer) for kind, layer in product(kinds, layers)]


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("values", VALUES)
@pytest.mark.parametrize("law", LAWS)
def test_a_step_is_the_references_in_every_setting(take_route, law, values, route):
    take_route(route)
    for setting in variants(law, values, 5, 2, 0.3) + variants(law, values, 21, 6, 0.06)[::5]:
        if route != "rows" or setting.activation == "none":
            assert largest_difference(setting, OPTIONS, 1) < ROUNDING, setting


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
def test_every_optimiser_takes_the_references_steps(optimizer, schedule):
    training = replace(OPTIONS, optimizer=optimizer, schedule=schedule, warmup=3, learning_rate=0.01)
    assert largest_difference(Setting(count=5, hidden=2, density=0.3), training, 8) < ROUNDING
    # Another momentum, decay or rate would show.
    wrong = replace(training, learning_rate=0.0101)
    settings = [Setting(count=5, hidden=2, density=0.3)]
    left, right = (models_of(settings, training) for _ in range(2))
    for models, options in ((left, training), (right, wrong)):
        compiled.advance(models, settings, keys_of(settings), options, 0, 8)
    assert np.abs(left.parameters["W"] / right.parameters["W"] - 1).max() > ROUNDING


@pytest.mark.parametrize("batch_size", [1, 63, 256, 1000])
@pytest.mark.parametrize("route", ROUTES)
def test_any_batch_size_is_divided_into_tiles(take_route, batch_size, route):
    take_route(route)
    setting = Setting(count=18, hidden=3, density=0.2)
    assert largest_difference(setting, replace(OPTIONS, batch_size=batch_size), 2) < ROUNDING


MIXED = [Setting(count=5, hidden=2, density=p, importance={"geometric": 0.8}) for p in (0.3, 0.001, 0.1, 0.5, 0.05)]


def trained(order: list[int], pieces: list[int], threads: int = 1) -> list[np.ndarray]:
    """The parameters of runs of MIXED, trained in this order and in pieces of so many steps."""
    settings, keys = [MIXED[i] for i in order], keys_of(MIXED)[order]
    training = replace(OPTIONS, optimizer="adam")
    models, before = new_models(settings, keys, training), torch.get_num_threads()
    try:
        torch.set_num_threads(threads)
        for start, stop in zip(np.cumsum([0, *pieces[:-1]]), np.cumsum(pieces), strict=True):
            compiled.advance(models, settings, keys, training, int(start), int(stop - start))
    finally:
        torch.set_num_threads(before)
    return list(models.parameters.values())


def test_a_run_has_the_same_bits_alone_in_any_order_after_a_resume_and_on_any_threads():
    together = trained([0, 1, 2, 3, 4], [12])
    assert len({array.tobytes() for array in together[0]}) == 5
    order = [3, 0, 4, 2]
    for array, other, resumed, threaded in zip(
        together, trained(order, [12]), trained(order, [5, 1, 6]), trained(order, [12], threads=2), strict=True
    ):
        assert (array[order] == other).all()
        assert (other == resumed).all()
        assert (other == threaded).all()
    for run in range(5):
        for array, alone in zip(together, trained([run], [12]), strict=True):
            assert (array[run] == alone[0]).all()


def test_a_run_depends_on_its_key():
    settings = [MIXED[0]] * 2
    models = new_models(settings, keys_of(settings), OPTIONS)
    models.parameters["W"][1] = models.parameters["W"][0]
    compiled.advance(models, settings, keys_of(settings), OPTIONS, 0, 1)
    assert not (models.parameters["W"][0] == models.parameters["W"][1]).all()


# Random123's own known answers for philox4x32-10: counter, key, words.
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN)
def test_philox_gives_the_known_answers(counter, key, expected):
    out = np.zeros((1, 4, 1), np.uint32)
    block, purpose, low, high = counter
    fill_words(np.uint64(key[0] | key[1] << 32), np.uint64(low | high << 32), purpose, block, out)
    assert out.ravel().tolist() == list(expected)


@pytest.mark.parametrize("blocks", [1, 8, 37])
def test_compiled_words_are_those_of_the_stream(blocks):
    key, step, purpose, rows = 2**64 - 12345, 2**33 + 7, 3, 5
    out = np.zeros((rows, 4, blocks), np.uint32)
    fill_words(np.uint64(key), np.uint64(step), purpose, 0, out)
    expected = words(np.array([key], dtype=np.uint64), step, out.size, purpose)
    assert (out.transpose(0, 2, 1).ravel() == expected[0]).all()


def test_it_is_what_a_cpu_takes_for_fresh_inputs():
    setting = Setting(count=5, hidden=2, density=0.1)
    assert kernel_name(setting, Training(device="cpu")) == "compiled"
    assert kernel_name(setting, Training(device="cpu", data="dataset")) != "compiled"


def test_moments_of_another_optimiser_are_refused():
    models = models_of(MIXED, OPTIONS)
    with pytest.raises(InputError, match="second moments"):
        compiled.advance(models, MIXED, keys_of(MIXED), replace(OPTIONS, optimizer="adam"), 0, 1)


def test_what_diverges_is_not_finite():
    settings = [Setting(count=5, hidden=2, density=0.5)]
    models = new_models(settings, keys_of(settings), OPTIONS)
    compiled.advance(models, settings, keys_of(settings), replace(OPTIONS, learning_rate=1e30), 0, 12)
    assert not np.isfinite(models.parameters["W"]).all()


FEW = Setting(count=5, hidden=2, density=0.15)
RUNS = 40
TRAINED = 0.2  # overlaps below this are none, after so short a training


def outcome(kernel: str, learning_rate: float, seed: int) -> tuple[np.ndarray, list[str]]:
    """Exact losses and geometries of trained runs."""
    options = {"runs": RUNS, "steps": 120, "batch_size": 64, "device": "cpu", "seed": seed}
    ensemble = train(FEW, kernel=kernel, learning_rate=learning_rate, **options)
    losses = np.asarray(population_loss(ensemble.weights, FEW).loss)
    return losses, [identify(W, tolerance=TRAINED).geometry for W in ensemble.weights.W]


def loss_and_geometry_pvalues(left, right) -> tuple[float, float]:
    names = sorted({*left[1], *right[1]})
    table = [[one[1].count(name) for name in names] for one in (left, right)]
    return ks_2samp(left[0], right[0]).pvalue, chi2_contingency(table).pvalue if len(names) > 1 else 1.0


def test_it_trains_to_the_references_distribution_of_losses_and_geometries():
    found = outcome("compiled", 0.06, seed=1)
    expected = outcome("reference", 0.06, seed=2)
    assert len(set(expected[1])) > 1
    assert min(loss_and_geometry_pvalues(found, expected)) > 0.01
    # A learning rate that is somewhat lower is told apart by so many runs.
    assert loss_and_geometry_pvalues(outcome("compiled", 0.012, seed=3), expected)[0] < 1e-4
