"""Tables that several kinds of report share: their heads, settings, identities."""

from __future__ import annotations

from tegum.compare.report.schema.shapes import (
    COMPUTED,
    FLAG,
    INPUT,
    MATRIX,
    MAYBE_REAL,
    REAL,
    REALS,
    TEXT,
    WHOLE,
    Either,
    Field,
    Named,
    Row,
    Scalar,
    Table,
    one_of,
    read,
    taken,
)
from tegum.theory.files.seal import FORMAT, schema_name
from tegum.theory.geometry.identify import STATUSES
from tegum.theory.setting import ACTIVATIONS, LAWS, READOUTS, TARGETS, VALUES

VERSIONS = taken(
    "exact versions of Python and of the libraries that computed the report",
    Named(TEXT),
    "of the libraries that computed the report; the ones that recompute it may be others",
)
COMMAND = taken("command that made the report, as its user typed it", TEXT, "as its user typed it")
WEIGHTS = {
    "W": read("weights of a tied model, [hidden, features]", MATRIX, optional=True),
    "W_in": read("input weights of an untied one, [hidden, features]", MATRIX, optional=True),
    "W_out": read("its output weights, [features, hidden]", MATRIX, optional=True),
    "b": read("biases, [features]", REALS),
}
FORMS = (("W",), ("W_in", "W_out"))
RUN_AGAIN = "of the search for the optimum, that is not run again"


def head(kind: str, command: Field = COMMAND) -> dict[str, Field]:
    """The keys with which every report begins."""
    return {
        "sha256": Field("SHA-256 of all of the report but itself, keys sorted, numbers in fewest digits", TEXT),
        "schema": Field("`$id` of this schema", one_of(schema_name(kind))),
        "format": Field("raised when a key changes its meaning", one_of(FORMAT)),
        "kind": Field("kind of report", one_of(kind)),
        "command": command,
        "versions": VERSIONS,
    }


def setting(source: str) -> Table:
    """A setting's canonical tables, every key present."""
    each = Either((REAL, REALS))

    def field(says: str, shape: Scalar | Row | Either) -> Field:
        return Field(says, shape, source)

    features = {
        "count": field("number of features", WHOLE),
        "values": field("law of a feature's value when it is on", one_of(*VALUES)),
        "law": field("which features are on together", one_of(*LAWS)),
        "density": field("probability that a feature is on, of all or of each", each),
        "importance": field("weight of a feature's squared error, of all or of each", each),
        "groups": field("features of a group, counted from 0", Row(Row(WHOLE))),
    }
    model = {
        "hidden": field("number of hidden dimensions", WHOLE),
        "tied": field("whether W_out is the transpose of W_in", FLAG),
        "bias": field("whether the output has a bias", FLAG),
        "activation": field("of the hidden layer", one_of(*ACTIVATIONS)),
        "readout": field("of the output layer", one_of(*READOUTS)),
    }
    objective = {
        "target": field("what the output is compared with", one_of(*TARGETS)),
        "l1": field("weight of the expected 1-norm of the hidden layer", REAL),
    }
    whose = "" if source == INPUT else "cell_"
    tables = {"features": features, "model": model, "objective": objective}
    named = {name: Field(f"the {name}", Table(whose + name, keys), source) for name, keys in tables.items()}
    return Table(f"{whose}setting", named)


FACTOR = Table(
    "factor",
    {
        "name": Field("its name in the catalogue, or unknown- and digits of its canonical form", TEXT),
        "dimension": Field("number of dimensions that it spans", WHOLE),
        "features": Field("its features, counted from 0", Row(WHOLE)),
        "distortion": Field("relative RMS distance of its overlaps from the nearest regular ones", MAYBE_REAL),
    },
)
IDENTITY = Table(
    "identity",
    {
        "geometry": Field("name", TEXT),
        "status": Field("how sure the reading is", one_of(*STATUSES)),
        "margin": Field("factor between the largest overlap read as zero and the smallest read as one", MAYBE_REAL),
        "factors": Field("orthogonal, indecomposable pieces", Row(FACTOR), COMPUTED),
    },
)
