"""A Setting is what its file says, however it is written, and a file that says nonsense is refused in one line."""

import dataclasses
import json
import math
import pickle
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tegum.theory.errors import InputError
from tegum.theory.setting import (
    LAWS,
    VALUES,
    Setting,
    content_id,
    read_setting,
    setting_from_tables,
    setting_tables,
    with_axes,
    with_axis,
)

FULL = """
[features]
count = 5
values = "uniform"
law = "independent"
density = 0.1
importance = 1.0

[model]
hidden = 2
tied = true
bias = true
activation = "none"
readout = "relu"

[objective]
target = "identity"
l1 = 0.0
"""
MINIMAL = "features.count = 5\nfeatures.density = 0.1\nmodel.hidden = 2\n"
GROUPED = 'features = {{ count = 4, density = {density}, law = "{law}", groups = {groups} }}\nmodel.hidden = 2\n'


def written(tmp_path, text):
    path = tmp_path / "setting.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refusal(tmp_path, text):
    path = written(tmp_path, text)
    with pytest.raises(InputError) as caught:
        read_setting(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert message.isprintable()
    return message.removeprefix(f"{path}: ")


def test_defaults_are_those_of_the_written_out_file(tmp_path):
    minimal, full = read_setting(written(tmp_path, MINIMAL)), read_setting(written(tmp_path, FULL))
    assert minimal == full == Setting(count=5, hidden=2, density=0.1)
    assert hash(minimal) == hash(full)
    assert minimal.density == (0.1,) * 5
    assert minimal.importance == (1.0,) * 5


BAD_FEATURES = [  # what replaces or joins the features of MINIMAL, and what the line must name
    ("density = 1.5", "features.density = 1.5 is outside [0, 1]"),
    ("density = -0.1", "features.density = -0.1 is outside [0, 1]"),
    ("density = nan", "features.density = nan"),
    ("density = inf", "features.density = inf"),
    ("density = true", "features.density = true"),
    ('density = "0.1"', 'features.density = "0.1"'),
    ("density = [0.1, 0.2]", "features.density lists 2 numbers; 5 are needed"),
    ("density = []", "features.density lists 0 numbers"),
    ("density = [0.1, 0.1, 0.1, 0.1, 2]", "features.density[4] = 2 is outside [0, 1]"),
    ("density = [0.1, 0.1, true, 0.1, 0.1]", "features.density[2] = true is not a number"),
    ("density = [[0.1], 0.1, 0.1, 0.1, 0.1]", "features.density[0] = [0.1] is not a number"),
    ("density = { a = 1 }", "features.density"),
    ("density = 1979-05-27", "features.density"),
    (f"density = 0x{'F' * 5000}", "features.density = a value too long to show"),
    (f"density = [{'0.5, ' * 9}0.5]", "features.density lists 10 numbers"),
    ("count = 0", "features.count = 0 is outside [1, 1000000]"),
    ("count = -3", "features.count = -3"),
    ("count = 5.0", "features.count = 5.0 is not a whole number"),
    ("count = true", "features.count = true is not a whole number"),
    ("count = 1_000_000_000", "features.count = 1000000000"),
    ("importance = -1", "features.importance = -1 is below 0"),
    ("importance = 0", "features.importance is zero for every feature"),
    ("importance = [0, 0, 0, 0, 0]", "features.importance is zero for every feature"),
    ("importance = [1, 1, 1, 1, -0.5]", "features.importance[4] = -0.5 is below 0"),
    ("importance = inf", "features.importance = inf"),
    ("importance = {}", "features.importance.geometric is missing"),
    ("importance = { ratio = 0.9 }", "features.importance.ratio is unknown; allowed: geometric"),
    ("importance = { geometric = -0.9 }", "features.importance.geometric = -0.9 is below 0"),
    ("importance = { geometric = true }", "features.importance.geometric = true"),
    ("importance = { geometric = 1e200 }", "features.importance.geometric = 1e+200 overflows"),
    ('values = "gaussian"', 'features.values = "gaussian" is unknown; allowed: "uniform", "signed", "binary"'),
    ("values = 1", "features.values = 1"),
    ('law = "Independent"', 'features.law = "Independent" is unknown'),
    ("law = []", "features.law = []"),
    ("groups = [[0, 1]]", 'features.groups = [[0, 1]] needs law = "correlated" or "anticorrelated"'),
    ("groups = 3", "features.groups = 3"),
    ("sparsity = 0.9", "features.sparsity is unknown; allowed: count, values, law, density, importance, groups"),
    ('"a\\nb\\u001b[2J" = 1', r"features.a\nb\x1b[2J is unknown"),
    ('law = "correlated"', "features.groups is missing"),
    ('law = "one-hot"\ndensity = 0.1', "features.density sums to 0.5"),
    ('law = "one-hot"\ndensity = [0.5, 0.5, 0.1, 0, 0]', "features.density sums to 1.1"),
]


@pytest.mark.parametrize(("lines", "named"), BAD_FEATURES)
def test_bad_feature_is_named(tmp_path, lines, named):
    given_keys = {line.split(" = ")[0] for line in lines.split("\n")}
    rest = [f"{key} = {value}" for key, value in (("count", 5), ("density", 0.1)) if key not in given_keys]
    text = "\n".join(["[features]", *rest, lines, "[model]", "hidden = 2"])
    assert named in refusal(tmp_path, text)


BAD_REST = [
    ("[model]\nhidden = 0", "model.hidden = 0 is outside [1, 1000000]"),
    ("[model]\nhidden = 2.5", "model.hidden = 2.5"),
    ("[model]\nhidden = 10_000_000", "model.hidden = 10000000"),
    ("[model]\ntied = true", "model.hidden is missing"),
    ("", "model.hidden is missing"),
    ("model = 3", "model = 3"),
    ("model = [{hidden = 2}]", "model = [{'hidden': 2}]"),
    ("[model]\nhidden = 2\ntied = 1", "model.tied = 1 is neither true nor false"),
    ('[model]\nhidden = 2\nbias = "yes"', 'model.bias = "yes"'),
    ('[model]\nhidden = 2\nactivation = "tanh"', 'model.activation = "tanh"'),
    ('[model]\nhidden = 2\nreadout = "none"', 'model.readout = "none" is unknown; allowed: "relu", "linear"'),
    ("[model]\nhidden = 2\nlayers = 2", "model.layers is unknown"),
    ("[model]\nhidden = 2\n[objective]\nl1 = -1e-9", "objective.l1 = -1e-09 is below 0"),
    ("[model]\nhidden = 2\n[objective]\nl1 = false", "objective.l1 = false"),
    ('[model]\nhidden = 2\n[objective]\ntarget = "square"', 'objective.target = "square"'),
    ("[model]\nhidden = 2\n[objectives]\nl1 = 0", "objectives is unknown; allowed: features, model, objective"),
    ("[model]\nhidden = 2\n[training]\nsteps = 1", "training is unknown"),
]


@pytest.mark.parametrize(("text", "named"), BAD_REST)
def test_bad_model_or_objective_is_named(tmp_path, text, named):
    assert named in refusal(tmp_path, "features = { count = 5, density = 0.1 }\n" + text)


def test_density_is_required(tmp_path):
    assert refusal(tmp_path, "features.count = 5\nmodel.hidden = 2\n").startswith("features.density is missing")


BAD_GROUPS = [
    ("correlated", "0.1", "[[0, 1], [1, 2]]", "lists feature 1 twice"),
    ("correlated", "0.1", "[[2, 2]]", "lists feature 2 twice"),
    ("correlated", "0.1", "[[0, 4]]", "features.groups = 4 is outside [0, 3]"),
    ("correlated", "0.1", "[[-1, 0]]", "features.groups = -1"),
    ("correlated", "0.1", "[[0, 1.0]]", "features.groups = 1.0"),
    ("correlated", "0.1", "[[0, true]]", "features.groups = true"),
    ("correlated", "0.1", "[[]]", "features.groups = [[]]"),
    ("correlated", "0.1", "[]", "features.groups is missing"),
    ("correlated", "0.1", "[0, 1]", "features.groups = [0, 1]"),
    ("correlated", "[0.1, 0.2, 0.3, 0.3]", "[[2, 3], [1, 0]]", "features.density of correlated group [0, 1]: 0.1"),
    ("anticorrelated", "0.4", "[[0, 1, 2]]", "features.density of anticorrelated group [0, 1, 2]: the sum 1.2"),
    ("anticorrelated", "[0, 0, 0.5, 0.6]", "[[0, 1], [2, 3]]", "group [2, 3]: the sum 1.1"),
    ("one-hot", "0.25", "[[0, 1]]", "features.groups = [[0, 1]] needs law"),
]


@pytest.mark.parametrize(("law", "density", "groups", "named"), BAD_GROUPS)
def test_bad_group_is_named(tmp_path, law, density, groups, named):
    message = refusal(tmp_path, GROUPED.format(law=law, density=density, groups=groups))
    assert "features." in message
    assert named in message


def test_probabilities_may_miss_one_by_rounding():
    for law, groups in (("one-hot", []), ("anticorrelated", [[0, 1]])):
        assert Setting(count=2, hidden=2, law=law, groups=groups, density=[0.5, 0.5 + 1e-10]).law == law
        with pytest.raises(InputError, match="features.density"):
            Setting(count=2, hidden=2, law=law, groups=groups, density=[0.5, 0.5 + 1e-8])


BAD_FILES = [
    (b"[features", "not valid TOML"),
    (b"count = 1\ncount = 2\n", "not valid TOML"),
    (b"\xff\xfe[features]\n", "not UTF-8"),
    (b"x = " + b"[" * 100_000, "not valid TOML"),
    (b"x = " + b"9" * 10_000, "not valid TOML"),
    (b"#" * (2**20 + 1), "larger than 1048576 bytes"),
    (b"model.hidden = 2\nfeatures.count = 5\nfeatures.density" + b".a" * 5000 + b" = 1", "features.density = a value"),
    (b"", "features.count is missing"),
    (b"\x00", "not valid TOML"),
]


@pytest.mark.parametrize(("content", "named"), BAD_FILES)
def test_bad_file_is_refused(tmp_path, content, named):
    assert named in refusal(tmp_path, content)


@pytest.mark.parametrize("name", ["", "missing.toml", "a\nb.toml", "a\0b.toml"])
def test_file_that_cannot_be_read_is_refused(tmp_path, name):
    with pytest.raises(InputError, match="cannot be read: ") as caught:
        read_setting(f"{tmp_path}/{name}")
    assert str(caught.value).isprintable()


def test_byte_order_mark_is_no_content(tmp_path):
    assert read_setting(written(tmp_path, b"\xef\xbb\xbf" + MINIMAL.encode())).count == 5


BAD_ARGUMENTS = [
    ({"density": None}, "features.density"),
    ({"density": 2}, "features.density = 2"),
    ({"density": "half"}, "features.density"),
    ({"density": math.nan}, "features.density"),
    ({"density": np.array([0.1, np.inf, 0.1, 0.1, 0.1])}, "features.density[1]"),
    ({"count": np.True_}, "features.count"),
    ({"count": 10**5000}, "features.count"),
    ({"hidden": "2"}, "model.hidden"),
    ({"importance": {"geometric": 0.9, "of": 2}}, "features.importance.of"),
    ({"groups": None}, "features.groups"),
    ({"l1": -1}, "objective.l1"),
    ({"tied": None}, "model.tied"),
]


@pytest.mark.parametrize(("arguments", "named"), BAD_ARGUMENTS)
def test_bad_argument_is_named(arguments, named):
    with pytest.raises(InputError) as caught:
        Setting(**({"count": 5, "hidden": 2, "density": 0.1} | arguments))
    assert str(caught.value).startswith(named)
    assert str(caught.value).isprintable()


def test_setting_is_immutable_and_hashable():
    setting = Setting(count=5, hidden=2, density=[0.1] * 5, importance=np.ones(5), l1=np.float64(0))
    with pytest.raises(dataclasses.FrozenInstanceError):
        setting.count = 6
    assert {setting: 1}[Setting(count=np.int64(5), hidden=2, density=0.1)] == 1
    assert pickle.loads(pickle.dumps(setting)) == setting
    assert [type(setting.l1), type(setting.importance[0]), type(setting.count)] == [float, float, int]


def test_geometric_importance_is_the_powers():
    assert Setting(count=4, hidden=9, density=0.1, importance={"geometric": 0.9}).importance == (
        1.0,
        0.9,
        0.9**2,
        0.9**3,
    )
    assert Setting(count=3, hidden=1, density=0.1, importance={"geometric": 0}).importance == (1.0, 0.0, 0.0)


def test_one_hot_is_uniform_unless_told():
    assert Setting(count=4, hidden=2, law="one-hot").density == (0.25,) * 4
    assert Setting(count=2, hidden=2, law="one-hot", density=[0.2, 0.8]).density == (0.2, 0.8)


def test_tables_say_one_number_where_it_says_the_same():
    def density(**arguments):
        return setting_tables(Setting(count=4, hidden=2, **arguments))["features"]["density"]

    assert density(density=[0.25] * 4) == 0.25
    assert density(density=[0.25, 0.25, 0.25, 0.5]) == [0.25, 0.25, 0.25, 0.5]
    assert density(law="one-hot") == [0.25] * 4  # a distribution over features, not a density of each


SAME = [
    ({"density": 0.5}, {"density": [0.5] * 4}),
    ({"density": 1}, {"density": 1.0}),
    ({"density": 0.0}, {"density": -0.0}),
    ({"density": 0.5, "importance": {"geometric": 0.5}}, {"density": 0.5, "importance": [1, 0.5, 0.25, 0.125]}),
    (
        {"density": 0.5, "law": "correlated", "groups": [[0, 1], [2, 3]]},
        {"density": 0.5, "law": "correlated", "groups": ((3, 2), (1, 0))},
    ),
    ({"law": "one-hot"}, {"law": "one-hot", "density": [0.25] * 4}),
    ({"density": 0.5, "l1": 0}, {"density": 0.5, "l1": -0.0}),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_content_id_does_not_depend_on_the_writing(one, other):
    one, other = Setting(count=4, hidden=2, **one), Setting(count=4, hidden=2, **other)
    assert one == other
    assert content_id(one) == content_id(other)
    assert len(content_id(one)) == 16
    assert int(content_id(one), 16) >= 0


def test_content_id_tells_every_field_apart():
    base = Setting(count=4, hidden=2, density=0.25, law="anticorrelated", groups=[[0, 1]])
    changes = [
        {"count": 5, "density": 0.25, "importance": 1.0},
        {"hidden": 3},
        {"density": math.nextafter(0.25, 1)},
        {"importance": [1, 1, 1, 2]},
        {"values": "signed"},
        {"law": "correlated"},
        {"law": "independent", "groups": ()},
        {"groups": [[0, 2]]},
        {"tied": False},
        {"bias": False},
        {"activation": "relu"},
        {"readout": "linear"},
        {"target": "abs"},
        {"l1": 1e-300},
    ]
    ids = [content_id(base)] + [content_id(dataclasses.replace(base, **change)) for change in changes]
    assert len(set(ids)) == len(ids)


def test_content_id_is_the_same_in_every_version():
    # Stored runs are found again by this name: a change of it orphans them.
    assert content_id(Setting(count=5, hidden=2, density=0.1)) == "039c7635f36d2ff5"


probabilities = st.floats(0, 1)


@st.composite
def arguments(draw):
    count = draw(st.integers(2, 5))
    law = draw(st.sampled_from(LAWS))
    density = draw(probabilities | st.lists(probabilities, min_size=count, max_size=count))
    groups = ()
    if law in ("correlated", "anticorrelated"):
        groups = [draw(st.permutations(range(count)))[:2]]
        density = draw(st.floats(0, 0.5))
    return dict(
        count=count,
        hidden=draw(st.integers(1, 9)),
        density=None if law == "one-hot" else density,
        importance=draw(st.lists(st.floats(0.1, 1e9), min_size=count, max_size=count)),
        values=draw(st.sampled_from(VALUES)),
        law=law,
        groups=groups,
        bias=draw(st.booleans()),
        l1=draw(st.floats(0, 1e9)),
    )


@settings(derandomize=True, deadline=None)
@given(arguments())
def test_tables_go_round(arguments):
    setting = Setting(**arguments)
    tables = json.loads(json.dumps(setting_tables(setting)))
    assert setting_from_tables(tables) == setting
    assert setting_tables(setting_from_tables(tables)) == tables
    assert content_id(setting_from_tables(tables)) == content_id(setting)


def test_axes_change_what_they_name():
    setting = Setting(count=3, hidden=2, density=0.1)
    assert with_axis(setting, "density", 0.2).density == (0.2, 0.2, 0.2)
    assert with_axis(setting, "density[2]", 0.2).density == (0.1, 0.1, 0.2)
    assert with_axis(setting, "importance", 3).importance == (3.0, 3.0, 3.0)
    assert with_axis(setting, "importance[0]", 0).importance == (0.0, 1.0, 1.0)
    assert with_axis(setting, "l1", 0.5).l1 == 0.5
    assert setting == Setting(count=3, hidden=2, density=0.1)


def test_axis_of_one_feature_wins_over_that_of_all():
    setting = Setting(count=3, hidden=2, density=0.1)
    for axes in ({"density[1]": 0.5, "density": 0.2}, {"density": 0.2, "density[1]": 0.5}):
        assert with_axes(setting, axes).density == (0.2, 0.5, 0.2)


def test_axes_are_validated_together():
    setting = Setting(count=2, hidden=2, density=[0.9, 0.1], law="anticorrelated", groups=[[0, 1]])
    assert with_axes(setting, {"density[1]": 0.9, "density[0]": 0.1}).density == (0.1, 0.9)
    with pytest.raises(InputError, match="above 1"):
        with_axis(setting, "density[1]", 0.9)


BAD_AXES = [
    ("sparsity", 0.1, '"sparsity" is unknown'),
    ("density[3]", 0.1, "density[3] names no feature"),
    ("density[-1]", 0.1, '"density[-1]"'),
    ("density[01]", 0.1, '"density[01]"'),
    ("density[1", 0.1, '"density[1"'),
    ("density[\u0661]", 0.1, '"density[\u0661]"'),
    (f"density[{'9' * 5000}]", 0.1, '"density[999'),
    ("l1[0]", 0.1, '"l1[0]"'),
    ("hidden", 3, '"hidden"'),
    ("density", 1.5, "features.density = 1.5"),
    ("density[1]", math.nan, "features.density[1] = nan"),
    ("l1", -1.0, "objective.l1 = -1.0"),
    ("importance", 0, "features.importance"),
]


@pytest.mark.parametrize(("axis", "value", "named"), BAD_AXES)
def test_bad_axis_is_named(axis, value, named):
    with pytest.raises(InputError) as caught:
        with_axis(Setting(count=3, hidden=2, density=0.1), axis, value)
    assert named in str(caught.value)
    assert str(caught.value).isprintable()


def test_reading_a_setting_loads_no_heavy_library():
    heavy = "{'torch', 'numba', 'sympy', 'matplotlib', 'scipy'}"
    code = f"import sys, tegum.theory.setting; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
