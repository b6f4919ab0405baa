"""A report verifies as it is written, and neither a changed digit, nor a changed weight, nor a hostile file passes."""

import copy
import json
import math
import os
import re
from dataclasses import replace

import numpy as np
import pytest

from tegum.cli import main
from tegum.compare.diagram.folder import write_phase_diagram
from tegum.compare.polish import polished_at
from tegum.compare.report import write_comparison_report
from tegum.compare.report.data import comparison_data, study_data
from tegum.compare.report.mixtures import mixtures_data, place_at
from tegum.compare.report.schema import SCHEMAS
from tegum.compare.report.schema.comparison import SEARCH
from tegum.compare.report.schema.shapes import GIVEN, INPUT, Named, Row, Table
from tegum.compare.study import study
from tegum.compare.verdict import compare_all, judged
from tegum.compare.verify import phases, recompute, verify
from tegum.compare.verify.answer import completed
from tegum.compare.verify.differences import allowance, differences
from tegum.compare.verify.digits import allowances
from tegum.compare.verify.file import LARGEST_FILE
from tegum.compare.verify.inputs import inputs_of
from tegum.compare.verify.kinds import KINDS
from tegum.compare.verify.recompute import comparisons_of, recomputed
from tegum.compare.verify.verify import verified_data
from tegum.empirical.plan import Axis, Plan, Training
from tegum.theory.candidates.candidates import candidate
from tegum.theory.diagram import diagram
from tegum.theory.errors import InputError
from tegum.theory.files.seal import digest, head, sealed
from tegum.theory.loss.law import law_of
from tegum.theory.search.optimum import optimum
from tegum.theory.setting import Setting
from tegum.theory.table.search import TablePlan
from tegum.theory.table.shipped import Table as ShippedTable
from tegum.theory.table.shipped import factor_table, table_bytes
from tegum.theory.weights import Weights

SETTING = Setting(count=3, hidden=2, density=0.1)


@pytest.fixture(scope="module")
def comparison():
    """The optimum and a local one as training leaves them, and weights that are nothing yet."""
    random = np.random.default_rng(7)
    best, triangle = optimum(SETTING, 8), candidate("triangle", SETTING).weights
    W = np.stack([best.weights.W, triangle.W, 0.2 * random.normal(size=(2, 3))])
    b = np.stack([best.weights.b, triangle.b, np.zeros(3)])
    weights = Weights(W + 0.003 * random.normal(size=W.shape), b + 0.003 * random.normal(size=b.shape))
    return compare_all([SETTING], [weights], [best])[0]


@pytest.fixture(scope="module")
def comparison_json(comparison):
    return plain(comparison_data(comparison, "tegum compare"))


@pytest.fixture(scope="module")
def study_json(tmp_path_factory):
    plan = Plan(Setting(3, 2, 0.1), (Axis("density", (0.1, 0.6)),), Training(runs=1, steps=300, batch_size=64))
    return plain(study_data(study(plan, tmp_path_factory.mktemp("study")), "tegum study"))


def plain(data):
    return json.loads(json.dumps(data))


def leaves(data, place=()):
    """Every number of plain data, by the keys that lead to it."""
    if isinstance(data, dict | list):
        for key, child in data.items() if isinstance(data, dict) else enumerate(data):
            yield from leaves(child, (*place, key))
    elif isinstance(data, int | float) and not isinstance(data, bool):
        yield place, data


def at(data, place):
    for key in place:
        data = data[key]
    return data


def words(place):
    return tuple(key for key in place if isinstance(key, str))


def source(kind, place):
    """What the schema says of a number: an input, computed, or given."""
    shape, found = SCHEMAS[kind], None
    for key in place:
        if isinstance(shape, Table):
            found, shape = shape.fields[key].source, shape.fields[key].shape
        elif isinstance(shape, Row):
            shape = shape.item
        elif isinstance(shape, Named):
            shape = shape.values
    return found


def changed(data, place, value, seal=True):
    """The data with one number changed, and if sealed with a digest that knows nothing of it."""
    found = copy.deepcopy(data)
    at(found, place[:-1])[place[-1]] = value
    return found | {"sha256": digest(found) if seal else data["sha256"]}


def one_digit_off(place, value, known):
    """The value with the last digit changed that its bounds support; inputs in the sixth decimal."""
    if isinstance(value, int):
        return value + 1
    absolute, relative = allowance(known, words(place))
    allowed = absolute + relative * abs(value)
    if words(place)[-1] in ("W", "b", "density", "batch_loss", "start", "stop"):
        return value - 1e-6
    return value + 10 * allowed if allowed else math.nextafter(value, math.inf)


def expected_of(data):
    """What the report should say, but for its digest, and the allowances."""
    kind = data["kind"]
    anew = KINDS[kind](data)
    return completed(anew.data, data, SCHEMAS[kind]) | head(kind) | {"sha256": data["sha256"]}, anew.known


def is_noticed(data):
    """Whether the recomputed report differs, with no look at the digest nor at the second routes."""
    try:
        expected, known = expected_of(data)
    except InputError:
        return True
    return any(differences(data, expected, known))


def missed(data, looked_at=None):
    """Places of numbers that can change by a digit unnoticed and are not given; of inputs, those that are looked at."""
    expected, known = expected_of(data)
    found = []
    for place, value in leaves(data):
        off = one_digit_off(place, value, known)
        kind = source(data["kind"], place)
        if kind == INPUT and (looked_at is None or place in looked_at):
            noticed = is_noticed(changed(data, place, off))
        else:
            noticed = kind == INPUT or any(differences(off, at(expected, place), known, keys=words(place)))
        if not noticed and kind != GIVEN:
            found.append(place)
    return found


REPORTS = ("comparison", "study", "mixtures", "phases", "factors")


@pytest.fixture(scope="module")
def mixtures_json():
    setting = Setting(count=11, hidden=5, density=0.3)
    found = [place_at(replace(setting, density=density)) for density in (0.3,)]
    return plain(sealed("mixtures", {"command": "tegum mixture", "versions": {}, **mixtures_data(setting, found)}))


@pytest.fixture(scope="module")
def phases_json(tmp_path_factory):
    axes = "density:0.3:0.8:4:log", "importance[1]:0.3:1.3:3"
    return plain(write_phase_diagram(Setting(2, 1, 0.5), *axes, tmp_path_factory.mktemp("phases")))


@pytest.fixture(scope="module")
def factors_json():
    plan = TablePlan(most_vertices=4, most_dimensions=1, densities=(0.1, 0.4), starts=128, seed=0)
    small = [one for one in factor_table().cells if one.vertices <= 4 and one.dimensions == 1]
    small = [one for one in small if one.density in plan.densities]
    return json.loads(table_bytes(ShippedTable(plan, {}, tuple(small))))


@pytest.fixture
def report_of(request):
    return lambda kind: request.getfixturevalue(f"{kind}_json")


def test_every_kind_of_report_can_be_recomputed():
    assert tuple(KINDS) == tuple(SCHEMAS) == REPORTS


SLOWEST = pytest.param("phases", marks=pytest.mark.slow)


@pytest.mark.parametrize("kind", [SLOWEST if kind == "phases" else kind for kind in REPORTS])
def test_what_is_written_verifies(kind, report_of):
    data = report_of(kind)
    found = verified_data(data)
    assert found.verified, found.differences
    assert found.numbers == len(list(leaves(data))) > 20


@pytest.mark.parametrize("kind", ["mixtures", SLOWEST, "factors"])
def test_every_changed_digit_of_what_theory_reports_is_noticed(kind, report_of, boundaries_once):
    """Of the weights of many cells, those of the first; of a phase diagram's inputs a few, for each is a diagram."""
    data = report_of(kind)
    few = {("x", "start"), ("y", "stop"), ("cells", 0, "W", 0, 1), ("cells", 0, "b", 0)}
    looked_at = (
        few if kind == "phases" else {place for place, _ in leaves(data) if place[:1] != ("cells",) or not place[1]}
    )
    assert missed(data, looked_at) == []


def test_the_comparison_has_every_kind_of_run(comparison):
    assert [verdict.kind for verdict in comparison.verdicts] == ["optimum", "local optimum", "unconverged"]


def test_bounds_leave_nearly_all_digits(comparison_json):
    known = allowances(comparisons_of(inputs_of(comparison_json)))
    loss = comparison_json["optimum"]["loss"]
    for key in ("loss", "gap", "optimum", "best_loss"):
        assert 0 < known[key][0] < 1e-11 * loss
    assert known["relative_gap"][0] < 1e-11
    assert known["gradient_norm"][0] < 1e-14
    assert known["hessian_min"][0] < 1e-4 * comparison_json["optimum"]["hessian_min"]
    assert all(absolute <= 1e-6 and relative <= 1e-6 for absolute, relative in known.values())
    assert not known.keys() & {"W", "b", "density", "fraction", "best", "dimension", "matching"}


def test_nothing_but_inputs_is_read(study_json, curves_once):
    bare = study_json
    for place, _ in leaves(study_json):
        if source("study", place) not in (INPUT, GIVEN):
            bare = changed(bare, place, None)
    inputs, others = inputs_of(study_json), inputs_of(bare)
    assert recomputed(inputs, comparisons_of(inputs)) == recomputed(others, comparisons_of(others))


def test_every_changed_digit_of_a_comparison_is_noticed(comparison_json):
    assert missed(comparison_json) == []


def test_every_changed_digit_of_a_study_is_noticed(study_json, curves_once):
    assert len(study_json["boundaries"]) == 1
    assert missed(study_json) == []


@pytest.fixture
def boundaries_once(monkeypatch):
    """Boundaries of the cells as they are, likewise."""
    monkeypatch.setattr(diagram, "boundaries", only_once(diagram.boundaries))
    monkeypatch.setattr(phases, "fixed_boundaries", only_once(phases.fixed_boundaries))


@pytest.fixture
def curves_once(monkeypatch):
    """Curves and boundaries of the plan as it is: what changes a plan must be noticed elsewhere."""
    for name in ("curves_of", "boundaries_of"):
        monkeypatch.setattr(recompute, name, only_once(getattr(recompute, name)))


def only_once(function):
    kept = []

    def remembered(*arguments):
        if not kept:
            found = function(*arguments)
            kept.append(found if isinstance(found, tuple) else list(found))
        return kept[0]

    return remembered


def test_what_is_given_is_noticed_by_the_digest_alone(comparison_json, study_json):
    given = verified_data(comparison_json).given
    searches = {f"{place}.{key}" for place in ("optimum", "resolution.before") for key in SEARCH}
    assert set(given) == searches | {"runs.batch_loss", "command", "versions"}
    for key in SEARCH:
        value = comparison_json["optimum"][key]
        assert verified_data(changed(comparison_json, ("optimum", key), value + 1)).verified
    other = changed(study_json, ("cells", 0, "runs", 0, "batch_loss"), 1.0, seal=False)
    assert digest(other) != other["sha256"]


def test_the_digest_notices_the_last_bit_of_every_number(comparison_json):
    for place, value in leaves(comparison_json):
        other = changed(comparison_json, place, math.nextafter(value, math.inf), seal=False)
        assert digest(other) != other["sha256"]


def test_words_and_shapes_are_compared_as_well(comparison_json):
    def places(edit):
        other = copy.deepcopy(comparison_json)
        edit(other)
        return [one["place"] for one in verified_data(other).differences if one["place"] != "sha256"]

    assert places(lambda data: data["runs"][1].update(verdict="optimum")) == ["runs[1].verdict"]
    assert places(lambda data: data["runs"][1].update(matches=True)) == ["runs[1].matches"]
    assert places(lambda data: data["runs"][0].update(vertex_map=None)) == ["runs[0].vertex_map"]
    assert places(lambda data: data["optimum"]["identity"]["factors"].pop()) == ["optimum.identity.factors"]


def test_a_key_that_nothing_recomputes_is_not_verified(comparison_json):
    other = copy.deepcopy(comparison_json)
    other["runs"][0]["bonus"] = 1.0
    other["sha256"] = digest(other)
    (found,) = verified_data(other).differences
    assert found == {"place": "runs[0].bonus", "stored": 1.0, "recomputed": "not verified: nothing recomputes it"}


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (lambda data: data.pop("fraction"), "is no comparison report: fraction is missing"),
        (lambda data: data["runs"][1].pop("W"), r"runs\[1\]\.W or W_in/W_out is missing"),
        (lambda data: data["runs"][1].update(gap="0.1"), r"runs\[1\]\.gap = \"0.1\" is no number"),
        (lambda data: data["runs"][0].update(verdict="good"), "verdict = .*good.* is no 'optimum', "),
        (lambda data: data["optimum"].update(hits=3.0), "optimum.hits = 3.0 is no integer"),
        (lambda data: data["optimum"].update(identity=[]), "optimum.identity = .* is no table"),
        (lambda data: data.update(runs=[{}]), r"runs\[0\]\.run is missing, and 12 more like it"),
        (lambda data: data.update(schema="urn:tegum:report:study:1"), "schema = .* is no 'urn:tegum:report:comparison"),
    ],
)
def test_a_broken_structure_is_refused_by_its_place(comparison_json, edit, says):
    other = copy.deepcopy(comparison_json)
    edit(other)
    with pytest.raises(InputError, match=says):
        verified_data(other)


def test_polished_weights_of_another_basin_are_noticed(comparison):
    """All numbers are made anew from them, so that only polishing again can tell."""
    law = law_of(SETTING, 3)
    swapped = Weights(comparison.polished.W[[1, 0, 2]], comparison.polished.b[[1, 0, 2]])
    forged = judged(SETTING, comparison.weights, polished_at(swapped, comparison.weights, law), comparison.optimum)
    places = [one["place"] for one in verified_data(plain(comparison_data(forged, ""))).differences]
    assert places == ["runs[0].polished", "runs[1].polished"]


def test_the_command_verifies_a_report_and_fails_on_one_digit(comparison, tmp_path, capsys):
    write_comparison_report(comparison, tmp_path, "tegum compare")
    path = tmp_path / "report.json"
    assert main(["verify", str(path), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["verified"], answer["differences"]) == (True, [])
    text = path.read_text()
    digits = re.search(r'"loss": (0\.\d+)', text)[1]
    for digit in set("0123456789") - set(digits[-1]):
        path.write_text(text.replace(digits, digits[:-1] + digit, 1))
        assert main(["verify", str(path), "--json"]) == 1
        answer = json.loads(capsys.readouterr().out)
        assert not answer["verified"]
        assert {"sha256", "spelling"} & {one["place"] for one in answer["differences"]}
    assert main(["verify", str(path)]) == 1
    assert "not verified" in capsys.readouterr().out


def test_what_a_report_names_cannot_reach_the_terminal(comparison_json, tmp_path, capsys):
    path = tmp_path / "report.json"
    path.write_text(json.dumps(comparison_json | {"\x1b[2J": "\x1b[31m\ud800", "kind": "comparison"}))
    assert main(["verify", str(path)]) == 1
    shown = capsys.readouterr().out
    assert "[2J" in shown
    assert shown.replace("\n", "").isprintable()


HOSTILE = {
    b'{"format": NaN}': "NaN",
    b'{"format": 1, "x": 1e999}': "double precision",
    b'{"format": 1, "x": -Infinity}': "Infinity",
    b'{"format": 1, "x": 1' + b"0" * 400 + b"}": "64 bits",
    b'{"format": 1, "x": 1' + b"0" * 10_000 + b"}": "JSON",
    b'{"format": 1, "format": 1}': "twice",
    b'{"format": 2}': "format",
    b"[" * 100_000: "JSON",
    b'{"format": 1, "x": ' + b"[" * 40 + b"]" * 40 + b"}": "deep",
    b"\xff\xfe": "JSON|UTF-8",
    b'{"format": 1, "kind": "poem"}': "kind",
    b'{"format": 1, "kind": "phases"}': "missing",
    b'{"format": 1, "kind": "comparison"}': "missing",
}


@pytest.mark.parametrize("content", HOSTILE)
def test_hostile_files_are_refused_in_one_line(content, tmp_path):
    path = tmp_path / "report.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=HOSTILE[content]) as refused:
        verify(path)
    assert str(path) in str(refused.value)


def test_what_is_no_file_or_too_large_is_refused_unread(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with open(tmp_path / "large", "wb") as file:
        file.truncate(LARGEST_FILE + 1)
    for name, reason in (
        ("pipe", "regular"),
        ("large", "larger"),
        ("nothing", "No such file"),
        (".", "Is a directory"),
    ):
        with pytest.raises(InputError, match=reason):
            verify(tmp_path / name)


@pytest.mark.parametrize(
    ("place", "value", "reason"),
    [
        (("setting", "features", "count"), 10**6, "1000000"),
        (("setting", "model", "hidden"), 10**6, "hidden"),
        (("setting", "features", "law"), "one-hot", "density|verify"),
        (("runs",), {}, "runs"),
        (("runs", 0), 3, "table"),
        (("runs", 0, "W"), [[1.0, 2.0, 3.0]], "W"),
        (("runs", 0, "W", 1), [1.0, "2", 3.0], "number"),
        (("runs", 0, "b"), 0.0, "b"),
        (("runs", 0, "b"), None, "b"),
        (("runs", 0, "polished", "W"), [[], []], "lists 0"),
        (("optimum", "starts"), True, "starts"),
        (("optimum", "W"), "W", "W"),
        (("versions",), 1, "versions"),
    ],
)
def test_inputs_of_a_wrong_shape_are_refused(comparison_json, place, value, reason):
    with pytest.raises(InputError, match=reason):
        inputs_of(changed(comparison_json, place, value))


def test_a_study_has_a_cell_for_each_value_and_the_plans_runs(study_json):
    for place in (("cells",), ("cells", 0, "runs")):
        with pytest.raises(InputError, match=place[-1]):
            inputs_of(changed(study_json, place, []))
