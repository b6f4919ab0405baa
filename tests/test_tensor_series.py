"""The transform and the meet in the middle by tensors on any device: exact, and those of the compiled kernels."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from cases import KINDS
from definition import defined_losses, random_setting, random_weights
from exact_laws import GROUPS, KINDS_OF_VALUES, case, exact_norm, exact_row
from test_tensor_loss import DEVICES, LAWS, there_is_cuda

from tegum.theory.loss import devices, population, routes, tensor_series
from tegum.theory.loss.law import Structure, law_of
from tegum.theory.loss.population import METHODS, population_loss
from tegum.theory.loss.rows import RowLosses
from tegum.theory.loss.sorted_sums import sorted_rows
from tegum.theory.loss.transform import transformed_norms, transformed_rows
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights, overlap_matrix

#: Blocks of one, two and three features in one law.
MIXED = ((0, 4, 7), (1, 3))


def assert_close(found: RowLosses, compiled: RowLosses, rounding: float = 1e-12) -> None:
    """Within the bounds, which both routes share, and apart by rounding alone, since both leave out the same tails."""
    np.testing.assert_array_equal(found.error, compiled.error)
    np.testing.assert_array_equal(found.gradient_error, compiled.gradient_error)
    gap, slope_gap = np.abs(found.loss - compiled.loss), np.abs(found.gradient - compiled.gradient).max(axis=-1)
    assert (gap <= np.minimum(compiled.error, rounding * (1.0 + np.abs(compiled.loss)))).all()
    size = 1.0 + np.abs(compiled.gradient).max(axis=-1)
    assert (slope_gap <= np.minimum(compiled.gradient_error, rounding * size)).all()


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("law", GROUPS)
@pytest.mark.parametrize(("values", "target"), KINDS_OF_VALUES)
def test_rows_equal_exact_rationals_within_their_bounds(device, law, values, target):
    random = np.random.default_rng(81)
    for kind in KINDS:
        weights, density, structure = case(random, kind, law, values, target)
        G, b = overlap_matrix(weights), weights.b
        rows = transformed_rows(G[None], b[None], density[None], np.ones((1, 3)), 1e-13, structure, device)
        for i in range(3):
            loss, *slopes = exact_row(structure, G[i], b[i], density, i)
            assert abs(Fraction(rows.loss[0, i]) - loss) <= rows.error[0, i] <= 1e-9, kind
            for got, slope in zip(rows.gradient[0, i], slopes, strict=True):
                assert abs(Fraction(got) - slope) <= rows.gradient_error[0, i], kind


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("law", GROUPS)
@pytest.mark.parametrize("values", ["uniform", "signed"])
def test_norms_equal_exact_rationals_within_their_bounds(device, law, values):
    random = np.random.default_rng(82)
    for kind in KINDS:
        weights, density, structure = case(random, kind, law, values)
        norms = transformed_norms(weights.W[None], density[None], 1e-13, structure, device)
        for a, w in enumerate(weights.W):
            norm, *slopes = exact_norm(structure, w, density)
            assert abs(Fraction(norms.loss[0, a]) - norm) <= norms.error[0, a] <= 1e-9, kind
            for got, slope, weight in zip(norms.gradient[0, a], slopes, w, strict=True):
                if weight != 0.0:  # at 0 there may be a kink
                    assert abs(Fraction(got) - slope) <= norms.gradient_error[0, a], kind


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize(("values", "target"), KINDS_OF_VALUES)
def test_rows_are_those_of_the_compiled_kernel(device, law, values, target):
    """Near-degenerate rows, untied overlaps, blocks of several sizes, features never and always on."""
    random = np.random.default_rng(83)
    for kind in KINDS:
        weights, density, structure = case(random, kind, law, values, target, features=9)
        if structure.groups:
            structure = Structure(values=values, law=law, target=target, groups=MIXED)
            for group in map(list, MIXED):
                density[group] = density[group[0]] if law == "correlated" else 0.3 * density[group]
        elif law == "independent":
            density[:2] = 0.0, 1.0
        G = overlap_matrix(weights) + 0.1 * random.normal(size=(9, 9)) * (kind == "generic")
        given = G[None], weights.b[None], density[None], random.uniform(0.5, 2.0, size=(1, 9)), 1e-11, structure
        assert_close(transformed_rows(*given, device), transformed_rows(*given), 1e-11)
        given = weights.W[None], density[None], 1e-11, structure
        assert_close(transformed_norms(*given, device), transformed_norms(*given), 1e-11)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("features", "hidden", "density", "rows"), [(60, 8, 0.1, 12), (400, 30, 0.01, 2)])
def test_rows_of_many_features_are_those_of_the_compiled_kernel(device, features, hidden, density, rows):
    random = np.random.default_rng(84)
    W = random.normal(size=(1, hidden, features)) / np.sqrt(hidden)
    G, b = (W.swapaxes(1, 2) @ W)[:, :rows], -0.1 * np.abs(random.normal(size=(1, rows)))
    given = G, b, np.full((1, features), density), np.ones((1, features)), 1e-11
    assert_close(transformed_rows(*given, device=device), transformed_rows(*given), 1e-11)


@pytest.mark.parametrize("device", DEVICES)
def test_a_row_depends_on_its_batch_by_rounding_alone(device, monkeypatch):
    """How tensors are cut moves the order of sums, and nothing else: whole, model by model, one job at a time."""
    random = np.random.default_rng(85)
    W, b = random.normal(size=(4, 2, 5)), 0.2 * random.normal(size=(4, 5))
    W[::2] *= 10.0 ** random.uniform(-12, 0, size=W[::2].shape)
    G, density, ones = W.swapaxes(1, 2) @ W, random.random((4, 5)), np.ones((4, 5))
    together = transformed_rows(G, b, density, ones, 1e-7, device=device)
    for k in range(4):
        part = slice(k, k + 1)
        alone = transformed_rows(G[part], b[part], density[part], ones[part], 1e-7, device=device)
        assert_close(alone, RowLosses(*(None if v is None else v[part] for v in vars(together).values())))
    kind = torch.device(device).type
    monkeypatch.setitem(devices.MOST_BYTES, kind, 1)
    sizes, part = set(), tensor_series._part
    monkeypatch.setattr(
        tensor_series, "_part", lambda q, b, R, w, own, mine, others, k, law: (
            sizes.add((len(b), len(k.first))) or part(q, b, R, w, own, mine, others, k, law)
        ),
    )  # fmt: skip
    assert_close(transformed_rows(G, b, density, ones, 1e-7, device=device), together)
    assert sizes == {(1, 1)}


@pytest.mark.gpu
@there_is_cuda
def test_memory_stays_within_its_cap(monkeypatch):
    random, cap = np.random.default_rng(86), 2**26
    W = random.normal(size=(20, 8, 60)) / np.sqrt(8)
    shape = 20, 60
    given = W.swapaxes(1, 2) @ W, np.zeros(shape), np.full(shape, 0.1), np.ones(shape)
    monkeypatch.setitem(devices.MOST_BYTES, "cuda", cap)
    torch.cuda.reset_peak_memory_stats()
    transformed_rows(*given, device="cuda")
    besides = 8 * 20 * 60 * 6 * 64  # what goes in and comes out
    assert torch.cuda.max_memory_allocated() < cap + besides


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("values", ["uniform", "signed"])
def test_hessians_by_differences_are_the_enumerated_ones(device, values, monkeypatch):
    """With an L1 term that is transformed, as beyond the reach of enumeration."""
    random = np.random.default_rng(87)
    setting = Setting(2, 1, (0.3, 0.4), (1.0, 0.7), values=values, l1=0.2)
    weights = random_weights(random, setting)
    exact = population_loss(weights, setting, "enumeration", order=2)
    monkeypatch.setattr(routes, "MOST_KNOTS", 0)
    monkeypatch.setattr(population, "MOST_KNOTS", 0)
    found = population_loss(weights, setting, order=2, device=device)
    assert found.method == "transform"
    assert found.penalty == pytest.approx(exact.penalty, rel=1e-12)
    assert abs(found.loss - exact.loss) <= found.error + exact.error
    assert np.abs(found.hessian - exact.hessian).max() <= found.hessian_error < 1e-4


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("law", LAWS)
def test_halves_that_meet_have_the_enumerated_loss(device, law, monkeypatch):
    random = np.random.default_rng([88, LAWS.index(law)])
    setting = random_setting(random, 5, values="binary", law=law, tied=False)
    setting = Setting(**{**vars(setting), "l1": 0.0})
    weights = random_weights(random, setting)
    exact = population_loss(weights, setting, "enumeration")
    found = population_loss(weights, setting, "meet-in-the-middle", device=device)
    losses, _ = defined_losses(weights, setting)
    assert abs(Fraction(found.loss) - sum(losses)) <= found.error <= 1e-10
    for part in ("W", "b", "W_out"):
        gap = np.abs(getattr(found.gradient, part) - getattr(exact.gradient, part)).max()
        assert gap <= min(found.gradient_error, 1e-13 * found.loss + 1e-13)
    monkeypatch.setitem(devices.MOST_BYTES, torch.device(device).type, 1)
    one_by_one = population_loss(weights, setting, "meet-in-the-middle", device=device)
    assert one_by_one.loss == pytest.approx(found.loss, rel=1e-14)


@pytest.mark.parametrize("device", DEVICES)
def test_halves_of_many_features_meet_as_numpys_do(device):
    """Dropped features, and weights over twelve orders of magnitude, among rows of several models."""
    random = np.random.default_rng(89)
    setting = Setting(20, 3, tuple(random.uniform(0.05, 0.5, 20)), values="binary")
    W, b = random.normal(size=(2, 3, 20)), 0.2 * random.normal(size=(2, 20))
    W[0, :, :3] = 0.0
    W[1] *= 10.0 ** random.uniform(-12, 0, size=20)
    law = law_of(setting, 2)
    given = W.swapaxes(1, 2) @ W, b, law.density, law.importance, law.structure
    assert_close(sorted_rows(*given, device), sorted_rows(*given))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("method", METHODS)
def test_every_method_runs_on_any_device(device, method):
    kind = {"moments": {"readout": "linear"}, "meet-in-the-middle": {"values": "binary"}}.get(method, {})
    setting = Setting(3, 2, 0.3, **kind)
    weights = Weights(np.array([[1.0, -0.5, 0.2], [0.1, 0.6, -0.8]]), np.array([0.1, -0.2, 0.0]))
    compiled, found = (population_loss(weights, setting, method, device=where) for where in (None, device))
    assert found.method == compiled.method == method
    assert found.loss == pytest.approx(compiled.loss, rel=1e-12)
