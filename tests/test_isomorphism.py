"""Isomorphism is decided, not guessed: every map is verified, and near misses are told apart."""

from itertools import permutations, product

import numpy as np
import pytest

from tegum.theory.geometry.isomorphism import canonical_digest, canonical_order, is_isomorphism, isomorphism
from tegum.theory.geometry.overlap import OverlapGraph, networkx_graph


def graph(signs, colors=None) -> OverlapGraph:
    signs = np.asarray(signs, dtype=np.int8)
    return OverlapGraph(signs, np.ones(len(signs), dtype=bool), colors, 0.0, 0.0)


def random_signs(random, vertices: int) -> np.ndarray:
    upper = np.triu(random.choice([-1, 0, 1], size=(vertices, vertices)), 1)
    return (upper + upper.T).astype(np.int8)


def relabelled(signs, order):
    return signs[np.ix_(order, order)]


def test_maps_between_relabelled_graphs_are_found_and_hold():
    random = np.random.default_rng(21)
    for vertices in (1, 2, 5, 8, 12):
        for _ in range(10):
            signs, order = random_signs(random, vertices), random.permutation(vertices)
            one, other = graph(signs), graph(relabelled(signs, order))
            vertex_map = isomorphism(one, other)
            assert vertex_map is not None
            assert is_isomorphism(vertex_map, one, other)
            assert canonical_digest(one.signs) == canonical_digest(other.signs)


def test_brute_force_agrees_on_small_graphs():
    random = np.random.default_rng(22)
    seen = {True: 0, False: 0}
    for _ in range(300):
        one, other = random_signs(random, 4), random_signs(random, 4)
        if random.random() < 0.5:
            other = relabelled(one, random.permutation(4))
        exists = any(np.array_equal(relabelled(other, order), one) for order in permutations(range(4)))
        seen[exists] += 1
        assert (isomorphism(graph(one), graph(other)) is not None) == exists
        assert (canonical_digest(one) == canonical_digest(other)) == exists
    assert min(seen.values()) > 50


def test_networkx_agrees():
    from networkx import is_isomorphic

    random = np.random.default_rng(23)
    for _ in range(60):
        one, other = random_signs(random, 5), random_signs(random, 5)
        expected = is_isomorphic(
            networkx_graph(graph(one)), networkx_graph(graph(other)), edge_match=lambda a, b: a["sign"] == b["sign"]
        )
        assert (isomorphism(graph(one), graph(other)) is not None) == expected


def test_signs_and_colors_count():
    path, flipped = np.array([[0, 1, 0], [1, 0, -1], [0, -1, 0]]), np.array([[0, -1, 0], [-1, 0, -1], [0, -1, 0]])
    assert isomorphism(graph(path), graph(flipped)) is None
    assert canonical_digest(np.int8(path)) != canonical_digest(np.int8(flipped))
    assert isomorphism(graph(path, (0, 0, 1)), graph(path, (0, 0, 1))) == (0, 1, 2)
    assert isomorphism(graph(path, (0, 0, 1)), graph(path, (1, 0, 0))) is None
    all_positive, all_negative = np.ones((4, 4)) - np.eye(4), np.eye(4) - np.ones((4, 4))
    assert isomorphism(graph(all_positive), graph(all_negative)) is None
    assert canonical_digest(np.int8(all_positive)) != canonical_digest(np.int8(all_negative))


def test_dropped_vertices_are_not_exchanged_with_isolated_ones():
    signs = np.zeros((2, 2), dtype=np.int8)
    one = OverlapGraph(signs, np.array([True, False]), None, 0.0, 0.0)
    other = OverlapGraph(signs, np.array([False, True]), None, 0.0, 0.0)
    assert isomorphism(one, other) == (1, 0)
    assert isomorphism(one, graph(signs)) is None


def test_wrong_maps_are_refused():
    pentagon = graph([[int((i - j) % 5 in (1, 4)) for j in range(5)] for i in range(5)])
    assert is_isomorphism((1, 2, 3, 4, 0), pentagon, pentagon)
    assert not is_isomorphism((1, 0, 2, 3, 4), pentagon, pentagon)
    assert not is_isomorphism((0, 0, 2, 3, 4), pentagon, pentagon)


def rook(n: int) -> np.ndarray:
    cells = [(i, j) for i in range(n) for j in range(n)]
    return np.array([[int(a != b and (a[0] == b[0] or a[1] == b[1])) for b in cells] for a in cells])


def shrikhande() -> np.ndarray:
    steps = {(0, 1), (0, 3), (1, 0), (3, 0), (1, 1), (3, 3)}
    cells = [(i, j) for i in range(4) for j in range(4)]
    return np.array([[int(((a[0] - b[0]) % 4, (a[1] - b[1]) % 4) in steps) for b in cells] for a in cells])


@pytest.mark.parametrize("sign", [1, -1])
def test_strongly_regular_graphs_of_equal_parameters_are_told_apart(sign):
    one, other = sign * rook(4), sign * shrikhande()
    np.testing.assert_array_equal(one.sum(axis=0), other.sum(axis=0))
    assert isomorphism(graph(one), graph(other)) is None
    assert canonical_digest(np.int8(one)) != canonical_digest(np.int8(other))
    order = np.random.default_rng(24).permutation(16)
    assert isomorphism(graph(other), graph(relabelled(np.int8(other), order))) is not None


@pytest.mark.parametrize(("vertices", "classes"), [(1, 1), (2, 3), (3, 10), (4, 66)])
def test_digests_are_the_classes_of_brute_force(vertices, classes):
    pairs = np.triu_indices(vertices, 1)
    digests: dict[bytes, set[str]] = {}
    for edges in product((-1, 0, 1), repeat=len(pairs[0])):
        signs = np.zeros((vertices, vertices), dtype=np.int8)
        signs[pairs] = edges
        signs += signs.T
        least = min(relabelled(signs, order).tobytes() for order in permutations(range(vertices)))
        digests.setdefault(least, set()).add(canonical_digest(signs))
    assert all(len(one) == 1 for one in digests.values())
    assert len(set.union(*digests.values())) == len(digests) == classes


def test_canonical_order_does_not_depend_on_which_colour_comes_first():
    path, colors = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], dtype=np.int8), np.array(["a", "b", "c"])
    forms = set()
    for order in permutations(range(3)):
        signs, kinds = relabelled(path, order), colors[list(order)].tolist()
        canonical = canonical_order(signs, kinds)
        forms.add((relabelled(signs, canonical).tobytes(), tuple(kinds[v] for v in canonical)))
    assert len(forms) == 1


def test_coloured_graphs_agree_with_brute_force_over_all_maps():
    random = np.random.default_rng(25)
    answers = []
    for _ in range(150):
        vertices = int(random.integers(2, 6))
        signs, colors = random_signs(random, vertices), random.choice(["a", "b"], size=vertices).tolist()
        order = random.permutation(vertices)
        others, other_colors = relabelled(signs, order), [colors[v] for v in order]
        if random.random() < 0.5:  # move a colour: often, not always, another class
            other_colors[0], other_colors[1] = other_colors[1], other_colors[0]
        one, other = graph(signs, tuple(colors)), graph(others, tuple(other_colors))
        maps = [
            p
            for p in permutations(range(vertices))
            if np.array_equal(relabelled(others, p), signs) and [other_colors[v] for v in p] == colors
        ]
        assert [p for p in permutations(range(vertices)) if is_isomorphism(p, one, other)] == maps
        assert (isomorphism(one, other) is not None) == bool(maps)
        answers.append(bool(maps))
    assert 30 < sum(answers) < 130  # both answers are asked for
