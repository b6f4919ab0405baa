"""Schema of a derivation: from learned weights to an exact statement, step by step."""

from __future__ import annotations

from tegum.compare.derivation.records import STATUSES
from tegum.compare.report.schema.shapes import (
    FLAG,
    MAYBE_REAL,
    REAL,
    TEXT,
    WHOLE,
    Field,
    Row,
    Scalar,
    Shape,
    Table,
    one_of,
)

_MAYBE_TEXT, _MAYBE_WHOLE = Scalar("string", nullable=True), Scalar("integer", nullable=True)
_WHOLES = Row(WHOLE)


def _field(says: str, shape: Shape) -> Field:
    """Left out where a certificate or a formula was not decided."""
    return Field(says, shape, optional=True)


_STATUS = {
    "status": Field("what became of the step", one_of(*STATUSES)),
    "reason": Field("why it is not done, empty where it is", TEXT),
}
_ALGEBRAIC = Table(
    "algebraic_number",
    {
        "polynomial": Field("coefficients of its minimal polynomial, constant first", Row(TEXT)),
        "index": Field("which of the real roots, rising, from 0", WHOLE),
        "decimal": Field("its digits", TEXT),
    },
    nullable=True,
)
_CLOSED = Table(
    "algebraic_optimum",
    {
        key: Field(f"{says} of the factor's optimum", _ALGEBRAIC)
        for key, says in {
            "ratio": "b/g",
            "norm": "squared norm g",
            "bias": "bias b",
            "loss": "loss",
        }.items()
    },
    nullable=True,
)
_SCALAR = Table(
    "scalar",
    {
        "symbol": Field("g squared norm, h overlap, b bias, numbered by orbit", TEXT),
        "decimal": Field("its proved digits, or those of double precision", TEXT),
        "radius": Field("bound on its error, null where nothing is proved", MAYBE_REAL),
    },
)
_FORMULA = Table(
    "formula",
    {
        **_STATUS,
        "loss": Field("the loss in the scalars, for SymPy", _MAYBE_TEXT),
        "latex": Field("the same for LaTeX, where it is short", _MAYBE_TEXT),
        "valid_when": Field("inequalities under which it holds", Row(TEXT)),
        "at_point": Field("its value at the critical point", MAYBE_REAL),
        "difference": Field("that less the exact loss", MAYBE_REAL),
        "closed": Field("the optimum as algebraic numbers", _CLOSED),
    },
)
_SYMMETRY = Table(
    "symmetry",
    {
        "order": Field("number of automorphisms", TEXT),
        "orbits": Field("orbits of features", Row(_WHOLES)),
        "pair_orbits": Field("number of the orbit of each ordered pair of vertices", Row(_WHOLES)),
    },
)
_ANSATZ = Table(
    "ansatz",
    {
        "free": Field("scalars that the symmetries leave free", WHOLE),
        "scalars": Field("all of them and the overlaps that depend on them", Row(_SCALAR)),
    },
)
_FACTOR = Table(
    "derived_factor",
    {
        "name": Field("of the factor", TEXT),
        "features": Field("the feature at each vertex", _WHOLES),
        "distortion": Field("distance from the nearest regular one", REAL),
        "symmetry": Field("relabellings that keep overlaps, biases and law", _SYMMETRY),
        "ansatz": Field("the symmetric arrangements", _ANSATZ),
        "formula": Field("the loss in closed form", _FORMULA),
    },
)
_CERTIFICATE = Table(
    "certificate",
    {
        **_STATUS,
        "decimal": _field("the loss with its proved digits", TEXT),
        "digits": _field("how many there are", WHOLE),
        "distance": _field("bound on how far any overlap or bias of the polished weights is off", REAL),
        "positive": _field("positive eigenvalues of the Hessian, null where not decided", _MAYBE_WHOLE),
        "negative": _field("negative ones", _MAYBE_WHOLE),
        "zero": _field("zero ones, the rotations", _MAYBE_WHOLE),
        "kind": _field("what the signature proves", one_of("minimum", "saddle", "undecided")),
        "box": _field("half-width of the box that holds exactly one such point", REAL),
        "dedicated": _field("features on the kink b = 0", _WHOLES),
        "silent": _field("features on whose biases the loss does not hang", _WHOLES),
    },
)
_LEARNED = Table(
    "derived_from",
    {"loss": Field("exact loss of the learned weights", REAL), "error": Field("bound on its error", REAL)},
)
_POINT = Table(
    "rest",
    {
        "moved": Field("distance from the learned weights", REAL),
        "gradient_norm": Field("Euclidean norm of the exact loss's gradient", REAL),
        "hessian_min": Field("least curvature, rotations left out", MAYBE_REAL),
        "converged": Field("whether the gradient counts as zero", FLAG),
    },
)
DERIVATION = Table(
    "derivation",
    {
        "cell": Field("number of the comparison, from 0", WHOLE),
        "run": Field("number of the run in it", WHOLE),
        "geometry": Field("of the critical point", TEXT),
        "learned": Field("where it starts", _LEARNED),
        "critical_point": Field("where descent by the exact loss leads", _POINT),
        "graph": Field(
            "of overlaps",
            Table("graph", {"edges": Field("overlaps not zero", WHOLE), "margin": Field("of the reading", REAL)}),
        ),
        "factors": Field("each with its steps", Row(_FACTOR)),
        "certificate": Field("of the critical point", _CERTIFICATE),
        "verdict": Field(
            "what is known of it",
            Table(
                "derived_verdict",
                {
                    "kind": Field("of critical point", one_of("minimum", "saddle", "undecided")),
                    "proved": Field("by the certificate", FLAG),
                },
            ),
        ),
    },
)
#: What derivations add to a report.
DERIVED = {
    "derivations": Field("the best run of each geometry led to an exact statement", Row(DERIVATION), optional=True),
    "not_derived": Field("names of the geometries beyond the cap", Row(TEXT), optional=True),
}
