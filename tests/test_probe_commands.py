"""`tegum probe`: the numbers and the figures of every probe, and what it refuses."""

import json
import subprocess
import sys

import numpy as np
import pytest

from tegum.cli import main
from tegum.theory.files.weights import write_weights
from tegum.theory.weights import Weights

SETTING = "[features]\ncount = {count}\ndensity = 0.2\n{features}[model]\nhidden = {hidden}\n{model}"
ABS = {
    "features": 'values = "signed"\n',
    "model": 'tied = false\nactivation = "relu"\n[objective]\ntarget = "abs"\n',
}


@pytest.fixture
def given(tmp_path):
    """Write a setting and weights, and return the arguments that name them."""

    def given(weights: Weights, features: str = "", model: str = "") -> list[str]:
        hidden, count = weights.W.shape[-2:]
        (tmp_path / "setting.toml").write_text(
            SETTING.format(count=count, hidden=hidden, features=features, model=model)
        )
        write_weights(tmp_path / "weights.npz", weights)
        return [str(tmp_path / "setting.toml"), "--weights", str(tmp_path / "weights.npz")]

    return given


def triangle() -> Weights:
    angle = 2 * np.pi * np.arange(3) / 3
    return Weights(np.array([np.cos(angle), np.sin(angle)]), np.full(3, -0.1))


def absolute() -> Weights:
    W = np.concatenate([np.eye(2), -np.eye(2)])
    return Weights(W, np.zeros(2), np.abs(W).T.copy())


COMMANDS = {
    "autoencoder": "--densities 0.05 0.5 --top-k 1 2 --units 6 --autoencoder-steps 30 --runs 2",
    "adversarial": "--densities 0.05 0.5 --samples 50 --runs 2",
    "computation": "--densities 0.02 0.5 --runs 2",
    "steering": "--doses -0.5 1",
    "penalty": "--penalties 0 0.02 --starts 4 --runs 2",
}
#: Keys that answers have, those of one cell after a dot.
KEYS = {
    "autoencoder": ("kind", "units", "cells.cosine", "cells.dead", "cells.control", "cells.chance"),
    "adversarial": ("cells.budget", "cells.shared", "cells.shared_error", "cells.single", "cells.baseline"),
    "computation": ("strengths", "cells.monosemantic", "cells.polysemantic", "cells.aligned", "cells.loss"),
    "steering": ("doses", "leak", "error", "isolation", "W", "b"),
    "penalty": ("points.predicted", "points.learned", "predicted", "learned"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_each_probe_answers_and_draws(name, run, given, tmp_path):
    arguments = given(absolute(), **ABS) if name == "computation" else given(triangle())
    command = ["probe", name, *arguments, *COMMANDS[name].split()]
    answer = run(*command)
    for key in KEYS[name]:
        whole, _, part = key.partition(".")
        assert whole in answer
        assert not part or all(part in one for one in answer[whole])
    assert len(answer.get("cells", [0, 0])) == 2
    again = run(*command, "--out", str(tmp_path / "out"))
    assert again == answer
    assert (tmp_path / "out" / f"{name}.svg").read_text().startswith("<?xml")
    assert (tmp_path / "out" / f"{name}.pdf").read_bytes().startswith(b"%PDF")
    kept = json.loads((tmp_path / "out" / f"{name}.json").read_text())
    assert kept.pop("caption")
    assert kept == answer


def test_the_text_shows_the_leak(given, capsys):
    assert main(["probe", "steering", *given(Weights(np.eye(2), np.zeros(2))), "--doses", "0.5"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()[1:]]
    assert rows == [["0.5", "0", "0.5", "0", "-", "1"], ["0.5", "1", "0.5", "0", "-", "1"]]


def test_trained_neurons_compute_absolute_values_in_pairs(tmp_path):
    """Training included; in a process of its own, where no shapes are checked at every step."""
    path = tmp_path / "abs.toml"
    path.write_text(SETTING.format(count=2, hidden=4, **ABS))
    options = "--runs 4 --steps 600 --batch-size 128 --learning-rate 0.02 --json".split()
    command = [sys.executable, "-m", "tegum", "probe", "computation", str(path), *options]
    (cell,) = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["cells"]
    assert cell["loss"][0] < 1e-4
    assert cell["loss"] == sorted(cell["loss"])
    assert cell["monosemantic"][0] == 4
    assert cell["neurons_of"][0] == [2, 2]
    assert cell["aligned"][0] == 2


def test_trained_models_are_probed_at_each_density(run, tmp_path):
    path = tmp_path / "pair.toml"
    path.write_text(SETTING.format(count=2, hidden=1, features="", model=""))
    options = "--densities 0.1 0.9 --runs 2 --steps 20 --batch-size 16 --samples 20".split()
    sparse, dense = run("probe", "adversarial", str(path), *options)["cells"]
    assert (sparse["density"], dense["density"]) == (0.1, 0.9)
    assert len(sparse["single"]) == len(dense["single"]) == 2
    assert sparse["features_per_dimension"] != dense["features_per_dimension"]


@pytest.mark.parametrize(
    ("command", "named"),
    [
        ("", "NAME"),
        ("divination SETTING", "divination"),
        ("autoencoder SETTING --penalties 0.1 --top-k 1", "--penalties or --top-k"),
        ("autoencoder SETTING --top-k 0", "k = 0"),
        ("autoencoder SETTING --runs 0", "runs"),
        ("autoencoder SETTING --units 0", "units"),
        ("autoencoder SETTING --densities 1.5", "density"),
        ("adversarial SETTING --share 0", "share"),
        ("computation SETTING", "activation"),
        ("steering SETTING --doses nan", "dose"),
        ("steering missing.toml", "missing.toml"),
        ("penalty SETTING", "--penalties"),
        ("penalty SETTING --penalties 0.2 0.1", "do not rise"),
        ("penalty SETTING --penalties 0.1 --digits 0", "digits"),
    ],
)
def test_bad_input_ends_in_one_line(command, named, refused, given):
    setting, *weights = given(triangle())
    words = [setting if word == "SETTING" else word for word in command.split()]
    assert named in refused("probe", *words, *(weights if command else []))


def test_weights_of_another_shape_are_refused(refused, given, tmp_path):
    setting = given(triangle())[0]
    write_weights(tmp_path / "other.npz", absolute())
    assert "W is [hidden, features]" in refused("probe", "steering", setting, "--weights", str(tmp_path / "other.npz"))
