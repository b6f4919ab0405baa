"""A sweep of two thousand short runs, for the tests of what survives."""

from pathlib import Path

from tegum.empirical.plan import Axis, Plan, Training
from tegum.theory.setting import Setting

TRAINING = Training(runs=500, steps=40, batch_size=16, device="cpu")
PLAN = Plan(Setting(2, 1, 0.1), (Axis("density", (0.05, 0.1, 0.2, 0.4)),), TRAINING)
SIZE = 40  # runs per shard

PLAN_FILE = """
features.count = 2
model.hidden = 1
axes.density.values = [0.05, 0.1, 0.2, 0.4]
training = { runs = 500, steps = 40, batch_size = 16, device = "cpu" }
"""

SMALL = Plan(Setting(3, 2, 0.1), (Axis("density", (0.1, 0.5)),), Training(runs=5, steps=2, batch_size=4, device="cpu"))


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder but the lock."""
    found = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in found.items() if name != ".lock"}
