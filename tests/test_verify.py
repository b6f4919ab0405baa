"""A report verifies as it is written, and neither a changed digit, nor a changed weight, nor a hostile file passes."""

import copy
import json
import math
import os
import re

import numpy as np
import pytest

from tegum.cli import main
from tegum.compare.polish import polished_at
from tegum.compare.report import write_comparison_report
from tegum.compare.report.data import SEARCH, comparison_data, digest, study_data
from tegum.compare.study import study
from tegum.compare.verdict import compare_all, judged
from tegum.compare.verify import GIVEN, recompute, verify
from tegum.compare.verify.differences import differences
from tegum.compare.verify.digits import allowances
from tegum.compare.verify.file import LARGEST_FILE
from tegum.compare.verify.inputs import inputs_of
from tegum.compare.verify.recompute import comparisons_of, recomputed
from tegum.compare.verify.verify import verified_data
from tegum.empirical.plan import Axis, Plan, Training
from tegum.theory.candidates.candidates import candidate
from tegum.theory.errors import InputError
from tegum.theory.loss.law import law_of
from tegum.theory.search.optimum import optimum
from tegum.theory.setting import Setting
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


def last_word(place):
    return next(key for key in reversed(place) if isinstance(key, str))


def changed(data, place, value, sealed=True):
    """The data with one number changed, and if sealed with a digest that knows nothing of it."""
    found = copy.deepcopy(data)
    at(found, place[:-1])[place[-1]] = value
    body = {key: value for key, value in found.items() if key != "sha256"}
    return body | {"sha256": digest(body) if sealed else data["sha256"]}


def one_digit_off(place, value, known):
    """The value with the last digit changed that its bounds support; weights in the sixth decimal."""
    if isinstance(value, int):
        return value + 1
    key = last_word(place)
    absolute, relative = known.get(key, (0.0, 0.0))
    allowance = absolute + relative * abs(value)
    if key in ("W", "b", "density", "batch_loss"):
        return value + 1e-6
    return value + 10 * allowance if allowance else math.nextafter(value, math.inf)


def is_given(place):
    name = ".".join(key for key in place if isinstance(key, str))
    return name.removeprefix("cells.") in GIVEN


def is_input(place):
    """Whether the recomputation may read a number; it makes all others anew."""
    return place[0] in ("setting", "plan") or place[-1] in SEARCH or {"W", "b", "batch_loss"} & set(place)


def is_noticed(data, known):
    """Whether the recomputed report differs, with no look at the digest nor at the second routes."""
    try:
        inputs = inputs_of(data)
        expected = recomputed(inputs, comparisons_of(inputs))
    except InputError:
        return True
    return any(one["place"] != "sha256" for one in differences(data, expected, known))


def missed(data):
    """Places of numbers that are not on the given list, and can change by a digit unnoticed."""
    inputs = inputs_of(data)
    comparisons = comparisons_of(inputs)
    known, expected = allowances(comparisons), recomputed(inputs, comparisons)
    found = []
    for place, value in leaves(data):
        off = one_digit_off(place, value, known)
        if is_input(place):
            noticed = is_noticed(changed(data, place, off), known)
        else:
            noticed = any(differences(off, at(expected, place), known, key=last_word(place)))
        if not noticed and not is_given(place):
            found.append(place)
    return found


def test_what_is_written_verifies(comparison_json, study_json):
    for data in (comparison_json, study_json):
        found = verified_data(data)
        assert found.verified, found.differences
        assert found.numbers == len(list(leaves(data)))


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
        if not is_input(place):
            bare = changed(bare, place, None)
    inputs, others = inputs_of(study_json), inputs_of(bare)
    assert recomputed(inputs, comparisons_of(inputs)) == recomputed(others, comparisons_of(others))


def test_every_changed_digit_of_a_comparison_is_noticed(comparison_json):
    assert missed(comparison_json) == []


def test_every_changed_digit_of_a_study_is_noticed(study_json, curves_once):
    assert len(study_json["boundaries"]) == 1
    assert missed(study_json) == []


@pytest.fixture
def curves_once(monkeypatch):
    """Curves and boundaries of the plan as it is: what changes a plan must be noticed elsewhere."""
    for name in ("curves_of", "boundaries_of"):
        monkeypatch.setattr(recompute, name, only_once(getattr(recompute, name)))


def only_once(function):
    kept = []

    def remembered(*arguments):
        if not kept:
            kept.append(tuple(function(*arguments)))
        return kept[0]

    return remembered


def test_the_given_list_holds_nothing_that_is_noticed_anyway(comparison_json):
    given = {".".join(map(str, place)) for place, _ in leaves(comparison_json) if is_given(place)}
    assert given == {f"optimum.{key}" for key in SEARCH}
    for key in SEARCH:
        value = comparison_json["optimum"][key]
        assert verified_data(changed(comparison_json, ("optimum", key), value + 1)).verified


def test_the_digest_notices_the_last_bit_of_every_number(comparison_json, study_json):
    for place, value in leaves(comparison_json):
        other = changed(comparison_json, place, math.nextafter(value, math.inf), sealed=False)
        assert digest({key: entry for key, entry in other.items() if key != "sha256"}) != other["sha256"]
    place = ("cells", 0, "runs", 0, "batch_loss")
    found = verified_data(changed(study_json, place, 1.0, sealed=False))
    assert [one["place"] for one in found.differences] == ["sha256"]


def test_words_and_shapes_are_compared_as_well(comparison_json):
    def places(edit):
        other = copy.deepcopy(comparison_json)
        edit(other)
        return [one["place"] for one in verified_data(other).differences if one["place"] != "sha256"]

    assert places(lambda data: data["runs"][1].update(verdict="optimum")) == ["runs[1].verdict"]
    assert places(lambda data: data["runs"][1].update(matches=True)) == ["runs[1].matches"]
    assert places(lambda data: data["runs"][0].update(vertex_map=None)) == ["runs[0].vertex_map"]
    assert places(lambda data: data["optimum"]["identity"]["factors"].pop()) == ["optimum.identity.factors"]
    assert places(lambda data: data.update(bonus=1.0)) == ["bonus"]
    assert places(lambda data: data.pop("fraction")) == ["fraction"]


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
    b'{"format": 1, "kind": "phases"}': "kind",
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
    for name, reason in (("pipe", "regular"), ("large", "larger"), ("nothing", "exist"), (".", "regular")):
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
