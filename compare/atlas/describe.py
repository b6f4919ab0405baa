"""What an uncatalogued arrangement is in words, as far as that can be computed from its vectors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
from jaxtyping import Float

from tegum.theory.geometry.critical import CRITICAL_TOLERANCE
from tegum.theory.geometry.factor import DEDICATED, DROPPED, polygon
from tegum.theory.geometry.identify import identify
from tegum.theory.geometry.symmetry import EQUAL, Symmetry

#: Cosines up to which overlaps may be looked through to see what they join: those of the catalogue's own weakest
#: links, between the rings of an antiprism, are larger.
_WEAKEST = 0.25
#: Vectors shorter than this, relative to the longest, are short.
_SHORT = 0.3
#: Cosines this close to 1 are one direction at a critical point.
_PARALLEL = 1e-6
_TIMES = {2: "doubled", 3: "tripled"}
_COUNTS = {1: "one", 2: "two", 3: "three", 4: "four"}

Vectors = Float[np.ndarray, "dimension vertices"]


def described(W: Vectors, group: Symmetry) -> str:
    """The first of these that can be said:

    - what is left when parallel vectors are merged is a catalogue geometry: "digon with a doubled vertex";
    - its long vectors are one: "simplex-4 and two short vectors";
    - overlaps with cosines up to `_WEAKEST` join factors of the catalogue: "triangle + digon, joined by cosines up to
      0.08";
    - without one vertex it is a catalogue geometry: "hexagon and one more vertex";
    - every orbit of its symmetry is a catalogue geometry: "triangular-prism and triangle";
    - how many vertices are in how many dimensions.

    In two dimensions k directions that leave no half-plane free are a "bent polygon-k".

    Args:
        W: the vectors, at a critical point.
        group: their symmetries.

    Validity: names are combinatorial types, so any of these may be bent.
    """
    ways = (_merged(W), _with_short(W), _joined(W), _augmented(W), _in_orbits(W, group))
    return next((words for way in ways for words in way), f"{W.shape[1]} vertices in {W.shape[0]} dimensions")


def _name(W: Vectors, tolerance: float = CRITICAL_TOLERANCE) -> str | None:
    """The geometry's name, None where the catalogue has none or it is no more than single vectors."""
    identity = identify(W, tolerance=tolerance)
    names = {factor.name for factor in identity.factors}
    known = not any(name.startswith(("unknown-", "merged-")) for name in names)
    return identity.geometry if known and names - {DROPPED.name, DEDICATED.name} else _bent_polygon(W)


def _bent_polygon(W: Vectors) -> str | None:
    if W.shape[0] != 2 or W.shape[1] < 5:
        return None
    angles = np.sort(np.arctan2(W[1], W[0]))
    gaps = np.diff(np.append(angles, angles[0] + 2 * np.pi))
    return f"bent {polygon(W.shape[1]).name}" if gaps.max() < np.pi and gaps.min() > _PARALLEL else None


def _merged(W: Vectors) -> Iterator[str]:
    classes = _parallel(W)
    name = _name(W[:, [members[0] for members in classes]])
    if name is None:
        return
    counts = Counter(len(members) for members in classes if len(members) > 1)
    words = [_vertices(times, count) for times, count in sorted(counts.items(), reverse=True)]
    yield f"{name} with {' and '.join(words)}" if words else name


def _parallel(W: Vectors) -> list[list[int]]:
    """Vertices by direction."""
    directions = W / np.linalg.norm(W, axis=0)
    classes: list[list[int]] = []
    for vertex, direction in enumerate(directions.T):
        for members in classes:
            if direction @ directions[:, members[0]] > 1 - _PARALLEL:
                members.append(vertex)
                break
        else:
            classes.append([vertex])
    return classes


def _vertices(times: int, count: int) -> str:
    each = _TIMES.get(times, f"{times}-fold")
    article = "an" if each.startswith(("8", "11-", "18-")) else "a"
    return f"{article} {each} vertex" if count == 1 else f"{_COUNTS.get(count, count)} {each} vertices"


def _with_short(W: Vectors) -> Iterator[str]:
    norms = np.linalg.norm(W, axis=0)
    short = norms < _SHORT * norms.max()
    name = _name(W[:, ~short])
    if short.any() and name is not None:
        count = int(short.sum())
        yield f"{name} and {_COUNTS.get(count, count)} short vector{'s' if count > 1 else ''}"


def _joined(W: Vectors) -> Iterator[str]:
    """Without its weakest overlaps, few enough to be looked through."""
    directions = W / np.linalg.norm(W, axis=0)
    sizes = np.unique(np.abs(np.triu(directions.T @ directions, 1)))
    for weak in sizes[(sizes > CRITICAL_TOLERANCE) & (sizes < _WEAKEST)]:
        name = _name(directions, float(weak) * (1 + EQUAL))
        if name is not None:
            yield f"{name}, joined by cosines up to {weak:.2g}"
            return


def _augmented(W: Vectors) -> Iterator[str]:
    for vertex in range(W.shape[1]):
        name = _name(np.delete(W, vertex, axis=1))
        if name is not None:
            yield f"{name} and one more vertex"
            return


def _in_orbits(W: Vectors, group: Symmetry) -> Iterator[str]:
    blocks = [W[:, group.vertex_orbits == orbit] for orbit in range(group.orbit_sizes.size)]
    names = [_name(block) or ("one vertex" if block.shape[1] == 1 else None) for block in blocks]
    found = [name for name in names if name is not None]
    if len(found) == len(names) > 1 and set(names) != {"one vertex"}:
        yield " and ".join(sorted(found, key=lambda name: (name == "one vertex", name)))
