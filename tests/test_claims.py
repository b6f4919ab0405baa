"""Every claim of the literature comes out as its shipped record says, by a check that could have come out otherwise."""

import json
from pathlib import Path

import pytest

from tegum.papers.claims.claim import claim_from_tables, read_claims, records_folder, sources
from tegum.papers.claims.predicate import judged, predicate_from_table
from tegum.papers.claims.quantity import Quantity
from tegum.papers.claims.recompute import verify_record
from tegum.papers.claims.record import outcome_data, read_record, write_record
from tegum.papers.claims.reproduce import doubts, outcome_of
from tegum.papers.claims.table import claims_page
from tegum.theory.errors import InputError

CLAIMS = [claim for source in sources() for claim in read_claims(source)]
TABLES = {
    "id": "ZZ01",
    "where": "nowhere",
    "states": "the loss of nothing is the loss of nothing",
    "quantity": "loss_of",
    "reason": "exact",
    "seconds": 1,
    "setting": {"features": {"count": 2, "density": 0.3}, "model": {"hidden": 1}},
    "arguments": {"W": [[0.0, 0.0]], "b": [0.0, 0.0]},
    "predicate": {"kind": "within", "of": 0.2, "tolerance": 1e-12},
    "control": {"setting": {"features": {"density": 0.4}}},
}


def name(claim):
    return f"{claim.source}-{claim.id}"


@pytest.mark.usefixtures("shapes_unchecked")
@pytest.mark.parametrize("claim", CLAIMS, ids=name)
def test_the_claim_comes_out_as_its_record_says(claim):
    data = outcome_data(outcome_of(claim, "quick" if claim.quick else "full"))
    assert doubts([data]) == []


@pytest.mark.parametrize("claim", CLAIMS, ids=name)
def test_the_record_is_of_the_claim_as_it_stands(claim):
    record = read_record(records_folder(claim.source) / f"{claim.id}.json")
    assert record["claim_id"] == claim.content_id
    assert record["mode"] == "full" or claim.notes, "a reduced size is stated in the notes"
    assert claim.nearest or record["verdict"] == "reproduced"


def test_every_record_has_its_claim():
    assert sorted(one.id for one in CLAIMS) == sorted({one.id for one in CLAIMS}), "ids name one claim each"
    kept = {path.stem for source in sources() for path in records_folder(source).glob("*.json")}
    assert kept == {one.id for one in CLAIMS}


def test_the_page_is_generated():
    page = Path(__file__).resolve().parents[1] / "papers" / "README.md"
    assert page.read_bytes() == claims_page(), "run tegum reproduce --page papers/README.md"


@pytest.mark.parametrize(
    ("kind", "value", "error", "verdict"),
    [
        ({"kind": "within", "of": 1.0, "tolerance": 0.1}, 1.05, 0.01, "reproduced"),
        ({"kind": "within", "of": 1.0, "tolerance": 0.1}, 1.05, 0.1, "undecided"),
        ({"kind": "within", "of": 1.0, "tolerance": 0.1}, 1.25, 0.1, "contradicted"),
        ({"kind": "within", "of": 1.0, "tolerance": 0.1}, 1.0, float("nan"), "undecided"),
        ({"kind": "within", "of": [1.0, 2.0], "tolerance": 0.1}, (1.0, 2.3), 0.1, "contradicted"),
        ({"kind": "equals", "of": "pentagon"}, "pentagon", 0.0, "reproduced"),
        ({"kind": "equals", "of": ["digon", "pentagon"]}, ("pentagon", "digon"), 0.0, "contradicted"),
        ({"kind": "between", "low": 0.0, "high": 1.0}, (0.5, 0.95), (0.1, 0.1), "undecided"),
        ({"kind": "above", "bound": 3.0}, 3.5, 0.4, "reproduced"),
        ({"kind": "below", "bound": 3.0}, 3.5, 0.4, "contradicted"),
        ({"kind": "increasing"}, (1.0, 2.0, 3.0), 0.1, "reproduced"),
        ({"kind": "increasing"}, (1.0, 2.0, 2.1), 0.1, "undecided"),
        ({"kind": "increasing"}, (1.0, 2.0, 1.7), 0.1, "contradicted"),
        ({"kind": "decreasing"}, (3.0, 2.0, 1.0), 0.1, "reproduced"),
    ],
)
def test_the_error_of_a_quantity_decides_with_it(kind, value, error, verdict):
    assert judged(Quantity(value, error), predicate_from_table(kind)) == verdict


@pytest.mark.parametrize(
    ("change", "culprit"),
    [
        ({"quantity": "no_such"}, "no_such"),
        ({"arguments": TABLES["arguments"] | {"nothing": 1}}, "nothing"),
        ({"control": {}}, "changes nothing"),
        ({"predicate": {"kind": "near"}}, "near"),
        ({"predicate": {"kind": "within", "of": 1}}, "tolerance"),
        ({"setting": {"features": {"count": 2, "density": 2.0}, "model": {"hidden": 1}}}, "density"),
        ({"id": "first"}, "id"),
        ({"extra": 1}, "extra"),
    ],
)
def test_a_bad_claim_is_refused_by_name(change, culprit):
    with pytest.raises(InputError, match=culprit):
        outcome_of(claim_from_tables("wattenberg2022", TABLES | change), "full")


def test_a_changed_digit_of_a_record_is_noticed(tmp_path):
    path = tmp_path / "ZZ01.json"
    write_record(path, outcome_of(claim_from_tables("wattenberg2022", TABLES), "full"))
    assert verify_record(path).verified
    for key, value in (("value", 0.2000000001), ("verdict", "contradicted"), ("seconds", 1234.5), ("error", 0.1)):
        path.write_text(json.dumps(read_record(path) | {key: value}))
        assert not verify_record(path).verified, key
        write_record(path, outcome_of(claim_from_tables("wattenberg2022", TABLES), "full"))


def test_a_check_that_cannot_fail_is_doubted():
    harmless = TABLES | {"control": {"arguments": {"b": [-1.0, -1.0]}}}  # answers zero as well
    data = outcome_data(outcome_of(claim_from_tables("wattenberg2022", harmless), "full"))
    assert "deliberately wrong" in doubts([data])[0]


def test_the_command_keeps_records_and_resumes(run, tmp_path):
    answer = run("reproduce", "wattenberg2022", "--claim", "WB03", "--out", str(tmp_path))
    assert [(one["id"], one["verdict"]) for one in answer["claims"]] == [("WB03", "reproduced")]
    record = tmp_path / "wattenberg2022" / "records" / "WB03.json"
    before = record.stat().st_mtime_ns
    run("reproduce", "wattenberg2022", "--claim", "WB03", "--out", str(tmp_path))
    assert record.stat().st_mtime_ns == before
    assert run("verify", str(record))["verified"]
    assert "WB03" in (tmp_path / "wattenberg2022" / "report.html").read_text()
