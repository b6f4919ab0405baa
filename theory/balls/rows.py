"""One feature's loss in ball arithmetic, with its derivatives by its own row of overlaps and its bias."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flint import arb, ctx

from tegum.theory.balls.numbers import BallLaw, key
from tegum.theory.balls.states import states_of
from tegum.theory.balls.tree import tree_of
from tegum.theory.deadline import check_time

#: E[Π_{j in indices} x_j U_q(z)] as a function of q and the indices.
Expectation = Callable[..., arb]
_ZERO = arb(0)


@dataclass(frozen=True)
class BallRow:
    """ℓ(g, b) = I E(y - (g·x + b)_+)², y the own feature or its magnitude, and its derivatives by (g, b).

    ``hessian`` is empty unless second derivatives were asked for.
    """

    loss: arb
    gradient: list[arb]
    hessian: list[list[arb]]


def ball_row(own: int, overlaps: Sequence[arb], b: arb, law: BallLaw, order: int = 2, closed: bool = False) -> BallRow:
    """Loss of one feature with its derivatives, enclosed.

    ℓ = I [E y² - 2 E y U_1 + 2 E U_2],  ∂_k ℓ = 2 I [E x_k U_1 - E y x_k U_0],
    ∂_k ∂_n ℓ = 2 I [E x_k x_n U_0 - E y x_k x_n U_{-1}],  x_k = 1 for the bias.

    Args:
        own: i, the feature's own place in the row.
        overlaps: G_ij of every feature j.
        b: bias.
        law: of every feature; of any kind.
        order: 1 leaves the Hessian out.
        closed: counts an output that is exactly zero on a whole event as active (see `expectations`).

    Returns:
        `BallRow`, every number a ball that contains the true one for all overlaps, biases and laws in the given balls.

    Raises:
        ArithmeticError: the sign of an output cannot be told from the balls where it matters.
        TimeoutError: see `deadline`.

    Validity: ReLU readout; 2ⁿ knots where all overlaps differ (3ⁿ if signed), far fewer where many are equal.

    Source: box integrals over active subsets (see loss/knots.py), the same recursion in balls.
    """
    check_time()
    E, Y = expectations(overlaps, b, law, closed), answers(own, overlaps, b, law, closed)
    weight, places = law.importance[own], [*((k,) for k in range(len(overlaps))), ()]
    loss = weight * (law.density[own] * law.square - 2 * Y(1) + 2 * E(2))
    gradient = [2 * weight * (E(1, *k) - Y(0, *k)) for k in places]
    if order < 2:
        return BallRow(loss, gradient, [])
    hessian = [[_ZERO] * len(places) for _ in places]
    for row, k in enumerate(places):
        for column, n in enumerate(places[: row + 1]):
            entry = 2 * weight * (E(0, *k, *n) - Y(-1, *k, *n))
            hessian[row][column] = hessian[column][row] = entry
    return BallRow(loss, gradient, hessian)


def expectations(overlaps: Sequence[arb], b: arb, law: BallLaw, closed: bool = False) -> Expectation:
    """E[Π_{j in indices} x_j U_q(b + Σ_j g_j x_j)] as a function of q and the indices, U_q(t) = t_+^q / q!.

    Features whose overlaps and densities are the same balls are interchangeable, here and among rows.

    Args:
        overlaps, b: of one row.
        law: of its features.
        closed: U_0(0) = 1 where the output is exactly zero, else 0.  This is the one place where the Hessian is
            one-sided, and the two conventions bound it from both sides.

    Returns:
        The function; for q = -1 one of the indices must have an overlap other than zero.
    """
    return _mixed(overlaps, b, law, [law.structure.values] * len(overlaps), closed)


def answers(own: int, overlaps: Sequence[arb], b: arb, law: BallLaw, closed: bool = False) -> Expectation:
    """E[y Π_{j in indices} x_j U_q(z)], y = x_own or |x_own|; otherwise as `expectations`.

    A signed x_own is as often u as -u, u uniform on [0, 1] with the overlap g_own or -g_own: |x_own| = u.
    """
    structure = law.structure
    if not (structure.target == "abs" and structure.values == "signed"):
        whole = expectations(overlaps, b, law, closed)
        return lambda q, *indices: whole(q, own, *indices)
    values = ["uniform" if j == own else "signed" for j in range(len(overlaps))]
    turned = [-g if j == own else g for j, g in enumerate(overlaps)]
    up, down = (_mixed(one, b, law, values, closed) for one in (overlaps, turned))

    def answer(q: int, *indices: int) -> arb:
        return (up(q, own, *indices) + (-1) ** indices.count(own) * down(q, own, *indices)) / 2

    return answer


def _mixed(overlaps: Sequence[arb], b: arb, law: BallLaw, values: Sequence[str], closed: bool) -> Expectation:
    """The expectations of independent features, mixed over the states of the law's groups."""
    parts = []
    for share, given in states_of(law):
        features = sorted(given)
        kinds = [overlaps[j] for j in features], [given[j] for j in features], [values[j] for j in features]
        parts.append((share, {j: place for place, j in enumerate(features)}, _independent(*kinds, b, closed)))

    def expectation(q: int, *indices: int) -> arb:
        total = _ZERO
        for share, place_of, part in parts:
            if all(j in place_of for j in indices):  # what is off makes the product vanish
                total += share * part(q, *(place_of[j] for j in indices))
        return total

    return expectation


def _independent(
    overlaps: Sequence[arb], density: Sequence[arb], values: Sequence[str], b: arb, closed: bool
) -> Expectation:
    kinds = [(key(g), key(p), each) for g, p, each in zip(overlaps, density, values, strict=True)]
    falling = sorted(range(len(kinds)), key=lambda j: (-abs(float(overlaps[j].mid())), kinds[j]))
    tree = tree_of(tuple(kinds[j] for j in falling), key(b), closed, ctx.prec)
    if not tree.ready:
        tree.fill([overlaps[j] for j in falling], b, [density[j] for j in falling])

    def expectation(q: int, *indices: int) -> arb:
        return tree.value(0, 0, tree.canonical([indices.count(j) for j in falling]), q)

    return expectation
