"""The steps of a derivation in words, numbered, each with its status."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, log10

from tegum.compare.derivation.records import Derivation, FactorSteps, Status
from tegum.empirical.pictures.numerals import brief, counted, exact

#: Scalars of one factor that are spelt out, and digits of them.
_MOST_SPELT, _DIGITS = 6, 17


@dataclass(frozen=True)
class Step:
    """One line of a derivation.

    Attributes:
        number: from 1; name: what is derived.
        found: its numbers, one line for each kind of factor.
        status: what became of it.
    """

    number: int
    name: str
    found: tuple[str, ...]
    status: Status


def steps(one: Derivation) -> tuple[Step, ...]:
    """All eight, in their order."""
    lines = [
        ("learned weights", (f"exact loss {exact(one.loss, one.error)}",), Status()),
        ("critical point", _point(one), _reached(one)),
        ("factors", (f"{one.geometry}; {counted(one.edges, 'overlap')} not zero",), Status()),
        ("symmetries", _each(one, _symmetry), Status()),
        ("ansatz", _each(one, _ansatz), Status()),
        ("formula", _each(one, _formula), _worst([factor.symbolic.status for factor in one.factors])),
        ("certificate", _certificate(one), one.certified),
        ("verdict", (_verdict(one),), _decided(one)),
    ]
    return tuple(Step(place + 1, *line) for place, line in enumerate(lines))


def _point(one: Derivation) -> tuple[str, ...]:
    return (f"{brief(one.moved, 2)} from the learned weights; gradient norm {brief(one.gradient_norm, 2)}",)


def _reached(one: Derivation) -> Status:
    """A point that is not quite at rest, as beside a kink, is near one all the same if the certificate proves that."""
    found = one.converged or one.certificate is not None
    return Status() if found else Status("undecided", "the gradient does not vanish")


def _each(one: Derivation, said: Callable[[FactorSteps], str]) -> tuple[str, ...]:
    """What is said of each factor, equal lines once."""
    lines = Counter(f"{factor.block.factor.name}: {said(factor)}" for factor in one.factors)
    return tuple(line if count == 1 else f"{count} × {line}" for line, count in lines.items())


def _symmetry(one: FactorSteps) -> str:
    group = one.block.symmetry
    features, pairs = group.orbit_sizes.size, int(group.pair_orbits.max()) + 1
    return f"order {group.order}; {counted(features, 'orbit')} of features, {pairs} of ordered pairs"


def _ansatz(one: FactorSteps) -> str:
    """How many scalars are free, and their values; the overlaps of a rigid shape are multiples of g and left out."""
    rigid = one.block.free == 2
    spelt = [f"{x.symbol} = {_short(x.decimal)}" for x in one.scalars if not (rigid and x.symbol.startswith("h"))]
    if len(spelt) > _MOST_SPELT:
        spelt[_MOST_SPELT - 1 :] = [f"and {len(spelt) - _MOST_SPELT + 1} more"]
    return f"{counted(one.block.free, 'free scalar')}; {', '.join(spelt)}"


def _short(decimal: str) -> str:
    """A decimal cut, not rounded: an ellipsis says so."""
    cut = decimal if len(decimal) <= _DIGITS or "e" in decimal else f"{decimal[:_DIGITS]}…"
    return cut.replace("-", "−")


def _formula(one: FactorSteps) -> str:
    found = one.symbolic
    if found.loss is None:
        return f"{found.status.kind}: {found.status.reason}"
    agrees = "agrees with" if found.status.kind == "done" else "does not give"
    said = f"{len(found.loss)} characters; {agrees} the exact loss"
    if found.difference:
        said += f" to {brief(float(f'1e{ceil(log10(abs(found.difference)))}'), 1)}"
    if found.closed is None or found.closed.ratio is None:
        return said
    return f"{said}; b/g is a root of a polynomial of degree {len(found.closed.ratio.polynomial) - 1}"


def _worst(statuses: list[Status]) -> Status:
    """The first that is not done."""
    return next((status for status in statuses if status.kind != "done"), Status())


def _certificate(one: Derivation) -> tuple[str, ...]:
    proof = one.certificate
    if proof is None:
        return ()
    found = [
        f"loss {proof.decimal}",
        f"exactly one with these symmetries in a box of half-width {brief(proof.radius, 1)}",
    ]
    if proof.positive is not None:
        found.append(f"Hessian: {proof.positive} positive, {proof.negative} negative, {proof.zero} zero (rotations)")
    if proof.dedicated:
        found.append(f"{counted(len(proof.dedicated), 'dedicated feature')} on the kink b = 0")
    if one.silent:
        found.append(
            f"of the others; the loss does not hang on the bias of {counted(len(one.silent), 'silent feature')}"
        )
    return tuple(found)


def _verdict(one: Derivation) -> str:
    if one.verdict == "undecided":
        return one.verdict
    return f"{one.verdict}, {'proved' if one.proved else 'in double precision, not proved'}"


def _decided(one: Derivation) -> Status:
    if one.verdict != "undecided":
        return Status()
    flat = "the loss is flat in the biases of silent features" if one.silent else "a curvature cannot be told from zero"
    return Status("undecided", one.certified.reason or flat)
