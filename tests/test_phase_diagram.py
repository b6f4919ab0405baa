"""Phase diagrams: cells are optima, curves lie where losses cross or curvature vanishes, resuming changes nothing."""

import json
from functools import lru_cache

import numpy as np
import pytest

from tegum.compare.diagram.fixed import fixed_boundaries, fixed_solutions
from tegum.compare.diagram.folder import write_phase_diagram
from tegum.theory.candidates.candidates import candidate
from tegum.theory.diagram import lattice
from tegum.theory.diagram.boundaries import _limits_from_lattice
from tegum.theory.diagram.branches import distance, settled
from tegum.theory.diagram.crossing import crossing
from tegum.theory.diagram.diagram import phase_diagram
from tegum.theory.diagram.limit import limit
from tegum.theory.diagram.limit_curve import limit_curve
from tegum.theory.diagram.optima import row_optima, structured_starts, swept
from tegum.theory.diagram.pieces import FIRST_ORDER, METASTABILITY
from tegum.theory.diagram.plane import Plane, parse_axis, sensitivities
from tegum.theory.errors import InputError
from tegum.theory.loss.law import law_of
from tegum.theory.loss.objective import expansion_at, parameters, tied_weights
from tegum.theory.phases import boundary
from tegum.theory.search.curvature import least_modes
from tegum.theory.search.optimum import optimum
from tegum.theory.setting import Setting

PAIR = Setting(2, 1, 0.1)
DIGON_TO_DEDICATED = ("digon", "dedicated + dropped")


def plane(setting=PAIR, x="density:0.01:0.99:9", y="importance[1]:0.1:10:9"):
    return Plane(setting, parse_axis(x), parse_axis(y))


def theta_of(geometry, setting):
    found = candidate(geometry, setting)
    return parameters(found.weights.W[None], found.weights.b[None])[0]


def shares(where, x, y):
    return np.array([where.x.shares(x), where.y.shares(y)])


@lru_cache(maxsize=1)
def two_in_one():
    """A part of the diagram of two features in one dimension: a first-order curve and both its stability limits."""
    return phase_diagram(PAIR, "density:0.38:0.5:5", "importance[1]:0.36:0.46:4")


def of_kind(kind, between=None):
    return [one for one in two_in_one().boundaries if one.kind == kind and between in (None, set(one.between))]


def test_cells_are_the_optima_that_many_starts_find():
    found = two_in_one()
    for row, column in ((0, 0), (0, 4), (1, 2), (3, 1), (3, 4)):
        point = found.plane.points()[row, column]
        best = optimum(found.plane.setting_at(point), 64)
        cell = found.rows[row]
        assert cell.geometry[column] == best.geometry
        assert cell.loss[column] == pytest.approx(best.loss, rel=1e-11)
        assert cell.stable[column]
        assert cell.error[column] < 1e-12


def test_cells_do_not_depend_on_the_number_of_random_starts():
    where = plane(PAIR, "density:0.05:0.95:6", "importance[1]:0.2:2:5")
    structured = structured_starts(where)
    losses = []
    for starts, seed in ((1, 5), (16, 6)):
        rows = np.array([row_optima(where, row, structured, starts, seed) for row in range(5)])
        theta = swept(where, rows).reshape(30, -1)
        losses.append(expansion_at(theta, where.law(where.points().reshape(-1, 2))).loss)
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-12)


def test_the_crossing_of_pair_and_dedicated_is_where_ball_arithmetic_proves_it():
    """An independent route: `boundary`, one axis at a time, with proved digits."""
    curve = of_kind(FIRST_ORDER, set(DIGON_TO_DEDICATED))[0]
    assert curve.error < 1e-9
    for x, y in curve.points[[1, len(curve.points) // 2]]:
        proved = boundary(
            Setting(2, 1, 0.1, (1.0, float(y))), DIGON_TO_DEDICATED, "density", float(x) - 0.02, float(x) + 0.02
        )
        assert x == pytest.approx(proved.value, abs=1e-11)


def test_the_crossing_at_importance_0_4():
    where = plane()
    start = shares(where, 0.42, 0.4)
    theta = np.stack([theta_of(one, where.setting_at(start)) for one in DIGON_TO_DEDICATED])
    found = crossing(where, start, theta, np.array([[1.0], [0.0]]))
    x, y = where.values(found.point)
    assert y == pytest.approx(0.4, abs=1e-15)
    assert x == pytest.approx(0.4361008632394934, abs=1e-13)
    assert found.residual < 1e-14


def test_off_a_first_order_curve_the_better_geometry_is_the_one_of_that_side():
    """A negative control: a curve drawn a thousandth off would be seen."""
    curve = of_kind(FIRST_ORDER, set(DIGON_TO_DEDICATED))[0]
    x, y = curve.points[len(curve.points) // 2]
    for step, better in ((-1e-3, 0), (1e-3, 1)):
        setting = Setting(2, 1, float(x) + step, (1.0, float(y)))
        losses = [candidate(one, setting).loss for one in DIGON_TO_DEDICATED]
        assert int(np.argmin(losses)) == better
        assert abs(losses[0] - losses[1]) > 1e-5


def test_derivatives_by_the_axes_are_those_of_the_loss():
    """Against central differences, for axes of every form and weights that are no critical point."""
    random = np.random.default_rng(3)
    setting = Setting(3, 2, (0.3, 0.2, 0.5), (1.0, 0.7, 1.3))
    theta = random.normal(size=(1, 9))
    axes = (
        "density",
        "density[1]:0.1:0.9",
        "importance:0.5:2",
        "importance[0]",
        "importance[2]/importance[0]:0.5:2:9:linear",
    )
    for x, y in zip(axes, axes[1:], strict=False):
        where, point = plane(setting, x, y), np.array([0.4, 0.7])
        found = sensitivities(theta, where, point)
        for k, step in enumerate(1e-5 * np.eye(2)):
            high, low = (expansion_at(theta, where.law((point + side * step)[None])) for side in (1, -1))
            assert found.loss[k] == pytest.approx((high.loss[0] - low.loss[0]) / 2e-5, rel=1e-6)
            np.testing.assert_allclose(found.gradient[k], (high.gradient[0] - low.gradient[0]) / 2e-5, atol=1e-7)


def test_the_dedicated_feature_stops_being_a_minimum_where_its_curvature_changes_sign():
    """On the kink of zero bias; `candidate` judges by its own one-sided curvatures."""
    where = plane()
    start = shares(where, 0.39, 0.4)
    found = limit(
        where, start, theta_of("dedicated + dropped", where.setting_at(start)), within=np.array([[1.0], [0.0]])
    )
    density = float(where.values(found.point)[0])
    assert 0.36 < density < 0.38
    assert [
        candidate("dedicated + dropped", Setting(2, 1, density + d, (1.0, 0.4))).hessian_min > 0 for d in (-1e-4, 1e-4)
    ] == [
        False,
        True,
    ]


def test_the_symmetric_pair_loses_stability_at_one_density_whatever_the_scale_of_importance():
    where = plane(PAIR, "density:0.5:0.9", "importance:0.5:2")
    start = shares(where, 0.7, 1.0)
    curve = limit_curve(where, limit(where, start, theta_of("digon", where.setting_at(start))))
    densities = where.values(curve.points)[:, 0]
    assert {end.why for end in curve.ends} == {"edge"}
    assert densities.max() - densities.min() < 1e-9
    assert 0.70 < densities[0] < 0.72
    assert candidate("digon", Setting(2, 1, densities[0] - 1e-4)).stable
    assert not candidate("digon", Setting(2, 1, densities[0] + 1e-4)).stable


def test_a_fold_is_where_the_pair_ceases_to_exist():
    """Beyond the metastability limit of the losing pair no minimum with its overlaps is left."""
    fold = next(one for one in of_kind(METASTABILITY) if one.between == DIGON_TO_DEDICATED)
    where, (x, y) = plane(), fold.points[len(fold.points) // 2]
    pair = theta_of("digon", Setting(2, 1, float(x) - 0.02, (1.0, float(y))))[None]
    overlap = {}
    for step in (-0.02, -1e-3, 1e-3):
        pair = settled(where, shares(where, float(x) + step, float(y)), pair)[0]
        overlap[step] = pair[0, 0] * pair[0, 1]
    assert overlap[-1e-3] < -0.3
    assert overlap[1e-3] == pytest.approx(0, abs=1e-6)


def test_a_lattice_alone_leads_to_every_limit_that_optima_and_crossings_lead_to():
    """Two are found from crossings in the diagram; here from minima followed over the lattice and nothing else."""
    found, curves = two_in_one(), []
    _limits_from_lattice(found.plane, found.theta, curves, lambda stage, done, total: None)
    points = np.concatenate([one.points for one in of_kind(METASTABILITY)])
    traced = found.plane.values(np.concatenate([one.points for one in curves]))
    assert max(np.linalg.norm(traced - point, axis=1).min() for point in points) < 5e-3
    assert max(np.linalg.norm(points - point, axis=1).min() for point in traced) < 5e-3
    away = np.linalg.norm(traced - (0.45, 0.42), axis=1)  # a negative control: in the middle of the plane is no limit
    assert away.min() > 0.01


def test_minima_are_lost_between_the_points_where_the_lattice_says(monkeypatch):
    """Followed in short steps each is a minimum where it starts and none, or far from it, where it is lost."""
    monkeypatch.setattr(lattice, "_POINTS", 5)
    found = two_in_one()
    where = found.plane
    ends = lattice.lost_minima(where, where.points().reshape(-1, 2), found.theta.reshape(-1, 4))
    assert len(ends) > 4
    for end in ends:
        theta, gone = end.theta[None], False
        for share in np.linspace(0, 1, 21):
            point = end.point + share * (end.beyond - end.point)
            onwards = settled(where, point, theta)[0]
            gone |= distance(theta, onwards, 2)[0] > 0.05 and share > 0
            theta = onwards
        assert gone
    calm = plane(PAIR, "density:0.1:0.2:3", "importance:0.5:2:3")
    pair = np.tile(theta_of("digon", calm.setting_at(np.array([0.5, 0.5]))), (9, 1))
    assert lattice.lost_minima(calm, calm.points().reshape(-1, 2), pair) == []


def test_a_branch_that_goes_on_as_a_saddle_is_lost_there(monkeypatch):
    """The antipodal pair stays a critical point beyond density 0.713, and following alone stays on it."""
    monkeypatch.setattr(lattice, "_POINTS", 5)
    dense = plane(PAIR, "density:0.6:0.9:3", "importance:0.5:2:3")
    start = np.array([[0.0, 0.5]])
    ends = lattice.lost_minima(dense, start, theta_of("digon", dense.setting_at(start[0]))[None])
    densities = np.array([[dense.values(end.point)[0], dense.values(end.beyond)[0]] for end in ends])
    assert len(ends) == 5
    assert ((densities[:, 0] < 0.71301) & (densities[:, 1] > 0.71302)).all()


def test_at_a_continuous_transition_the_weights_do_not_jump():
    where = plane()
    start = shares(where, 0.6, 0.66)
    onset = limit(where, start, theta_of("dedicated + dropped", where.setting_at(start)))
    sizes = []
    for step in (-1e-3, -2e-3):
        x, y = where.values(onset.point)
        best = optimum(Setting(2, 1, float(x) + step, (1.0, float(y))), 48)
        assert best.geometry == "digon"
        sizes.append(float(np.abs(best.weights.W).min()))
        over = optimum(Setting(2, 1, float(x) - step, (1.0, float(y))), 48)
        assert over.geometry == "dedicated + dropped"
    assert sizes[0] < sizes[1] < 0.05
    assert sizes[1] / sizes[0] == pytest.approx(2, rel=0.3)  # on a kink what grows, grows in proportion


def test_escape_leads_downhill_from_the_unstable_dedicated_feature():
    setting = Setting(2, 1, 0.3, (1.0, 0.4))
    theta = theta_of("dedicated + dropped", setting)
    law = plane(setting).law(shares(plane(setting), 0.3, 0.4)[None])
    way = least_modes(*tied_weights(theta[None], 2), law)[1][0]
    there = expansion_at((theta + 1e-3 * way)[None], law).loss[0]
    assert there < expansion_at(theta[None], law).loss[0] - 1e-9


def test_three_minima_meet_on_the_line_of_equal_importance():
    """The pair of equal norms and its two unequal copies, mirror images of each other."""
    where = plane(PAIR, "density:0.6:0.8", "importance[1]:0.8:1.25")
    start = shares(where, 0.709, 1.0)
    copies = np.array([[0.51, -0.92, 0.43, 0.19], [0.92, -0.51, 0.19, 0.43]])
    found = crossing(where, start, np.concatenate([theta_of("digon", where.setting_at(start))[None], copies]))
    density, importance = where.values(found.point)
    assert importance == pytest.approx(1, abs=1e-11)
    assert found.residual < 1e-14
    before, after = (Setting(2, 1, float(density) + step) for step in (-1e-3, 1e-3))
    assert optimum(before, 64).loss == pytest.approx(candidate("digon", before).loss, rel=1e-12)
    assert optimum(after, 64).loss < candidate("digon", after).loss - 1e-6


@pytest.mark.slow
def test_exchanging_the_features_mirrors_the_diagram_up_to_density_one():
    """The grid's middle row lies on the line where two copies of the pair are equal; its last column is dense."""
    found = phase_diagram(PAIR, "density:0.8:1:3", "importance[1]:0.8:1.25:3")
    lines = [one.points for one in found.boundaries if one.kind == FIRST_ORDER]
    where = plane(PAIR, "density:0.8:1", "importance[1]:0.8:1.25")
    at_one = sorted(float(end[1]) for line in lines for end in line[[0, -1]] if end[0] > 1 - 1e-9)
    assert len(at_one) == 3
    np.testing.assert_allclose(np.array(at_one) * at_one[::-1], 1, rtol=1e-9)
    assert where.values(np.array([1.0, 0.5]))[1] == pytest.approx(at_one[1], rel=1e-12)


def test_published_boundaries_are_those_in_print():
    """s = 4r/(2 + 5r) for r <= 1 and 4/(5 + 2r) above, from the fixed losses s/3 - s²/4 and (1 + r) s²/6."""
    where = plane(PAIR, "density:0.01:1", "importance[1]:0.1:10")
    for one in fixed_boundaries(where):
        if "[1, -1]" in one.between:
            s, r = one.points.T
            np.testing.assert_allclose(s, np.where(r <= 1, 4 * r / (2 + 5 * r), 4 / (5 + 2 * r)), rtol=1e-12)
    odd = plane(PAIR, "density:0.1:1:10", "importance[1]:0.1:10:10")  # a line on which solutions tie up to rounding
    assert {one.between for one in fixed_boundaries(odd)} == {one.between for one in fixed_boundaries(where)}
    losses = {one.name: one.losses(law_of(Setting(2, 1, 0.3, (1.0, 0.6))))[0] for one in fixed_solutions(2, 1)}
    variance = 0.3 / 3 - 0.3**2 / 4
    assert losses == pytest.approx(
        {"[0, 1]": variance, "[1, 0]": 0.6 * variance, "[1, -1]": 1.6 * 0.3**2 / 6}, rel=1e-13
    )


def test_resuming_gives_the_same_files_to_the_last_bit(tmp_path):
    question = (PAIR, "density:0.4:0.46:4", "importance[1]:0.37:0.43:3")
    write_phase_diagram(*question, tmp_path / "whole")

    class Interrupted(Exception):
        pass

    def interrupting(stage, done, total):
        if stage == "cells judged" and done == 2:
            raise Interrupted

    with pytest.raises(Interrupted):
        write_phase_diagram(*question, tmp_path / "halves", advance=interrupting)
    assert not (tmp_path / "halves" / "phases.json").exists()
    write_phase_diagram(*question, tmp_path / "halves")
    for name in ("phases.json", "phases.svg", "phases.pdf"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "halves" / name).read_bytes()
    answer = json.loads((tmp_path / "whole" / "phases.json").read_text())
    assert len(answer["cells"]) == 12
    assert {"x", "y", "geometry", "loss", "error", "stable"} <= set(answer["cells"][0])
    assert {"between", "kind", "points", "error", "ends"} <= set(answer["boundaries"][0])


def test_a_damaged_part_is_named_in_one_line(tmp_path):
    question = (PAIR, "density:0.1:0.2:2", "importance[1]:0.5:1:2")
    write_phase_diagram(*question, tmp_path)
    part = next(tmp_path.glob("parts-*/row-0001.json"))
    part.write_text("{")
    with pytest.raises(InputError, match="row-0001.json: is not valid JSON") as refusal:
        write_phase_diagram(*question, tmp_path)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("x", "y", "culprit"),
    [
        ("sparsity", "density", "'sparsity'"),
        ("density", "density", "given twice"),
        ("density:0:1", "importance[1]", "0 < from < to"),
        ("density:0.1:1.5", "importance[1]", "to <= 1"),
        ("density:0.5:0.1", "importance[1]", "0 < from < to"),
        ("density:0.1", "importance[1]", "KEY"),
        ("density:a:1", "importance[1]", "'a'"),
        ("density:0.1:1:1", "importance[1]", "count = 1"),
        ("density:0.1:1:1.5", "importance[1]", "'1.5'"),
        ("density:0.1:1:9:cubic", "importance[1]", "'cubic'"),
        ("density", "importance[2]", "names no feature"),
        ("density", "importance[1]/importance[1]", "allowed"),
        ("density", "importance[0]:1:inf", "finite"),
        ("density", "importance[0]:nan:1", "0 < from"),
        ("l1", "density", "'l1'"),
    ],
)
def test_bad_axes_are_refused_in_one_line(x, y, culprit):
    with pytest.raises(InputError) as refusal:
        phase_diagram(PAIR, x, y)
    assert culprit in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(("starts", "seed"), [(0, 0), (10**9, 0), (4, -1)])
def test_bad_searches_are_refused(starts, seed):
    with pytest.raises(InputError):
        phase_diagram(PAIR, "density", "importance[1]", starts=starts, seed=seed)


@pytest.mark.parametrize(
    ("kind", "y"),
    [
        ({"tied": False}, "importance[1]:0.3:3:4"),
        ({"readout": "linear", "values": "signed"}, "importance[1]:0.3:3:4"),
        ({"values": "binary", "bias": False}, "importance[1]:0.3:3:4"),
        ({"law": "correlated", "groups": ((0, 1),)}, "importance[2]:0.3:3:4"),
        ({"law": "anticorrelated", "groups": ((0, 1),)}, "importance[2]:0.3:3:4"),
    ],
)
def test_cells_of_every_setting_are_optima_and_boundaries_left_out_say_why(kind, y):
    found = phase_diagram(Setting(3, 2, 0.1, **kind), "density:0.1:0.45:4", y)
    for row, column in ((0, 0), (3, 3), (1, 2)):
        best = optimum(found.plane.setting_at(found.plane.points()[row, column]), 24)
        assert found.rows[row].loss[column] == pytest.approx(best.loss, rel=1e-9, abs=1e-13)
        assert found.rows[row].error[column] < 1e-11
    assert found.boundaries == ()
    assert "is not supported by the tracing of boundaries" in found.plane.left_out


def test_diagrams_over_densities_that_no_law_allows_are_refused():
    for kind, message in [
        ({"law": "one-hot", "density": None}, "must sum to 1"),
        ({"law": "anticorrelated", "groups": ((0, 1),)}, "at most one of the group is on"),
        ({"l1": 0.1}, "l1 = 0.1 is not supported by a phase diagram"),
    ]:
        with pytest.raises(InputError, match=message):
            phase_diagram(Setting(**({"count": 3, "hidden": 2, "density": 0.1} | kind)), "density", "importance[1]")
