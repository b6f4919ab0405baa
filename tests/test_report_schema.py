"""The published schemas say what reports hold: real ones pass, changed ones do not, and verify checks the same."""

import copy
import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tegum.cli import main
from tegum.compare.report.schema import SCHEMAS
from tegum.compare.report.schema.publish import json_schema, schema_text
from tegum.compare.report.schema.shapes import Either, Named, Row, Table
from tegum.compare.report.schema.structure import faults, given_places
from tegum.theory.files.seal import digest

ROOT = Path(__file__).parent.parent
COMMITTED = sorted(
    [
        *(ROOT / "docs" / "reports").glob("*/report.json"),
        *(ROOT / "docs" / "reports").glob("*/phases.json"),
        ROOT / "docs" / "four-hundred-in-thirty" / "mixtures.json",
        ROOT / "theory" / "table" / "data" / "factors.json",
    ]
)
#: Records of campaigns: what long tests measured, made again by the commands in them, no reports.
RECORDS = ROOT / "tests" / "records"


def reports():
    """One committed report of each kind."""
    found = {}
    for path in COMMITTED:
        data = json.loads(path.read_text())
        found.setdefault(data["kind"], data)
    return found


REPORTS = reports()


def is_valid(data):
    return Draft202012Validator(json_schema(data["kind"])).is_valid(data)


def tables(data, place=()):
    """Every table of plain data, by the keys that lead to it; of a list, the first entry."""
    if isinstance(data, dict):
        yield place
        for key, child in data.items():
            yield from tables(child, (*place, key))
    elif isinstance(data, list) and data:
        yield from tables(data[0], (*place, 0))


def at(data, place):
    for key in place:
        data = data[key]
    return data


def edited(data, place, edit):
    other = copy.deepcopy(data)
    edit(at(other, place))
    return other


def test_there_is_a_committed_report_of_every_kind():
    assert set(REPORTS) == set(SCHEMAS)


def test_every_committed_json_file_is_a_report_a_schema_or_a_record():
    reports_and_schemas = {*COMMITTED, *(ROOT / "docs" / "schema").glob("*.json")}
    folders = ("docs", "theory", "empirical", "compare", "papers", "tegum", "examples", "plans", "tests")
    found = {path for folder in folders for path in (ROOT / folder).rglob("*.json")}
    others = found - reports_and_schemas - set(RECORDS.rglob("*.json"))
    # Records of claims and the atlas have checks of their own, tests/test_claims.py and tests/test_atlas.py.
    others.discard(ROOT / "compare" / "atlas" / "data" / "atlas.json")
    assert not {path for path in others if path.parent.name != "records" or "papers" not in path.parts}


@pytest.mark.parametrize("kind", SCHEMAS)
def test_the_published_schema_is_the_one_that_the_package_checks(kind):
    schema = json_schema(kind)
    Draft202012Validator.check_schema(schema)
    assert (ROOT / "docs" / "schema" / f"{kind}.schema.json").read_bytes() == schema_text(kind)
    assert schema["$id"] == REPORTS[kind]["schema"]


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.parent.name)
def test_committed_reports_are_valid_and_sealed(path):
    data = json.loads(path.read_text())
    assert is_valid(data)
    assert list(faults(data, SCHEMAS[data["kind"]])) == []
    assert data["sha256"] == digest(data)


def optional_keys(shape):
    """Keys that may be left out somewhere below a shape."""
    match shape:
        case Table():
            own = {key for key, field in shape.fields.items() if field.optional}
            return own.union(*(optional_keys(field.shape) for field in shape.fields.values()))
        case Row():
            return optional_keys(shape.item)
        case Named():
            return optional_keys(shape.values)
        case Either():
            return set().union(*map(optional_keys, shape.shapes))
    return set()


@pytest.mark.parametrize("kind", SCHEMAS)
def test_a_report_without_a_key_is_no_report(kind):
    """Of every table in it, the table's last key that must be there; the library and the package agree."""
    data, spared = REPORTS[kind], optional_keys(SCHEMAS[kind])
    for place in tables(data):
        needed = [key for key in at(data, place) if key not in spared]
        if not needed or place[-1:] in (("versions",), ("axes",), ("at",)):
            continue
        other = edited(data, place, lambda table, key=needed[-1]: table.pop(key))
        assert (list(faults(other, SCHEMAS[kind])) == []) == is_valid(other), place
        assert not is_valid(other), place
        assert any("missing" in line or " nor " in line for line in faults(other, SCHEMAS[kind])), place


@pytest.mark.parametrize("kind", SCHEMAS)
@pytest.mark.parametrize("value", [None, "1", [], {}, True, 1.5])
def test_a_value_of_another_type_is_refused_by_both(kind, value):
    """Put in turn at every key of the first entries of lists: the library and the package say the same of each."""
    data, validator = REPORTS[kind], Draft202012Validator(json_schema(kind))
    for place in tables(data):
        for key in at(data, place):
            other = edited(first_entries(data), place, lambda table, key=key: table.update({key: value}))
            assert validator.is_valid(other) == (list(faults(other, SCHEMAS[kind])) == []), (place, key)


def first_entries(data):
    """The data with the long lists of tables cut to what their schema asks for: what is put in is in the first."""
    if isinstance(data, dict):
        return {key: first_entries(child) for key, child in data.items()}
    if isinstance(data, list) and data and isinstance(data[0], dict):
        return [first_entries(child) for child in data[:2]]
    return data


def test_weights_have_one_of_two_forms():
    """W and b, or W_in, W_out and b."""
    data = REPORTS["comparison"]
    bare = edited(data, ("optimum",), lambda table: table.pop("W"))
    half = edited(bare, ("optimum",), lambda table: table.update(W_in=[[0.0]]))
    untied = edited(half, ("optimum",), lambda table: table.update(W_out=[[0.0]]))
    for other, passes in ((data, True), (bare, False), (half, False), (untied, True)):
        assert is_valid(other) == (list(faults(other, SCHEMAS["comparison"])) == []) == passes


@pytest.mark.parametrize("kind", SCHEMAS)
def test_a_key_that_nobody_knows_is_not_in_the_schema(kind):
    for place in tables(REPORTS[kind]):
        if place[-1:] not in (("versions",), ("axes",), ("at",)):
            assert not is_valid(edited(REPORTS[kind], place, lambda table: table.update(bonus=1))), place


def test_what_is_given_says_why():
    for shape in SCHEMAS.values():
        assert all(reason for _, reason in given_places(shape))


@pytest.mark.usefixtures("shapes_unchecked")
@pytest.mark.parametrize(
    "path", [path for path in COMMITTED if path.name != "mixtures.json"], ids=lambda p: p.parent.name
)
def test_committed_reports_verify(path, capsys):
    """The mixtures take half a minute; `make verify` recomputes them as well."""
    assert main(["verify", str(path), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["verified"], answer["differences"]) == (True, [])
