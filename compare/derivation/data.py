"""A derivation as plain data, ready for JSON: proved digits as strings, null where there is no number."""

from __future__ import annotations

from math import isfinite
from typing import Any

from tegum.compare.derivation.records import Derivation, FactorSteps, Number, Status, Symbolic
from tegum.theory.formula.algebraic import AlgebraicNumber

Data = dict[str, Any]


def derivation_data(found: Derivation) -> Data:
    """All of a derivation, step by step, but the weights.

    Returns:
        A table with the keys ``geometry``; ``learned``: loss, error; ``critical_point``: moved, gradient_norm,
        hessian_min, converged; ``graph``: edges, margin; ``factors``: of each its name, features, ``symmetry`` (order,
        orbits of features and of ordered pairs), ``ansatz`` (how many scalars are free, and all scalars) and
        ``formula``; ``certificate``, its ``box`` the half-width of the one that holds exactly one such point; and
        ``verdict``: kind, proved.
    """
    return {
        "geometry": found.geometry,
        "learned": {"loss": found.loss, "error": found.error},
        "critical_point": {
            "moved": found.moved,
            "gradient_norm": found.gradient_norm,
            "hessian_min": found.hessian_min if isfinite(found.hessian_min) else None,
            "converged": found.converged,
        },
        "graph": {"edges": found.edges, "margin": found.identity.margin},
        "factors": [_factor(one) for one in found.factors],
        "certificate": _certificate(found),
        "verdict": {"kind": found.verdict, "proved": found.proved},
    }


def _factor(one: FactorSteps) -> Data:
    block, group = one.block, one.block.symmetry
    orbits: dict[int, list[int]] = {}
    for feature, orbit in zip(block.features, group.vertex_orbits.tolist(), strict=True):
        orbits.setdefault(orbit, []).append(feature)
    return {
        "name": block.factor.name,
        "features": list(block.features),
        "distortion": block.factor.distortion,
        "symmetry": {
            "order": str(group.order),  # of the largest groups beyond what other readers of JSON hold
            "orbits": list(orbits.values()),
            "pair_orbits": group.pair_orbits.tolist(),
        },
        "ansatz": {"free": block.free, "scalars": [_number(scalar) for scalar in one.scalars]},
        "formula": _formula(one.symbolic),
    }


def _number(one: Number) -> Data:
    return {"symbol": one.symbol, "decimal": one.decimal, "radius": one.radius}


def _formula(one: Symbolic) -> Data:
    closed = one.closed
    return {
        **_status(one.status),
        "loss": one.loss,
        "latex": one.latex,
        "valid_when": list(one.valid_when),
        "at_point": one.value,
        "difference": one.difference,
        "closed": None
        if closed is None
        else {key: _algebraic(getattr(closed, key)) for key in ("ratio", "norm", "bias", "loss")},
    }


def _algebraic(number: AlgebraicNumber | None) -> Data | None:
    """Coefficients as strings: they outgrow what other readers of JSON hold."""
    if number is None:
        return None
    polynomial = [str(coefficient) for coefficient in number.polynomial]
    return {"polynomial": polynomial, "index": number.index, "decimal": number.decimal}


def _certificate(found: Derivation) -> Data:
    proof = found.certificate
    if proof is None:
        return _status(found.certified)
    keys = ("decimal", "digits", "distance", "positive", "negative", "zero", "kind")
    numbers = {key: getattr(proof, key) for key in keys}
    return {
        **_status(found.certified),
        **numbers,
        "box": proof.radius,
        "dedicated": list(proof.dedicated),
        "silent": list(found.silent),
    }


def _status(status: Status) -> Data:
    return {"status": status.kind, "reason": status.reason}
