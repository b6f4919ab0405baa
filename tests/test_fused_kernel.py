"""The fused kernel takes the reference's steps on its inputs, whoever keeps a run company, or says that it cannot.

Without a GPU, Triton interprets the programs on the CPU, and compiles them for a GPU that is not there.
"""

import json
import os
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch

from tegum.empirical.device_stream import uniforms_by_triton
from tegum.empirical.kernels import fused, kernel_name, reference
from tegum.empirical.models import Models, new_models
from tegum.empirical.plan import Training
from tegum.empirical.stream import DATASET, STEP, run_key, uniforms
from tegum.empirical.training import train, train_runs
from tegum.theory.errors import InputError
from tegum.theory.loss.population import population_loss
from tegum.theory.setting import Setting

THERE_IS_CUDA = torch.cuda.is_available()
if not THERE_IS_CUDA:
    os.environ["TRITON_INTERPRET"] = "1"  # before Triton is imported
pytestmark = pytest.mark.skipif(find_spec("triton") is None, reason="Triton is made for Linux on x86-64")
there_is_cuda = pytest.mark.skipif(not THERE_IS_CUDA, reason="needs a CUDA device")

# 24 inputs are more than one block of 4 × 4, and no whole number of blocks of 4 × 8.
TRAINING = Training(batch_size=24, steps=40, device="cuda" if THERE_IS_CUDA else "cpu", kernel="fused")
PLAIN = Setting(5, 2, [0.1, 0.3, 0.5, 0.9, 1.0])
GROUPED = {"count": 5, "density": 0.3, "groups": [[0, 3], [1, 2]]}
SETTINGS = {
    "plain": PLAIN,
    "importances": Setting(4, 3, 0.4, importance={"geometric": 0.5}),
    "signed and untied": Setting(5, 2, 0.4, values="signed", tied=False, readout="linear"),
    "binary": Setting(3, 1, 0.4, values="binary"),
    "no bias": Setting(6, 2, 0.4, bias=False),
    "penalised": Setting(5, 2, 0.4, l1=0.2),
    "absolute values": Setting(
        4, 6, 0.4, values="signed", target="abs", tied=False, activation="relu", l1=0.05, bias=False
    ),
    "hidden ReLU": Setting(5, 3, 0.5, activation="relu"),
    "correlated": Setting(hidden=2, law="correlated", **GROUPED),
    "anticorrelated": Setting(hidden=2, law="anticorrelated", values="signed", **GROUPED),
    "one-hot": Setting(5, 2, [0.5, 0.0, 0.2, 0.2, 0.1], law="one-hot"),
    "one-hot, binary": Setting(4, 2, law="one-hot", values="binary"),
    "wide": Setting(20, 5, 0.2),
    "one feature": Setting(1, 1, 0.5),
}
OPTIMIZERS = {
    "adam": TRAINING,
    "adamw": replace(TRAINING, optimizer="adamw", weight_decay=0.3, schedule="constant", warmup=3),
    "sgd": replace(TRAINING, optimizer="sgd", momentum=0.8, learning_rate=0.1),
}


def run_keys(settings: list[Setting]) -> np.ndarray:
    return np.array([run_key(setting, run, 0) for run, setting in enumerate(settings)], dtype=np.uint64)


def fused_inputs(settings: list[Setting], keys: np.ndarray, training: Training, step: int) -> np.ndarray:
    """What the reference is fed with: the fused kernel's inputs, on its own device."""
    return fused.inputs(settings, keys, replace(training, device=TRAINING.device), step)


def advanced(settings: list[Setting], training: Training, pieces: list[int]) -> tuple[Models, np.ndarray]:
    keys = run_keys(settings)
    models, first = new_models(settings, keys, training), 0
    for count in pieces:
        loss = fused.advance(models, settings, keys, training, first, count)
        first += count
    return models, loss


def assert_same_models(left: Models, right: Models, rtol: float = 0.0, atol: float = 0.0) -> None:
    for of_left, of_right in zip(left.parts, right.parts, strict=True):
        for name, array in of_left.items():
            np.testing.assert_allclose(array, of_right[name], rtol=rtol, atol=atol, err_msg=name)


@pytest.mark.parametrize("name", SETTINGS)
def test_inputs_are_those_of_the_run_s_stream(name):
    settings = [SETTINGS[name]] * 2
    keys = run_keys(settings)
    drawn = fused.inputs(settings, keys, TRAINING, 7)
    expected = reference.inputs(settings, keys, replace(TRAINING, device="cpu"), 7)
    np.testing.assert_allclose(drawn, expected, rtol=0, atol=2.0**-22)
    np.testing.assert_array_equal(drawn != 0, expected != 0)
    assert (drawn[0] != drawn[1]).any() or (drawn[0] == 1).all()


@pytest.mark.parametrize("count", [1, 30, 2051])
def test_a_gpu_draws_the_stream_bit_for_bit(count):
    keys = np.array([0, 2**64 - 1, 0x0123456789ABCDEF], dtype=np.uint64)
    for step, purpose in [(0, STEP), (10**9, DATASET)]:
        drawn = uniforms_by_triton(torch.device(TRAINING.device), keys, step, count, purpose)
        np.testing.assert_array_equal(drawn.cpu().numpy(), uniforms(keys, step, count, purpose))


@pytest.mark.parametrize(
    ("name", "optimizer"),
    [(name, "adam") for name in SETTINGS] + [("plain", name) for name in OPTIMIZERS if name != "adam"],
)
def test_each_step_is_the_reference_s_to_rounding(name, optimizer):
    settings, training = [SETTINGS[name]] * 2, OPTIMIZERS[optimizer]
    keys = run_keys(settings)
    models = new_models(settings, keys, training)
    for step in (0, 30):
        expected = models[np.arange(2)]
        loss = fused.advance(models, settings, keys, training, step, 1)
        of_reference = reference.advance(expected, settings, keys, training, step, 1, fused_inputs)
        np.testing.assert_allclose(loss, of_reference, rtol=2e-6)
        # A gradient that cancels keeps the rounding of its terms, which Adam divides by the size of the gradient.
        assert_same_models(models, expected, rtol=2e-5, atol=1e-7)


def test_a_wrong_input_is_seen():
    """The comparison above would fail if one word of the stream were another."""
    settings = [PLAIN]
    keys = run_keys(settings)
    models = new_models(settings, keys, TRAINING)
    expected = models[np.arange(1)]
    fused.advance(models, settings, keys, TRAINING, 0, 1)
    reference.advance(expected, settings, keys, TRAINING, 0, 1, lambda *run: np.roll(fused_inputs(*run), 1, axis=1))
    with pytest.raises(AssertionError):
        assert_same_models(models, expected, rtol=2e-5, atol=1e-7)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_run_is_the_same_in_any_company_and_after_any_pause(optimizer):
    """To the bit, though its companions have other densities, importances and penalties."""
    settings = [PLAIN, replace(PLAIN, l1=0.3), replace(PLAIN, density=0.2, importance=[3, 1, 1, 1, 0])]
    training = OPTIMIZERS[optimizer]
    together, _ = advanced(settings, training, [6])
    assert_same_models(together, advanced(settings, training, [1, 3, 2])[0])
    keys = run_keys(settings)
    for rows in ([1], [2, 0]):
        models = new_models([settings[row] for row in rows], keys[rows], training)
        fused.advance(models, [settings[row] for row in rows], keys[rows], training, 0, 6)
        assert_same_models(models, together[np.array(rows)])


def test_a_run_that_diverges_leaves_every_bit_of_its_company_alone():
    settings, training = [PLAIN, replace(PLAIN, importance=1e30), PLAIN], replace(OPTIMIZERS["sgd"], steps=12)
    with np.errstate(all="ignore"):  # the interpreter computes by NumPy, which would warn of the overflow
        together = train_runs(settings, [0, 0, 1], training)
    np.testing.assert_array_equal(together.diverged, [False, True, False])
    assert together.steps[1] < 12 == together.steps[0]
    alone = train_runs([PLAIN, PLAIN], [0, 1], training)
    np.testing.assert_array_equal(together.weights.W[[0, 2]], alone.weights.W)
    np.testing.assert_array_equal(together.batch_loss[[0, 2]], alone.batch_loss)


def test_batch_loss_is_the_mean_over_the_steps_of_the_call():
    each = [advanced([PLAIN] * 2, TRAINING, [1] * steps)[1] for steps in (1, 2, 3)]
    np.testing.assert_allclose(advanced([PLAIN] * 2, TRAINING, [3])[1], np.mean(each, axis=0), rtol=1e-6)


@pytest.mark.parametrize("batch_size", [4, 100])
def test_any_batch_of_fours(batch_size):
    training = replace(TRAINING, batch_size=batch_size)
    models, loss = advanced([PLAIN], training, [2])
    keys = run_keys([PLAIN])
    expected = new_models([PLAIN], keys, training)
    of_reference = reference.advance(expected, [PLAIN], keys, training, 0, 2, fused_inputs)
    assert_same_models(models, expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(loss, of_reference, rtol=1e-5)


def test_what_it_does_not_take_goes_to_another_kernel():
    taken = replace(TRAINING, device="cuda", kernel="auto")
    assert kernel_name(PLAIN, taken) == "fused"
    assert kernel_name(Setting(20, 5, 0.1), taken) == "fused"
    for setting, training in [
        (Setting(200, 20, 0.5), taken),
        (Setting(65, 1, 0.5), taken),
        (PLAIN, replace(taken, batch_size=30)),
        (PLAIN, replace(taken, data="dataset")),
    ]:
        assert kernel_name(setting, training) == "batched"
        with pytest.raises(InputError, match=r'^training\.kernel = "fused" does not take this'):
            kernel_name(setting, replace(training, kernel="fused"))


@pytest.mark.parametrize(("version", "kernel"), [("3.5.1", "batched"), ("3.6.0", "fused"), ("4.0.0+git1", "fused")])
def test_an_old_triton_is_not_used(monkeypatch, version, kernel):
    monkeypatch.setattr("triton.__version__", version)
    assert kernel_name(PLAIN, replace(TRAINING, device="cuda", kernel="auto")) == kernel


def test_it_is_refused_where_there_is_no_gpu_and_triton_is_not_imported():
    program = """
import sys
from tegum.empirical.kernels import fused
from tegum.empirical.training import train
from tegum.theory.errors import InputError
from tegum.theory.setting import Setting
try:
    train(Setting(5, 2, 0.1), kernel="fused", device="cpu")
except InputError as refusal:
    print(refusal)
print("triton" in sys.modules)
"""
    environment = {name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    refusal, imported = done.stdout.splitlines()
    assert refusal.startswith('training.kernel = "fused" does not take this setting, data or device')
    assert imported == "False"


def test_it_compiles_for_a_gpu_as_one_program_that_fits_in_registers():
    """One for all step numbers and numbers of runs, since another might round otherwise; and none in TF32."""
    environment = {name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"}
    compiler = Path(__file__).with_name("fused_compiler.py")
    done = subprocess.run([sys.executable, compiler], env=environment, capture_output=True, text=True, check=True)
    for name, found in json.loads(done.stdout).items():
        assert found == {"programs": 1, "overflow": 0, "matrix_products": 0}, name


def test_a_long_training_is_few_calls_and_ends_with_a_hundred_steps(monkeypatch):
    """A call costs as much as hundreds of steps; batch_loss is over the last hundred all the same."""
    calls = []

    def advance(models: Models, settings: list, keys: np.ndarray, training: Training, first: int, count: int):
        calls.append((first, count))
        return np.zeros(len(keys))

    monkeypatch.setattr(fused, "advance", advance)
    told: list[int] = []
    options = {"batch_size": 4, "kernel": "fused", "device": TRAINING.device, "runs": 1}
    train(PLAIN, lambda done, total: told.append(done), steps=12_050, **options)
    assert calls == [(0, 1950), (1950, 5000), (6950, 5000), (11_950, 100)]
    assert told == [1950, 6950, 11_950, 12_050]


@pytest.mark.gpu
@there_is_cuda
def test_thousands_of_models_reach_the_pentagon_and_each_is_the_same_alone():
    setting = Setting(5, 2, 0.05)
    options = {"steps": 2000, "batch_size": 256, "device": "cuda", "kernel": "fused"}
    trained = train(setting, runs=2000, **options)
    loss = np.asarray(population_loss(trained.weights, setting).loss)
    assert loss.min() == pytest.approx(0.008903593724, rel=0.005)
    alone = train_runs([setting], [1234], Training(**options))
    np.testing.assert_array_equal(alone.weights.W[0], trained.weights.W[1234])
