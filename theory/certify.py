"""Certificates: proved enclosures of optimised losses and critical points, and the signature of the Hessian there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, log2
from typing import Any

from flint import arb, ctx

from tegum.theory.balls.critical import Enclosed, enclosed_factor, enclosed_fit, enclosed_model, signature
from tegum.theory.balls.kink import kink_signs, without_dedicated
from tegum.theory.balls.numbers import BallLaw, ball_law, bound, outward
from tegum.theory.balls.weights import gradient_of, rows_of
from tegum.theory.candidates.candidates import Candidate, Fit
from tegum.theory.checks import whole
from tegum.theory.errors import InputError
from tegum.theory.loss.law import require_enclosable
from tegum.theory.loss.population import check_shape
from tegum.theory.search.optimum import Optimum
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

MOST_DIGITS = 100
#: Features beyond which 2ⁿ knots a row are too many where all overlaps differ.
MOST_FREE = 10
#: Features beyond which the full Hessian is too large even where most overlaps are equal.
MOST_ALIKE = 16
#: Bits beyond those asked for; working bits per bit of accuracy; how often the accuracy is doubled.
_GUARD_BITS, _MARGIN, _DOUBLINGS = 24, 2, 4


@dataclass(frozen=True)
class Certificate:
    """What is proved about a critical point of the exact loss.

    Attributes:
        loss: the loss there; ``lower`` and ``upper`` are doubles that enclose it.
        decimal: the loss with all the digits asked for, the last one right to one unit.
        digits: significant digits that the enclosure proves.
        radius: half-width of the box of parameters that holds exactly one critical point, rotations of the hidden space
            fixed.
        distance: bound on how far any overlap G_ij or bias of the given weights is from that point's.
        gradient: bound on the Euclidean norm of ∂L/∂(W, b) everywhere in the box.
        positive, negative, zero: numbers of such eigenvalues of the full Hessian, the zero ones being the rotations;
            None where an eigenvalue cannot be told from zero, or the one-sided Hessians of a dedicated feature differ.
        kind: "minimum" (strict, rotations apart), "saddle" or "undecided".
        dedicated: features on the kink b = 0, whose own loss is exactly 0.
        precision: working precision in bits.
    """

    loss: float
    lower: float
    upper: float
    decimal: str
    digits: int
    radius: float
    distance: float
    gradient: float
    positive: int | None
    negative: int | None
    zero: int | None
    kind: str
    dedicated: tuple[int, ...]
    precision: int


def certify(found: Weights | Optimum | Candidate, setting: Setting, digits: int = 15) -> Certificate:
    """Prove what double precision found: a critical point, its loss to any number of digits, minimum or saddle.

    Interval Newton over all weights, rotations of the hidden space fixed; a `Candidate` factor by factor, those of like
    features over what their symmetry leaves free.  A dedicated feature sits exactly on the kink b = 0, ‖w‖ = 1, where
    its loss is 0, the least there is.  The loss around it is to second order a quadratic form plus c E(v·x)_+² (see
    `balls.kink`): a strict minimum where that is positive in every direction, a saddle where it is negative in one.

    Args:
        found: weights of one model near a critical point; an optimum; or a candidate.
        setting: of any feature law; tied weights on a linear hidden layer, biases, ReLU readout.
        digits: significant digits of the loss wanted, 1 to `MOST_DIGITS`.

    Returns:
        `Certificate`.

    Raises:
        InputError: weights of another shape, an ensemble, too many features, or digits outside their range.
        ArithmeticError: there is no critical point within 10⁻⁴ of the weights, it is degenerate (a flat direction other
            than a rotation), or it lies on a kink of another kind.

    Validity: at most `MOST_FREE` features, for candidates whose factors hold like features `MOST_ALIKE`.

    Source: Krawczyk's operator; Sylvester's law of inertia; box integrals over active subsets in python-flint's arb.

    >>> from tegum import Setting, candidate, certify
    >>> setting = Setting(count=2, hidden=1, density=0.3)
    >>> proved = certify(candidate("digon", setting), setting, digits=20)
    >>> proved.kind, proved.positive, proved.negative, proved.zero
    ('minimum', 4, 0, 0)
    """
    weights = _checked(found, setting, digits)
    law = ball_law(setting)

    def enclosed(accuracy: int) -> Enclosed:
        if isinstance(found, Candidate) and setting.law == "independent":
            return enclosed_fit(found, law, setting.hidden, accuracy)
        return enclosed_model(weights.W, weights.b, law, accuracy)

    return certificate(enclosed, weights, law, digits)[0]


def certificate(
    enclosed: Callable[[int], Enclosed], weights: Weights, law: BallLaw, digits: int
) -> tuple[Certificate, Enclosed]:
    """What is proved about the critical point that a function encloses to so many bits, and the point.

    Args:
        enclosed: accuracy in bits -> the critical point.
        weights: of one model, near it.
        law: of all features.
        digits: significant digits of the loss wanted.

    Raises:
        ArithmeticError: the loss cannot be enclosed as well as that; whatever ``enclosed`` raises.
    """
    point, precision = _to_bits(enclosed, ceil(digits * log2(10)) + 4)
    with ctx.workprec(precision):
        return _certificate(point, weights, law, digits), point


def certified_loss(fit: Fit, law: BallLaw, tolerance: Any) -> arb:
    """Enclosure of a geometry's optimised loss: of the critical point of its ansatz next to the one given.

    Args:
        fit: found in double precision, for a law that differs from this one by rounding only.
        law: densities and importances as balls; ``flint.ctx`` sets the working precision.
        tolerance: wanted half-width of the critical point's box, for each factor.

    Returns:
        A ball that contains the loss.

    Raises:
        ArithmeticError: a factor's critical point could not be enclosed.

    Source: interval Newton over each factor's free scalars (see balls/critical.py).
    """
    accuracy = ceil(-float(arb(tolerance).log_base(2).mid()))
    parts = zip(fit.factors, fit.features, strict=True)
    return sum((enclosed_factor(part, law.of(features), accuracy).loss for part, features in parts), arb(0))


def _checked(found: Weights | Optimum | Candidate, setting: Setting, digits: int) -> Weights:
    require_enclosable(setting, "a certificate")
    if setting.l1:
        raise InputError(f"l1 = {setting.l1!r} is not supported by a certificate; supported: 0.0")
    whole("digits", digits, 1, MOST_DIGITS)
    weights = found if isinstance(found, Weights) else found.weights
    check_shape(weights, setting)
    if weights.W.ndim != 2:
        raise InputError("certify takes one model, not an ensemble")
    alike = isinstance(found, Candidate) and all(_alike(setting, place) for place in found.features)
    most = MOST_ALIKE if alike else MOST_FREE
    if setting.count > most:
        raise InputError(f"count = {setting.count} is too large for a certificate here; at most {most}")
    return weights


def _alike(setting: Setting, features: Sequence[int]) -> bool:
    return len({(setting.density[i], setting.importance[i]) for i in features}) == 1


def _to_bits(enclosed: Callable[[int], Enclosed], bits: int) -> tuple[Enclosed, int]:
    """The point with so many significant bits of the loss, the accuracy doubled until there are; and the precision."""
    for doubling in range(_DOUBLINGS):
        accuracy = (bits + _GUARD_BITS) << doubling
        precision = _MARGIN * accuracy + 64
        with ctx.workprec(precision):
            point = enclosed(accuracy)
            if point.loss.is_zero() or point.loss.rel_accuracy_bits() >= bits:
                return point, precision
    raise ArithmeticError(f"the loss could not be enclosed to {bits} significant bits")


def _certificate(point: Enclosed, weights: Weights, law: BallLaw, digits: int) -> Certificate:
    lower, upper = outward(point.loss)
    slopes = gradient_of(point.at, rows_of(point.at, law, 1))
    off = [x - float(y) for row, line in zip(point.at.G, weights.W.T @ weights.W, strict=True)
           for x, y in zip(row, line, strict=True)]  # fmt: skip
    off += [x - float(y) for x, y in zip(point.at.b, weights.b, strict=True)]
    counts, kind = _judged(point, law)
    return Certificate(
        loss=float(point.loss.mid()),
        lower=lower,
        upper=upper,
        decimal=point.loss.str(digits, radius=False),
        digits=digits,
        radius=max((bound(x.rad()) for x in point.at.parameters), default=0.0),
        distance=max(bound(x) for x in off),
        gradient=bound(sum((slope.abs_upper() * slope.abs_upper() for slope in slopes), arb(0)).sqrt()),
        positive=counts[0] if counts else None,
        negative=counts[1] if counts else None,
        zero=counts[2] if counts else None,
        kind=kind,
        dedicated=point.dedicated,
        precision=ctx.prec,
    )


def _judged(point: Enclosed, law: BallLaw) -> tuple[tuple[int, int, int] | None, str]:
    """Signature, None where it differs between the sides of a dedicated feature's kink; and what is proved."""
    sides = [_signature(point, law, closed) for closed in ((False, True) if point.dedicated else (False,))]
    smooth, rest, _ = without_dedicated(point, law)
    counts = _signature(smooth, rest, False)
    signs = _signs(point, law)
    if (counts is not None and counts[1] > 0) or -1 in signs:
        kind = "saddle"
    else:
        kind = "minimum" if counts is not None and all(sign > 0 for sign in signs) else "undecided"
    return (sides[0] if sides[0] == sides[-1] else None), kind


def _signs(point: Enclosed, law: BallLaw) -> list[int]:
    try:
        return kink_signs(point, law)
    except ArithmeticError:
        return [0]


def _signature(point: Enclosed, law: BallLaw, closed: bool) -> tuple[int, int, int] | None:
    try:
        return signature(point, law, closed)
    except ArithmeticError:
        return None
