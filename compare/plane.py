"""The phase diagram over the two axes of a plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, exp

import numpy as np

from tegum.empirical.axes import Axis
from tegum.empirical.plan import Plan
from tegum.theory.diagram.diagram import PhaseDiagram, diagram_id, phase_diagram
from tegum.theory.diagram.plane import Plane, parse_axis
from tegum.theory.errors import InputError
from tegum.theory.files.kept import Keep, unkept

#: Cells along an axis of the diagram, at least: a phase smaller than a cell can be missed.
_FINE = 20
#: An axis whose cells are not evenly spaced is logarithmic if it spans at least this factor.
_DECADE = 10
#: Relative differences of steps that are rounding.
_ROUNDING = 1e-9


def plan_diagram(
    plan: Plan,
    advance: Callable[[str, int, int], object] = lambda stage, done, total: None,
    keep: Keep = unkept,
) -> PhaseDiagram | None:
    """The phase diagram over the two axes of a plan, with the boundaries of the predicted optimum traced.

    Args:
        plan: with two axes.
        advance: told the stage, and how much of it is done.
        keep: keeps finished parts, by the content of the question.

    Returns:
        `PhaseDiagram`, finer than the plan's cells and, within what an axis allows, up to their outer edges; None where
        it does not take the plan's axes or setting, so that no boundary can be traced.
    """
    x, y = (_plane_axis(axis) for axis in plan.axes)
    try:
        name = diagram_id(Plane(plan.setting, parse_axis(x), parse_axis(y)))
    except InputError:
        return None
    return phase_diagram(
        plan.setting, x, y, advance=advance, keep=lambda part, compute: keep(f"diagram-{name}-{part}", compute)
    )


def _plane_axis(axis: Axis) -> str:
    """An axis on the scale on which its values are evenly spaced, half a cell wider than they are at either end."""
    values = np.sort(axis.values)
    scale = scale_of_values(values.tolist())
    shares = np.log(values) if scale == "log" else values
    half = np.ptp(shares) / (2 * max(len(values) - 1, 1))
    low, high = float(shares[0] - half), float(shares[-1] + half)
    if scale == "log":
        low, high = exp(low), exp(high)
    if low <= 0:
        low = values[0].item()
    if high > 1 and axis.key.startswith("density"):
        high = values[-1].item()
    # Where neither end is held back, the cells' middles and edges are among the diagram's points.
    count = 2 * len(values) * ceil(_FINE / (2 * len(values))) + 1
    return f"{axis.key}:{low!r}:{high!r}:{count}:{scale}"


def scale_of_values(values: Sequence[float]) -> str:
    """ "log" or "linear": the one on which values in rising order are evenly spaced; else "log" from a decade on."""
    if values[0] <= 0 or len(values) < 2:
        return "linear"
    even = _is_even(np.array(values)), _is_even(np.log(values))
    if even[0] != even[1]:
        return "linear" if even[0] else "log"
    return "log" if values[-1] / values[0] >= _DECADE else "linear"


def _is_even(values: np.ndarray) -> bool:
    steps = np.diff(values)
    return bool(np.ptp(steps) <= _ROUNDING * abs(values).max())
