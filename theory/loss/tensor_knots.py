"""The tree of knots of `knots` as tensor operations: one depth after another, all nodes of all rows at once.

The recursion, the order of the features, the units of each depth and the rule that ends a branch are those of `knots`.
Going down, a depth holds the knots of those nodes only whose parents can change sign; going up, a node is zero, a
polynomial or the combination of its two or three children.  So nothing is computed below a node that is decided.  Nodes
are the last axis of every tensor; each node is computed by the same operations whatever stands beside it, so that a
row's result does not depend on its batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import factorial, prod

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from tegum.theory.loss.trie import Trie


@dataclass(frozen=True)
class Features:
    """Laws of the features of each row, sorted by falling |g|.

    Attributes:
        g: overlaps; p: densities.
        signed: of each place, for all rows.
    """

    g: Float[Tensor, "features rows"]
    p: Float[Tensor, "features rows"]
    signed: tuple[bool, ...]


@dataclass(frozen=True)
class Depth:
    """What a trie asks for at one depth (see `trie.Trie`), on a device.

    Attributes:
        size, powers: entries, and powers q + 1 of each.
        exponent, child: of each entry.
        groups: for each exponent r that occurs: r, its entries, their children, and the first and last + 1 of the
            powers q + 1 that any of them needs.
    """

    size: int
    powers: int
    exponent: Int[Tensor, " entries"]
    child: Int[Tensor, " entries"]
    groups: tuple[tuple[int, Tensor, Tensor, int, int], ...]


def depths(tables: Trie, device: torch.device) -> tuple[Depth, ...]:
    """A trie, without a leading axis, on a device."""
    return tuple(_depth(tables, d, device) for d in range(len(tables.size)))


def _depth(tables: Trie, d: int, device: torch.device) -> Depth:
    size = int(tables.size[d])
    exponent, child, lowest, highest = (table[d, :size] for table in tables[1:])

    def moved(indices: np.ndarray) -> Tensor:
        return torch.as_tensor(indices, device=device)

    groups = []
    for r in np.unique(exponent):
        entries = np.flatnonzero(exponent == r)
        first, last = int(lowest[entries].min()) + 1, int(highest[entries].max()) + 1
        groups.append((int(r), moved(entries), moved(child[entries]), first, last + 1))
    powers = int(highest.max()) + 2
    return Depth(size, powers, moved(exponent), moved(child), tuple(groups))


@dataclass(frozen=True)
class _Nodes:
    """Nodes of one depth whose parents can change sign, first those with the last feature off, then those with it on.

    Attributes:
        knot: c + Σ_{j on} ± g_j; row: of each node.
        above, open: places of the nodes whose z cannot be negative, and of those that can change sign.
        least: knot + least value of the remaining features, of the nodes ``above``.
    """

    knot: Tensor
    row: Tensor
    above: Tensor
    open: Tensor
    least: Tensor


def expectations(
    c: Float[Tensor, " rows"], of: Features, wanted: tuple[Depth, ...], absolute: bool
) -> Float[Tensor, "entries powers rows"]:
    """V_q^r(c) of each row at [t, q + 1] for the root entries t of a trie (see `knots`).

    Args:
        c: knots of the roots.
        of: features of each row.
        wanted: the trie of the exponents r.
        absolute: make every subtraction an addition of magnitudes: the result bounds the sum of all absolute values
            that the recursion meets.

    Returns:
        On the device of ``c``; what the trie does not ask for is undefined.
    """
    levels = _descended(c, of)
    # The unit of each depth: 1 at the root, then the overlap that was split last.
    units = torch.cat([torch.ones_like(of.g[:1]), of.g.abs()])
    ratios = torch.where(units[:-1] > 0.0, units[1:] / units[:-1], units[1:])
    moments = _moments(of, ratios, wanted, absolute)
    values = c.new_zeros(0)
    for d in range(len(levels) - 1, -1, -1):
        nodes, depth = levels[d], wanted[d]
        here = c.new_zeros(depth.size, depth.powers, len(nodes.knot))
        if len(nodes.above):
            row = nodes.row[nodes.above]
            least = torch.where(units[d, row] > 0.0, nodes.least / units[d, row], nodes.least)
            here[:, 1:, nodes.above] = _polynomial(least, moments[d], row)
        if len(nodes.open):
            row = nodes.row[nodes.open]
            combined = _combined(of.g[d, row], of.p[d, row], of.signed[d], depth, absolute, values)
            here[:, :, nodes.open] = combined * _powers(ratios[d, row], depth.powers - 1, least=-1)
        values = here
    return values


def row_bytes(signed: tuple[bool, ...], wanted: tuple[Depth, ...]) -> int:
    """Memory that one row takes at most, all its nodes open: its tree, and the widest depth with what it is made of."""
    nodes = [prod(3 if each else 2 for each in signed[:d]) for d in range(len(signed) + 1)]
    sizes = [depth.size * depth.powers for depth in wanted]
    widest = max(count * size for count, size in zip(nodes, sizes, strict=True))
    return 8 * (5 * widest + 5 * sum(nodes) + 2 * sum(sizes))


def _descended(c: Tensor, of: Features) -> list[_Nodes]:
    """The nodes of every depth down to the first at which none is open."""
    features = len(of.g)
    low, high = [torch.zeros_like(c)], [torch.zeros_like(c)]
    for d in range(features - 1, -1, -1):
        size = of.g[d].abs()
        low.insert(0, low[0] + (-size if of.signed[d] else of.g[d].clamp(max=0.0)))
        high.insert(0, high[0] + (size if of.signed[d] else of.g[d].clamp(min=0.0)))
    levels: list[_Nodes] = []
    knot, row = c, torch.arange(len(c), device=c.device)
    for d in range(features + 1):
        least = knot + low[d][row]
        below = knot + high[d][row] <= 0.0
        above = ((least >= 0.0) & ~below).nonzero().squeeze(1)
        open_ = ((least < 0.0) & ~below).nonzero().squeeze(1)
        levels.append(_Nodes(knot, row, above, open_, least[above]))
        if not len(open_):
            break
        knot, row = knot[open_], row[open_]
        step = of.g[d][row]
        moves = [knot, knot + step] + ([knot - step] if of.signed[d] else [])
        knot, row = torch.cat(moves), row.repeat(len(moves))
    return levels


def _combined(g: Tensor, p: Tensor, signed: bool, depth: Depth, absolute: bool, values: Tensor) -> Tensor:
    """Integrate one feature, its overlap ±1, at all open nodes: the recursions at the head of `knots`."""
    here = values.new_zeros(depth.size, depth.powers, len(g))
    children = values.unflatten(2, (-1, len(g))).unbind(2)
    integrated = _integrated_signed if signed else _integrated
    slope = torch.ones_like(g) if absolute else g.sign()
    for r, entries, child, first, stop in depth.groups:
        taken = [one[child, first : stop + 1 + r] for one in children]
        here[entries, first:stop] = integrated(slope, p, r, absolute, taken)
    return here


def _integrated(slope: Tensor, p: Tensor, r: int, absolute: bool, children: list[Tensor]) -> Tensor:
    below, above = children
    sign, width = 1.0 if absolute else -1.0, below.shape[1] - 1 - r
    if r == 0:
        return (1.0 - p) * below[:, :width] + p * slope * (above[:, 1:] + sign * below[:, 1:])
    factor = slope
    total = factor * above[:, 1 : 1 + width]
    for s in range(1, r + 1):
        factor = factor * (sign * (r - s + 1)) * slope
        total += factor * above[:, 1 + s : 1 + s + width]
    return p * (total + sign * factor * below[:, 1 + r : 1 + r + width])


def _integrated_signed(slope: Tensor, p: Tensor, r: int, absolute: bool, children: list[Tensor]) -> Tensor:
    middle, above, below = children
    sign, width = 1.0 if absolute else -1.0, below.shape[1] - 1 - r
    parity = 1.0 if absolute or r % 2 == 1 else -1.0
    factor, total = slope, torch.zeros_like(middle[:, :width])
    for s in range(r + 1):
        total += factor * (above[:, 1 + s : 1 + s + width] + parity * below[:, 1 + s : 1 + s + width])
        factor = factor * (sign * (r - s)) * slope
        parity *= sign
    total *= 0.5 * p
    return total + (1.0 - p) * middle[:, :width] if r == 0 else total


def _polynomial(least: Tensor, moments: Tensor, row: Tensor) -> Tensor:
    """E Π x^r (least + u)^q / q! with u = z - least >= 0, by the binomial sum over the moments of u."""
    powers = moments.shape[1]
    of_row = moments[:, :, row]
    total, power = of_row.clone(), torch.ones_like(least)
    for s in range(1, powers):
        power = power * least / s
        total[:, s:] += power * of_row[:, : powers - s]
    return total


def _moments(of: Features, ratios: Tensor, wanted: tuple[Depth, ...], absolute: bool) -> list[Tensor]:
    """At depth d the tensor [t, s, row] of E[Π_{j>=d} x_j^{r_j} u_d^s] / s!, u_d = Σ_{j>=d} (g_j x_j - its least).

    In units of each depth: of these the overlap is ``ratios``, and so is the unit of the next depth.
    """
    features, rows = of.g.shape
    last = of.g.new_zeros(1, wanted[features].powers - 1, rows)
    last[:, 0] = 1.0
    found = [last]
    for d in range(features - 1, -1, -1):
        top = wanted[d].powers - 1
        law = _signed_law(of.g[d], of.p[d], top, absolute) if of.signed[d] else _unsigned_law(of.g[d], of.p[d], top)
        law, deeper = law[wanted[d].exponent], found[0][wanted[d].child, :top]
        total = law[:, :1] * deeper
        for i in range(1, top):
            total[:, i:] += law[:, i : i + 1] * deeper[:, : top - i]
        found.insert(0, total * _powers(ratios[d], top))
    return found


def _unsigned_law(g: Tensor, p: Tensor, top: int) -> Tensor:
    """[r, s] = E x^r u^s / s!, u = x, or 1 - x if its overlap is negative, whose mean with x^r is a Beta integral."""
    up, down, off = _unsigned_means(top, g.device)
    law = p * torch.where(g >= 0.0, up, down)
    law[0] += (1.0 - p) * torch.where(g >= 0.0, _at_zero(off), off)
    return law


def _signed_law(g: Tensor, p: Tensor, top: int, absolute: bool) -> Tensor:
    """[r, s] = E x^r u^s / s!, u = 1 ± x = y, y uniform on [0, 2]; x = ±(y - 1), and no term changes sign."""
    on, off = _signed_means(top, g.device)
    law = p * on
    law[0] += (1.0 - p) * off
    if not absolute:
        law[1::2] *= torch.where(g < 0.0, -1.0, 1.0)
    return law


@lru_cache(maxsize=64)
def _unsigned_means(top: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """[r, s, 1]: E x^r x^s / s! and E x^r (1 - x)^s / s! of x uniform on [0, 1]; and [s, 1]: 1 / s!."""
    up = [[1 / (factorial(s) * (r + s + 1)) for s in range(top)] for r in range(4)]
    down = [[factorial(r) / factorial(r + s + 1) for s in range(top)] for r in range(4)]
    off = [1 / factorial(s) for s in range(top)]
    return _column(up, device), _column(down, device), _column(off, device)


@lru_cache(maxsize=64)
def _signed_means(top: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """[r, s, 1]: E (y - 1)^r y^s / s! of y uniform on [0, 2]; and [s, 1]: 1 / s!."""
    means = (
        lambda s: 1 / (s + 1),
        lambda s: s / ((s + 1) * (s + 2)),
        lambda s: (s * s + s + 2) / ((s + 1) * (s + 2) * (s + 3)),
        lambda s: s * (s * s + 3 * s + 8) / ((s + 1) * (s + 2) * (s + 3) * (s + 4)),
    )
    on = [[2.0**s * mean(s) / factorial(s) for s in range(top)] for mean in means]
    return _column(on, device), _column([1 / factorial(s) for s in range(top)], device)


def _column(table: list, device: torch.device) -> Tensor:
    return torch.tensor(table, dtype=torch.float64, device=device)[..., None]


def _powers(ratio: Tensor, count: int, least: int = 0) -> Tensor:
    """The powers ``least`` = 0 or -1, …, ``count`` - 1 of ratios >= 0."""
    powers = [torch.ones_like(ratio)]
    for _ in range(count - 1):
        powers.append(powers[-1] * ratio)
    return torch.stack([1.0 / ratio, *powers] if least else powers)


def _at_zero(power: Tensor) -> Tensor:
    """u^s at u = 0: 1 for s = 0 alone."""
    first = torch.zeros_like(power)
    first[0] = 1.0
    return first
