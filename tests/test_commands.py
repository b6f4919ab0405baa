"""The command line: the contract's JSON, and one line with exit status 2 for whatever is wrong."""

import subprocess
import sys

import numpy as np
import pytest

from tegum.cli import main
from tegum.theory.files.weights import LAYOUTS, read_weights, write_weights
from tegum.theory.geometry.factor import polygon, regular_vectors
from tegum.theory.weights import Weights

FIVE = """
[features]
count = 5
density = {density}
[model]
hidden = 2
"""
TWO = """
[features]
count = 2
density = 0.4
importance = [1.0, 0.4]
[model]
hidden = 1
"""


@pytest.fixture
def five(tmp_path):
    path = tmp_path / "five.toml"
    path.write_text(FIVE.format(density=0.1))
    return str(path)


@pytest.fixture
def two(tmp_path):
    path = tmp_path / "two.toml"
    path.write_text(TWO)
    return str(path)


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "pentagon.npz"
    write_weights(path, Weights(1.1 * regular_vectors(polygon(5)), np.full(5, -0.2)))
    return str(path)


def test_loss(run, five, weights):
    answer = run("loss", five, "--weights", weights)
    assert set(answer) == {"loss", "error", "per_feature", "penalty", "method"}
    assert sum(answer["per_feature"]) == pytest.approx(answer["loss"], rel=1e-14)
    assert 0 < answer["error"] < 1e-12
    other = run("loss", five, "--weights", weights, "--method", "transform")
    assert other["method"] == "transform"
    assert other["loss"] == pytest.approx(answer["loss"], rel=1e-11)


def test_loss_of_an_ensemble_is_a_list(run, five, tmp_path, weights):
    one = read_weights(weights)
    write_weights(tmp_path / "three.safetensors", Weights(np.stack([one.W] * 3), np.stack([one.b] * 3)))
    answer = run("loss", five, "--weights", str(tmp_path / "three.safetensors"))
    single = run("loss", five, "--weights", weights)
    assert answer["loss"] == [single["loss"]] * 3
    assert np.shape(answer["per_feature"]) == (3, 5)


def test_optimum_writes_weights_that_have_its_loss(run, five, tmp_path):
    out = str(tmp_path / "new" / "best.npz")
    answer = run("optimum", five, "--starts", "32", "--seed", "3", "--out", out)
    keys = {"loss", "error", "geometry", "gradient_norm", "hessian_min", "starts", "hits", "W", "b"}
    assert keys <= set(answer)
    assert (answer["geometry"], answer["starts"]) == ("pentagon", 32)
    assert 1 <= answer["hits"] <= 32
    assert run("loss", five, "--weights", out)["loss"] == answer["loss"]
    assert run("identify", "--weights", out)["geometry"] == "pentagon"


def test_candidates_are_ranked(run, five):
    found = run("candidates", five)["candidates"]
    assert found[0]["geometry"] == "pentagon"
    assert set(found[0]) == {"geometry", "loss", "gradient_norm", "hessian_min", "stable"}
    assert [one["loss"] for one in found] == sorted(one["loss"] for one in found)
    assert found[0]["stable"] is True


def test_boundary(run, five, two):
    between = ["--between", "pentagon", "2*digon + dropped"]
    answer = run("boundary", five, *between, "--over", "density", "--from", "0.1", "--to", "0.4")
    assert {"value", "lower", "upper", "order"} <= set(answer)
    assert answer["lower"] <= answer["value"] <= answer["upper"]
    assert answer["value"] == pytest.approx(0.22487544936365838, rel=1e-14)
    assert answer["order"] == 1
    between = ["--between", "digon", "dedicated + dropped"]
    over = run("boundary", two, *between, "--over", "importance[1]", "--from", "0.3", "--to", "0.6")
    assert 0.3 < over["lower"] <= over["value"] <= over["upper"] < 0.6


def test_train_then_compare(run, tmp_path):
    pair, folder = str(tmp_path / "pair.toml"), str(tmp_path / "runs")
    (tmp_path / "pair.toml").write_text("[features]\ncount = 2\ndensity = 0.2\n[model]\nhidden = 1\n")
    trained = run(
        "train", pair, "--runs", "4", "--seed", "1", "--steps", "1500", "--batch-size", "128", "--out", folder
    )
    assert trained["runs"] == 4
    assert all(len(trained[key]) == 4 for key in ("batch_loss", "loss", "geometry"))
    compared = run("compare", pair, "--runs", folder, "--out", str(tmp_path / "report"))
    assert set(compared) >= {"geometry", "predicted", "matches", "loss", "optimum", "gap", "report"}
    assert compared["predicted"] == "digon"
    assert compared["loss"] == pytest.approx(trained["loss"], rel=1e-14)
    assert np.allclose(np.array(compared["loss"]) - compared["optimum"], compared["gap"], rtol=1e-12)
    assert any(compared["matches"])
    assert (tmp_path / "report" / "report.html").read_text().lower().startswith("<!doctype html>")


def test_compare_one_model(run, five, weights, tmp_path):
    best = str(tmp_path / "best.npz")
    run("optimum", five, "--out", best)
    answer = run("compare", five, "--weights", best, "--out", str(tmp_path / "report"))
    assert answer["matches"] is True
    assert answer["geometry"] == answer["predicted"] == "pentagon"
    assert abs(answer["gap"]) < 1e-13


def test_identify(run, weights):
    answer = run("identify", "--weights", weights)
    assert answer["geometry"] == "pentagon"
    (factor,) = answer["factors"]
    assert set(factor) == {"name", "dimension", "features", "distortion", "base", "parallel", "atlas"}
    assert (answer["status"], factor["base"], factor["parallel"]) == ("identified", "pentagon", [])
    assert (factor["name"], factor["dimension"]) == ("pentagon", 2)
    assert sorted(factor["features"]) == [0, 1, 2, 3, 4]
    assert factor["distortion"] < 1e-12


def test_identify_lists_two_digons_as_two_factors(run, tmp_path):
    W = np.array([[1.0, 0.0, -1.0, 0.0, 0.0], [0.0, 1.0, 0.0, -1.0, 0.0]])
    write_weights(tmp_path / "pairs.npz", Weights(W, np.zeros(5)))
    answer = run("identify", "--weights", str(tmp_path / "pairs.npz"))
    assert answer["geometry"] == "2*digon + dropped"
    assert [(one["name"], sorted(one["features"])) for one in answer["factors"]] == [
        ("digon", [0, 2]),
        ("digon", [1, 3]),
        ("dropped", [4]),
    ]


def test_identify_says_what_it_does_not_know(run, tmp_path, capsys):
    angles = np.radians([0, 0, 180])
    write_weights(tmp_path / "doubled.npz", Weights(np.array([np.cos(angles), np.sin(angles)]), np.zeros(3)))
    answer = run("identify", "--weights", str(tmp_path / "doubled.npz"))
    assert answer["status"] == "unidentified"
    assert (answer["factors"][0]["base"], answer["factors"][0]["parallel"]) == ("digon", [[0, 1]])
    main(["identify", "--weights", str(tmp_path / "doubled.npz")])
    assert "digon with several features on a ray: 0 1" in capsys.readouterr().out
    write_weights(tmp_path / "tilted.npz", Weights(np.array([[1.0, 0.06], [0.0, 1.0]]), np.zeros(2)))
    assert run("identify", "--weights", str(tmp_path / "tilted.npz"))["status"] == "near-degenerate"
    assert run("identify", "--weights", str(tmp_path / "tilted.npz"), "--noise", "0.02")["geometry"] == "2*dedicated"


def test_weights_of_the_published_notebook(run, tmp_path):
    import torch

    vectors = torch.tensor(regular_vectors(polygon(5)).T, dtype=torch.float32)
    torch.save({"W": torch.stack([vectors] * 2), "b_final": torch.zeros(2, 5)}, tmp_path / "notebook.pt")
    answer = run("identify", "--weights", str(tmp_path / "notebook.pt"), "--layout", "elhage2022")
    assert answer["geometry"] == ["pentagon", "pentagon"]


def test_study_is_resumable_and_writes_every_document(run, tmp_path):
    plan = tmp_path / "plan.toml"
    plan.write_text(
        "[features]\ncount = 2\nimportance = [1.0, 0.4]\n[model]\nhidden = 1\n"
        "[axes.density]\nvalues = [0.2, 0.4, 0.5]\n"
        "[training]\nruns = 4\nsteps = 1500\nbatch_size = 128\n"
    )
    first = run("study", str(plan), "--out", str(tmp_path / "out"))
    assert set(first) == {"boundaries", "agreement", "overall", "report"}
    assert [cell["predicted"] for cell in first["agreement"]] == ["digon", "digon", "dedicated + dropped"]
    assert {"predicted", "best", "fraction", "gap"} <= set(first["agreement"][0])
    assert first["boundaries"][0]["value"] == pytest.approx(0.4361008632394934, abs=1e-12)
    for name in ("report.html", "report.json", "report.tex", "report.bib"):
        assert (tmp_path / "out" / name).stat().st_size > 100
    assert run("study", str(plan), "--out", str(tmp_path / "out")) == first


def bad_settings():
    table = {
        "unknown key": (FIVE.format(density=0.1) + "colour = 1\n", "colour"),
        "density above 1": (FIVE.format(density=1.5), "1.5"),
        "density nan": (FIVE.format(density="nan"), "density"),
        "hidden 0": (FIVE.format(density=0.1).replace("hidden = 2", "hidden = 0"), "hidden"),
        "no toml": ("][", "setting.toml"),
        "empty": ("", "count"),
    }
    return [pytest.param(text, culprit, id=name) for name, (text, culprit) in table.items()]


@pytest.mark.parametrize(
    ("command", "line", "message"),
    [
        ("candidates", "[model]\ntied = false", "tied = False is not supported by candidates"),
        ("derive", '[features]\nvalues = "signed"', "values = 'signed' is not supported by a derivation"),
    ],
)
def test_settings_beyond_a_command_are_refused_by_their_key(refused, tmp_path, weights, command, line, message):
    table, _ = line.split("\n")
    (tmp_path / "setting.toml").write_text(FIVE.format(density=0.1).replace(table, line))
    given = ["--weights", weights] if command == "derive" else []
    assert message in refused(command, str(tmp_path / "setting.toml"), *given)


@pytest.mark.parametrize(("text", "culprit"), bad_settings())
@pytest.mark.parametrize("command", ["loss", "optimum", "candidates", "train", "compare"])
def test_bad_settings_are_refused_by_every_command(refused, tmp_path, weights, text, culprit, command):
    (tmp_path / "setting.toml").write_text(text)
    out = tmp_path / "out"
    more = {
        "loss": ["--weights", weights],
        "train": ["--out", str(out)],
        "compare": ["--weights", weights, "--out", str(out)],
        "optimum": ["--out", str(out / "w.npz")],
    }
    assert culprit in refused(command, str(tmp_path / "setting.toml"), *more.get(command, []))
    assert not out.exists()


def bad_weights(tmp_path):
    good = Weights(np.ones((2, 5)), np.zeros(5))
    write_weights(tmp_path / "good.npz", good)
    whole = (tmp_path / "good.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    np.savez(tmp_path / "object.npz", W=np.array([{"a": 1}], dtype=object), b=np.zeros(5))
    np.savez(tmp_path / "nan.npz", W=np.full((2, 5), np.nan), b=np.zeros(5))
    np.savez(tmp_path / "shape.npz", W=np.ones((2, 4)), b=np.zeros(5))
    np.savez(tmp_path / "other.npz", V=np.ones((2, 5)), b=np.zeros(5))
    write_weights(tmp_path / "seven.npz", Weights(np.ones((2, 7)), np.zeros(7)))
    (tmp_path / "noise.safetensors").write_bytes(b"\xff" * 100)
    (tmp_path / "text.csv").write_text("1,2")
    return ["cut.npz", "object.npz", "nan.npz", "shape.npz", "other.npz", "seven.npz", "noise.safetensors", "text.csv",
            "missing.npz", "."]  # fmt: skip


def test_bad_weights_are_refused(refused, five, tmp_path):
    for name in bad_weights(tmp_path):
        path = tmp_path / name
        line = refused("loss", five, "--weights", str(path))
        assert path.name in line or "count = 5" in line, line
        out = tmp_path / "report"
        refused("compare", five, "--weights", str(path), "--out", str(out))
        assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "culprit"),
    [
        (["optimum"], "SETTING"),
        (["fly"], "fly"),
        ([], "COMMAND"),
        (["optimum", "{five}", "--starts", "none"], "--starts"),
        (["optimum", "{five}", "--starts", "0"], "starts = 0"),
        (["optimum", "{five}", "--out", "w.txt"], "w.txt"),
        (
            ["boundary", "{five}", "--between", "pentagon", "blob", "--over", "density", "--from", ".1", "--to", ".4"],
            "blob",
        ),
        (["train", "{five}", "--out", "/dev/null/x"], "/dev/null"),
        (["train", "{five}", "--out", "{out}", "--steps", "0"], "steps"),
        (["train", "{five}", "--out", "{out}", "--device", "cuda:77"], "cuda:77"),
        (["compare", "{five}", "--out", "{out}"], "--weights FILE or --runs DIR"),
        (["compare", "{five}", "--runs", "nowhere", "--out", "{out}"], "nowhere"),
        (["study", "nowhere.toml", "--out", "{out}"], "nowhere.toml"),
        (["identify", "--weights", "x.npz", "--layout", "guess"], "guess"),
    ],
)
def test_bad_arguments_are_refused(refused, five, tmp_path, monkeypatch, arguments, culprit):
    monkeypatch.chdir(tmp_path)
    filled = [word.format(five=five, out=tmp_path / "out") for word in arguments]
    assert culprit in refused(*filled)


def test_help_is_instant_and_loads_nothing_heavy():
    script = (
        "import sys, tegum.cli\n"
        "try: tegum.cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'torch', 'scipy', 'numba', 'sympy', 'matplotlib', 'networkx', 'flint'} & set(sys.modules)\n"
        "print('HEAVY', sorted(heavy))"
    )
    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert "HEAVY []" in printed
    for command in ("loss", "optimum", "candidates", "boundary", "train", "identify", "compare", "study"):
        assert f"\n    {command}" in printed


def test_help_lists_every_layout(capsys):
    with pytest.raises(SystemExit):
        main(["identify", "--help"])
    printed = capsys.readouterr().out
    assert all(f" {layout}" in printed for layout in LAYOUTS)


def test_an_interruption_is_one_line(monkeypatch, capsys, five):
    def interrupted(arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("tegum.commands.candidates.run", interrupted)
    assert main(["candidates", five]) == 130
    assert capsys.readouterr().err.count("\n") == 1


def test_text_output_is_for_people(capsys, five, weights):
    for arguments, expected in (
        (["loss", five, "--weights", weights], "enumeration"),
        (["optimum", five], "pentagon"),
        (["candidates", five], "2*digon + dropped"),
        (["identify", "--weights", weights], "pentagon"),
    ):
        assert main(arguments) == 0
        assert expected in capsys.readouterr().out
