"""Weights that others' training left are compared by one command: tms-kit's, and the published notebook's."""

import json

import numpy as np
import pytest
import torch

from tegum.cli import main

SETTING = """
[features]
count = 5
density = 0.05
importance = {importance}
[model]
hidden = 2
"""
COUNT, HIDDEN, DENSITY, STEPS, BATCH = 5, 2, 0.05, 1500, 256
EQUAL, FALLING = (1.0,) * COUNT, (1.0, 0.9, 0.81, 0.729, 0.6561)


@pytest.fixture
def setting(tmp_path):
    path = tmp_path / "setting.toml"
    path.write_text(SETTING.format(importance=list(EQUAL)))
    return path


@pytest.fixture(autouse=True)
def same_every_time():
    torch.manual_seed(1)


def compared(capsys, setting, weights, layout, out):
    """What the one command says."""
    command = ["compare", str(setting), "--weights", str(weights), "--layout", layout, "--out", str(out)]
    assert main([*command, "--starts", "8", "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def by_notebook(models, steps, importance=EQUAL, rate=1e-2):
    """W [instance, feature, hidden] and b_final [instance, feature] after AdamW on fresh batches, as the notebook does.

    Elhage et al. 2022, "Toy Models of Superposition", section "Demonstrating superposition": the loss is a mean over
    batch and features, its sum over instances is what is minimised.
    """
    W = torch.nn.Parameter(torch.nn.init.xavier_normal_(torch.empty(models, COUNT, HIDDEN)))
    b_final = torch.nn.Parameter(torch.zeros(models, COUNT))
    optimizer = torch.optim.AdamW([W, b_final], lr=rate)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = rate * (1 - step / steps)
        x = torch.rand(BATCH, models, COUNT) * (torch.rand(BATCH, models, COUNT) <= DENSITY)
        hidden = torch.einsum("bif,ifh->bih", x, W)
        out = torch.relu(torch.einsum("bih,ifh->bif", hidden, W) + b_final)
        loss = (torch.tensor(importance) * (x - out) ** 2).mean(dim=(0, 2)).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return {"W": W, "b_final": b_final}


def by_tms_kit(models, steps, rate=1e-2):
    """The same setting by tms-kit's own model, data, loss and loop."""
    pytest.importorskip("tms_kit", reason="tms-kit is not installed: pip install -e '.[test]'")
    from tms_kit.data import IIDFeatureGenerator
    from tms_kit.loss import ImportanceWeightedLoss
    from tms_kit.model import Model
    from tms_kit.optimize import linear_lr, optimize
    from tms_kit.tms import TMS

    class Toy(TMS):
        model = Model(COUNT, models, HIDDEN, device="cpu")
        data_gen = IIDFeatureGenerator(COUNT, models, torch.full((models, 1), DENSITY))
        loss_calc = ImportanceWeightedLoss(COUNT, torch.tensor(EQUAL))

    toy = Toy()
    optimize(toy, disable_tqdm=True, batch_size=BATCH, steps=steps, lr=rate, lr_scale=linear_lr)
    return toy.model.state_dict()


LOOPS = {"elhage2022": by_notebook, "tms-kit": by_tms_kit}
EVERY = pytest.mark.parametrize("layout", LOOPS)


@EVERY
def test_trained_weights_are_compared_by_one_command(tmp_path, capsys, setting, layout):
    models = 4
    torch.save(LOOPS[layout](models, STEPS), tmp_path / "sd.pt")
    answer = compared(capsys, setting, tmp_path / "sd.pt", layout, tmp_path / "out")
    assert len(answer["geometry"]) == len(answer["verdict"]) == models
    assert answer["predicted"] == "pentagon"
    assert answer["verdict"] == ["optimum"] * models
    assert answer["geometry"] == ["pentagon"] * models
    assert all(answer["matches"])
    assert all(0 <= gap < 0.01 * answer["optimum"] for gap in answer["gap"])
    assert (tmp_path / "out" / "report.json").is_file()


@EVERY
def test_weights_that_have_not_been_trained_are_called_so(tmp_path, capsys, setting, layout):
    torch.save(LOOPS[layout](2, 1), tmp_path / "sd.pt")
    answer = compared(capsys, setting, tmp_path / "sd.pt", layout, tmp_path / "out")
    assert answer["verdict"] == ["unconverged", "unconverged"]
    assert not any(answer["matches"])


def test_the_loss_of_the_command_is_what_the_loop_estimates(tmp_path, capsys, setting):
    """The notebook's mean over features, times their number, on 200,000 fresh inputs: within five standard errors."""
    setting.write_text(SETTING.format(importance=list(FALLING)))
    trained = {name: array.detach() for name, array in by_notebook(2, 200, FALLING).items()}
    torch.save(trained, tmp_path / "sd.pt")
    answer = compared(capsys, setting, tmp_path / "sd.pt", "elhage2022", tmp_path / "out")
    x = torch.rand(200_000, COUNT) * (torch.rand(200_000, COUNT) <= DENSITY)
    for W, b, loss in zip(*trained.values(), answer["loss"], strict=True):
        errors = (torch.tensor(FALLING) * (x - torch.relu(x @ W @ W.T + b)) ** 2).sum(dim=1).double().numpy()
        noise = errors.std() / np.sqrt(len(errors))
        assert noise < 0.02 * loss
        assert abs(errors.mean() - loss) < 5 * noise
        assert abs(errors.mean() / COUNT - loss) > 50 * noise  # the mean itself is another number
