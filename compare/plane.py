"""The phase diagram over the two axes of a plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil

import numpy as np

from tegum.empirical.axes import Axis
from tegum.empirical.plan import Plan
from tegum.theory.diagram.diagram import PhaseDiagram, diagram_id, phase_diagram
from tegum.theory.diagram.plane import Plane, parse_axis
from tegum.theory.errors import InputError
from tegum.theory.files.kept import Keep, unkept

#: Cells along an axis of the diagram, at least: a phase smaller than a cell can be missed.
_FINE = 21
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
        `PhaseDiagram`, whose cells are the plan's with more between them where those are evenly spaced; None where the
        diagram does not take the plan's axes or setting, so that no boundary can be traced.
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
    """An axis from the least to the greatest value, on the scale on which the values are evenly spaced."""
    values = np.sort(axis.values)
    scale = scale_of_values(values.tolist())
    shares = values if scale == "linear" else np.log(values)
    count = _FINE
    if len(values) > 1 and _is_even(shares):
        count = (len(values) - 1) * ceil((_FINE - 1) / (len(values) - 1)) + 1
    return f"{axis.key}:{values[0].item()!r}:{values[-1].item()!r}:{count}:{scale}"


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
