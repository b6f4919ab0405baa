"""A study over several axes: its map is drawn the right way up, its numbers verify, and nothing is computed twice."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from tegum.cli import main
from tegum.compare import plane
from tegum.compare import study as module
from tegum.compare.agreement import agreement, boundary_curves, overall, places
from tegum.compare.plane import scale_of_values
from tegum.compare.report import write_study_report
from tegum.compare.report.disagreement import grid_of
from tegum.compare.study import study, study_of
from tegum.compare.verify import verify
from tegum.compare.verify.verify import verified_data
from tegum.empirical.plan import Axis, Plan, Training
from tegum.empirical.sweep.sweep import sweep
from tegum.theory.diagram.pieces import METASTABILITY
from tegum.theory.errors import InputError
from tegum.theory.files.seal import digest
from tegum.theory.setting import Setting

#: The plan's values are not in order, which the map must not mind.
DENSITY, IMPORTANCE = Axis("density", (0.6, 0.2, 0.4)), Axis("importance[1]", (0.3, 0.5))
PLAN = Plan(Setting(2, 1, 0.1), (DENSITY, IMPORTANCE), Training(runs=3, steps=400, batch_size=64, seed=2))


@pytest.fixture(scope="module", autouse=True)
def coarse():
    """Diagrams as coarse as still show every boundary of these plans."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plane, "_FINE", 4)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("study")


def with_diagram(folder, other):
    """Lend another study of the same question the slowest of what a folder keeps."""
    (other / "theory").mkdir(exist_ok=True)
    for part in (folder / "theory").glob("diagram-*"):
        shutil.copy(part, other / "theory")


@pytest.fixture(scope="module")
def found(folder):
    return study(PLAN, folder)


@pytest.fixture(scope="module")
def report(found, folder):
    return write_study_report(found, folder, "tegum study plan.toml")


def test_cells_lie_where_the_plan_puts_them(found):
    cells = agreement(found)
    expected = [{"density": p, "importance[1]": i} for p in DENSITY.values for i in IMPORTANCE.values]
    assert [cell["at"] for cell in cells] == places(PLAN) == expected
    for place, comparison in zip(expected, found.comparisons, strict=True):
        assert comparison.setting.density == (place["density"],) * 2
        assert comparison.setting.importance == (1.0, place["importance[1]"])


def test_the_map_is_the_right_way_up(found):
    grid = grid_of(found)
    assert (grid.x.values, grid.y.values) == ((0.2, 0.4, 0.6), (0.3, 0.5))
    for y, row in zip(grid.y.values, grid.cells, strict=True):
        for x, cell in zip(grid.x.values, row, strict=True):
            assert (cell.setting.density[0], cell.setting.importance[1]) == (x, y)


def test_the_traced_boundary_separates_the_predicted_optima(found):
    """On the line between the two importances the digon ends at the crossing that another method proves."""
    from tegum.theory.phases import boundary

    curves = [in_order(one) for one in boundary_curves(found) if len(one) > 2]
    between = "digon", "dedicated + dropped"
    for importance in IMPORTANCE.values:
        setting = replace(PLAN.setting, importance=[1.0, importance])
        crossing = boundary(setting, between, "density", 0.3, 0.6, digits=6).value
        at = [np.interp(importance, one[:, 1], one[:, 0]) for one in curves]
        assert min(abs(value - crossing) for value in at) < 2e-3
        for place, comparison in zip(places(PLAN), found.comparisons, strict=True):
            if place["importance[1]"] == importance:
                assert comparison.optimum.geometry == between[place["density"] > crossing]


def in_order(points):
    return points[np.argsort(points[:, 1])]


def test_distances_are_to_the_optimum_s_own_boundaries(found):
    kinds = {one.kind for one in found.diagram.boundaries}
    assert METASTABILITY in kinds
    assert len(boundary_curves(found)) == sum(one.kind != METASTABILITY for one in found.diagram.boundaries)
    near = {tuple(cell["at"].values()): cell["boundary_distance"] for cell in agreement(found)}
    assert near[0.4, 0.3] < 0.1 < near[0.2, 0.5]  # the boundary passes (0.376, 0.3)


def test_all_runs_are_counted_once(found):
    together = overall(found)
    assert together["hit_rate"]["trials"] == sum(row["runs"] for row in together["confusion"]) == 18
    assert together["best"]["trials"] == 6
    assert sum(cell["matching"] for cell in agreement(found)) == together["hit_rate"]["hits"]


def test_the_report_has_the_map_and_its_statistics(report, folder):
    page = report.read_text()
    for name in ("disagreement", "confusion", "gaps"):
        assert (folder / "figures" / f"{name}.svg").is_file()
        assert f'id="{name}-' in page
    assert "data:image" not in page  # the page's own policy would refuse it
    assert "95% Wilson" in page
    assert "Where training beat the prediction" in page
    assert "overview" not in [path.stem for path in (folder / "figures").iterdir()]


def test_every_number_verifies_and_a_changed_digit_does_not(report, folder, found, monkeypatch):
    assert verify(folder / "report.json").verified
    monkeypatch.setattr("tegum.compare.verify.recompute.plan_diagram", lambda plan: found.diagram)  # for the same plan
    data = json.loads((folder / "report.json").read_text())
    changes = {
        "share": lambda one: one["overall"]["hit_rate"],
        "runs": lambda one: one["overall"]["confusion"][0],
        "boundary_distance": lambda one: one["agreement"][0],
        "0": lambda one: one["boundaries"][0]["points"][0],
    }
    for key, place in changes.items():
        copy = json.loads(json.dumps(data))
        entry = place(copy)
        key = int(key) if key.isdigit() else key
        entry[key] = entry[key] + 1 if isinstance(entry[key], int) else entry[key] * (1 + 1e-6)
        copy["sha256"] = digest({name: value for name, value in copy.items() if name != "sha256"})
        assert [one["place"] for one in verified_data(copy).differences if one["place"] != "sha256"]


def forbidden(*_):
    raise AssertionError("computed again")


def test_what_a_folder_holds_is_not_computed_again(found, folder, monkeypatch):
    monkeypatch.setattr(module, "optimum", forbidden)
    monkeypatch.setattr("tegum.compare.critical_points.polish", forbidden)
    monkeypatch.setattr("tegum.theory.diagram.diagram.boundaries", None)
    again = study(PLAN, folder)
    assert agreement(again) == agreement(found)


def test_an_interruption_in_the_theory_keeps_what_was_found(found, folder, tmp_path, monkeypatch):
    class Stopped(Exception):
        pass

    def interrupt(stage, done, total):
        if (stage, done) == ("theory", 4):
            raise Stopped

    with pytest.raises(Stopped):
        study(PLAN, tmp_path, interrupt)
    with_diagram(folder, tmp_path)
    calls = []
    search = module.optimum
    monkeypatch.setattr(module, "optimum", lambda *given: calls.append(given) or search(*given))
    study(PLAN, tmp_path)
    assert len(calls) == 2
    assert agreement(study(PLAN, tmp_path)) == agreement(found)


def test_a_finished_sweep_is_studied_without_training(found, folder, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "sweep", None)
    with_diagram(folder, tmp_path)
    before = sorted(path.name for path in (folder / "runs").rglob("*"))
    assert agreement(study_of(folder / "runs", tmp_path)) == agreement(found)
    assert sorted(path.name for path in (folder / "runs").rglob("*")) == before


SMALL = Training(runs=2, steps=20, batch_size=16)


def test_any_number_of_axes_has_statistics(tmp_path):
    axes = (Axis("density", (0.1, 0.6)), Axis("importance[0]", (1.0,)), Axis("importance[1]", (0.5, 1.0)))
    plan = Plan(Setting(2, 1, 0.1), axes, SMALL)
    found = study(plan, tmp_path)
    assert found.diagram is None
    assert len(agreement(found)) == 4
    write_study_report(found, tmp_path, "tegum study")
    assert {path.stem for path in (tmp_path / "figures").iterdir()} == {"confusion", "gaps"}
    assert verify(tmp_path / "report.json").verified


def test_axes_without_a_plane_have_no_boundaries_and_say_so(tmp_path):
    plan = Plan(Setting(2, 1, 0.1), (Axis("density", (0.3,)), IMPORTANCE), SMALL)
    found = study(plan, tmp_path)
    assert found.diagram is None
    assert all(cell["boundary_distance"] is None for cell in agreement(found))
    page = write_study_report(found, tmp_path, "tegum study").read_text()
    assert "No boundary could be traced" in page


def test_an_unfinished_sweep_is_refused(tmp_path, monkeypatch):
    class Stopped(Exception):
        pass

    def stop(stage, done, total):
        if stage == "training" and done:
            raise Stopped

    with pytest.raises(Stopped):
        sweep(Plan(PLAN.setting, (DENSITY,), SMALL), tmp_path / "runs", size=2, progress=stop)
    with pytest.raises(InputError, match="2 of 6 runs; finish"):
        study_of(tmp_path / "runs", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_command_takes_a_plan_or_a_sweep(folder, found, tmp_path, capsys):
    assert main(["study", "--out", str(tmp_path)]) == 2
    assert "either PLAN or --runs DIR" in capsys.readouterr().err
    with_diagram(folder, tmp_path)
    assert main(["study", "--runs", str(folder / "runs"), "--out", str(tmp_path), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert len(answer["agreement"]) == 6
    assert answer["overall"]["hit_rate"]["trials"] == 18
    assert {"between", "kind", "points"} <= set(answer["boundaries"][0])


def test_compare_points_from_a_sweep_to_the_study(folder, found, tmp_path, capsys):
    setting = tmp_path / "setting.toml"
    setting.write_text("[features]\ncount = 2\ndensity = 0.1\n[model]\nhidden = 1\n")
    assert main(["compare", str(setting), "--runs", str(folder / "runs"), "--out", str(tmp_path / "out")]) == 2
    assert "tegum study --runs" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("values", "scale"),
    [((0.1, 0.2, 0.4), "log"), ((0.1, 0.2, 0.3), "linear"), ((0.1, 0.2, 5.0), "log"), ((0.0, 1.0, 50.0), "linear")],
)
def test_an_axis_has_the_scale_on_which_it_is_even(values, scale):
    assert scale_of_values(values) == scale
