"""A run trains alike in any company, by the right gradient, to the known optimum; an ensemble survives its files."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch

from tegum.empirical import training as training_module
from tegum.empirical.ensemble import (
    MANIFEST,
    Ensemble,
    concatenated,
    holds_ensemble,
    load_ensemble,
    save_ensemble,
)
from tegum.empirical.kernels.batched import batch_loss_and_gradient
from tegum.empirical.memory import Memory
from tegum.empirical.plan import Training
from tegum.empirical.training import train, train_cells, train_runs
from tegum.theory.errors import InputError
from tegum.theory.loss.law import Structure
from tegum.theory.loss.population import population_loss
from tegum.theory.setting import Setting

SPARSE = Setting(count=5, hidden=2, density=0.05)
DENSE = Setting(count=5, hidden=2, density=[0.1, 0.2, 0.3, 0.4, 0.5], importance={"geometric": 0.8})
SHORT = Training(runs=3, steps=200, batch_size=64, device="cpu", kernel="batched")


def assert_same_runs(left: Ensemble, right: Ensemble, tolerance: float = 0.0) -> None:
    assert (left.settings, left.runs) == (right.settings, right.runs)
    np.testing.assert_allclose(left.weights.W, right.weights.W, rtol=0, atol=tolerance)
    np.testing.assert_allclose(left.weights.b, right.weights.b, rtol=0, atol=tolerance)
    np.testing.assert_allclose(left.batch_loss, right.batch_loss, rtol=0, atol=tolerance)


@pytest.fixture(scope="module")
def ensemble() -> Ensemble:
    return train_cells([SPARSE, DENSE], SHORT)


def test_cells_come_one_after_another_with_runs_counted_from_zero(ensemble):
    assert ensemble.settings == (SPARSE,) * 3 + (DENSE,) * 3
    assert ensemble.runs == (0, 1, 2, 0, 1, 2)
    assert ensemble.weights.W.shape == (6, 2, 5)
    assert ensemble.weights.b.shape == (6, 5)
    assert ensemble.batch_loss.shape == (6,)
    assert ensemble.options == SHORT
    assert len({tuple(b) for b in ensemble.weights.b}) == 6


def test_same_seed_gives_the_same_bits_and_another_seed_other_models(ensemble):
    assert_same_runs(train_cells([SPARSE, DENSE], SHORT), ensemble)
    other = train_cells([SPARSE, DENSE], replace(SHORT, seed=1))
    assert (np.abs(other.weights.b - ensemble.weights.b).max(axis=1) > 1e-3).all()


def test_a_run_in_other_company_and_order_is_the_same(ensemble):
    order = [4, 0, 5, 2]
    other = train_runs([DENSE, SPARSE, DENSE, SPARSE], [1, 0, 2, 2], SHORT)
    assert_same_runs(other, ensemble[order])


@pytest.mark.parametrize("place", range(6))
def test_a_run_trained_alone_is_the_same(ensemble, place):
    alone = train_runs([ensemble.settings[place]], [ensemble.runs[place]], SHORT)
    assert_same_runs(alone, ensemble[[place]])


@pytest.mark.parametrize("at_once", [1, 2, 4])
def test_how_many_runs_fit_in_memory_does_not_matter(monkeypatch, ensemble, at_once):
    monkeypatch.setattr(training_module, "memory_needed", lambda *_: Memory(0, at_once))
    assert_same_runs(train_cells([SPARSE, DENSE], SHORT), ensemble)


def test_train_is_one_cell(ensemble):
    one = train(SPARSE, **asdict(SHORT))
    assert_same_runs(one, ensemble[:3])


@pytest.mark.parametrize("shape", [(5, 2, 16), (3, 1, 7), (4, 6, 5)], ids=str)
def test_gradient_is_that_of_automatic_differentiation_and_of_finite_differences(shape):
    features, hidden, batch = shape
    random = torch.Generator().manual_seed(0)

    def uniform(*shape: int) -> torch.Tensor:
        return torch.rand(shape, generator=random, dtype=torch.float64)

    W, b = 2 * uniform(3, hidden, features) - 1, uniform(3, features) - 0.5
    x = torch.relu(2 * uniform(3, features, batch) - 1)
    importance = uniform(3, features)

    def loss(W: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        x_hat = torch.relu(torch.einsum("rhi,rhj,rjx->rix", W, W, x) + b[:, :, None])
        return torch.einsum("ri,rix->r", importance, (x_hat - x) ** 2) / batch

    by_hand, slopes = batch_loss_and_gradient(
        {"W": W, "b": b}, x, importance, torch.zeros(3, dtype=torch.float64), Structure()
    )
    dW, db = slopes["W"], slopes["b"]
    torch.testing.assert_close(by_hand, loss(W, b), rtol=1e-13, atol=0)
    free = W.clone().requires_grad_(), b.clone().requires_grad_()
    automatic = torch.autograd.grad(loss(*free).sum(), free)
    torch.testing.assert_close((dW, db), automatic, rtol=1e-12, atol=1e-14)
    step = 1e-6
    along_W, along_b = uniform(*W.shape) - 0.5, uniform(*b.shape) - 0.5
    ahead, behind = (loss(W + s * along_W, b + s * along_b) for s in (step, -step))
    slope = (dW * along_W).sum((1, 2)) + (db * along_b).sum(1)
    torch.testing.assert_close((ahead - behind) / (2 * step), slope, rtol=1e-6, atol=1e-9)


# Least population losses: quasi-Newton descent of the exact loss from many starts and the global search agree.
PAIR, PAIR_LOSS = Setting(count=2, hidden=1, density=0.2), 0.013184555221
PENTAGON_LOSS = 0.008903593724  # of SPARSE


@pytest.mark.parametrize("optimizer", ["adam", "adamw"])
@pytest.mark.parametrize("schedule", ["cosine", "constant"])
def test_training_finds_the_antipodal_pair(optimizer, schedule):
    options = {"optimizer": optimizer, "schedule": schedule, "device": "cpu"}
    trained = train(PAIR, runs=8, steps=1000, batch_size=128, **options)
    loss = np.asarray(population_loss(trained.weights, PAIR).loss)
    assert (loss > PAIR_LOSS * (1 - 1e-9)).all()
    assert loss.min() < 1.05 * PAIR_LOSS
    assert np.median(trained.batch_loss / loss) == pytest.approx(1, abs=0.05)


def test_the_best_run_reaches_the_pentagon():
    trained = train(SPARSE, runs=8, steps=1000, device="cpu")
    loss = np.asarray(population_loss(trained.weights, SPARSE).loss)
    assert loss.min() == pytest.approx(PENTAGON_LOSS, rel=0.01)


def test_progress_rises_to_the_total():
    told: list[tuple[int, int]] = []
    train_cells([SPARSE, DENSE], replace(SHORT, steps=250), lambda done, total: told.append((done, total)))
    assert told == [(300, 1500), (900, 1500), (1500, 1500)]


def test_an_interrupt_passes_through():
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(SPARSE, runs=1, steps=200, device="cpu", progress=interrupt)


@pytest.mark.parametrize(
    ("settings", "options", "message"),
    [
        ([SPARSE, Setting(count=5, hidden=3, density=0.1)], {}, "hidden = 3 and 2 cannot be mixed"),
        ([SPARSE, Setting(count=4, hidden=2, density=0.1)], {}, "count = 4 and 5 cannot be mixed"),
        ([], {}, "0 settings and 0 runs to train"),
        ([SPARSE], {"device": "cuda:999"}, 'training.device = "cuda:999" is not there'),
        ([SPARSE], {"learning_rate": 1e30}, "training.learning_rate = 1e\\+30, .* all 3 runs diverged; a smaller"),
    ],
)
def test_bad_input_is_refused_in_one_line(settings, options, message):
    with pytest.raises(InputError, match=f"^{message}.*$"):
        train_cells(settings, replace(SHORT, **options))


def test_settings_and_runs_must_be_as_many():
    with pytest.raises(InputError, match="2 settings and 1 runs"):
        train_runs([SPARSE, DENSE], [0], SHORT)


def test_an_ensemble_survives_its_files(tmp_path, ensemble):
    assert not holds_ensemble(tmp_path / "new")
    save_ensemble(tmp_path / "new", ensemble)
    assert holds_ensemble(tmp_path / "new")
    loaded = load_ensemble(tmp_path / "new")
    assert_same_runs(loaded, ensemble)
    assert (loaded.options, loaded.seed) == (ensemble.options, SHORT.seed)
    first = {path.name: path.read_bytes() for path in (tmp_path / "new").iterdir()}
    assert set(first) == {MANIFEST, arrays_of(tmp_path / "new").name}
    save_ensemble(tmp_path / "new", loaded)
    assert {path.name: path.read_bytes() for path in (tmp_path / "new").iterdir()} == first


def arrays_of(folder):
    (path,) = folder.glob("ensemble-*.safetensors")
    return path


def test_a_kill_while_saving_leaves_the_old_ensemble(tmp_path, ensemble, monkeypatch):
    save_ensemble(tmp_path, ensemble)

    def killed(path, content):
        raise KeyboardInterrupt

    monkeypatch.setattr("tegum.empirical.ensemble.write_json", killed)
    with pytest.raises(KeyboardInterrupt):
        save_ensemble(tmp_path, ensemble[:2])
    assert_same_runs(load_ensemble(tmp_path), ensemble)
    monkeypatch.undo()
    save_ensemble(tmp_path, ensemble[:2])
    assert len(load_ensemble(tmp_path).runs) == 2
    assert arrays_of(tmp_path).exists()


def test_cells_put_together_are_the_ensemble(ensemble):
    parts = [ensemble[:3], ensemble[3:]]
    assert_same_runs(concatenated(parts), ensemble)
    other = replace(parts[1], options=replace(SHORT, steps=201))
    with pytest.raises(InputError, match="same options"):
        concatenated([parts[0], other])


@pytest.mark.parametrize("damage", ["flipped", "cut", "missing", "of another ensemble"])
def test_damaged_arrays_are_refused(tmp_path, ensemble, damage):
    save_ensemble(tmp_path, ensemble)
    path = arrays_of(tmp_path)
    data = path.read_bytes()
    if damage == "flipped":
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    elif damage == "cut":
        path.write_bytes(data[:-8])
    elif damage == "missing":
        path.unlink()
    else:
        save_ensemble(tmp_path / "other", ensemble[:1])
        path.write_bytes(arrays_of(tmp_path / "other").read_bytes())
    with pytest.raises(InputError, match=f"{path.name}: .*(SHA-256 differs|cannot be read)"):
        load_ensemble(tmp_path)


@pytest.mark.parametrize(
    "edit",
    [
        lambda manifest: manifest.pop("runs"),
        lambda manifest: manifest.pop("sha256"),
        lambda manifest: manifest["runs"].pop(),
        lambda manifest: manifest.update(runs=None),
        lambda manifest: manifest.update(format=1),
        lambda manifest: manifest.update(settings=[3]),
        lambda manifest: manifest.update(options={"speed": 1}),
        lambda manifest: manifest["options"].update(steps=-1),
        lambda manifest: manifest["setting_of_run"].__setitem__(0, 7),
        lambda manifest: manifest["setting_of_run"].__setitem__(0, -1),
        lambda manifest: manifest["runs"].__setitem__(0, "x"),
        lambda manifest: manifest["settings"][0]["model"].update(hidden=3),
    ],
)
def test_a_manifest_that_is_wrong_is_refused(tmp_path, ensemble, edit):
    save_ensemble(tmp_path, ensemble)
    path = tmp_path / MANIFEST
    manifest = json.loads(path.read_text())
    edit(manifest)
    path.write_text(json.dumps(manifest))
    with pytest.raises(InputError, match="^[^\n]*ensemble[^\n]*$"):
        load_ensemble(tmp_path)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b"[" * 100_000])
def test_a_manifest_that_is_no_manifest_is_refused(tmp_path, ensemble, content):
    save_ensemble(tmp_path, ensemble)
    (tmp_path / MANIFEST).write_bytes(content)
    with pytest.raises(InputError, match=f"{MANIFEST}: is not"):
        load_ensemble(tmp_path)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_on_a_gpu_runs_train_as_well_and_alike_in_any_company():
    options = replace(SHORT, steps=1000, batch_size=256, runs=8, device="cuda")
    trained = train_cells([SPARSE, DENSE], options)
    sparse = trained[:8]
    assert np.min(population_loss(sparse.weights, SPARSE).loss) == pytest.approx(PENTAGON_LOSS, rel=0.01)
    pair = train_runs([DENSE, SPARSE], [1, 2], options)
    assert_same_runs(pair, trained[[9, 2]], 1e-3)
