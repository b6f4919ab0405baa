"""Every kernel takes the reference's steps on the same inputs, and a run's bits depend on the run alone."""

import os
import time
from collections.abc import Sequence

import numpy as np
import pytest
from training_cases import CHANGES, keys_of, setting_of

from tegum.empirical.kernels import PREFERRED, batched, kernel_name, kernel_named, reference
from tegum.empirical.models import Models, new_models
from tegum.empirical.plan import DATA, Training
from tegum.theory.errors import InputError
from tegum.theory.loss.stale import forget_stale_kernels

KERNELS = PREFERRED["cpu"]
ORDERS = ([0, 1, 2, 3, 4], [3, 1], [3])
ROUNDING = 2e-5  # of single precision, carried through the steps


def modes(kernels: Sequence[str]) -> list[tuple[str, str]]:
    """Each kernel with each kind of data that it takes."""
    return [
        (kernel, data)
        for kernel in kernels
        for data in DATA
        if kernel_named(kernel).supports(setting_of("basic"), Training(data=data, device="cpu"))
    ]


def trained(kernel: str, kind: str, training: Training, cuts: list[int], rows: list[int]) -> tuple[Models, np.ndarray]:
    """The runs in `rows`, taken from step 0 to the last of `cuts` in pieces, and their losses over the last piece."""
    setting, keys = setting_of(kind), keys_of(setting_of(kind), 5)[rows]
    settings = [setting] * len(rows)
    models = new_models(settings, keys, training)
    for first, end in zip([0, *cuts[:-1]], cuts, strict=True):
        losses = kernel_named(kernel).advance(models, settings, keys, training, first, end - first)
    return models, losses


@pytest.mark.parametrize("kind", CHANGES)
@pytest.mark.parametrize("kernel", KERNELS)
def test_steps_are_the_references_on_the_same_inputs(kernel, kind):
    training = Training(steps=20, batch_size=48, learning_rate=0.003, device="cpu", kernel=kernel)
    setting, keys = setting_of(kind), keys_of(setting_of(kind), 5)
    ours, losses = trained(kernel, kind, training, [10], list(range(5)))
    theirs = new_models([setting] * 5, keys, training)
    given = kernel_named(kernel).inputs
    expected = reference.advance(theirs, [setting] * 5, keys, training, 0, 10, given)
    np.testing.assert_allclose(losses, expected, rtol=1e-5)
    for part, other in zip(ours.parts, theirs.parts, strict=True):
        for name, array in part.items():
            np.testing.assert_allclose(array, other[name], rtol=0, atol=ROUNDING * max(1, np.abs(array).max()))
    begin = new_models([setting] * 5, keys, training)
    assert all(np.abs(ours.parameters[name] - begin.parameters[name]).max() > 1e-3 for name in ours.parameters)


@pytest.mark.parametrize(
    "change", [{"optimizer": "sgd"}, {"optimizer": "adamw"}, {"schedule": "constant"}, {"warmup": 7}]
)
@pytest.mark.parametrize(("kernel", "data"), modes(KERNELS))
def test_so_they_are_with_every_option(kernel, data, change):
    options = {"data": data, "dataset_size": 100, "kernel": kernel} | change
    training = Training(steps=20, batch_size=48, device="cpu", **options)
    ours, losses = trained(kernel, "basic", training, [10], [0, 1])
    setting = setting_of("basic")
    theirs = new_models([setting] * 2, keys_of(setting, 2), training)
    given = kernel_named(kernel).inputs
    expected = reference.advance(theirs, [setting] * 2, keys_of(setting, 2), training, 0, 10, given)
    np.testing.assert_allclose(losses, expected, rtol=1e-5)
    for name, array in ours.parameters.items():
        np.testing.assert_allclose(array, theirs.parameters[name], rtol=0, atol=ROUNDING)


@pytest.mark.parametrize(("kernel", "data"), modes(["reference", "population", *KERNELS]))
def test_a_run_has_the_same_bits_in_any_company_and_order_and_after_a_resume(kernel, data):
    training = Training(steps=12, batch_size=40, data=data, dataset_size=64, device="cpu")
    together, losses = trained(kernel, "basic", training, [5, 12], [0, 1, 2, 3, 4])
    others, other_losses = trained(kernel, "basic", training, [5, 12], [3, 1])
    alone, alone_loss = trained(kernel, "basic", training, [3, 5, 12], [3])
    np.testing.assert_array_equal(losses[[3, 1]], other_losses)
    np.testing.assert_array_equal(losses[[3]], alone_loss)
    for name, array in together.parameters.items():
        np.testing.assert_array_equal(array[[3, 1]], others.parameters[name])
        np.testing.assert_array_equal(array[[3]], alone.parameters[name])
        assert len(np.unique(array, axis=0)) == 5


@pytest.mark.parametrize("kernel", [kernel for kernel, data in modes(["reference", *KERNELS]) if data == "dataset"])
def test_a_dataset_stays_the_same_and_is_taken_whole_where_a_batch_is_no_smaller(kernel):
    setting, keys = setting_of("basic"), keys_of(setting_of("basic"), 2)

    def drawn(batch_size: int, step: int) -> np.ndarray:
        options = Training(batch_size=batch_size, data="dataset", dataset_size=60, device="cpu", kernel=kernel)
        return kernel_named(kernel).inputs([setting] * 2, keys, options, step)

    whole = drawn(60, 0)
    np.testing.assert_array_equal(whole, drawn(100, 3))
    for run in range(2):
        seen = {tuple(x) for x in whole[run].T}
        chosen = [tuple(x) for step in range(50) for x in drawn(30, step)[run].T]
        assert set(chosen) == seen
        counts = np.array([chosen.count(x) for x in seen if any(x)])
        assert abs(counts - 25).max() < 5 * np.sqrt(25)  # Poisson: no input is preferred
    assert not np.array_equal(whole[0], whole[1])


def test_population_descent_cannot_be_computed_by_a_kernel_that_draws():
    setting = setting_of("basic")
    assert kernel_name(setting, Training(data="population", device="cpu")) == "population"
    with pytest.raises(InputError, match='training.kernel = "batched" draws inputs'):
        kernel_name(setting, Training(data="population", device="cpu", kernel="batched"))


@pytest.mark.parametrize("together", [2, 3, 4])
def test_batched_products_of_several_runs_are_filled_up_so_that_company_does_not_matter(monkeypatch, together):
    """As on a GPU: the number of runs in a product, which may decide how sums are ordered, is always the same."""
    training = Training(steps=12, batch_size=40, device="cpu")
    alone, _ = trained("batched", "everything", training, [12], [3])
    sizes: set[int] = set()

    def watched(parameters, x, *rest, step=batched.batch_loss_and_gradient):
        sizes.add(len(x))
        return step(parameters, x, *rest)

    monkeypatch.setattr(batched, "batch_loss_and_gradient", watched)
    monkeypatch.setattr(batched, "_together", lambda *_: together)
    found = [trained("batched", "everything", training, [5, 12], rows)[0][np.array([rows.index(3)])] for rows in ORDERS]
    assert sizes == {together}
    for name, array in alone.parameters.items():
        np.testing.assert_allclose(found[0].parameters[name], array, rtol=0, atol=ROUNDING)
        for other in found[1:]:
            np.testing.assert_array_equal(other.parameters[name], found[0].parameters[name])


def test_compiled_code_older_than_any_module_of_its_folder_is_forgotten(tmp_path):
    (tmp_path / "__pycache__").mkdir()
    caller, callee = tmp_path / "caller.py", tmp_path / "callee.py"
    index = tmp_path / "__pycache__" / "caller.run-1.py311.nbi"
    for age, file in ((30, caller), (30, callee), (20, index)):
        file.touch()
        os.utime(file, (time.time() - age,) * 2)
    assert forget_stale_kernels(tmp_path) == []
    callee.touch()
    assert forget_stale_kernels(tmp_path) == [index]
    assert not index.exists()
