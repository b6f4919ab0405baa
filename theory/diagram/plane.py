"""The plane of a phase diagram: a setting, two axes of it, and the loss's derivatives along them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from tegum.theory.errors import InputError
from tegum.theory.loss.law import Law, require_basic, structure_of
from tegum.theory.loss.objective import expansion_at
from tegum.theory.search.newton import Expansion
from tegum.theory.search.scope import require_enumerable
from tegum.theory.setting import Setting

SCALES = ("linear", "log")
MOST_VALUES = 1000
#: What an axis given by its key alone spans.
_DEFAULTS = {"density": (0.01, 1.0, "linear"), "importance": (0.1, 10.0, "log")}
_COUNT = 100
_KEY = re.compile(r"(density|importance)(?:\[(0|[1-9][0-9]{0,6})\])?(?:/importance\[(0|[1-9][0-9]{0,6})\])?")
_FORMS = "density, density[i], importance, importance[i], importance[i]/importance[j]"


@dataclass(frozen=True)
class PlaneAxis:
    """One axis of a phase diagram.

    Attributes:
        key: `density`, `density[i]`, `importance`, `importance[i]`, or `importance[i]/importance[j]`, which sets I_i to
            a multiple of I_j.
        start, stop: its ends, start < stop.
        count: cells along it.
        scale: "linear" or "log", both of the cells and of steps along curves.
    """

    key: str
    start: float
    stop: float
    count: int
    scale: str

    @property
    def field(self) -> str:
        """`density` or `importance`."""
        return _parts(self.key)[0]

    def values(self, share: Any) -> Any:
        """Values at shares of the way from start (0) to stop (1)."""
        share = np.asarray(share, dtype=float)
        if self.scale == "log":
            inside = self.start * (self.stop / self.start) ** share
        else:
            inside = self.start + (self.stop - self.start) * share
        return np.where(share == 1, self.stop, inside)

    def shares(self, value: Any) -> Any:
        """The inverse of `values`."""
        value = np.asarray(value, dtype=float)
        if self.scale == "log":
            return np.log(value / self.start) / np.log(self.stop / self.start)
        return (value - self.start) / (self.stop - self.start)

    def stretch(self, value: Any) -> Any:
        """d value / d share."""
        if self.scale == "log":
            return np.asarray(value) * np.log(self.stop / self.start)
        return np.full_like(np.asarray(value, dtype=float), self.stop - self.start)


def parse_axis(text: str) -> PlaneAxis:
    """The axis of `KEY[:FROM:TO[:COUNT[:SCALE]]]`, such as `density:0.01:1:100` or `importance[1]:0.1:10:100:log`.

    A key alone spans 0.01 to 1 (density, linear) or 0.1 to 10 (importance, log) in 100 cells; the scale is that of the
    key alone unless given.

    Raises:
        InputError: an unknown key, a range that is none, a count or a scale that is not allowed.

    >>> parse_axis("importance[1]:0.5:2:5").values(0.5).item()
    1.0
    """
    key, *rest = text.split(":")
    field = _parts(key)[0]
    low, high, scale = _DEFAULTS[field]
    if len(rest) == 1 or len(rest) > 4:
        raise InputError(
            f"axis {text!r} is not of the form KEY, KEY:FROM:TO, KEY:FROM:TO:COUNT or KEY:FROM:TO:COUNT:SCALE"
        )
    if rest:
        low, high = _number(text, "from", rest[0]), _number(text, "to", rest[1])
    count = _whole(text, rest[2]) if len(rest) > 2 else _COUNT
    if len(rest) > 3:
        scale = rest[3]
    return _checked(text, PlaneAxis(key, low, high, count, scale))


def _checked(text: str, axis: PlaneAxis) -> PlaneAxis:
    if axis.scale not in SCALES:
        raise InputError(f"axis {text!r}: scale {axis.scale!r} is unknown; allowed: {', '.join(SCALES)}")
    if not 2 <= axis.count <= MOST_VALUES:
        raise InputError(f"axis {text!r}: count = {axis.count} is outside [2, {MOST_VALUES}]")
    top = 1.0 if axis.field == "density" else float("inf")
    if not 0 < axis.start < axis.stop <= top or axis.stop == float("inf"):
        limit = "to <= 1" if axis.field == "density" else "both finite"
        raise InputError(
            f"axis {text!r}: from = {axis.start!r} and to = {axis.stop!r}; needed are 0 < from < to, {limit}"
        )
    return axis


def _number(text: str, which: str, given: str) -> float:
    try:
        return float(given)
    except ValueError:
        raise InputError(f"axis {text!r}: {which} = {given!r} is not a number") from None


def _whole(text: str, given: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", given):
        raise InputError(f"axis {text!r}: count = {given!r} is not a whole number")
    return int(given)


def _parts(key: str) -> tuple[str, int | None, int | None]:
    """(field, feature or None, feature whose importance is the unit or None)."""
    match = _KEY.fullmatch(key)
    if match is None or (match[3] is not None and (match[1] != "importance" or match[2] in (None, match[3]))):
        raise InputError(f"axis {key!r} is unknown here; allowed: {_FORMS}")
    return match[1], *(None if part is None else int(part) for part in (match[2], match[3]))  # type: ignore[return-value]


@dataclass(frozen=True)
class Plane:
    """A setting and the two axes over which it varies.  Points are shares (u, v) of the two axes, in [0, 1]².

    Raises:
        InputError: both axes the same, one that names no feature, a range of importance ratios whose unit varies too,
            densities that the feature law does not allow, an L1 term, or a setting without an exact route.
    """

    setting: Setting
    x: PlaneAxis
    y: PlaneAxis

    def __post_init__(self) -> None:
        if self.setting.l1:
            raise InputError(f"l1 = {self.setting.l1!r} is not supported by a phase diagram; supported: 0.0")
        require_enumerable(self.setting)
        if self.x.key == self.y.key:
            raise InputError(f"axis {self.x.key!r} is given twice; two different axes are needed")
        for axis in (self.x, self.y):
            for feature in _parts(axis.key)[1:]:
                if feature is not None and feature >= self.setting.count:
                    raise InputError(
                        f"axis {axis.key!r} names no feature; there are {self.setting.count}, counted from 0"
                    )
        for axis in (self.x, self.y):
            unit = _parts(axis.key)[2]
            if unit is not None and not self.setting.importance[unit]:
                raise InputError(f"axis {axis.key!r}: importance[{unit}] is 0 and cannot be a unit")
        for corner in product((0.0, 1.0), repeat=2):  # what a law allows is convex
            self.setting_at(np.array(corner))

    @property
    def left_out(self) -> str:
        """Why no boundaries are traced over this plane; nothing where they are.

        Continuation needs isolated minima whose only symmetry is rotation, with a Hessian that jumps at zero biases
        only.  Signed features leave the signs of their overlaps open, binary ones bend the loss at every state, and a
        linear readout has valleys of minima.
        """
        try:
            require_basic(self.setting, "the tracing of boundaries")
        except InputError as reason:
            return str(reason)
        return ""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows (y) and columns (x) of cells."""
        return self.y.count, self.x.count

    def points(self) -> Float[np.ndarray, "rows columns 2"]:
        """The cells, row by row: y is constant along a row."""
        u, v = (np.linspace(0, 1, axis.count) for axis in (self.x, self.y))
        return np.stack(np.meshgrid(u, v), axis=-1)

    def values(self, points: Float[np.ndarray, "*batch 2"]) -> Float[np.ndarray, "*batch 2"]:
        """(x, y) of points."""
        return np.stack([self.x.values(points[..., 0]), self.y.values(points[..., 1])], axis=-1)

    def law(self, points: Float[np.ndarray, "members 2"]) -> Law:
        """Densities and importances at points."""
        return self._law(self.values(points))

    def classes(self) -> Int[np.ndarray, " features"]:
        """A label of each feature: the same for those of one density and importance all over the plane."""
        law = self.law(np.array([[0.3, 0.6], [0.7, 0.2]]))
        return np.unique(np.concatenate([law.density, law.importance]), axis=1, return_inverse=True)[1].ravel()

    def setting_at(self, point: Float[np.ndarray, " 2"]) -> Setting:
        """The setting at one point."""
        law = self.law(point[None])
        return replace(self.setting, density=law.density[0].tolist(), importance=law.importance[0].tolist())

    def _law(self, values: np.ndarray) -> Law:
        fields = {
            name: np.tile(np.array(getattr(self.setting, name)), (len(values), 1)) for name in ("density", "importance")
        }
        axes = [(_parts(axis.key), values[:, k]) for k, axis in enumerate((self.x, self.y))]
        # What names all features comes before what names one, and that before multiples of another.
        axes.sort(key=lambda one: (one[0][1] is not None, one[0][2] is not None))
        for (field, feature, unit), value in axes:
            if feature is None:
                fields[field][:] = value[:, None]
            else:
                fields[field][:, feature] = value if unit is None else value * fields[field][:, unit]
        return Law(fields["density"], fields["importance"], structure_of(self.setting))

    def slopes(self, point: Float[np.ndarray, " 2"]) -> tuple[Float[np.ndarray, "2 features"], ...]:
        """Derivatives of the densities and of the importances by the two shares; the law is affine in each value."""
        here = self.values(point)
        base = self._law(here[None])
        moved = self._law(here + np.eye(2))
        stretch = np.array([self.x.stretch(here[0]), self.y.stretch(here[1])])[:, None]
        return (moved.density - base.density) * stretch, (moved.importance - base.importance) * stretch


def sensitivities(
    theta: Float[np.ndarray, "members parameters"], plane: Plane, point: Float[np.ndarray, " 2"]
) -> Expansion:
    """Derivatives by the two shares, at fixed weights, of the loss and of its gradient and Hessian.

    The loss is affine in each density and linear in each importance, so ∂L/∂p_j = L(p_j = 1) - L(p_j = 0) and
    ∂L/∂I_i = L(I = e_i) exactly, and the same holds of its derivatives by the weights.

    Returns:
        Expansion whose members are the derivatives of the first weights by both shares, then those of the second, ...
    """
    law, weight = derivative_laws(plane, point)
    terms = len(weight)
    members = law[np.tile(np.arange(terms), len(theta))]
    at = expansion_at(np.repeat(theta, terms, axis=0), members)
    return by_shares(at, weight)


def by_shares(at: Expansion, weight: Float[np.ndarray, "terms 2"]) -> Expansion:
    """The two derivatives of each group of losses under `derivative_laws`."""
    groups = len(at.loss) // len(weight)
    sums = [
        np.einsum("tk,gt...->gk...", weight, part.reshape(groups, len(weight), *part.shape[1:])).reshape(
            2 * groups, *part.shape[1:]
        )
        for part in (at.loss, at.gradient, at.hessian)
    ]
    return Expansion(*sums)


def derivative_laws(plane: Plane, point: Float[np.ndarray, " 2"]) -> tuple[Law, Float[np.ndarray, "terms 2"]]:
    """Laws of which the derivatives by the two shares are sums, and the weight of each in both sums."""
    law, (by_density, by_importance) = plane.law(point[None]), plane.slopes(point)
    density, importance = law.density[0], law.importance[0]
    one = np.eye(density.size)
    terms = []
    for j in np.flatnonzero(by_density.any(axis=0)):
        for value, sign in ((1.0, 1.0), (0.0, -1.0)):
            terms.append((np.where(one[j] > 0, value, density), importance, sign * by_density[:, j]))
    for i in np.flatnonzero(by_importance.any(axis=0)):
        terms.append((density, one[i], by_importance[:, i]))
    densities, importances, weight = (np.array(part) for part in zip(*terms, strict=True))
    return Law(densities, importances, law.structure), weight
