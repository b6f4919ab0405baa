"""`tegum train` trains every setting with every option, and says beforehand what memory it takes."""

import numpy as np
import pytest

from tegum.cli import main
from tegum.empirical.ensemble import load_ensemble
from tegum.theory.loss.population import population_loss

ABS = """
[features]
count = 4
values = "signed"
law = "anticorrelated"
density = 0.2
groups = [[0, 1]]
[model]
hidden = 3
tied = false
bias = false
readout = "linear"
"""
OPTIONS = [
    "--runs", "3", "--seed", "2", "--steps", "150", "--batch-size", "32", "--optimizer", "sgd", "--momentum", "0.5",
    "--learning-rate", "0.05", "--schedule", "constant", "--warmup", "10", "--start", "orthogonal", "--data", "dataset",
    "--dataset-size", "500", "--stop-loss", "1e-6", "--device", "cpu", "--kernel", "reference",
]  # fmt: skip


@pytest.fixture
def setting(tmp_path) -> str:
    (tmp_path / "abs.toml").write_text(ABS)
    return str(tmp_path / "abs.toml")


def test_untied_ensembles_are_trained_with_every_option_and_read_back(run, setting, tmp_path):
    answer = run("train", setting, "--out", str(tmp_path / "runs"), *OPTIONS)
    ensemble = load_ensemble(tmp_path / "runs")
    assert ensemble.weights.W_out.shape == (3, 4, 3)
    assert (ensemble.weights.b == 0).all()
    options = ensemble.options
    assert (options.momentum, options.warmup, options.start, options.dataset_size) == (0.5, 10, "orthogonal", 500)
    assert (options.optimizer, options.data, options.stop_loss, options.kernel) == ("sgd", "dataset", 1e-6, "reference")
    np.testing.assert_allclose(answer["loss"], population_loss(ensemble.weights, ensemble.settings[0]).loss, rtol=1e-12)
    assert answer["best"] == int(np.argmin(answer["loss"]))
    assert answer["steps"] == [150] * 3
    assert answer["polished"]


def test_the_peak_of_memory_is_printed_before_training(setting, tmp_path, capsys):
    capsys.readouterr()
    assert main(["train", setting, "--out", str(tmp_path / "runs"), *OPTIONS]) == 0
    printed = capsys.readouterr()
    assert printed.err.startswith("memory: ")
    assert printed.err.endswith("3 models at a time\n")
    assert printed.out.startswith("run  loss")


def test_population_descent_stops_at_rest(run, tmp_path):
    (tmp_path / "pair.toml").write_text("[features]\ncount = 2\ndensity = 0.2\n[model]\nhidden = 1\n")
    exactly = ["--data", "population", "--optimizer", "sgd", "--learning-rate", "1", "--schedule", "constant"]
    out = ["--out", str(tmp_path / "runs"), "--runs", "3", "--tolerance", "1e-8"]
    answer = run("train", str(tmp_path / "pair.toml"), *exactly, *out)
    assert max(answer["steps"]) < 3000
    assert min(answer["loss"]) == pytest.approx(0.013184555221, abs=1e-12)
    assert answer["kernel"] == "population"
    assert answer["polished"]


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--optimizer", "lion", 'training.optimizer = "lion" is unknown'),
        ("--start", "zeros", 'training.start = "zeros" is unknown'),
        ("--kernel", "population", 'training.kernel = "population"'),
        ("--momentum", "2", "training.momentum = 2.0 is outside [0, 1]"),
        ("--runs", "1000000", "training.runs = 1000000 needs"),
    ],
)
def test_bad_options_are_refused_before_anything_is_written(
    refused, setting, tmp_path, option, value, message, monkeypatch
):
    monkeypatch.setattr("tegum.empirical.memory.available_bytes", lambda: 2**26)
    out = tmp_path / "runs"
    assert message in refused("train", setting, "--out", str(out), option, value)
    assert not out.exists()
