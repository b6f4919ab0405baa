"""The loss by tensor operations on any device: that of the compiled kernels, within its bounds, row by row."""

import json
import subprocess
import sys
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
import torch
from cases import exact_row, random_cases
from definition import defined_losses, random_setting, random_weights

from tegum.cli import main
from tegum.theory.errors import InputError
from tegum.theory.files.weights import write_weights
from tegum.theory.loss import tensor
from tegum.theory.loss.enumeration import enumerated_rows
from tegum.theory.loss.law import Structure, law_of
from tegum.theory.loss.objective import overlaps
from tegum.theory.loss.population import population_loss
from tegum.theory.loss.rows import RowLosses
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

there_is_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
DEVICES = ["cpu", pytest.param("cuda", marks=[pytest.mark.gpu, there_is_cuda])]
VALUES, LAWS = ("uniform", "signed", "binary"), ("independent", "correlated", "anticorrelated", "one-hot")
MODELS = [
    {"tied": tied, "bias": bias, "readout": readout, "activation": activation, "target": target}
    for tied, bias, readout, activation, target in product(
        (True, False), (True, False), ("relu", "linear"), ("none", "relu"), ("identity", "abs")
    )
]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("values", ["uniform", "signed"])
def test_rows_are_those_of_the_compiled_kernel(device, values):
    """Near-degenerate rows, features that are never or always on, and weights of zero included."""
    random = np.random.default_rng(1)
    structure = Structure(values=values)
    for name, weights, setting in random_cases(2, 5, most_features=5):
        law = law_of(setting)
        density = law.density * random.choice([0.0, 1.0], p=[0.1, 0.9], size=law.density.shape)
        density[random.random(density.shape) < 0.1] = 1.0
        given = weights.W[None], weights.b[None], density, law.importance
        for order in (1, 2):
            compiled, found = (_rows(*given, order, structure, where) for where in (None, device))
            for field in vars(compiled):
                one, other = getattr(compiled, field), getattr(found, field)
                if one is None:
                    assert other is None
                    continue
                size = np.abs(one).reshape(*one.shape[:2], -1).max(axis=2)
                gap = np.abs(one - other).reshape(*one.shape[:2], -1).max(axis=2)
                assert (gap <= 1e-12 * size).all(), (name, field)


def _rows(W, b, density, importance, order, structure, device) -> RowLosses:
    return enumerated_rows(overlaps(W), b, density, importance, order, True, structure, device)


@pytest.mark.parametrize("device", DEVICES)
def test_bounds_hold_against_rational_numbers(device):
    for name, weights, setting in random_cases(3, 3, most_features=4):
        law, G = law_of(setting), overlaps(weights.W[None])
        found = enumerated_rows(G, weights.b[None], law.density, law.importance, 1, True, device=device)
        for i, row in enumerate(G[0]):
            loss, slopes = exact_row(row, weights.b[i], setting.density, setting.importance[i], i)
            assert abs(Fraction(found.loss[0, i]) - loss) <= found.error[0, i] <= 1e-12, name
            for slope, exact in zip(found.gradient[0, i], slopes, strict=True):
                assert abs(Fraction(slope) - exact) <= found.gradient_error[0, i] <= 1e-11, name


@pytest.mark.parametrize("device", [None, *DEVICES])
@pytest.mark.parametrize(("values", "features"), [("uniform", 12), ("signed", 6)])
def test_overlaps_of_any_size_neither_overflow_nor_underflow(device, values, features):
    """At zero bias the gradient tends to -2 E y x_k U_0(z) as overlaps shrink, and g times the Hessian to its limit."""
    random = np.random.default_rng(8)
    g, tails = random.normal(size=features), 10.0 ** -np.arange(features)
    law = np.full((1, features), 0.3), np.ones((1, features)), 2, True, Structure(values=values), device
    for shape in (g, g * tails):
        rows = [enumerated_rows(size * shape[None, None], np.zeros((1, 1)), *law) for size in (1e-25, 1e-80, 1e-200)]
        for row, size in zip(rows[1:], (1e-55, 1e-175), strict=True):
            np.testing.assert_allclose(row.loss, rows[0].loss, rtol=1e-13)
            np.testing.assert_allclose(row.gradient, rows[0].gradient, rtol=1e-12, atol=1e-15)
            np.testing.assert_allclose(row.hessian * size, rows[0].hessian, rtol=1e-11, atol=1e-9 * 1e25)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("values", VALUES)
@pytest.mark.parametrize("law", LAWS)
def test_every_setting_has_the_loss_of_the_compiled_kernels(device, values, law):
    random = np.random.default_rng([VALUES.index(values), LAWS.index(law)])
    for model in random.choice(MODELS, 5, replace=False):
        setting = random_setting(random, 3 if values == "signed" else 4, values=values, law=law, **model)
        weights = random_weights(random, setting, tiny=bool(random.integers(2)))
        compiled, found = (population_loss(weights, setting, order=2, device=where) for where in (None, device))
        assert found.method == compiled.method
        np.testing.assert_allclose(found.per_feature, compiled.per_feature, rtol=1e-12, atol=1e-16)
        np.testing.assert_allclose(found.penalty, compiled.penalty, rtol=1e-12)
        np.testing.assert_allclose(found.error, compiled.error, rtol=1e-9)
        for part in ("W", "b", "W_out"):
            one, other = getattr(compiled.gradient, part), getattr(found.gradient, part)
            assert (one is None) == (other is None)
            if one is not None:
                assert np.abs(one - other).max() <= 1e-12 * np.abs(one).max() + 1e-15
        # A kink crossed at a tiny slope leaves the Hessian fewer digits, and its bound says so.
        gap = np.abs(found.hessian - compiled.hessian).max()
        assert gap <= 1e-12 * np.abs(compiled.hessian).max() + found.hessian_error
        assert found.hessian_error == pytest.approx(compiled.hessian_error, rel=1e-9)
        losses, penalty = defined_losses(weights, setting)
        assert abs(Fraction(found.loss) - (sum(losses) + penalty)) <= found.error


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("values", ["uniform", "signed"])
def test_a_row_depends_neither_on_its_batch_nor_on_the_chunks(device, values, monkeypatch):
    """To the last bit: rows that are pruned early stand beside rows that are not."""
    random = np.random.default_rng(4)
    models, features = 12, 5
    W, b = random.normal(size=(models, 2, features)), 0.3 * random.normal(size=(models, features))
    W[::3] *= 10.0 ** random.uniform(-12, 0, size=W[::3].shape)
    b[1] = -9.0
    b[2] = 9.0
    density, importance = random.random((models, features)), random.random((models, features))
    structure = Structure(values=values)
    together = _rows(W, b, density, importance, 2, structure, device)
    for k in range(models):
        alone = _rows(W[k : k + 1], b[k : k + 1], density[k : k + 1], importance[k : k + 1], 2, structure, device)
        _assert_equal(alone, together, slice(k, k + 1))
    monkeypatch.setattr(tensor, "MOST_BYTES", {"cpu": 1, "cuda": 1})
    sizes, expectations = [], tensor.expectations
    monkeypatch.setattr(tensor, "expectations", lambda c, *rest: sizes.append(len(c)) or expectations(c, *rest))
    _assert_equal(_rows(W, b, density, importance, 2, structure, device), together, slice(None))
    assert sizes == [1] * (2 * models * features)  # values, and magnitudes for their bounds


def _assert_equal(one: RowLosses, other: RowLosses, models: slice) -> None:
    for field, value in vars(one).items():
        np.testing.assert_array_equal(value, getattr(other, field)[models], err_msg=field)


@pytest.mark.parametrize("device", DEVICES)
def test_an_ensemble_is_its_models_one_by_one(device):
    random = np.random.default_rng(5)
    setting = Setting(4, 2, (0.1, 0.2, 0.0, 1.0), l1=0.1)
    W, b = random.normal(size=(5, 2, 4)), 0.2 * random.normal(size=(5, 4))
    found = population_loss(Weights(W, b), setting, device=device)
    for k in range(5):
        alone = population_loss(Weights(W[k], b[k]), setting, device=device)
        assert found.loss[k] == pytest.approx(alone.loss, rel=1e-14)
        np.testing.assert_allclose(found.gradient.W[k], alone.gradient.W, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("device", DEVICES)
def test_quasi_monte_carlo_runs_on_the_same_points(device):
    random = np.random.default_rng(6)
    setting = Setting(4, 2, 0.4, activation="relu", tied=False)
    weights = random_weights(random, Setting(4, 2, 0.4, tied=False))
    compiled, found = (population_loss(weights, setting, seed=3, device=where) for where in (None, device))
    assert found.method == "quasi-monte-carlo"
    assert found.loss == pytest.approx(compiled.loss, rel=1e-12)
    assert found.error == pytest.approx(compiled.error, rel=1e-6)


@pytest.mark.gpu
@there_is_cuda
def test_memory_stays_within_its_cap(monkeypatch):
    random, models, features, cap = np.random.default_rng(7), 300, 10, 2**24
    W = random.normal(size=(models, 4, features))
    shape = models, features
    given = overlaps(W), np.zeros(shape), np.full(shape, 0.5), np.ones(shape)
    monkeypatch.setattr(tensor, "MOST_BYTES", {"cuda": cap})
    torch.cuda.reset_peak_memory_stats()
    enumerated_rows(*given, 2, True, device="cuda")
    besides = 8 * models * features * (features + 4) ** 2  # rows and results
    assert torch.cuda.max_memory_allocated() < cap + 2 * besides


@pytest.mark.parametrize(
    ("device", "message"),
    [
        ("gpu", "device = 'gpu' is unknown; allowed: cpu, cuda"),
        ("cpu:1", "device = 'cpu:1' is unknown"),
        ("cuda:999", "device = 'cuda:999' is not there; number of CUDA devices: "),
    ],
)
@pytest.mark.parametrize("method", ["auto", "transform"])
def test_devices_that_cannot_serve_are_refused(device, message, method):
    with pytest.raises(InputError, match=message):
        population_loss(Weights(np.ones((1, 2)), np.zeros(2)), Setting(2, 1, 0.1), method, device=device)


def test_the_command_line_takes_a_device(tmp_path, capsys):
    (tmp_path / "pair.toml").write_text("[features]\ncount = 2\ndensity = 0.3\n[model]\nhidden = 1\n")
    write_weights(tmp_path / "pair.npz", Weights(np.array([[1.0, -1.0]]), np.zeros(2)))
    arguments = ["loss", str(tmp_path / "pair.toml"), "--weights", str(tmp_path / "pair.npz"), "--json", "--device"]
    assert main([*arguments, "cpu"]) == 0
    assert json.loads(capsys.readouterr().out)["loss"] == pytest.approx(0.03, rel=1e-14)
    assert main([*arguments, "cuda:77"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_torch_is_loaded_only_for_a_device():
    code = (
        "import sys, numpy as np; from tegum import Setting, Weights, population_loss\n"
        "given = Weights(np.ones((1, 2)), np.zeros(2)), Setting(2, 1, 0.1)\n"
        "population_loss(*given); assert 'torch' not in sys.modules\n"
        "population_loss(*given, device='cpu'); assert 'torch' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
