"""What `formula`, `boundary --algebraic` and `diagnose` print: JSON to compute with, or one line if refused."""

import numpy as np
import pytest
import sympy

from tegum.cli import main
from tegum.theory.files.weights import write_weights
from tegum.theory.weights import Weights

THREE = "[features]\ncount = 3\ndensity = 0.1\n[model]\nhidden = 2\n"
PAIR = "[features]\ncount = 2\ndensity = 0.3\n[model]\nhidden = 1\n"


@pytest.fixture
def pair(tmp_path):
    (tmp_path / "pair.toml").write_text(PAIR)
    write_weights(tmp_path / "pair.npz", Weights(np.array([[1.0, -1.0]]), np.zeros(2)))
    write_weights(tmp_path / "two.npz", Weights(np.array([[[1.0, -1.0]], [[0.0, 0.0]]]), np.zeros((2, 2))))
    return tmp_path


def test_formula_gives_pieces_and_the_algebraic_optimum(run):
    found = run("formula", "digon", "--pieces", "--at-density", "1/10")
    assert len(found["pieces"]) == 1
    assert len(found["pieces"][0]) == 4
    assert any(sympy.sympify(one["loss"]) == 2 * sympy.Symbol("p") / 3 for one in found["pieces"][0])
    loss = found["optimum"]["loss"]
    x, coefficients = sympy.Symbol("x"), [int(a) for a in loss["polynomial"]]
    root = sympy.CRootOf(sympy.Poly(coefficients[::-1], x), loss["index"])
    assert str(root.evalf(25))[:24] == loss["decimal"][:24] == found["optimum"]["decimal"][:24]
    assert [one["stationarity"] for one in found["reduced"]][0].count("beta") > 3


def test_formula_takes_a_density_for_each_feature(run):
    found = run("formula", "dedicated + dropped", "--density", "0.2", "0.3")
    symbols = {str(symbol) for symbol in sympy.sympify(found["loss_sympy"]).free_symbols}
    assert symbols == {"p1", "p2", "g1", "b1", "b2"}


def test_boundary_gives_its_polynomial(run, tmp_path):
    (tmp_path / "three.toml").write_text(THREE)
    between = ("--between", "triangle", "digon + dedicated", "--over", "density", "--from", "0.3", "--to", "0.8")
    found = run("boundary", str(tmp_path / "three.toml"), *between, "--algebraic")
    assert len(found["algebraic"]["eliminated"]) == 440
    assert float(found["algebraic"]["decimal"]) == found["value"]
    assert len(found["algebraic"]["system"]) == 3
    assert "algebraic" not in run("boundary", str(tmp_path / "three.toml"), *between)


def test_boundary_shows_a_long_polynomial_by_its_size_and_gives_all_of_it(run, tmp_path, monkeypatch, capsys):
    from tegum.cli import main
    from tegum.theory.formula import crossing

    longer = 10**5000 + 7  # more digits than Python turns into a string
    found = crossing.AlgebraicBoundary((-1, 0, longer), False, "0.5", ("p - 1/2",), 4)
    monkeypatch.setattr(crossing, "algebraic_boundary", lambda *_: found)
    (tmp_path / "three.toml").write_text(THREE)
    between = ("--between", "triangle", "digon + dedicated", "--over", "density", "--from", "0.3", "--to", "0.8")
    given = run("boundary", str(tmp_path / "three.toml"), *between, "--algebraic")["algebraic"]
    assert given["eliminated"] == ["-1", "0", "1" + 4999 * "0" + "7"]
    assert given["irreducible"] is False
    assert main(["boundary", str(tmp_path / "three.toml"), *between, "--algebraic"]) == 0
    shown = capsys.readouterr().out
    assert "a (not proved irreducible) polynomial of degree 2" in shown
    assert "of up to 16610 bits, the leading one 1E+5000" in shown


def test_diagnose_splits_and_draws(run, pair):
    found = run("diagnose", f"{pair}/pair.toml", "--weights", f"{pair}/pair.npz", "--out", f"{pair}/pair.svg")
    assert found["dimensionality"] == found["capacity"] == [0.5, 0.5]
    assert found["dimensions_per_feature"] == 0.5
    np.testing.assert_allclose(found["received"], [0.015, 0.015], rtol=1e-12)
    np.testing.assert_allclose(found["caused"], [0.015, 0.015], rtol=1e-12)
    np.testing.assert_allclose(found["representation"], [0.0, 0.0], atol=1e-15)
    assert (pair / "pair.svg").read_text().lstrip().startswith("<?xml")
    run("diagnose", f"{pair}/pair.toml", "--weights", f"{pair}/pair.npz", "--out", f"{pair}/again.svg")
    assert (pair / "pair.svg").read_bytes() == (pair / "again.svg").read_bytes()


def test_diagnose_gives_lists_for_an_ensemble(run, pair):
    found = run("diagnose", f"{pair}/pair.toml", "--weights", f"{pair}/two.npz")
    assert np.shape(found["interference"]) == (2, 2, 2)
    assert found["dimensions_per_feature"] == [0.5, None]
    np.testing.assert_allclose(found["loss"][1], [0.1, 0.1])


@pytest.mark.parametrize(
    ("arguments", "culprit"),
    [
        (("formula", "digon", "--at-density", "1/0"), "1/0"),
        (("formula", "digon", "--at-density", "3/2"), "1.5"),
        (("formula", "digon", "--density", "0.1", "0.2", "0.3"), "density"),
        (("diagnose", "{0}/pair.toml", "--weights", "{0}/two.npz", "--out", "{0}/x.svg"), "x.svg"),
        (("diagnose", "{0}/pair.toml", "--weights", "{0}/pair.npz", "--out", "{0}/x.png"), "x.png"),
    ],
)
def test_bad_questions_end_in_one_line(arguments, culprit, pair, capsys):
    assert main([one.format(pair) for one in arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert culprit in printed.err
    assert printed.err.count("\n") == 1
