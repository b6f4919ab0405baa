"""What a derivation says: its steps, each with its numbers and its status."""

from __future__ import annotations

from dataclasses import dataclass

from tegum.compare.derivation.blocks import Block
from tegum.theory.certify import Certificate
from tegum.theory.formula.optimum import AlgebraicFactor
from tegum.theory.geometry.identify import Identity
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

#: What became of a step.
STATUSES = {
    "done": "computed, with the error or the proof that its numbers state",
    "intractable": "larger than what is written down; the reason says how large",
    "undecided": "not decided; the reason says why",
}


@dataclass(frozen=True)
class Status:
    """What became of a step: a key of `STATUSES`, and why where it is not "done"."""

    kind: str = "done"
    reason: str = ""


@dataclass(frozen=True)
class Number:
    """A free scalar.

    Attributes:
        symbol: g (squared norm), h (overlap) or b (bias), numbered by orbit.
        decimal: digits that are proved, the last one right to one unit; those of double precision where ``radius`` is
            None.
        radius: bound on its error, that unit, or 0 where the number is exact; None where nothing is proved.
    """

    symbol: str
    decimal: str
    radius: float | None


@dataclass(frozen=True)
class Symbolic:
    """The loss of one factor in closed form.

    Attributes:
        status: of this step.
        loss, latex: the expression, for SymPy and for LaTeX; None unless it was written, the latter also where it is
            longer than anybody reads.
        valid_when: inequalities between its scalars.
        value: of the expression at the critical point; difference: that less the exact loss by enumeration.
        closed: the factor's optimum as algebraic numbers at the density as it prints, if this critical point is that
            optimum; None if not, or not eliminated.
    """

    status: Status
    loss: str | None = None
    latex: str | None = None
    valid_when: tuple[str, ...] = ()
    value: float | None = None
    difference: float | None = None
    closed: AlgebraicFactor | None = None


@dataclass(frozen=True, eq=False)
class FactorSteps:
    """What is derived of one factor.

    Attributes:
        block: its features, weights and symmetries.
        scalars: values of the free scalars and of the overlaps that depend on them.
        symbolic: its loss.
    """

    block: Block
    scalars: tuple[Number, ...]
    symbolic: Symbolic


@dataclass(frozen=True, eq=False)
class Derivation:
    """From learned weights to an exact statement about them.

    Attributes:
        setting, learned: where it starts.
        loss, error: exact population loss of the learned weights, and the bound on its numerical error.
        point: weights at the critical point; moved: its distance from the learned ones in (W, b).
        gradient_norm, hessian_min: there, in double precision, rotations left out.
        converged: whether the gradient vanishes to `descent.GRADIENT_TOLERANCE`.
        identity: the overlap graph's factors.
        edges: of the overlap graph.
        factors: what is derived of each, in the order of the geometry's name.
        certificate: of the critical point; None where it could not be enclosed, and ``certified`` says why.
        silent: dropped features on whose biases the loss does not hang; the certificate's signature is of the others.
        verdict: "minimum", "saddle" or "undecided"; proved: by the certificate, not by double precision.
    """

    setting: Setting
    learned: Weights
    loss: float
    error: float
    point: Weights
    moved: float
    gradient_norm: float
    hessian_min: float
    converged: bool
    identity: Identity
    edges: int
    factors: tuple[FactorSteps, ...]
    certificate: Certificate | None
    certified: Status
    silent: tuple[int, ...]
    verdict: str
    proved: bool

    @property
    def geometry(self) -> str:
        """Name of the critical point's geometry."""
        return self.identity.geometry
