"""From learned to exact: every step of a derivation against a second route, and each way in which one can end."""

import json
import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import sympy
from cases import exact_row

from tegum.cli import main
from tegum.compare.derivation.blocks import blocks_of
from tegum.compare.derivation.data import derivation_data
from tegum.compare.derivation.derivation import derived
from tegum.compare.derivation.steps import steps
from tegum.compare.derivation.symbolic import AGREES, checked
from tegum.theory.candidates.candidates import candidate
from tegum.theory.certify import certify
from tegum.theory.deadline import check_time, deadline
from tegum.theory.errors import InputError
from tegum.theory.formula.arrangement import arrangement_piece, densities_of, overlaps_of
from tegum.theory.formula.expression import Piece
from tegum.theory.geometry.identify import identify
from tegum.theory.geometry.symmetry import symmetry
from tegum.theory.loss.population import population_loss
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

FIVE = Setting(5, 2, 0.1)
#: Loss of the pentagon at the double next to 1/10: thirty digits that the certificate of the candidate proves as well.
PENTAGON = "0.0263051311239323084814665153061"


def best(geometry: str, setting: Setting) -> Weights:
    found = candidate(geometry, setting)
    assert found is not None
    return found.weights


def bent(weights: Weights, by: float, seed: int) -> Weights:
    """As training leaves weights: rotated, the features relabelled, with noise."""
    random = np.random.default_rng(seed)
    turn = np.linalg.qr(random.normal(size=(len(weights.W), len(weights.W))))[0]
    places = random.permutation(len(weights.b))
    noise = by * random.normal(size=weights.W.shape)
    return Weights(turn @ weights.W[:, places] + noise, weights.b[places] + by * random.normal(size=len(places)))


def two_against_one(setting: Setting):
    """Two features on one ray and one on the opposite: a critical point outside the catalogue."""
    return derived(Weights(np.array([[0.8, 0.8, -0.9]]), np.full(3, -0.1)), setting)


def test_a_bent_pentagon_is_led_to_its_exact_statement():
    found = derived(bent(best("pentagon", FIVE), 0.01, 1), FIVE)
    (factor,) = found.factors
    assert (found.geometry, found.edges, found.converged) == ("pentagon", 10, True)
    assert (factor.block.symmetry.order, factor.block.symmetry.orbit_sizes.tolist()) == (10, [5])
    assert int(factor.block.symmetry.pair_orbits.max()) + 1 == 3
    assert factor.block.free == 2
    assert found.loss > float(PENTAGON)
    assert 0.001 < found.moved < 0.1
    assert abs(factor.symbolic.difference) <= 1e-12
    proof = found.certificate
    assert proof.decimal == PENTAGON == certify(best("pentagon", FIVE), FIVE, 30).decimal
    assert (proof.positive, proof.negative, proof.zero) == (14, 0, 1)
    assert (found.verdict, found.proved) == ("minimum", True)
    assert [step.status.kind for step in steps(found)] == ["done"] * 8


def test_the_scalars_satisfy_the_formulas_stationarity_and_its_value_to_their_digits():
    """Second route: SymPy's derivatives of the formula at the enclosed scalars, with fifty digits."""
    (factor,) = derived(best("pentagon", FIVE), FIVE, digits=40).factors
    loss = sympy.sympify(factor.symbolic.loss)
    at = {sympy.Symbol(one.symbol): sympy.Float(one.decimal, 60) for one in factor.scalars}
    at[sympy.Symbol("p")] = sympy.Float(0.1, 60)
    for scalar in ("g", "b"):
        assert abs(sympy.diff(loss, sympy.Symbol(scalar)).evalf(50, subs=at)) < 1e-36
    assert str(loss.evalf(29, subs=at)) == PENTAGON[:-1]
    assert all(bool(sympy.sympify(one).subs(at)) for one in factor.symbolic.valid_when)
    cosines = {one.symbol: float(one.decimal) for one in factor.scalars}
    assert cosines["h1"] / cosines["g"] == pytest.approx(np.cos(2 * np.pi / 5), abs=1e-15)


def test_the_closed_form_is_the_critical_point_at_the_density_as_it_prints():
    (factor,) = derived(best("triangle", Setting(3, 2, 0.1)), Setting(3, 2, 0.1)).factors
    closed, scalars = factor.symbolic.closed, {one.symbol: float(one.decimal) for one in factor.scalars}
    assert float(closed.norm.decimal) == pytest.approx(scalars["g"], rel=1e-15)
    assert float(closed.bias.decimal) == pytest.approx(scalars["b"], rel=1e-14)
    x = sympy.Symbol("x")
    polynomial = sympy.Poly([*reversed(closed.loss.polynomial)], x)
    assert abs(polynomial.eval(sympy.Float(closed.loss.decimal, 60))) < 1e-20 * abs(polynomial.diff(x).eval(0.0375))


@pytest.mark.parametrize(
    ("geometry", "setting"),
    [
        ("pentagon", FIVE),
        ("2*digon + dedicated", Setting(5, 3, 0.2)),
        ("digon", Setting(2, 1, 0.3, (1.0, 0.6))),
    ],
)
def test_rotated_relabelled_and_noisy_weights_have_the_same_derivation(geometry, setting):
    def said(found):
        factors = [
            (one.block.factor.name, one.block.symmetry.order, one.block.free, sorted(x.decimal for x in one.scalars))
            for one in found.factors
        ]
        proof = found.certificate
        return found.geometry, found.edges, factors, proof.decimal, proof.positive, proof.zero, found.verdict

    weights = best(geometry, setting)
    alike = len(set(setting.importance)) == 1
    expected = said(derived(weights, setting))
    for seed in range(2):
        moved = bent(weights, 1e-3, seed) if alike else Weights(-weights.W, weights.b)
        assert said(derived(moved, setting)) == expected


def test_an_arrangement_outside_the_catalogue_is_derived_like_any_other():
    found = two_against_one(Setting(3, 1, 0.3))
    (factor,) = found.factors
    assert found.geometry.startswith("unknown-")
    assert (factor.block.symmetry.order, factor.block.symmetry.orbit_sizes.tolist()) == (2, [2, 1])
    assert factor.block.free == 4  # two norms, two biases
    assert sorted(one.symbol for one in factor.scalars) == ["b1", "b2", "g1", "g2"]
    assert factor.symbolic.status.kind == "done"
    assert found.certificate.decimal == certify(found.point, found.setting, 30).decimal


def test_a_saddle_is_a_saddle_and_the_loss_falls_from_it():
    found = two_against_one(Setting(3, 1, 0.3))
    assert (found.verdict, found.proved, found.certificate.negative) == ("saddle", True, 1)
    hessian = np.asarray(population_loss(found.point, found.setting, order=2).hessian)
    down = 1e-3 * np.linalg.eigh(hessian)[1][:, 0]
    lower = Weights(found.point.W + down[:3].reshape(1, 3), found.point.b + down[3:])
    assert population_loss(lower, found.setting).loss < float(found.certificate.decimal)


@pytest.mark.parametrize(("density", "verdict"), [(0.6, "minimum"), (0.3, "saddle")])
def test_dropped_and_dedicated_features_are_decided_on_their_kink(density, verdict):
    """A feature alone in its dimension sits at b = 0, where the Hessian has two sides."""
    setting = Setting(2, 1, density, (1.0, 0.1 if verdict == "minimum" else 0.4))
    found = derived(best("dedicated + dropped", setting), setting)
    assert [one.block.factor.name for one in found.factors] == ["dedicated", "dropped"]
    assert [one.block.free for one in found.factors] == [2, 1]
    assert found.certificate.dedicated == (0,)
    assert (found.verdict, found.proved) == (verdict, True)
    assert [(x.symbol, x.decimal, x.radius) for x in found.factors[0].scalars] == [("g", "1", 0.0), ("b", "0", 0.0)]


def test_features_that_all_have_a_dimension_are_proved_without_a_hessian_of_the_others():
    """Nothing is left once the dedicated features are taken out; their own kinks decide, rest reached or not."""
    setting = Setting(2, 2, 0.02)
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    for off in (0.0, 1e-9):
        found = derived(Weights(turn + off, np.full(2, -off)), setting, digits=10)
        assert found.geometry == "2*dedicated"
        assert (found.verdict, found.proved, found.certificate.loss) == ("minimum", True, 0.0)
        assert found.certificate.distance < 1e-8


@pytest.mark.parametrize("bias", [-0.3, 0.2])
def test_a_dropped_feature_whose_bias_is_not_at_its_mean_is_never_certified_for_it(bias):
    """Below zero its output is silent and the loss does not hang on the bias; polishing cannot lead it anywhere."""
    setting = Setting(3, 1, 0.3)
    pair = best("digon", Setting(2, 1, 0.3))
    found = derived(Weights(np.array([[*pair.W[0], 0.0]]), np.array([*pair.b, bias])), setting)
    if bias < 0:
        assert found.point.b[2] == bias
        assert (found.silent, found.certificate.kind, found.verdict) == ((2,), "minimum", "undecided")
        assert "silent" in steps(found)[-1].status.reason
        alone = certify(pair, Setting(2, 1, 0.3), 30).decimal
        assert abs(Fraction(found.certificate.decimal) - Fraction(alone) - Fraction(0.3) / 3) < Fraction(1, 10**28)
    else:
        assert (found.verdict, found.proved) == ("minimum", True)
        assert float(found.factors[1].scalars[0].decimal) == pytest.approx(0.15)
    dropped = found.factors[1].symbolic
    assert dropped.status.kind == "done"
    assert dropped.value == pytest.approx(0.3 / 3 - (0.3**2 / 4 if bias > 0 else 0), rel=1e-12)


def test_a_saddle_of_the_others_is_one_of_all_whatever_is_silent():
    setting = Setting(4, 1, 0.3)
    found = derived(Weights(np.array([[0.8, 0.8, -0.9, 0.0]]), np.array([-0.1, -0.1, -0.1, -0.5])), setting)
    assert (found.silent, found.verdict, found.proved) == ((3,), "saddle", True)
    assert found.certificate.loss == pytest.approx(float(population_loss(found.point, setting).loss), rel=1e-13)


def test_a_density_of_one_and_an_importance_of_zero_are_derived_too():
    always = derived(Weights(np.array([[1.0, -1.0]]), np.zeros(2)), Setting(2, 1, 1.0), digits=10)
    assert all(factor.symbolic.status.kind == "done" for factor in always.factors)
    idle = derived(Weights(np.array([[1.0, 0.0]]), np.zeros(2)), Setting(2, 1, 0.3, (1.0, 0.0)), digits=10)
    assert (idle.silent, idle.certificate.kind, idle.verdict) == ((1,), "minimum", "undecided")
    assert idle.factors[1].symbolic.value == 0


def test_importances_break_the_symmetry_that_the_overlap_graph_still_has():
    setting = Setting(5, 2, 0.1, (1, 0.9, 0.8, 0.7, 0.6))
    found = derived(best("pentagon", setting), setting)
    (factor,) = found.factors
    assert (found.geometry, factor.block.symmetry.order) == ("pentagon", 1)
    assert factor.block.free == 2 * 5 - 1 + 5
    assert abs(factor.symbolic.difference) <= 1e-12
    assert found.certificate.decimal == certify(found.point, setting, 30).decimal


def test_biases_colour_the_vertices():
    weights, setting = Weights(np.array([[1.0, -1.0]]), np.array([0.1, 0.2])), Setting(2, 1, 0.3)
    (block,) = blocks_of(weights, identify(weights.W), setting)
    assert block.symmetry.order == 1
    (block,) = blocks_of(Weights(weights.W, np.full(2, 0.1)), identify(weights.W), setting)
    assert block.symmetry.order == 2


@pytest.mark.parametrize("seed", range(6))
def test_a_formula_in_overlaps_is_the_loss_in_rational_arithmetic(seed):
    """Second route: every box integral in fractions, at unlike densities and importances, to thirty digits."""
    random = np.random.default_rng(seed)
    vertices, dimension = int(random.integers(2, 5)), int(random.integers(1, 3))
    W, b = random.normal(size=(dimension, vertices)), 0.3 * random.normal(size=vertices)
    density, importance = random.choice([0.1, 0.3], vertices).tolist(), random.choice([1.0, 0.5], vertices).tolist()
    group = symmetry(W.T @ W, kinds=list(zip(density, importance, b.tolist(), strict=True)))
    overlaps = overlaps_of(W, b, group)
    piece = arrangement_piece(overlaps, group, density, importance)
    known = overlaps.point | {symbol: p for p, symbol in densities_of(density).items()}
    at = {symbol: sympy.Float(value, 60) for symbol, value in known.items()}
    G = [[symbol.evalf(50, subs=at) for symbol in np.array(overlaps.symbols)[row]] for row in overlaps.classes]
    expected = sum(
        exact_row([Fraction(str(x)) for x in G[i]], b[i], density, importance[i], i)[0] for i in range(vertices)
    )
    assert abs(piece.loss.evalf(45, subs=at) - sympy.Rational(expected)) < 1e-32
    assert all(bool(condition.subs(at)) for condition in piece.valid_when)


def test_a_wrong_formula_is_caught():
    weights = best("digon", Setting(2, 1, 0.3))
    (block,) = blocks_of(weights, identify(weights.W), Setting(2, 1, 0.3))
    overlaps = overlaps_of(block.W, block.b, block.symmetry)
    piece = arrangement_piece(overlaps, block.symmetry, block.density, block.importance)
    exact = float(population_loss(weights, Setting(2, 1, 0.3)).loss)
    assert checked(piece, block, overlaps, exact, 0.2).status.kind == "done"
    for wrong in (piece.loss + 10 * AGREES, piece.loss.subs(overlaps.biases[0], -overlaps.biases[0])):
        assert checked(Piece(wrong, piece.valid_when), block, overlaps, exact, 0.2).status.kind == "undecided"


def test_digits_refine_and_each_is_right_to_its_unit():
    few, many = (derived(best("pentagon", FIVE), FIVE, digits).factors[0].scalars for digits in (12, 50))
    for one, two in zip(few, many, strict=True):
        assert one.symbol == two.symbol
        assert 0 < abs(Fraction(one.decimal) - Fraction(two.decimal)) <= Fraction(one.radius)
        assert two.radius < 1e-47


def test_steps_out_of_time_say_so_and_the_others_stand():
    found = derived(best("pentagon", FIVE), FIVE, seconds=0)
    assert (found.certified.kind, found.certified.reason) == ("undecided", "time")
    assert found.factors[0].symbolic.status.reason == "time"
    assert (found.verdict, found.proved, found.certificate) == ("minimum", False, None)
    assert found.factors[0].scalars[0].radius is None
    assert [step.number for step in steps(found) if step.status.kind != "done"] == [6, 7]


def test_an_earlier_deadline_outside_stays():
    with deadline(0), deadline(60), pytest.raises(TimeoutError):
        check_time()
    check_time()


def test_a_formula_too_large_to_be_written_leaves_the_proof():
    random = np.random.default_rng(0)
    setting = Setting(6, 2, 0.05)
    found = derived(Weights(random.normal(size=(2, 6)), np.zeros(6)), setting, digits=15)
    (factor,) = found.factors
    assert factor.symbolic.status.kind == "intractable"
    assert "knots" in factor.symbolic.status.reason
    assert found.certificate.decimal == certify(found.point, setting).decimal
    assert found.verdict == "minimum"


def test_weights_at_no_critical_point_are_undecided(monkeypatch):
    from tegum.compare.derivation import derivation as module
    from tegum.compare.polish import polished_at

    weights = bent(best("pentagon", FIVE), 0.05, 3)
    here = Weights(weights.W[None], weights.b[None])
    monkeypatch.setattr(module, "polish", lambda given, law: polished_at(here, here, law))
    found = derived(weights, FIVE)
    assert (found.verdict, found.certified.kind, found.certificate) == ("undecided", "undecided", None)
    assert "critical point" in found.certified.reason
    assert [step.number for step in steps(found) if step.status.kind == "undecided"] == [2, 7, 8]


def test_the_command_prints_all_steps(run, tmp_path):
    (tmp_path / "setting.toml").write_text("[features]\ncount = 2\ndensity = 0.3\n[model]\nhidden = 1\n")
    np.savez(tmp_path / "weights.npz", W=[[1.0, -0.9]], b=[0.0, 0.0])
    files = (str(tmp_path / "setting.toml"), "--weights", str(tmp_path / "weights.npz"))
    answer = run("derive", *files, "--digits", "20")
    setting = Setting(2, 1, 0.3)
    expected = derivation_data(derived(Weights(np.array([[1.0, -0.9]]), np.zeros(2)), setting, 20))
    assert answer == json.loads(json.dumps(expected, allow_nan=False))
    assert answer["verdict"] == {"kind": "minimum", "proved": True}
    assert len(answer["certificate"]["decimal"].lstrip("0.")) == 20


def test_the_page_shows_what_the_command_prints(capsys, monkeypatch):
    """But for what is left by rounding: a gradient, a difference, and the size of a tiny box."""
    root = Path(__file__).parent.parent
    monkeypatch.chdir(root)
    page = re.findall(r"```console\n\$ tegum (.*)\n((?:.*\n)*?)```", (root / "docs" / "derivations.md").read_text())
    ((command, shown),) = page
    assert main(command.split()) == 0
    pairs = list(zip(capsys.readouterr().out.splitlines(), shown.splitlines(), strict=True))
    assert [one for one, other in pairs if one != other and not re.search("gradient norm|agrees|half-width", one)] == []


def test_bad_input_is_refused_in_one_line():
    digon = best("digon", Setting(2, 1, 0.3))
    many = Weights(np.stack([digon.W, digon.W]), np.stack([digon.b, digon.b]))
    cases = [
        ((many, Setting(2, 1, 0.3)), "ensemble"),
        ((digon, Setting(3, 1, 0.3)), "W is"),
        ((digon, Setting(2, 1, 0.3), 0), "digits = 0"),
        ((digon, Setting(2, 1, 0.3), 30, -1.0), "seconds = -1"),
        ((digon, Setting(2, 1, 0.3, values="binary")), "values"),
    ]
    for arguments, culprit in cases:
        with pytest.raises(InputError, match=culprit):
            derived(*arguments)
