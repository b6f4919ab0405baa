"""A Plan is a grid of settings in a fixed order, and a plan file that says nonsense is refused in one line."""

import dataclasses
import json
import math
import time

import numpy as np
import pytest

from tegum.empirical.plan import (
    Axis,
    Plan,
    Training,
    cell,
    cell_count,
    cells,
    plan_from_tables,
    plan_id,
    plan_tables,
    read_plan,
)
from tegum.theory.errors import InputError
from tegum.theory.setting import Setting, content_id, with_axes

BASE = "features = { count = 3 }\nmodel = { hidden = 2 }\n"
DENSITY = "axes.density = { values = [0.1, 0.2] }\n"


def written(tmp_path, text):
    path = tmp_path / "plan.toml"
    path.write_text(text)
    return path


def refusal(tmp_path, text):
    path = written(tmp_path, text)
    with pytest.raises(InputError) as caught:
        read_plan(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert message.isprintable()
    return message.removeprefix(f"{path}: ")


def axis_values(tmp_path, table):
    return read_plan(written(tmp_path, f"{BASE}axes.density = {table}")).axes[0].values


def test_plan_file_says_what_is_trained(tmp_path):
    text = """
    [features]
    count = 3
    [model]
    hidden = 2
    [axes]
    density = { from = 0.01, to = 1, count = 3, scale = "log" }
    "importance[1]" = { values = [0.5, 2] }
    l1 = { from = 0, to = 1, count = 2 }
    [training]
    runs = 4
    steps = 100
    batch_size = 32
    optimizer = "adamw"
    learning_rate = 1e-3
    schedule = "constant"
    seed = 7
    device = "cuda:1"
    """
    plan = read_plan(written(tmp_path, text))
    assert plan == Plan(
        setting=Setting(count=3, hidden=2, density=0.01, importance=[1, 0.5, 1]),
        axes=(
            Axis("density", (0.01, 0.1, 1.0)),
            Axis("importance[1]", (0.5, 2.0)),
            Axis("l1", (0.0, 1.0)),
        ),
        training=Training(
            runs=4,
            steps=100,
            batch_size=32,
            optimizer="adamw",
            learning_rate=1e-3,
            schedule="constant",
            seed=7,
            device="cuda:1",
        ),
    )
    assert hash(plan) == hash(read_plan(written(tmp_path, text)))


def test_training_has_the_stated_defaults(tmp_path):
    training = read_plan(written(tmp_path, BASE + DENSITY)).training
    assert dataclasses.asdict(training) == {
        "runs": 16,
        "steps": 3000,
        "batch_size": 256,
        "optimizer": "adam",
        "learning_rate": 0.01,
        "schedule": "cosine",
        "seed": 0,
        "device": "auto",
        "momentum": 0.9,
        "weight_decay": 0.01,
        "warmup": 0,
        "start": "xavier",
        "data": "fresh",
        "dataset_size": 1024,
        "tolerance": 0.0,
        "stop_loss": 0.0,
        "kernel": "auto",
    }


def test_cells_go_row_by_row():
    base = Setting(count=3, hidden=2, density=0.5)
    plan = Plan(base, (Axis("density", (0.3, 0.1)), Axis("l1", (0.0, 1.0, 2.0))))
    assert [(one.density[0], one.l1) for one in cells(plan)] == [
        (0.3, 0.0),
        (0.3, 1.0),
        (0.3, 2.0),
        (0.1, 0.0),
        (0.1, 1.0),
        (0.1, 2.0),
    ]
    assert cells(plan)[4] == with_axes(base, {"density": 0.1, "l1": 1.0})
    assert len({content_id(one) for one in cells(plan)}) == 6


def test_plan_without_axes_is_one_cell():
    setting = Setting(count=3, hidden=2, density=0.5)
    assert cells(Plan(setting)) == [setting]


def test_density_axis_needs_no_density_and_overrides_one(tmp_path):
    without = read_plan(written(tmp_path, BASE + DENSITY))
    given = read_plan(written(tmp_path, BASE.replace("3", "3, density = 0.9") + DENSITY))
    assert without == given
    assert plan_id(without) == plan_id(given)
    assert "features.density is missing" in refusal(tmp_path, BASE + "axes.l1 = { values = [0, 1] }")
    assert "features.density is missing" in refusal(tmp_path, BASE + 'axes."density[0]" = { values = [0.1, 1] }')


def test_axes_of_one_group_change_together(tmp_path):
    # One after the other, the first change alone would leave the group with probabilities above 1.
    base = Setting(count=2, hidden=2, density=[0.9, 0.1], law="anticorrelated", groups=[[0, 1]])
    plan = Plan(base, (Axis("density[0]", (0.1, 0.2)), Axis("density[1]", (0.8, 0.7))))
    assert [one.density for one in cells(plan)] == [(0.1, 0.8), (0.1, 0.7), (0.2, 0.8), (0.2, 0.7)]


def test_ranges_are_even_and_exact_at_their_ends(tmp_path):
    third = 1 / 3
    for scale, between in (("linear", np.linspace), ("log", np.geomspace)):
        values = axis_values(tmp_path, f'{{ from = {third!r}, to = 0.9, count = 7, scale = "{scale}" }}')
        assert (values[0], values[-1]) == (third, 0.9)
        np.testing.assert_allclose(values, between(third, 0.9, 7), rtol=1e-14)
    steps = np.diff(np.log(axis_values(tmp_path, '{ from = 1e-3, to = 1, count = 10, scale = "log" }')))
    np.testing.assert_allclose(steps, math.log(1e3) / 9, rtol=1e-12)


def test_ranges_are_the_decimals_they_look_like(tmp_path):
    tenths = axis_values(tmp_path, "{ from = 0, to = 1, count = 11 }")
    assert tenths == (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
    decades = axis_values(tmp_path, '{ from = 1, to = 1e-5, count = 6, scale = "log" }')
    assert decades == (1.0, 0.1, 0.01, 0.001, 0.0001, 0.00001)


BAD_PLANS = [  # what is added to BASE, and what the line must name
    ("axes = 3", "axes = 3 is not a table"),
    ("axes = [1]", "axes = [1] is not a table"),
    ("axes.density = 0.1", "axes.density = 0.1 is no table of values, from, to, count, scale"),
    ("axes.density = [0.1]", "axes.density = [0.1]"),
    ("axes.density = {}", "axes.density.from is missing"),
    ("axes.density = { values = [] }", "axes.density.values = [] is not a non-empty list"),
    ("axes.density = { values = 0.1 }", "axes.density.values = 0.1"),
    ('axes.density = { values = "01" }', 'axes.density.values = "01"'),
    ("axes.density = { values = [0.1, true] }", "axes.density.values[1] = true"),
    ("axes.density = { values = [0.1, nan] }", "axes.density.values[1] = nan"),
    ("axes.density = { values = [0.1, 0.2, 0.1] }", "axes.density.values = [0.1, 0.2, 0.1] repeats"),
    ("axes.density = { values = [0, -0.0] }", "axes.density.values = [0, -0.0] repeats"),
    ("axes.density = { values = [0.1, 1.5] }", "cell density = 1.5: features.density = 1.5 is outside [0, 1]"),
    ("axes.density = { values = [0.1], from = 0 }", "axes.density has values and from"),
    ("axes.density = { values = [0.1], step = 0 }", "axes.density.step is unknown"),
    ("axes.density = { from = 0, to = 1 }", "axes.density.count is missing"),
    ("axes.density = { from = 0, count = 3 }", "axes.density.to is missing"),
    ("axes.density = { from = 0, to = 1, count = 1 }", "axes.density.count = 1"),
    ("axes.density = { from = 0, to = 1, count = 2.0 }", "axes.density.count = 2.0"),
    ("axes.density = { from = 0, to = 1, count = 2_000_000 }", "axes.density.count = 2000000"),
    ("axes.density = { from = 0, to = inf, count = 3 }", "axes.density.to = inf"),
    ("axes.density = { from = false, to = 1, count = 3 }", "axes.density.from = false"),
    ("axes.density = { from = 1, to = 1, count = 3 }", "axes.density.to = 1.0 is the same as from"),
    ('axes.density = { from = 0, to = 1, count = 3, scale = "log" }', "axes.density runs from 0.0 to 1.0"),
    ('axes.density = { from = 0.1, to = 1, count = 3, scale = "sqrt" }', 'axes.density.scale = "sqrt" is unknown'),
    ("axes.density = { from = 0.1, to = 0.10000000000000002, count = 9 }", "repeats a value"),
    ("axes.sparsity = { values = [0.1] }", 'axis "sparsity" is unknown'),
    ('axes."density[3]" = { values = [0.1] }\n' + DENSITY, "axis density[3] names no feature"),
    (DENSITY + "axes.l1 = { values = [0, -1] }", "cell density = 0.1, l1 = -1.0: objective.l1 = -1.0 is below 0"),
    (
        DENSITY + "axes.l1 = { from = 0, to = 1, count = 1001 }\naxes.importance = { from = 1, to = 2, count = 1001 }",
        "axes span 2004002 cells; allowed are 1000000",
    ),
    (DENSITY + "training = 3", "training = 3 is no table"),
    (DENSITY + "training.epochs = 3", "training.epochs is unknown; allowed: runs, steps, batch_size"),
    (DENSITY + "training.runs = 0", "training.runs = 0 is outside [1, 1000000]"),
    (DENSITY + "training.runs = true", "training.runs = true"),
    (DENSITY + "training.steps = 0", "training.steps = 0"),
    (DENSITY + "training.steps = 1e3", "training.steps = 1000.0 is not a whole number"),
    (DENSITY + "training.batch_size = -1", "training.batch_size = -1"),
    (DENSITY + 'training.optimizer = "lion"', 'training.optimizer = "lion" is unknown; allowed: "adam", "adamw"'),
    (DENSITY + "training.momentum = 1.5", "training.momentum = 1.5 is outside [0, 1]"),
    (DENSITY + "training.weight_decay = -1", "training.weight_decay = -1 is below 0"),
    (DENSITY + "training.warmup = 3001", "training.warmup = 3001 is outside [0, 3000]"),
    (DENSITY + 'training.start = "zeros"', 'training.start = "zeros" is unknown; allowed: "xavier", "kaiming"'),
    (DENSITY + 'training.data = "all"', 'training.data = "all" is unknown; allowed: "fresh", "population"'),
    (DENSITY + "training.dataset_size = 0", "training.dataset_size = 0"),
    (DENSITY + "training.tolerance = -1", "training.tolerance = -1"),
    (DENSITY + "training.stop_loss = nan", "training.stop_loss = nan"),
    (DENSITY + 'training.kernel = "fast"', 'training.kernel = "fast" is unknown; allowed: "auto", "reference"'),
    (DENSITY + "training.learning_rate = 0", "training.learning_rate = 0"),
    (DENSITY + "training.learning_rate = -1", "training.learning_rate = -1"),
    (DENSITY + "training.learning_rate = nan", "training.learning_rate = nan"),
    (DENSITY + 'training.schedule = "linear"', 'training.schedule = "linear" is unknown'),
    (DENSITY + "training.seed = -1", "training.seed = -1"),
    (DENSITY + "training.seed = 1.5", "training.seed = 1.5"),
    (DENSITY + 'training.device = "gpu"', 'training.device = "gpu" is unknown; allowed: auto, cpu, cuda[:N]'),
    (DENSITY + 'training.device = "cuda:x"', 'training.device = "cuda:x"'),
    (DENSITY + "training.device = 0", "training.device = 0"),
    (DENSITY + "plan.name = 1", "plan is unknown; allowed: features, model, objective, axes, training"),
    (DENSITY + "objective.l1 = -1", "objective.l1 = -1"),
    (DENSITY + "objective", "not valid TOML"),
]


@pytest.mark.parametrize(("lines", "named"), BAD_PLANS)
def test_bad_plan_is_named(tmp_path, lines, named):
    assert named in refusal(tmp_path, BASE + lines)


def test_setting_of_a_plan_is_checked_like_any_other(tmp_path):
    assert refusal(tmp_path, DENSITY) == "features.count is missing"
    assert refusal(tmp_path, "features = 3\n" + DENSITY).startswith("features = 3")
    assert refusal(tmp_path, BASE.replace("count", "counts") + DENSITY).startswith("features.counts is unknown")


def test_missing_plan_is_refused(tmp_path):
    with pytest.raises(InputError, match="none.toml: cannot be read: No such file"):
        read_plan(tmp_path / "none.toml")


BASE_SETTING = Setting(count=3, hidden=2, density=0.5)


@pytest.mark.parametrize(
    ("axes", "named"),
    [
        ((Axis("l1", (0.0,)), Axis("l1", (1.0,))), "axes.l1 is given twice"),
        (tuple(Axis(f"importance[{i}]", tuple(range(1, 102))) for i in range(3)), "axes span 1030301 cells"),
    ],
)
def test_bad_grid_is_named(axes, named):
    with pytest.raises(InputError, match=named):
        Plan(BASE_SETTING, axes)


def test_a_grid_of_wide_settings_is_not_listed_as_a_whole():
    plan = Plan(Setting(count=10**4, hidden=2, density=0.5), (Axis("l1", tuple(range(1001))),))
    assert cell(plan, 10).l1 == 10
    with pytest.raises(InputError, match="axes span 1001 cells of 10000 features"):
        cells(plan)


def test_a_million_cells_are_a_plan_at_once_and_none_is_made_before_its_turn():
    started = time.process_time()
    axes = [Axis(key, tuple(np.linspace(0.001, 1, 100))) for key in ("density", "importance[1]", "l1")]
    plan = Plan(BASE_SETTING, tuple(axes), Training(runs=1))
    assert cell_count(plan) == 10**6
    last = cell(plan, 10**6 - 2)
    assert (last.density[0], last.importance[1], last.l1) == (1.0, 1.0, axes[2].values[-2])
    assert time.process_time() - started < 1.0  # a million settings take some 20 s
    with pytest.raises(InputError, match="can be listed at once"):
        cells(plan)


GROUPS = {"law": "anticorrelated", "groups": [[0, 1]]}


@pytest.mark.parametrize(
    ("setting", "axes", "named"),
    [
        (Setting(3, 2, 0.5, **GROUPS), {"density[0]": (0.1, 0.6, 0.3), "density[1]": (0.3, 0.5)}, "sum 1.1 is above"),
        (Setting(3, 2, 0.5, law="correlated", groups=[[0, 1]]), {"density[0]": (0.5, 0.6)}, "differ"),
        (Setting(1, 1, 0.5), {"importance": (1.0, 0.0, 2.0)}, "zero for every feature"),
        (Setting(2, 1, 0.5), {"density[0]": (0.1, 1.5, 0.2), "l1": (0.0, 1.0)}, r"outside \[0, 1\]"),
        (Setting(2, 1, law="one-hot"), {"density[0]": (0.5, 0.6)}, "sums to"),
    ],
)
def test_one_bad_cell_anywhere_is_found_at_a_corner(setting, axes, named):
    axes = tuple(Axis(key, values) for key, values in axes.items())
    with pytest.raises(InputError, match=f"^cell .*{named}"):
        Plan(setting, axes)


PLAN = Plan(BASE_SETTING, (Axis("density", (0.1, 0.2)), Axis("l1", (0.0, 1.0))), Training(steps=10))


def test_tables_go_round():
    tables = json.loads(json.dumps(plan_tables(PLAN)))
    assert plan_from_tables(tables) == PLAN
    assert plan_tables(plan_from_tables(tables)) == tables
    assert plan_id(plan_from_tables(tables)) == plan_id(PLAN)


def test_plan_id_does_not_depend_on_the_writing(tmp_path):
    one = read_plan(written(tmp_path, f"{BASE}axes.density = {{ from = 0, to = 1, count = 3 }}"))
    other = read_plan(written(tmp_path, f"training.runs = 16\n{BASE}axes.density.values = [0, 0.5, 1.0]"))
    assert plan_id(one) == plan_id(other)


def test_plan_id_ignores_the_machine_and_nothing_else():
    def with_training(**changes):
        return dataclasses.replace(PLAN, training=dataclasses.replace(PLAN.training, **changes))

    changed = [
        dataclasses.replace(PLAN, setting=dataclasses.replace(BASE_SETTING, hidden=3)),
        dataclasses.replace(PLAN, axes=PLAN.axes[:1]),
        dataclasses.replace(PLAN, axes=PLAN.axes[::-1]),
        dataclasses.replace(PLAN, axes=(Axis("density", (0.2, 0.1)), PLAN.axes[1])),
        with_training(runs=17),
        with_training(steps=11),
        with_training(batch_size=11),
        with_training(optimizer="adamw"),
        with_training(learning_rate=0.02),
        with_training(schedule="constant"),
        with_training(seed=1),
        with_training(momentum=0.5),
        with_training(weight_decay=0.1),
        with_training(warmup=1),
        with_training(start="normal"),
        with_training(data="dataset"),
        with_training(dataset_size=5),
        with_training(tolerance=1e-9),
        with_training(stop_loss=1e-9),
    ]
    ids = [plan_id(plan) for plan in (PLAN, *changed)]
    assert len(set(ids)) == len(ids)
    assert plan_id(with_training(device="cuda:0", kernel="batched")) == plan_id(PLAN)
