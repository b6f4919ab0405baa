"""Canonical labelling of one connected, signed, coloured graph, within a time limit."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence

#: Vertices up to which the labelling library runs in this process.  It cannot be interrupted, so larger graphs, on
#: which it may take exponential time, are labelled by another process that can be ended; up to here it took
#: milliseconds on every graph of the catalogue and every strongly regular graph tried.
_HERE = 128

Edges = Sequence[Sequence[int]]


class Undecided(ArithmeticError):
    """No answer within the time limit: neither a yes nor a no."""


def canonical_labelling(ranks: Sequence[int], positive: Edges, negative: Edges, seconds: float) -> tuple[int, ...]:
    """The vertices of a graph in canonical order: isomorphic graphs, so ordered, have equal edges, signs and colours.

    Args:
        ranks: colour of each vertex.
        positive, negative: its edges.
        seconds: time limit.

    Raises:
        Undecided: the time is up.

    Source: McKay & Piperno, Practical graph isomorphism II (2014); edge colours by layers as in nauty's guide.
    """
    if len(ranks) <= _HERE:
        return _labelled(ranks, positive, negative)
    question = json.dumps([list(map(int, ranks)), list(positive), list(negative)])
    command = [sys.executable, "-m", "tegum.theory.geometry.labelling"]
    try:
        answer = subprocess.run(command, input=question, capture_output=True, text=True, check=True, timeout=seconds)
    except subprocess.TimeoutExpired as error:
        raise Undecided(f"a graph of {len(ranks)} vertices was not labelled within {seconds:g} s") from error
    return tuple(json.loads(answer.stdout))


def _labelled(ranks: Sequence[int], positive: Edges, negative: Edges) -> tuple[int, ...]:
    """Edges carry no colours in the labelling library: each vertex has a copy, and the copies bear the negative edges.

    The nodes are given class by class: the library orders classes by first appearance, and the form must not depend on
    which vertex comes first.
    """
    from canonaut import canonize

    count = len(ranks)
    nodes = sorted(range(count), key=lambda v: ranks[v])
    below = [(i + count, j + count) for i, j in negative]
    edges = [*map(tuple, positive), *below, *((v, count + v) for v in nodes)]
    colors = {v: (0, ranks[v]) for v in nodes} | {count + v: (1, 0) for v in nodes}
    labelling = canonize(edges, nodes=[*nodes, *(count + v for v in nodes)], colors=colors).labeling
    return tuple(v for v in labelling if v < count)


if __name__ == "__main__":
    print(json.dumps(_labelled(*json.load(sys.stdin))))
