"""The atlas: every entry holds, merging is a union in any order, contradictions and hostile files are refused."""

import json
from dataclasses import replace
from functools import partial, reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tegum import atlas, discoveries, merge_atlases, read_atlas, write_atlas, write_weights
from tegum.compare.atlas.build import built
from tegum.compare.atlas.check import check_atlas
from tegum.compare.atlas.checked import atlas_from
from tegum.compare.atlas.describe import described
from tegum.compare.atlas.entry import Atlas, atlas_of, point_key
from tegum.compare.atlas.file import FORMAT, atlas_id, plain
from tegum.compare.atlas.form import canonical_form, signs_of
from tegum.compare.atlas.link import in_atlas, with_links
from tegum.empirical.axes import Axis
from tegum.empirical.plan import Plan, Training, plan_id
from tegum.empirical.sweep.sweep import sweep
from tegum.theory.errors import InputError
from tegum.theory.geometry.critical import CRITICAL_TOLERANCE
from tegum.theory.geometry.identify import identify
from tegum.theory.geometry.overlap import overlap_graph
from tegum.theory.geometry.symmetry import symmetry
from tegum.theory.setting import Setting
from tegum.theory.table.shipped import factor_table, identity_of
from tegum.theory.weights import Weights

#: Three features on a line, two of them on one side: the smallest geometry that no catalogue names.
DOUBLED = Weights(np.array([[0.8, 0.5, -1.0]]), np.zeros(3))
LINE = Setting(3, 1, 0.05)


@pytest.fixture(scope="module")
def doubled() -> Atlas:
    return discoveries(DOUBLED, LINE)


@pytest.fixture(scope="module", autouse=True)
def _read_once() -> None:
    atlas()  # not inside a strategy: the labelling library draws random numbers of its own


@pytest.fixture(scope="module")
def identities() -> dict:
    """The geometry of each cell of the table of factors."""
    return {(cell.vertices, cell.dimensions, cell.density): identity_of(cell) for cell in factor_table().cells}


# What is shipped


def test_every_uncatalogued_factor_of_the_table_is_entered_and_certified(identities):
    unknown = {factor.name for one in identities.values() for factor in one.factors if "unknown-" in factor.name}
    assert len(unknown) > 30
    for name in unknown:
        entry = atlas().entry(name)
        assert entry.certified
        assert any(one.source.startswith("table ") for one in entry.observations)
    alone = {one.geometry for one in identities.values()}
    assert {entry.name for entry in atlas().entries if entry.spans} == alone & unknown


def test_what_training_recurs_to_is_entered_with_a_point():
    observed = [one for entry in atlas().entries for one in entry.observations]
    learned = {(one.features, one.hidden) for one in observed if one.source.startswith("sweep ")}
    assert learned >= {(4, 1), (6, 2), (7, 3), (8, 2)}
    assert {(one.features, one.hidden) for one in observed} >= {(12, 1), (12, 4)}
    assert all(entry.points for entry in atlas().entries)


def test_a_sample_of_the_shipped_points_evaluates_to_what_they_say():
    entries = [replace(entry, spans=()) for entry in atlas().entries[::5]]
    assert sum(len(entry.points) for entry in entries) > 20
    assert check_atlas(atlas_of(entries, atlas().sources)) == []


def test_a_changed_digit_of_a_loss_a_weight_and_a_formula_are_found(doubled):
    (entry,) = doubled.entries
    (arrangement,) = entry.arrangements
    (point,) = arrangement.points
    moved = tuple(tuple(w * (1 + 1e-9) for w in row) for row in point.W)
    for change, found in (
        ({"lower": point.lower * 1.001, "upper": point.upper * 1.001}, "loss"),
        ({"W": moved}, "gradient"),
        ({"formula": f"{point.formula} + p**9"}, "formula"),
    ):
        changed = replace(entry, arrangements=(replace(arrangement, points=(replace(point, **change),)),))
        assert [one.found for one in check_atlas(atlas_of([changed], ()))] == [found]


def test_spans_are_where_the_table_says(identities):
    for entry in atlas().entries:
        for span in entry.spans:
            size = (entry.vertices, span.dimension)
            inside = {
                one.geometry for (*at, p), one in identities.items() if (*at,) == size and span.low <= p <= span.high
            }
            assert inside == {entry.name}


def test_the_end_of_a_span_is_the_known_boundary():
    from tegum.theory.search.optimum import optimum

    span = atlas().entry("unknown-beec5514").spans[0]
    geometries = [optimum(Setting(3, 1, span.high * factor), starts=16).geometry for factor in (0.999, 1.001)]
    assert geometries == ["unknown-beec5514", "digon + dropped"]


# What is found


def test_a_doubled_digon_is_found_with_its_exact_statement(doubled):
    (entry,) = doubled.entries
    (point,) = entry.points
    assert entry.name == identify(DOUBLED.W).geometry
    assert entry.description == "digon with a doubled vertex"
    assert point.certified
    assert point.kind == "minimum"
    assert point.lower <= float(point.decimal) <= point.upper
    assert check_atlas(doubled) == []
    best = [c for c in factor_table().cells if (c.vertices, c.dimensions, c.density) == (3, 1, 0.05)]
    assert abs(best[0].loss - float(point.decimal)) <= best[0].error + 1e-15


def test_what_is_found_does_not_depend_on_labels_rotation_or_company(doubled):
    random = np.random.default_rng(3)
    turn = np.linalg.qr(random.normal(size=(3, 3)))[0]
    W = np.zeros((3, 6))
    W[0, :3], W[1, 3:5] = DOUBLED.W[0], (1.0, -1.0)  # a digon and a dropped feature beside it
    order = random.permutation(6)
    found = discoveries(Weights((turn @ W)[:, order], np.zeros(6)), Setting(6, 3, 0.05))
    (one,), (other,) = (each.entries[0].points for each in (found, doubled))
    assert [entry.name for entry in found.entries] == [doubled.entries[0].name]
    assert point_key(one) == point_key(other)
    assert found.entries[0].observations[0].features == 6
    joined = merge_atlases(found, doubled)
    assert len(joined.entries) == 1
    assert len(joined.entries[0].points) == 1
    assert len(joined.entries[0].observations) == 2


def test_nothing_is_found_in_catalogued_weights():
    angle = 2 * np.pi * np.arange(5) / 5
    pentagon = Weights(0.9 * np.array([np.cos(angle), np.sin(angle)]), np.full(5, -0.1))
    assert discoveries(pentagon, Setting(5, 2, 0.05)) == Atlas()


def test_features_that_differ_are_passed_over():
    assert discoveries(DOUBLED, Setting(3, 1, 0.05, importance=(1.0, 0.9, 1.0))) == Atlas()


@pytest.mark.parametrize(
    ("vectors", "words"),
    [
        ([[1, 1, -1, -1]], "digon with two doubled vertices"),
        ([[1] * 8 + [-1]], "digon with an 8-fold vertex"),
        ([[1, 1, 1, 1, -1, -1]], "digon with a 4-fold vertex and a doubled vertex"),
        (np.array([[1, 0], [0.2, 1], [-1, 0.4], [-0.5, -1], [0.6, -0.7], [0.9, 0.3]]).T, "bent hexagon"),
        (np.array([[1, 0, 0], [0.3, 1, 0], [0.3, 0.4, 1]]).T, "3 vertices in 3 dimensions"),
    ],
)
def test_words_follow_from_the_vectors(vectors, words):
    W = np.array(vectors, dtype=float)
    assert described(W, symmetry(W.T @ W)) == words


def test_links_name_entries_and_leave_other_names_alone():
    assert with_links("unknown-beec5514 + 2*digon") == "unknown-beec5514 (atlas: digon with a doubled vertex) + 2*digon"
    assert with_links("unknown-00000000 + pentagon") == "unknown-00000000 + pentagon"
    assert in_atlas("pentagon") is None


# Files


def test_a_file_gives_back_what_was_written(tmp_path, doubled):
    for one in (doubled, atlas(), Atlas()):
        write_atlas(tmp_path / "one.json", one)
        assert read_atlas(tmp_path / "one.json") == one
        first = (tmp_path / "one.json").read_bytes()
        write_atlas(tmp_path / "one.json", read_atlas(tmp_path / "one.json"))
        assert (tmp_path / "one.json").read_bytes() == first


def test_forms_and_weights_agree_with_names():
    for entry in atlas().entries:
        assert canonical_form(signs_of(entry.form))[0] == entry.form
        for point in entry.points:
            W = np.array(point.W)
            assert identify(W, tolerance=CRITICAL_TOLERANCE).geometry == entry.name
            assert np.array_equal(overlap_graph(W, CRITICAL_TOLERANCE).signs, signs_of(entry.form))


def changed(content, place, value):
    """A copy of plain data with another value at a place."""
    copy = json.loads(json.dumps(content))
    *path, last = place
    reduce(lambda part, key: part[key], path, copy)[last] = value
    return copy


POINT = ("entries", 0, "arrangements", 0, "points", 0)


@pytest.mark.parametrize(
    ("place", "value", "culprit"),
    [
        (("entries", 0, "name"), "unknown-00000000", "is not the name of its form"),
        (("entries", 0, "name"), "pentagon", "name"),
        (("entries", 0, "form"), ["0+-", "+0-"], "form"),
        (("entries", 0, "form"), ["0" * 10**4] * 10**4, "form"),
        ((*POINT, "W"), [[1.0, 1.0, 1.0]], "other signs"),
        ((*POINT, "W"), [[1.0, 1.0]], r"W\[0\]"),
        ((*POINT, "W"), 3, "W"),
        ((*POINT, "b"), [0.0, "x", 0.0], r"b\[1\]"),
        ((*POINT, "density"), 1.5, "density"),
        ((*POINT, "decimal"), "1e99999", "decimal"),
        ((*POINT, "decimal"), "0.5", "between lower and upper"),
        ((*POINT, "signature"), [1, 2], "signature"),
        ((*POINT, "signature"), [9, 9, 9], "signature"),
        ((*POINT, "formula"), "p\x1b[2J", "formula"),
        ((*POINT, "formula"), "p" * 10**6, "formula"),
        ((*POINT, "extra"), 1, "extra"),
        (("entries", 0, "arrangements", 0, "orbits"), [1, 1], "orbits"),
        (("entries", 0, "observations", 0, "seen"), 2, "seen"),
        (("entries", 0, "observations", 0, "source"), "elsewhere", "elsewhere"),
        (("entries", 0, "observations", 0, "models"), True, "models"),
        (("sources", 0, "command"), None, "command"),
        (("entries",), {}, "entries"),
    ],
)
def test_content_that_is_wrong_is_refused_by_name(doubled, place, value, culprit):
    with pytest.raises(InputError, match=culprit):
        atlas_from(changed(plain(doubled), place, value))


def test_an_entry_given_twice_is_refused(doubled):
    content = json.loads(json.dumps(plain(doubled)))
    with pytest.raises(InputError, match="given twice"):
        atlas_from(content | {"entries": content["entries"] * 2})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "[" * 10**5,
        '{"format": "tegum atlas 1"}',
        '{"format": "tegum atlas 2", "entries": [], "sources": []}',
        '{"format": "tegum atlas 1", "format": "tegum atlas 1"}',
        '{"format": "tegum atlas 1", "x": NaN}',
        '{"format": "tegum atlas 1", "x": 1e999}',
        '{"format": "tegum atlas 1", "x": ' + "9" * 5000 + "}",
        '{"format": "tegum atlas 1", "id": "0", "entries": [], "sources": []}',
        '{"format": "tegum atlas 1", "id": "0", "entries": 10, "sources": []}',
    ],
)
def test_a_hostile_file_is_refused_in_one_line(tmp_path, text):
    path = tmp_path / "atlas.json"
    path.write_text(text)
    with pytest.raises(InputError, match="atlas.json") as refused:
        read_atlas(path)
    assert "\n" not in str(refused.value)


def test_a_changed_digit_in_a_file_is_noticed(tmp_path, doubled):
    path = tmp_path / "atlas.json"
    write_atlas(path, doubled)
    text = path.read_text()
    digits = f'"loss":{doubled.entries[0].observations[0].loss!r}'[:16]
    assert digits in text
    path.write_text(text.replace(digits, digits[:-1] + str((int(digits[-1]) + 1) % 10)))
    with pytest.raises(InputError, match="is not that of its content"):
        read_atlas(path)
    assert json.loads(text)["format"] == FORMAT


# Merging


def parts(choices):
    """Some of the shipped atlas, as somebody else might have gathered it; a choice for each fact, 0 leaves it out.

    Built outside of hypothesis' strategies, in which the type checker may not draw its own random numbers.
    """
    chosen = iter(choices)
    pick = lambda facts, change: tuple(change(one, way) for one in facts if (way := next(chosen, 0)))  # noqa: E731
    whole = atlas()
    entries = [
        replace(
            entry,
            arrangements=pick(entry.arrangements, lambda one, _: replace(one, points=pick(one.points, loosened))),
            observations=pick(entry.observations, lambda one, way: replace(one, loss=one.loss * (1 + way / 100))),
            spans=pick(entry.spans, lambda one, _: one),
        )
        for entry in pick(whole.entries[:6], lambda one, _: one)
    ]
    return atlas_of(entries, pick(whole.sources[:4], lambda one, _: one))


def loosened(point, way):
    """With a wider enclosure of the loss; one way in three without its proof."""
    point = replace(point, lower=point.lower * (1 - way * 1e-15), upper=point.upper * (1 + way * 1e-15))
    return replace(point, signature=None, radius=None, reason="time") if way == 3 else point


CHOICES = st.lists(st.integers(0, 3), max_size=60)


@settings(max_examples=60, deadline=None)
@given(first=CHOICES, second=CHOICES, last=CHOICES)
def test_merging_is_a_union(first, second, last):
    one, other, third = map(parts, (first, second, last))
    both = merge_atlases(one, other)
    assert both == merge_atlases(other, one)
    assert merge_atlases(both, third) == merge_atlases(one, merge_atlases(other, third))
    assert merge_atlases(both, both) == both == merge_atlases(both, one)
    assert merge_atlases(one, Atlas()) == one
    assert atlas_id(merge_atlases(other, one)) == atlas_id(both)
    assert {entry.name for entry in both.entries} == {entry.name for entry in (*one.entries, *other.entries)}


def contradicting(entry, **change):
    """The entry with its first point changed."""
    first, *others = entry.arrangements
    point = replace(first.points[0], **change)
    return replace(entry, arrangements=(replace(first, points=(point, *first.points[1:])), *others))


@pytest.mark.parametrize(
    ("change", "culprit"),
    [
        (lambda entry: replace(entry, form=("0++", "+0-", "+-0")), "two canonical forms"),
        (lambda entry: contradicting(entry, signature=(3, 2, 1)), "two signatures"),
        (lambda entry: contradicting(entry, lower=entry.points[0].upper * 1.1, upper=1.0), "do not meet"),
        (lambda entry: replace(entry, observations=(replace(entry.observations[0], models=7),)), "two counts"),
    ],
)
def test_contradictions_are_refused_by_name_in_any_order(doubled, change, culprit):
    (entry,) = doubled.entries
    others = [doubled, atlas_of([change(entry)], doubled.sources), Atlas()]
    for order in ((0, 1, 2), (1, 0, 2), (2, 1, 0), (0, 2, 1)):
        with pytest.raises(InputError, match=f"{entry.name}.*{culprit}"):
            reduce(merge_atlases, [others[place] for place in order])


# Building, and the command


def small() -> dict:
    """A table of six cells and a sweep of two settings."""
    shipped = factor_table()
    cells = tuple(one for one in shipped.cells if one.vertices == 3 and one.dimensions == 1)[5:11]
    training = Training(runs=4, steps=300, seed=0, device="cpu")
    plan = Plan(Setting(4, 1, 0.05), (Axis("density", (0.05, 0.3)),), training)
    return {"plans": [plan], "table": replace(shipped, cells=cells)}


def test_an_interrupted_build_is_resumed_and_ends_the_same(tmp_path):
    whole = built(tmp_path / "one", **small())
    assert whole.entry("unknown-beec5514").spans

    def stop(at, stage, done, total):
        if (stage, done) == at:
            raise KeyboardInterrupt

    for at in (("sources", 0), ("training", 8), ("spans", 0)):
        with pytest.raises(KeyboardInterrupt):
            built(tmp_path / "two", **small(), progress=partial(stop, at))
    built(tmp_path / "two", **small())
    one, two = (read_atlas(tmp_path / name / "atlas.json") for name in ("one", "two"))
    assert one == two == whole
    assert check_atlas(whole) == []


def test_the_command_lists_shows_and_draws(run, tmp_path):
    listed = run("atlas")
    assert len(listed["entries"]) == len(atlas().entries)
    assert listed["id"] == atlas_id(atlas())
    shown = run("atlas", "unknown-beec5514", "--picture", str(tmp_path / "one.svg"))
    assert shown["description"] == "digon with a doubled vertex"
    assert shown["certified"]
    assert (tmp_path / "one.svg").read_text().startswith("<?xml")


def test_the_command_enters_weights_and_reports_and_merges(run, tmp_path):
    write_weights(tmp_path / "weights.npz", DOUBLED)
    (tmp_path / "line.toml").write_text("features = { count = 3, density = 0.05 }\nmodel.hidden = 1\n")
    given = ("--setting", str(tmp_path / "line.toml"), "--out", str(tmp_path / "mine.json"))
    first = run("atlas", "--add", str(tmp_path / "weights.npz"), *given)
    assert first["added"] == ["unknown-beec5514"]
    again = run("atlas", "--add", str(tmp_path / "weights.npz"), *given)
    assert (again["added"], again["id"]) == ([], first["id"])
    compared = ("--weights", str(tmp_path / "weights.npz"), "--out", str(tmp_path / "report"), "--starts", "8")
    report = run("compare", str(tmp_path / "line.toml"), *compared)["report"]
    assert "(atlas: digon with a doubled vertex)" in (tmp_path / "report" / "report.html").read_text()
    data = str(tmp_path / "report" / "report.json")
    assert report.startswith(str(tmp_path))
    other = run("atlas", "--add", data, "--out", str(tmp_path / "other.json"))
    assert other["found"] == ["unknown-beec5514"]
    files = [str(tmp_path / name) for name in ("mine.json", "other.json")]
    merged = run("atlas", "--merge", *files, "--out", str(tmp_path / "both.json"))
    turned = run("atlas", "--merge", *files[::-1], "--out", str(tmp_path / "turned.json"))
    assert merged["id"] == turned["id"]
    assert len(read_atlas(tmp_path / "both.json").sources) == 2
    assert run("atlas", "--atlas", str(tmp_path / "both.json"), "--check")["differences"] == []
    assert run("identify", "--weights", str(tmp_path / "weights.npz"))["factors"][0]["atlas"].startswith("digon")


def test_the_command_enters_a_sweep(run, tmp_path):
    (plan,) = small()["plans"]
    sweep(plan, tmp_path / "runs")
    found = run("atlas", "--add", str(tmp_path / "runs"), "--out", str(tmp_path / "mine.json"))
    (source,) = read_atlas(tmp_path / "mine.json").sources
    assert source.name == f"sweep {plan_id(plan)}"
    assert found["found"]


@pytest.mark.parametrize(
    ("arguments", "culprit"),
    [
        (("unknown-00000000",), "not among"),
        (("unknown-beec5514", "--check"), "one of"),
        (("--out", "x.json"), "--out FILE goes with"),
        (("--merge", "x.json"), "--out FILE goes with"),
        (("--merge", "absent.json", "--out", "x.json"), "absent.json: cannot be read: No such file"),
        (("--add", "absent.npz", "--out", "x.json"), "weights need --setting"),
        (("--picture", "x.svg"), "--picture goes with NAME"),
        (("--page", "page.txt"), "suffix"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(refused, arguments, culprit, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert culprit in refused("atlas", *arguments)
