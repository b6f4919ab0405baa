"""Isomorphism is decided, not guessed: every map is verified, and near misses are told apart."""

from itertools import combinations, permutations, product

import numpy as np
import pytest

from tegum.theory.geometry import isomorphism as module
from tegum.theory.geometry import labelling
from tegum.theory.geometry.isomorphism import canonical_digest, canonical_order, is_isomorphism, isomorphism
from tegum.theory.geometry.labelling import Undecided
from tegum.theory.geometry.overlap import OverlapGraph, networkx_graph
from tegum.theory.geometry.refinement import same_refinement


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


Table = np.ndarray


def cyclic(orders: tuple[int, ...]) -> Table:
    """Multiplication table of a product of cyclic groups."""
    elements = list(product(*map(range, orders)))
    place = {element: k for k, element in enumerate(elements)}
    add = lambda a, b: tuple((x + y) % n for x, y, n in zip(a, b, orders, strict=True))  # noqa: E731
    return np.array([[place[add(a, b)] for b in elements] for a in elements])


def dihedral() -> Table:
    """Of the symmetries of a square: (r, s)(r', s') = (r + (-1)^s r', s + s')."""
    elements = list(product(range(4), range(2)))
    place = {element: k for k, element in enumerate(elements)}
    return np.array(
        [[place[(r + (-1) ** s * t) % 4, (s + u) % 2] for t, u in elements] for r, s in elements],
    )


def quaternions() -> Table:
    """Of ±1, ±i, ±j, ±k as Pauli matrices."""
    i, j = np.array([[1j, 0], [0, -1j]]), np.array([[0, 1], [-1, 0]], dtype=complex)
    elements = [sign * one for one in (np.eye(2), i, j, i @ j) for sign in (1, -1)]
    return np.array(
        [[next(k for k, c in enumerate(elements) if np.allclose(a @ b, c)) for b in elements] for a in elements]
    )


def latin_square_graph(table: Table) -> np.ndarray:
    """Cells of a Latin square, joined where they share a row, a column or a symbol."""
    rows, columns = np.indices(table.shape)
    lines = [one.ravel() for one in (rows, columns, table)]
    return (sum(np.equal.outer(one, one) for one in lines) > 0).astype(int) - np.eye(table.size, dtype=int)


LATIN = {
    "Z8": cyclic((8,)),
    "Z4 x Z2": cyclic((4, 2)),
    "Z2 x Z2 x Z2": cyclic((2, 2, 2)),
    "D4": dihedral(),
    "Q8": quaternions(),
}
EQUAL_PARAMETERS = [
    (rook(4), shrikhande()),
    *((latin_square_graph(LATIN[one]), latin_square_graph(LATIN[other])) for one, other in combinations(LATIN, 2)),
]


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("pair", range(len(EQUAL_PARAMETERS)))
def test_strongly_regular_graphs_of_equal_parameters_are_told_apart(pair, sign):
    one, other = (np.int8(sign * graph) for graph in EQUAL_PARAMETERS[pair])
    for graph_ in (one, other):  # A² = k I + λ A + μ (J - I - A)
        plain, square = np.abs(graph_).astype(int), np.linalg.matrix_power(np.abs(graph_).astype(int), 2)
        for entries in (
            np.diagonal(square),
            square[plain == 1],
            square[(plain == 0) & ~np.eye(len(plain), dtype=bool)],
        ):
            assert len(set(entries)) == 1
    assert same_refinement(one, other, (0,) * len(one), (0,) * len(one))  # colour refinement is blind here
    assert isomorphism(graph(one), graph(other)) is None
    assert canonical_digest(one) != canonical_digest(other)
    order = np.random.default_rng(24).permutation(len(one))
    again = graph(relabelled(other, order))
    assert is_isomorphism(isomorphism(graph(other), again), graph(other), again)


def test_the_number_of_cliques_tells_the_smallest_pair_apart_as_well():
    """A second opinion: networkx, and the four-cliques that the rook's graph has and Shrikhande's has not."""
    import networkx

    one, other = (networkx.from_numpy_array(graph) for graph in EQUAL_PARAMETERS[0])
    assert not networkx.is_isomorphic(one, other)
    assert max(map(len, networkx.find_cliques(one))) == 4
    assert max(map(len, networkx.find_cliques(other))) == 3


def test_refinement_keeps_isomorphic_graphs_and_parts_paths_from_cycles():
    random = np.random.default_rng(26)
    for vertices in (1, 3, 8, 20):
        signs, order = random_signs(random, vertices), random.permutation(vertices)
        colors = random.integers(2, size=vertices)
        assert same_refinement(signs, relabelled(signs, order), colors.tolist(), colors[order].tolist())
    cycle = np.int8([[abs(i - j) in (1, 5) for j in range(6)] for i in range(6)])
    triangles = np.int8([[i != j and i // 3 == j // 3 for j in range(6)] for i in range(6)])
    path = cycle.copy()
    path[0, 5] = path[5, 0] = 0
    assert not same_refinement(cycle, path, (0,) * 6, (0,) * 6)
    assert same_refinement(cycle, triangles, (0,) * 6, (0,) * 6)  # blind here: the labelling is not
    assert isomorphism(graph(cycle), graph(triangles)) is None
    assert not same_refinement(cycle, cycle, (0,) * 6, (0, 0, 0, 0, 0, 1))


def test_many_components_and_isolated_vertices_are_labelled_one_by_one():
    random = np.random.default_rng(27)
    pentagon = np.int8([[(i - j) % 5 in (1, 4) for j in range(5)] for i in range(5)])
    signs = np.zeros((400, 400), dtype=np.int8)
    for place in range(0, 100, 5):
        signs[place : place + 5, place : place + 5] = pentagon * (-1 if place < 50 else 1)
    order = random.permutation(400)
    one, other = graph(signs), graph(relabelled(signs, order))
    assert is_isomorphism(isomorphism(one, other), one, other)
    changed = signs.copy()
    changed[:5, :5] = pentagon
    assert isomorphism(one, graph(relabelled(changed, order))) is None


def test_a_time_limit_ends_undecided_and_never_in_a_yes():
    random, signs = np.random.default_rng(28), np.int8(rook(12))
    one, other = graph(signs), graph(relabelled(signs, random.permutation(144)))
    with pytest.raises(Undecided, match="144 vertices"):
        isomorphism(one, other, seconds=0.01)
    assert is_isomorphism(isomorphism(one, other), one, other)  # with time enough, in another process


def test_a_graph_is_labelled_alike_here_and_in_another_process(monkeypatch):
    signs = random_signs(np.random.default_rng(29), 20)
    here = canonical_order(signs, (0,) * 20)
    module._connected_order.cache_clear()
    monkeypatch.setattr(labelling, "_HERE", 10)
    assert canonical_order(signs, (0,) * 20) == here


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
