"""The atlas's records: an entry for each signed graph, its metric arrangements, and where they were met."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

#: One row of a matrix of overlaps' signs: a character "+", "-" or "0" for each vertex.
SignRow = str
Row = tuple[float, ...]
#: Numbers of positive, negative and zero eigenvalues of the full Hessian, the zero ones being the rotations.
Signature = tuple[int, int, int]


@dataclass(frozen=True)
class Point:
    """A critical point of the loss of k like features, of importance 1, in d dimensions.

    Attributes:
        density: p.
        W, b: weights, [dimension, vertices], and biases, vertices in the order of the entry's form.
        decimal: the loss, Σ over the k features, to the digits that are proved, or that its error bound supports.
        lower, upper: doubles that enclose the loss.
        radius: half-width of the box of parameters that is proved to hold exactly one critical point; None where no
            proof was found, and then ``reason`` says why.
        signature: proved; None where it is not.
        formula: the loss as an exact expression that `sympy.sympify` reads, in ``p`` and the arrangement's scalars; ""
            where there is none, and then ``intractable`` says why.
        values: of the formula's scalars at this point, by name.
        intractable: what kept the loss from being written down; reason: what kept the point from being certified; ""
            where nothing did.
    """

    density: float
    W: tuple[Row, ...]
    b: Row
    decimal: str
    lower: float
    upper: float
    radius: float | None
    signature: Signature | None
    formula: str
    values: tuple[tuple[str, float], ...]
    intractable: str
    reason: str

    @property
    def kind(self) -> str:
        """ "minimum" (strict, rotations apart), "saddle" or "undecided"."""
        if self.signature is None:
            return "undecided"
        return "saddle" if self.signature[1] else "minimum"

    @property
    def certified(self) -> bool:
        """Whether exactly one critical point and the signature of its Hessian are proved."""
        return self.radius is not None and self.signature is not None


@dataclass(frozen=True)
class Arrangement:
    """One metric shape of a signed graph, by what its symmetry is.

    Attributes:
        dimension: that the vertices span.
        symmetries: order of the group of relabellings that keep every overlap.
        orbits: sizes of the orbits of the vertices, largest first.
        scalars: free scalars of the shape in its symmetric ansatz, biases counted, rotations of the space not.
        description: what it is in words, as far as that is computed (see `describe`).
        points: by density, then by loss.
    """

    dimension: int
    symmetries: int
    orbits: tuple[int, ...]
    scalars: int
    description: str
    points: tuple[Point, ...]

    @property
    def certified(self) -> bool:
        """Whether one of its points is certified."""
        return any(point.certified for point in self.points)


@dataclass(frozen=True)
class Observation:
    """That a geometry was met in models of one setting.

    Attributes:
        density, features, hidden: of the setting; its features are alike.
        source: what it was met in, a key of the atlas's sources.
        seen: models whose critical point has this factor; of how many: models.  In a table of searches these are its
            hits and starts; no hits where only continuation reached it.
        loss: least exact loss of such a model's critical point.
    """

    density: float
    features: int
    hidden: int
    source: str
    seen: int
    models: int
    loss: float


@dataclass(frozen=True)
class Span:
    """Densities at which an arrangement is the best that is known for its own features and dimensions.

    Attributes:
        dimension: of the arrangement; its features are the entry's vertices.
        source: of the table that it is best in.
        low, high: ends of the span, each with what lies there.
        below, above: "crossing with NAME" (the losses of two branches cross), "turns into NAME" (the branch goes on as
            another geometry), or "end of the table".
    """

    dimension: int
    source: str
    low: float
    high: float
    below: str
    above: str


@dataclass(frozen=True)
class Entry:
    """What is known about one signed graph.

    Attributes:
        name: "unknown-" and the digits of its canonical form.
        form: signs of the overlaps in canonical order, a row for each vertex.
        arrangements, observations, spans: each sorted, none twice.
    """

    name: str
    form: tuple[SignRow, ...]
    arrangements: tuple[Arrangement, ...]
    observations: tuple[Observation, ...]
    spans: tuple[Span, ...]

    @property
    def vertices(self) -> int:
        """Number of features."""
        return len(self.form)

    @property
    def description(self) -> str:
        """Of its most symmetric arrangement."""
        return max(self.arrangements, key=lambda one: one.symmetries).description if self.arrangements else ""

    @property
    def certified(self) -> bool:
        """Whether it has a certified critical point."""
        return any(one.certified for one in self.arrangements)

    @property
    def points(self) -> tuple[Point, ...]:
        """Of all its arrangements."""
        return tuple(point for one in self.arrangements for point in one.points)


@dataclass(frozen=True)
class Source:
    """Where observations come from.

    Attributes:
        name: "table ID", "sweep ID", "report ID" or "weights ID", the ID of its content.
        description: what it is, its plan and seeds.
        command: that makes it again, or that entered it.
        versions: of the libraries that computed it.
    """

    name: str
    description: str
    command: str
    versions: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Atlas:
    """A collection of entries.

    Attributes:
        entries: by name, one for each.
        sources: of their observations, sorted.
    """

    entries: tuple[Entry, ...] = ()
    sources: tuple[Source, ...] = ()

    def entry(self, name: str) -> Entry | None:
        """The entry of a name, if there is one."""
        return next((one for one in self.entries if one.name == name), None)


ArrangementKey = tuple[int, int, tuple[int, ...], int]
PointKey = tuple[float, str]


def arrangement_key(one: Arrangement) -> ArrangementKey:
    """What tells the arrangements of a signed graph apart."""
    return one.dimension, one.symmetries, one.orbits, one.scalars


def point_key(one: Point) -> PointKey:
    """What tells the points of an arrangement apart: density, and loss to ten digits, fewer than are proved."""
    return one.density, f"{float(one.decimal):.9e}"


def observation_key(one: Observation) -> tuple[str, int, int, float]:
    """What tells the observations of a signed graph apart."""
    return one.source, one.features, one.hidden, one.density


def atlas_of(entries: Iterable[Entry], sources: Iterable[Source]) -> Atlas:
    """An atlas of entries with distinct names."""
    return Atlas(
        tuple(sorted(entries, key=lambda one: one.name)),
        tuple(sorted(set(sources), key=lambda one: (one.name, one.description, one.command, one.versions))),
    )
