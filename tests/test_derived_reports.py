"""Reports lead the best run of each geometry from learned to exact, and what they say of it is recomputed."""

import copy
import json

import numpy as np
import pytest

from tegum.compare.derivation import chosen as choosing
from tegum.compare.derivation.chosen import derivations_of
from tegum.compare.derivation.derivation import derived
from tegum.compare.report import write_comparison_report
from tegum.compare.report.data import comparison_data
from tegum.compare.report.derivations import with_derivations
from tegum.compare.verdict import compare_all
from tegum.compare.verify.verify import verified_data
from tegum.theory.candidates.candidates import candidate
from tegum.theory.errors import InputError
from tegum.theory.files.seal import digest
from tegum.theory.search.optimum import optimum
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

SETTING = Setting(3, 2, 0.1)


@pytest.fixture(scope="module")
def comparison():
    """The optimum twice and a local minimum, as training leaves them, and weights that are nothing yet."""
    random = np.random.default_rng(7)
    best, triangle = optimum(SETTING, 8), candidate("triangle", SETTING).weights
    W = np.stack([best.weights.W, best.weights.W, triangle.W, 0.2 * random.normal(size=(2, 3))])
    b = np.stack([best.weights.b, best.weights.b, triangle.b, np.zeros(3)])
    noise = np.array([0.01, 0.001, 0.003, 0.0])
    weights = Weights(
        W + noise[:, None, None] * random.normal(size=W.shape), b + noise[:, None] * random.normal(size=b.shape)
    )
    return compare_all([SETTING], [weights], [best])[0]


@pytest.fixture(scope="module")
def report(comparison):
    data = with_derivations(comparison_data(comparison, "tegum compare"), derivations_of([comparison]))
    return json.loads(json.dumps(data, allow_nan=False))


def places(data):
    """Where verification finds differences, the digest apart."""
    body = {key: value for key, value in data.items() if key != "sha256"}
    return [one["place"] for one in verified_data(body | {"sha256": digest(body)}).differences]


def changed(data, *keys, value):
    other = copy.deepcopy(data)
    inner = other
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = value
    return other


def test_the_best_run_of_each_geometry_is_derived_the_commonest_first(comparison, report):
    assert comparison.verdicts[3].kind == "unconverged"
    assert [(one["geometry"], one["cell"], one["run"]) for one in report["derivations"]] == [
        (comparison.optimum.geometry, 0, 1),
        ("triangle", 0, 2),
    ]
    assert report["not_derived"] == []
    triangle = derived(Weights(comparison.weights.W[2], comparison.weights.b[2]), SETTING)
    assert report["derivations"][1]["certificate"]["decimal"] == triangle.certificate.decimal


def test_geometries_beyond_the_cap_are_named(comparison, monkeypatch):
    monkeypatch.setattr(choosing, "MOST_DERIVED", 1)
    found = derivations_of([comparison])
    assert [one.derivation.geometry for one in found.chosen] == [comparison.optimum.geometry]
    assert found.others == ("triangle",)


def test_a_report_with_derivations_verifies_and_no_digit_of_them_can_change(report):
    assert places(report) == []
    first = report["derivations"][0]
    digits = first["certificate"]["decimal"]
    scalar = first["factors"][0]["ansatz"]["scalars"][0]["decimal"]
    certificate, factor = ("derivations", 0, "certificate"), ("derivations", 0, "factors", 0)
    at = "derivations[0].factors[0]"
    other = {"decimal": digits[:-1] + str((int(digits[-1]) + 1) % 10)}
    assert places(changed(report, *certificate, "decimal", value=other["decimal"])) == [
        "derivations[0].certificate.decimal"
    ]
    assert places(changed(report, *certificate, "positive", value=7)) == ["derivations[0].certificate.positive"]
    assert places(changed(report, *factor, "symmetry", "order", value="3")) == [f"{at}.symmetry.order"]
    assert places(changed(report, *factor, "ansatz", "scalars", 0, "decimal", value=scalar + "1")) == [
        f"{at}.ansatz.scalars[0].decimal"
    ]
    assert places(changed(report, *factor, "formula", "loss", value="p/3")) == [f"{at}.formula.loss"]
    assert places(changed(report, *factor, "formula", "difference", value=1e-9)) == [f"{at}.formula.difference"]
    assert places(changed(report, "not_derived", value=["pentagon"])) == ["not_derived"]


def test_steps_that_ran_out_of_time_are_not_tried_again_and_the_others_are(comparison, report):
    found = derivations_of([comparison], lambda place, step: 0.0 if step == "certificate" else 60.0)
    data = json.loads(json.dumps(with_derivations(comparison_data(comparison, "tegum compare"), found)))
    assert [one["certificate"]["reason"] for one in data["derivations"]] == ["time", "time"]
    assert places(data) == []
    assert places(changed(data, "derivations", 0, "graph", "edges", value=9)) == ["derivations[0].graph.edges"]


def test_derivations_of_a_hostile_shape_are_refused(report):
    for value in (3, [3], {"certificate": 1}, [{"factors": [7], "certificate": []}], [{"certificate": None}] * 2):
        with pytest.raises(InputError, match="derivations|certificate"):
            places(changed(report, "derivations", value=value))
    assert places(changed(report, "derivations", value=[])) == ["derivations"]


def test_the_page_and_the_article_tell_all_steps(comparison, tmp_path):
    write_comparison_report(comparison, tmp_path, "tegum compare")
    html, tex = ((tmp_path / name).read_text() for name in ("report.html", "report.tex"))
    data = json.loads((tmp_path / "report.json").read_text())
    for text in (html, tex):
        assert "From learned to exact" in text
        for step in ("learned weights", "critical point", "symmetries", "ansatz", "formula", "certificate", "verdict"):
            assert step in text
        assert all(one["certificate"]["decimal"] in text for one in data["derivations"])
    assert "(U+" not in tex
