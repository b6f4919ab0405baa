"""From a rest of the search to a lower one by exchanging features between its orthogonal parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations

import numpy as np
from jaxtyping import Float

from tegum.theory.loss.law import Law
from tegum.theory.search.descent import Descent
from tegum.theory.search.parts import Key, Part, Rested, SettledPart, joined, key_of, parts_of, settled

#: Gains below this, relative to the loss, are those of one and the same minimum.
_GAIN = 1e-9
#: Overlaps, norms and singular values that vanish in a part at rest.
_ZERO = 1e-6
#: Parts of more vertices stay as they are: one Hessian of theirs costs more than those of all others.
_MOST_VERTICES = 9
#: Longest Newton step of a refit, and how many: exchanged features are not far from where they come to rest.
_REACH, _STEPS = 1.0, 100
#: Shapes whose best rest is tried.
_SHAPES = 3
#: Rounds of exchanges at most; each lowers the loss.
_ROUNDS = 100
#: Stands for the unused dimensions among the places that an exchange touches.
_SPARE = -1


@dataclass(frozen=True)
class Exchanged:
    """A model after the exchanges that lowered its loss.

    Attributes:
        rest: the model, each of its parts at rest in dimensions of its own.
        exchanges: how many were accepted.
        exhausted: whether no single exchange lowers the loss any further; else the rounds ran out.
    """

    rest: Rested
    exchanges: int
    exhausted: bool


@dataclass(frozen=True)
class _Exchange:
    """Parts of a model, by place, and starts of what replaces them."""

    touched: tuple[int, ...]
    parts: tuple[Part, ...]


def lowest_by_exchanges(race: Descent, law: Law) -> Exchanged | None:
    """The lowest of what exchanges make of the best rests of a search, one of each shape.

    Exchanges seldom change the shape, the numbers of dimensions and of vertices of a model's parts, so that the best
    rests of the `_SHAPES` best shapes are tried (see `Exchanges.lowered`).

    Args:
        race: members of one setting; those that did not converge are passed over.
        law: its densities and importances; the rows are alike.

    Returns:
        The lowest; None where all features are alike, so that there is nothing to exchange, or no rest has parts.

    Validity: independent uniform features, tied weights, ReLU readout.
    """
    density, importance = law.density[0], law.importance[0]
    if np.ptp(density) == 0 and np.ptp(importance) == 0:
        return None
    exchanges, shapes, found = Exchanges(density, importance), set(), []
    for k in np.argsort(race.loss, kind="stable"):
        shape = _shape(race.W[k], race.b[k]) if race.converged[k] else None
        if shape is None or shape in shapes:
            continue
        lowered = exchanges.lowered(race.W[k], race.b[k])
        if lowered is not None:
            shapes.add(shape)
            found.append(lowered)
        if len(found) == _SHAPES:
            break
    return min(found, key=lambda one: one.rest.loss, default=None)


def _shape(W: np.ndarray, b: np.ndarray) -> tuple[tuple[int, ...], ...] | None:
    """Dimensions and vertices of the parts of a model, dropped features left out; None if it has no parts."""
    parts = parts_of(W, b)
    return None if parts is None else tuple(sorted(part.W.shape for part in parts if len(part.W)))


class Exchanges:
    """Exchanges of features between the orthogonal parts of models of one law; a part met twice is refitted once.

    Args:
        density, importance: p and I of each feature.

    Validity: independent uniform features, tied weights, ReLU readout.
    """

    def __init__(self, density: Float[np.ndarray, " features"], importance: Float[np.ndarray, " features"]) -> None:
        self._density, self._importance = density, importance
        self._known: dict[Key, SettledPart | None] = {}

    def lowered(self, W: Float[np.ndarray, "hidden features"], b: Float[np.ndarray, " features"]) -> Exchanged | None:
        """A model brought down by exchanges until none of them lowers its loss.

        L = Σ_parts L(part), so that an exchange costs a refit of the one or two parts that it touches.  The exchanges:
        two unlike features of different parts, one of them perhaps dropped, or of one part that is no simplex, change
        places; or a feature leaves its part and is dropped, takes up an unused dimension, or joins another part in
        some direction or its opposite.  Each touched part then goes downhill from where that leaves it.  Of the
        exchanges that lower the loss in one round, those that touch different parts are accepted together, best first.

        Args:
            W, b: a model near rest.

        Returns:
            `Exchanged`; None where the model's parts cannot be told apart or do not come to rest.

        Validity: as good as single exchanges, refitted from these starts, can make it.  Two exchanges at once, such as
        a dimension that goes from one part to another, are not tried, nor any with a part of more than
        `_MOST_VERTICES` features.
        """
        parts = self._at_rest(parts_of(W, b) or [])
        if not parts:
            return None
        model, count = self._split(parts), 0
        for _ in range(_ROUNDS):
            better = self._better(model, len(W))
            if not better:
                return Exchanged(joined(model, W.shape), count, True)
            touched = {place for exchange, _ in better for place in exchange.touched}
            kept = [part for place, part in enumerate(model) if place not in touched]
            model = kept + self._split([part for _, parts in better for part in parts])
            count += len(better)
        return Exchanged(joined(model, W.shape), count, False)

    def _better(self, model: list[SettledPart], hidden: int) -> list[tuple[_Exchange, list[SettledPart]]]:
        """The exchanges of one round that lower the loss, apart from each other, best first."""
        exchanges = list(self._exchanges([one.part for one in model], hidden))
        self._settle(part for exchange in exchanges for part in exchange.parts)
        enough = _GAIN * sum(one.loss for one in model)
        gains = []
        for exchange in exchanges:
            parts = self._at_rest(exchange.parts)
            if parts is not None:
                before = sum(model[place].loss for place in exchange.touched if place != _SPARE)
                gains.append((before - sum(one.loss for one in parts), exchange, parts))
        taken: set[int] = set()
        better = []
        for gain, exchange, parts in sorted(gains, key=lambda entry: -entry[0]):
            if gain > enough and taken.isdisjoint(exchange.touched):
                taken.update(exchange.touched)
                better.append((exchange, parts))
        return better

    def _exchanges(self, parts: list[Part], hidden: int) -> Iterator[_Exchange]:
        """All single exchanges of a model."""
        open_to = [place for place, part in enumerate(parts) if len(part.features) <= _MOST_VERTICES]
        for a in open_to:
            yield from self._turned(a, parts[a])
        for a, b in combinations(open_to, 2):
            yield from self._swapped(a, b, parts[a], parts[b])
        spare = hidden > sum(len(part.W) for part in parts)
        for a in open_to:
            part = parts[a]
            for vertex in range(len(part.features)):
                rest, alone = _without(part, vertex), part.features[vertex]
                if len(part.W):
                    yield _Exchange((a,), (*rest, Part((alone,), np.zeros((0, 1)), np.zeros(1))))
                if spare and not (len(part.W) == len(part.features) == 1):
                    yield _Exchange((a, _SPARE), (*rest, Part((alone,), np.ones((1, 1)), np.zeros(1))))
        for a, b in permutations(open_to, 2):
            yield from _moved(a, b, parts[a], parts[b])

    def _unlike(self, i: int, j: int) -> bool:
        return (self._density[i], self._importance[i]) != (self._density[j], self._importance[j])

    def _turned(self, a: int, part: Part) -> Iterator[_Exchange]:
        """Two features of a part change places; in a simplex all places are one."""
        if len(part.features) <= len(part.W) + 1:
            return
        for v, w in combinations(range(len(part.features)), 2):
            i, j = part.features[v], part.features[w]
            if self._unlike(i, j):
                yield _Exchange((a,), (_put(_put(part, v, j), w, i),))

    def _swapped(self, a: int, b: int, one: Part, other: Part) -> Iterator[_Exchange]:
        """A feature of one part changes places with one of another."""
        if not len(one.W) and not len(other.W):
            return
        for v, i in enumerate(one.features):
            for w, j in enumerate(other.features):
                if self._unlike(i, j):
                    yield _Exchange((a, b), (_put(one, v, j), _put(other, w, i)))

    def _split(self, parts: Sequence[SettledPart]) -> list[SettledPart]:
        """Parts at rest that fell apart, as what they fell into."""
        return [piece for part in parts for piece in self._pieces(part)]

    def _pieces(self, whole: SettledPart) -> list[SettledPart]:
        W, features = whole.part.W, np.array(whole.part.features)
        pieces = parts_of(W, whole.part.b, _ZERO) if len(W) else None
        if pieces is None:
            return [whole]
        named = [Part(tuple(features[list(piece.features)].tolist()), piece.W, piece.b) for piece in pieces]
        return self._at_rest(named) or [whole]

    def _at_rest(self, parts: Sequence[Part]) -> list[SettledPart] | None:
        self._settle(parts)
        found = [self._known[key_of(part)] for part in parts]
        known = [part for part in found if part is not None]
        return known if len(known) == len(parts) else None

    def _settle(self, parts: Iterable[Part]) -> None:
        """Refit all parts that are not known yet."""
        missing = {key: part for part in parts if (key := key_of(part)) not in self._known}
        found = settled(missing, self._density, self._importance, _REACH, _STEPS)
        self._known.update({key: found.get(key) for key in missing})


def _put(part: Part, vertex: int, feature: int) -> Part:
    """A part with another feature at a vertex."""
    return Part((*part.features[:vertex], feature, *part.features[vertex + 1 :]), part.W, part.b)


def _without(part: Part, vertex: int) -> tuple[Part, ...]:
    """What a vertex leaves behind, in as many dimensions as that can fill: nothing of a part of one."""
    left = np.delete(np.arange(len(part.features)), vertex)
    if not left.size:
        return ()
    _, sizes, axes = np.linalg.svd(part.W[:, left], full_matrices=False)
    return (Part(tuple(part.features[v] for v in left), sizes[:, None] * axes, part.b[left]),)


def _moved(a: int, b: int, giver: Part, taker: Part) -> Iterator[_Exchange]:
    """Each feature of one part joins another."""
    if len(taker.W) and len(taker.features) < _MOST_VERTICES:
        for v, feature in enumerate(giver.features):
            for wider in _joined_by(taker, feature):
                yield _Exchange((a, b), (*_without(giver, v), wider))


def _joined_by(part: Part, feature: int) -> list[Part]:
    """A part with another feature, at a mean vertex's length and bias, in a direction at random or its opposite."""
    dimension, vertices = part.W.shape
    direction = np.random.default_rng([dimension, vertices]).normal(size=dimension)
    direction *= np.sqrt((part.W**2).sum() / vertices) / np.linalg.norm(direction)
    features, b = (*part.features, feature), np.append(part.b, part.b.mean())
    return [Part(features, np.column_stack([part.W, way]), b) for way in (direction, -direction)]
