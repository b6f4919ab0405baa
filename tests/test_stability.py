"""Stability limits: proved digits, double precision on both sides, and every broken optimum really lower."""

from fractions import Fraction

import numpy as np
import pytest

from tegum.cli import main
from tegum.theory.candidates.candidates import candidate
from tegum.theory.errors import InputError
from tegum.theory.geometry.factor import polygon, simplex
from tegum.theory.loss.population import population_loss
from tegum.theory.setting import Setting, with_axis
from tegum.theory.stability.broken import broken_optimum
from tegum.theory.stability.catalogue import branch_stability
from tegum.theory.stability.limit import stability_limit
from tegum.theory.weights import Weights

PAIR = Setting(2, 1, 0.5)


def test_the_antipodal_pair_becomes_unequal_between_070_and_072():
    found = stability_limit("digon", PAIR, "density", 0.6, 0.8)
    more = stability_limit("digon", PAIR, "density", 0.70, 0.72, digits=40)
    assert 0.70 < found.lower < found.upper < 0.72
    assert found.upper - found.lower < 3e-16
    assert Fraction(found.lower) <= Fraction(more.decimal) <= Fraction(found.upper)
    assert (found.stable, found.negative) == ("below", (0, 1))
    assert abs(Fraction(found.decimal) - Fraction(more.decimal)) < Fraction(1, 10**14)


def test_the_pair_breaks_into_a_longer_and_a_shorter_arm():
    """The direction exchanges sign when the two features are exchanged: odd, so that it breaks the symmetry."""
    found = stability_limit("digon", PAIR, "density", 0.6, 0.8)
    W, b = found.direction.W[0], found.direction.b
    assert W[0] == pytest.approx(W[1], rel=1e-6)  # w and -w both move to the same side
    assert b[0] == pytest.approx(-b[1], rel=1e-6)
    assert (W**2).sum() + (b**2).sum() == pytest.approx(1)


def test_curvature_along_the_direction_changes_sign_at_the_limit_by_differences_of_the_loss():
    """A route without Hessians: second differences of the exact loss along the breaking direction."""
    found, step = stability_limit("digon", PAIR, "density", 0.6, 0.8), 1e-3

    def curvature(density):
        setting = with_axis(PAIR, "density", density)
        best = candidate("digon", setting)
        W, b = abs(best.weights.W[0, 0]) * np.sign(found.weights.W), best.weights.b
        ends = [
            population_loss(Weights(W + s * found.direction.W, b + s * found.direction.b), setting).loss
            for s in (-step, 0.0, step)
        ]
        return (ends[0] - 2 * ends[1] + ends[2]) / step**2

    assert curvature(found.value - 0.01) > 1e-4
    assert curvature(found.value + 0.01) < -1e-4


def test_limits_agree_with_double_precision_on_both_sides():
    for geometry, setting, start, stop in (
        ("pentagon", Setting(5, 2, 0.5), 0.2, 0.4),
        ("pentagon", Setting(5, 2, 0.5), 0.5, 0.63),
        ("hexagon", Setting(6, 2, 0.5), 0.05, 0.3),
    ):
        found = stability_limit(geometry, setting, "density", start, stop)
        sides = [candidate(geometry, with_axis(setting, "density", found.value + s)).hessian_min for s in (-1e-6, 1e-6)]
        assert (sides[0] > 0) == (found.stable == "below")
        assert (sides[1] > 0) == (found.stable == "above")
        assert sorted(found.negative) == [0, 2]  # a pair of equal modes


def test_neither_a_dropped_feature_nor_a_common_importance_moves_the_limit():
    """The pentagon breaks within itself: what is orthogonal to it, and the scale of the loss, do not matter."""
    alone = stability_limit("pentagon", Setting(5, 2, 0.5), "density", 0.29, 0.31)
    beside = stability_limit("pentagon + dropped", Setting(6, 2, 0.5, 7.0), "density", 0.29, 0.31)
    assert beside.value == pytest.approx(alone.value, abs=1e-15)
    assert beside.negative == alone.negative == (0, 2)


@pytest.mark.parametrize("factor", [simplex(1), simplex(2), simplex(3), polygon(5)], ids=lambda one: one.name)
def test_catalogue_entries_break_where_they_are_said_to_and_nowhere_else(factor):
    found = branch_stability(factor.name, Setting(*_shape(factor), 0.5))
    expected = {"digon": 1, "triangle": 0, "tetrahedron": 0, "pentagon": 3}[factor.name]
    assert len(found.limits) == expected
    assert found.verdict == ("breaks" if expected else "stable throughout")
    for limit, broken in found.limits:
        assert broken.confirmed
        exact = population_loss(broken.weights, with_axis(Setting(*_shape(factor), 0.5), "density", broken.value))
        assert float(exact.loss) + broken.error < broken.symmetric
        assert abs(broken.value - limit.value) <= 0.005 + 1e-12
    for density in np.linspace(0.05, 0.95, 7).tolist():
        inside = any(start < density < stop for start, stop in found.stable)
        assert candidate(factor.name, Setting(*_shape(factor), density)).stable == inside


def test_nothing_is_confirmed_on_the_stable_side():
    """Negative control: from the stable side the same descent falls back onto the symmetric optimum."""
    limit = stability_limit("hexagon", Setting(6, 2, 0.5), "density", 0.1, 0.3)
    flipped = type(limit)(
        **{**vars(limit), "negative": limit.negative[::-1], "stable": "above", "value": limit.value - 0.05}
    )
    assert not broken_optimum(flipped, Setting(6, 2, 0.5)).confirmed


def _shape(factor) -> tuple[int, int]:
    return factor.vertices, factor.dimension


@pytest.mark.parametrize(
    ("arguments", "culprit"),
    [
        (("triangle", Setting(3, 2, 0.5), "density", 0.1, 0.9), "neither gains nor loses"),
        (("pentagon", Setting(5, 2, 0.5), "density", 0.1, 0.9), "more than one limit"),
        (("digon", PAIR, "density", 0.8, 0.6), "from = 0.8"),
        (("pentagon", PAIR, "density", 0.6, 0.8), "pentagon"),
        (("digon", PAIR, "density", 0.6, 0.8, 0), "digits = 0"),
    ],
)
def test_bad_questions_are_refused_in_one_line(arguments, culprit):
    with pytest.raises(InputError, match=culprit) as refusal:
        stability_limit(*arguments)
    assert "\n" not in str(refusal.value)


def test_the_command_line_answers(tmp_path, capsys):
    import json

    path = tmp_path / "pair.toml"
    path.write_text("[features]\ncount = 2\ndensity = 0.5\n[model]\nhidden = 1\n")
    assert main(["stability", str(path), "--geometry", "digon", "--from", "0.6", "--to", "0.8", "--json"]) == 0
    assert 0.70 < json.loads(capsys.readouterr().out)["value"] < 0.72
    assert main(["optimum", str(path), "--starts", "4", "--certify", "20", "--json"]) == 0
    proved = json.loads(capsys.readouterr().out)["certificate"]
    assert proved["kind"] == "minimum"
    assert proved["digits"] == 20
    assert main(["stability", "--catalogue", "2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["catalogue"][0]["verdict"] == "breaks"
    assert main(["stability", str(path), "--every", "--page", str(tmp_path / "page.md"), "--json"]) == 0
    every = {one["geometry"]: one["verdict"] for one in json.loads(capsys.readouterr().out)["geometries"]}
    assert every == {"digon": "breaks", "dedicated + dropped": "never a minimum", "2*dropped": "never a minimum"}
    assert "| 2 | 1 | digon | breaks | 0.713013019543036 | below |" in (tmp_path / "page.md").read_text()
    for wrong in ([str(path)], ["--every"], [str(path), "--catalogue"], [str(path), "--every", "--from", "0.1"]):
        assert main(["stability", *wrong]) == 2
