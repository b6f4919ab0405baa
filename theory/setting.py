"""Setting: everything that fixes the objective, as one immutable, validated record."""

import math
import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, cast

from tegum.theory.accepts import Accepts
from tegum.theory.checks import choice, flag, is_list, number, numbers, shown, whole
from tegum.theory.errors import InputError, located
from tegum.theory.files.tables import known_table, read_tables, tables_id

VALUES = ("uniform", "signed", "binary")
LAWS = ("independent", "correlated", "anticorrelated", "one-hot")
GROUPED_LAWS = ("correlated", "anticorrelated")
ACTIVATIONS = ("none", "relu")
READOUTS = ("relu", "linear")
TARGETS = ("identity", "abs")

LARGEST = 10**6  # features or hidden units; far beyond what any method here can do, small enough to list
_TOLERANCE = 1e-9  # on sums of probabilities, which are rarely exact in binary

_TABLES = {
    "features": ("count", "values", "law", "density", "importance", "groups"),
    "model": ("hidden", "tied", "bias", "activation", "readout"),
    "objective": ("target", "l1"),
}
SETTING_TABLES = tuple(_TABLES)
_NAME = {key: f"{table}.{key}" for table, keys in _TABLES.items() for key in keys}
AXES = ("density", "density[i]", "importance", "importance[i]", "l1")
_AXIS = re.compile(r"(density|importance)(?:\[(0|[1-9][0-9]{0,6})\])?|(l1)")

Numbers = float | int | Sequence[float]
Groups = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Setting:
    """Feature law, importances, model shape and loss terms: L = Σ_i I_i E(y_i - x̂_i)² + λ E‖h‖₁.

    Args:
        count: number of features; hidden: width of the hidden layer, which may exceed count.
        density: p, the probability that a feature is on: one number, or one for each feature. Required, but
            for the one-hot law: there it says with what probability each is the one, uniform unless given.
        importance: I, at least 0 and not all 0: one number, one for each feature, or {"geometric": r}, which
            is I_i = r**i.
        values: law of a feature that is on: "uniform" on [0, 1], "signed" on [-1, 1], "binary" (exactly 1).
        law: "independent", "correlated" (a group is on together), "anticorrelated" (at most one of a group is
            on) or "one-hot" (exactly one feature is on); groups: the groups of feature numbers, from 0.
        tied: W_out = W_inᵀ; bias: whether b is free; activation, readout: of the hidden and the output layer.
        target: y = x ("identity") or |x| ("abs"); l1: λ, the weight of E‖h‖₁.

    Raises:
        InputError: a value of a wrong type, outside its range, or at odds with another, named by its field.

    Every contract setting is accepted here; a method that does not support one refuses it itself.
    """

    count: int
    hidden: int
    density: Accepts[Numbers | None, tuple[float, ...]] = cast(Any, None)
    importance: Accepts[Numbers | Mapping[str, float], tuple[float, ...]] = cast(Any, 1.0)
    values: str = "uniform"
    law: str = "independent"
    groups: Accepts[Sequence[Sequence[int]], Groups] = cast(Any, ())
    tied: bool = True
    bias: bool = True
    activation: str = "none"
    readout: str = "relu"
    target: str = "identity"
    l1: float = 0.0

    def __post_init__(self) -> None:
        for name, value in _canonical(self).items():
            object.__setattr__(self, name, value)


def read_setting(path: str | os.PathLike[str]) -> Setting:
    """The Setting of a TOML file.

    Raises:
        InputError: `setting.toml: features.density = 1.5 is outside [0, 1]` and the like, always one line.

    Args:
        path: a file of tables [features], [model] and [objective] (see `setting_from_tables`).

    Returns:
        `Setting`; equal settings are equal however they were written.

    Validity: files of at most 1 MiB; the file is data, nothing in it can run.

    Source: TOML 1.0; the keys are those of the project's contract.
    """
    with located(os.fspath(path)):
        return setting_from_tables(read_tables(path))


def setting_from_tables(tables: Mapping[str, Any]) -> Setting:
    """The Setting that a file with these tables describes; inverse of `setting_tables`."""
    known_table("", tables, SETTING_TABLES)
    given: dict[str, Any] = {}
    for table, keys in _TABLES.items():
        given |= known_table(table, tables.get(table, {}), keys)
    for key in ("count", "hidden"):
        if key not in given:
            raise InputError(f"{_NAME[key]} is missing")
    return Setting(**given)


def setting_tables(setting: Setting) -> dict[str, dict[str, Any]]:
    """The setting's canonical tables, every key present, JSON-able: equal settings give equal tables."""
    return {table: {key: _written(setting, key) for key in keys} for table, keys in _TABLES.items()}


def content_id(setting: Setting) -> str:
    """16 hexadecimal digits that name the setting's content, however it was written."""
    return tables_id(setting_tables(setting))


def axis_parts(axis: str) -> tuple[str, int | None]:
    """An axis as (field, feature): `density` is ("density", None), `importance[1]` is ("importance", 1)."""
    match = _AXIS.fullmatch(axis)
    if match is None:
        raise InputError(f"axis {shown(axis)} is unknown; allowed: {', '.join(AXES)}")
    return match[1] or match[3], None if match[2] is None else int(match[2])


def with_axis(setting: Setting, axis: str, value: float | int) -> Setting:
    """The setting with one number changed: `density` (of all features), `importance[i]` (of one), `l1`."""
    return with_axes(setting, {axis: value})


def with_axes(setting: Setting, values: Mapping[str, float | int]) -> Setting:
    """The setting with several numbers changed at once, validated only when all of them are.

    An axis that names one feature wins over the axis of the same field that sets all features.
    """
    changes: dict[str, Any] = {}
    for axis in sorted(values):  # `density` comes before `density[i]`
        name, feature = axis_parts(axis)
        if feature is None:
            changes[name] = values[axis]
            continue
        if feature >= setting.count:
            raise InputError(f"axis {axis} names no feature; there are {setting.count}, counted from 0")
        vector = changes.get(name, getattr(setting, name))
        changes[name] = list(vector) if is_list(vector) else [vector] * setting.count
        changes[name][feature] = values[axis]
    return replace(setting, **changes)


def _canonical(given: Setting) -> dict[str, Any]:
    count = whole(_NAME["count"], given.count, 1, LARGEST)
    law = choice(_NAME["law"], given.law, LAWS)
    groups = _groups(given.groups, count, law)
    return {
        "count": count,
        "hidden": whole(_NAME["hidden"], given.hidden, 1, LARGEST),
        "density": _density(given.density, count, law, groups),
        "importance": _importance(given.importance, count),
        "values": choice(_NAME["values"], given.values, VALUES),
        "law": law,
        "groups": groups,
        "tied": flag(_NAME["tied"], given.tied),
        "bias": flag(_NAME["bias"], given.bias),
        "activation": choice(_NAME["activation"], given.activation, ACTIVATIONS),
        "readout": choice(_NAME["readout"], given.readout, READOUTS),
        "target": choice(_NAME["target"], given.target, TARGETS),
        "l1": number(_NAME["l1"], given.l1, 0),
    }


def _groups(given: Any, count: int, law: str) -> Groups:
    name = _NAME["groups"]
    if not is_list(given) or not all(is_list(group) and len(group) > 0 for group in given):
        raise InputError(f"{name} = {shown(given)} is not a list of non-empty lists of feature numbers")
    if law not in GROUPED_LAWS and given:
        raise InputError(f"{name} = {shown(given)} needs law = {_either(GROUPED_LAWS)}, not {shown(law)}")
    if law in GROUPED_LAWS and not given:
        raise InputError(f"{name} is missing; law = {shown(law)} needs at least one group")
    groups = [[whole(name, feature, 0, count - 1) for feature in group] for group in given]
    repeated = [feature for feature, times in Counter(chain(*groups)).items() if times > 1]
    if repeated:
        raise InputError(f"{name} = {shown(given)} lists feature {repeated[0]} twice; groups cannot overlap")
    return tuple(sorted(tuple(sorted(group)) for group in groups))


def _density(given: Any, count: int, law: str, groups: Groups) -> tuple[float, ...]:
    name = _NAME["density"]
    if given is None:
        if law != "one-hot":
            raise InputError(f'{name} is missing; only law = "one-hot" does without')
        given = 1 / count
    density = numbers(name, given, count, 0, 1)
    if law == "one-hot" and abs(math.fsum(density) - 1) > _TOLERANCE:
        raise InputError(f'{name} sums to {math.fsum(density)!r}; with law = "one-hot" it must sum to 1')
    for group in groups:
        with located(f"{name} of {law} group {shown(list(group))}"):
            _check_group([density[feature] for feature in group], law)
    return density


def _check_group(density: list[float], law: str) -> None:
    if law == "correlated" and min(density) != max(density):
        raise InputError(f"{min(density)!r} and {max(density)!r} differ; the group has one density")
    if law == "anticorrelated" and math.fsum(density) > 1 + _TOLERANCE:
        raise InputError(f"the sum {math.fsum(density)!r} is above 1; at most one of the group is on")


def _importance(given: Any, count: int) -> tuple[float, ...]:
    name = _NAME["importance"]
    if isinstance(given, Mapping):
        given = _geometric(known_table(name, given, ("geometric",)), count)
    importance = numbers(name, given, count, 0)
    if not any(importance):
        raise InputError(f"{name} is zero for every feature; at least one must be above 0")
    return importance


def _geometric(table: Mapping[str, Any], count: int) -> list[float]:
    name = f"{_NAME['importance']}.geometric"
    if not table:
        raise InputError(f"{name} is missing")
    ratio = number(name, table["geometric"], 0)
    try:
        return [ratio**i for i in range(count)]
    except OverflowError as error:
        raise InputError(f"{name} = {shown(ratio)} overflows with {count} features") from error


def _either(words: Sequence[str]) -> str:
    return " or ".join(map(shown, words))


def _written(setting: Setting, key: str) -> Any:
    value = getattr(setting, key)
    if key == "groups":
        return [list(group) for group in value]
    if isinstance(value, tuple):
        # One number where it says the same; the one-hot law's density is a distribution and stays a list.
        alike = min(value) == max(value) and not (key == "density" and setting.law == "one-hot")
        return value[0] if alike else list(value)
    return value
