"""Settings of every kind that the contract knows, small enough to train in a test."""

import numpy as np

from tegum.empirical.stream import run_key
from tegum.theory.setting import Setting

GROUPS = {"groups": [[0, 1], [2, 3]], "density": [0.3, 0.3, 0.2, 0.2, 0.5]}
CHANGES: dict[str, dict] = {
    "basic": {},
    "signed": {"values": "signed"},
    "binary": {"values": "binary"},
    "correlated": {"law": "correlated", **GROUPS},
    "anticorrelated": {"law": "anticorrelated", **GROUPS},
    "one-hot": {"law": "one-hot", "density": None},
    "untied": {"tied": False},
    "without biases": {"bias": False},
    "hidden relu": {"activation": "relu"},
    "linear": {"readout": "linear"},
    "abs": {"values": "signed", "target": "abs", "activation": "relu", "tied": False},
    "l1": {"l1": 0.1},
    "everything": {
        "values": "signed", "law": "anticorrelated", **GROUPS, "tied": False, "bias": False, "activation": "relu",
        "readout": "linear", "target": "abs", "l1": 0.05,
    },
}  # fmt: skip


def setting_of(kind: str) -> Setting:
    changes = {"density": [0.1, 0.2, 0.3, 0.4, 0.5]} | CHANGES[kind]
    return Setting(count=5, hidden=2, importance={"geometric": 0.8}, **changes)


def keys_of(setting: Setting, runs: int) -> np.ndarray:
    return np.array([run_key(setting, run, 0) for run in range(runs)], dtype=np.uint64)
