"""The L1 term on hidden activations as a control knob: the penalty at which the geometry changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float

from tegum.empirical.probes.cells import Cell
from tegum.theory.certify import MOST_DIGITS
from tegum.theory.checks import whole
from tegum.theory.errors import InputError
from tegum.theory.geometry.critical import CRITICAL_TOLERANCE
from tegum.theory.geometry.identify import identify
from tegum.theory.loss.law import law_of
from tegum.theory.loss.population import population_loss
from tegum.theory.phases import boundary
from tegum.theory.search.descent import Descent, descend
from tegum.theory.search.optimum import Optimum, optimum
from tegum.theory.search.sparse import descend_sparse
from tegum.theory.setting import Setting

#: Longest step of the descent from learned weights, so that their basin is not left.
_REACH = 0.1


@dataclass(frozen=True)
class PenaltyPoint:
    """One penalty.

    Attributes:
        l1: λ.
        predicted: geometry of the optimum.
        loss, error: of the optimum, E‖h‖₁ included, and the bound on its error.
        hits, starts: starts of the search that came to rest at this loss, and all of them.
        learned: geometry of each model's basin, the model of the lowest loss first.
        learned_loss: loss of each model as it was learned.
        rest_loss: loss where it comes to rest.
        moved: distance in (W, b) between the two.
        converged: whether it came to rest; where not, its geometry is read from the weights as they are.
    """

    l1: float
    predicted: str
    loss: float
    error: float
    hits: int
    starts: int
    learned: tuple[str, ...]
    learned_loss: Float[np.ndarray, " runs"]
    rest_loss: Float[np.ndarray, " runs"]
    moved: Float[np.ndarray, " runs"]
    converged: Bool[np.ndarray, " runs"]


@dataclass(frozen=True)
class PenaltyChange:
    """A change of geometry between two neighbouring penalties.

    Attributes:
        below, above: geometry on either side.
        start, stop: the two penalties.
        value, lower, upper: where the two losses cross, with its proved enclosure; None where learned, or unproved.
        decimal: the crossing's digits; empty where there are none.
        why: what kept the crossing from being proved; empty where it is.
    """

    below: str
    above: str
    start: float
    stop: float
    value: float | None = None
    lower: float | None = None
    upper: float | None = None
    decimal: str = ""
    why: str = ""


@dataclass(frozen=True)
class Penalty:
    """Geometries over the penalty, and where they change: predicted, and of the best model learned."""

    points: tuple[PenaltyPoint, ...]
    predicted: tuple[PenaltyChange, ...]
    learned: tuple[PenaltyChange, ...]


def penalty(
    cells: Sequence[Cell],
    starts: int = 64,
    seed: int = 0,
    digits: int = 15,
    advance: Callable[[int, int], object] = lambda done, total: None,
) -> Penalty:
    """Where the L1 term λ E‖h‖₁ changes the geometry, by theory and by what models learned.

    Predicted: the optimum at each penalty, and between two that differ the crossing of their losses, proved (see
    `phases.boundary`).  Learned: every model is followed to where it comes to rest under the exact loss and its term,
    and identified there; the best one tells the geometry.

    Args:
        cells: models with settings that differ in l1 only, in rising order.
        starts, seed: of the search at each penalty.
        digits: significant digits of a crossing.
        advance: called with the penalties done and their number.

    Returns:
        `Penalty`.

    Raises:
        InputError: penalties that do not rise, or settings that the search or the descent does not take.
    """
    whole("digits", digits, 1, MOST_DIGITS)
    _check([cell.setting for cell in cells])
    points = []
    for done, cell in enumerate(cells, start=1):
        points.append(_point(cell, optimum(cell.setting, starts, seed)))
        advance(done, len(cells))
    learned = (_change(a, b, a.learned[0], b.learned[0]) for a, b in pairwise(points))
    predicted = (_change(a, b, a.predicted, b.predicted) for a, b in pairwise(points))
    return Penalty(
        points=tuple(points),
        predicted=tuple(_proved(one, cells[0].setting, digits) for one in predicted if one is not None),
        learned=tuple(one for one in learned if one is not None),
    )


def _point(cell: Cell, best: Optimum) -> PenaltyPoint:
    rest = _at_rest(cell)
    order = np.argsort(rest.loss, kind="stable")
    moved = np.sqrt(((rest.W - cell.weights.W) ** 2).sum((1, 2)) + ((rest.b - cell.weights.b) ** 2).sum(1))
    return PenaltyPoint(
        l1=cell.setting.l1,
        predicted=best.geometry,
        loss=best.loss,
        error=best.error,
        hits=best.hits,
        starts=best.starts,
        learned=tuple(_geometry(cell, rest, run) for run in order.tolist()),
        learned_loss=np.asarray(population_loss(cell.weights, cell.setting).loss)[order],
        rest_loss=rest.loss[order],
        moved=moved[order],
        converged=rest.converged[order],
    )

    return np.asarray(population_loss(cell.weights, cell.setting).loss)


def _at_rest(cell: Cell) -> Descent:
    law = law_of(cell.setting, len(cell.weights.b))
    if law.l1 is None:
        return descend(cell.weights.W, cell.weights.b, law, reach=_REACH)
    return descend_sparse(cell.weights.W, cell.weights.b, law)


def _geometry(cell: Cell, rest: Descent, run: int) -> str:
    if rest.converged[run]:
        return identify(rest.W[run], tolerance=CRITICAL_TOLERANCE).geometry
    return identify(cell.weights.W[run]).geometry


def _change(start: PenaltyPoint, stop: PenaltyPoint, below: str, above: str) -> PenaltyChange | None:
    return None if below == above else PenaltyChange(below, above, start.l1, stop.l1)


def _proved(change: PenaltyChange, setting: Setting, digits: int) -> PenaltyChange:
    """The crossing of the two losses between two penalties, or why there is none."""
    sides = change.below, change.above
    try:
        found = boundary(setting, sides, "l1", change.start, change.stop, digits)
    except (InputError, ArithmeticError) as error:
        return PenaltyChange(*sides, change.start, change.stop, why=str(error))
    return PenaltyChange(*sides, change.start, change.stop, found.value, found.lower, found.upper, found.decimal)


def _check(settings: Sequence[Setting]) -> None:
    penalties = [setting.l1 for setting in settings]
    if not penalties or any(b <= a for a, b in pairwise(penalties)):
        raise InputError(f"penalties {penalties} do not rise one after another")
    for setting in settings:
        if not setting.tied or setting.activation != "none" or setting.values == "binary":
            raise InputError(
                "the penalty probe follows models to rest with tied = true, activation = 'none' and continuous values"
            )
