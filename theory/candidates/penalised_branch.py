"""A geometry along an axis of a setting with an L1 term."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil, log2

from flint import arb

from tegum.theory.balls.numbers import ball_law
from tegum.theory.balls.penalised import penalised_loss
from tegum.theory.candidates.candidates import fitted, rotated, without_term
from tegum.theory.candidates.penalised import Rests, followed, grown
from tegum.theory.setting import Setting, with_axis


@dataclass(frozen=True)
class PenalisedBranch:
    """A geometry along an axis, each value's weights followed from those at the nearest value that is known.

    Attributes:
        geometry: its name.
        setting: everything but the axis.
        axis: "l1" or, where the setting has an L1 term, another.
        known: rests at the values met so far; None where the geometry is gone.
    """

    geometry: str
    setting: Setting
    axis: str
    known: dict[float, Rests | None] = field(default_factory=dict)

    def loss(self, value: float) -> float:
        """Best loss of the geometry; nan where it is gone."""
        rests = self._at(value)
        return float("nan") if rests is None else float(rests.loss[0])

    def certified(self, value: float) -> Callable[[arb, int], arb]:
        """Proved loss by the axis's value in balls, near the given one, and the digits wanted."""
        rests = self._at(value)
        assert rests is not None
        best, at = rests.best, with_axis(self.setting, self.axis, value)

        def loss(exact: arb, digits: int) -> arb:
            law = ball_law(at) if self.axis == "l1" else ball_law(at, self.axis, exact)
            l1 = exact if self.axis == "l1" else arb(at.l1)
            return penalised_loss(best.W, best.b, law, l1, ceil(digits * log2(10)))

        return loss

    def _at(self, value: float) -> Rests | None:
        if value not in self.known:
            self.known[value] = self._found(value)
        return self.known[value]

    def _found(self, value: float) -> Rests | None:
        setting = with_axis(self.setting, self.axis, value)
        alive = {place: rests for place, rests in self.known.items() if rests is not None}
        if self.axis == "l1" and any(place < value for place in self.known if place not in alive):
            return None  # gone on the way here from λ = 0
        if alive and setting.l1:
            return followed(self.geometry, alive[min(alive, key=lambda place: abs(place - value))], setting)
        return self._fresh(setting)

    def _fresh(self, setting: Setting) -> Rests | None:
        plain = without_term(setting)
        fit = fitted(self.geometry, plain)
        if fit is None:
            return None
        turns = rotated(fit, plain)
        return grown(self.geometry, turns, setting) if setting.l1 else turns
