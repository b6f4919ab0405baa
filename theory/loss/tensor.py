"""Rows of overlaps by enumeration on any device: what `knots` compiles for the CPU, in PyTorch's float64."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from tegum.theory.loss.devices import MOST_BYTES, device_named
from tegum.theory.loss.enumeration import Rows
from tegum.theory.loss.rows import RowLosses
from tegum.theory.loss.tensor_knots import Depth, Features, depths, expectations, row_bytes
from tegum.theory.loss.trie import Trie, loss_tables, part_tables


def tensor_rows(rows: Rows, order: int, absolute: bool, device: str) -> RowLosses:
    """ℓ = w [ E y² - 2 E y z_+ + E z_+² ] of each row by the tree of knots, with derivatives by (g, b).

    Args:
        rows: rows with their laws.
        order: 1 for the gradient, 2 for the Hessian as well.
        absolute: sums of all magnitudes instead (see `tensor_knots.expectations`).
        device: "cpu", "cuda" or "cuda:N".

    Returns:
        `RowLosses` without bounds, on the CPU.  Rows are taken in chunks that work within `MOST_BYTES`, at least one
        at a time; the rows and the result are on the device besides.

    Raises:
        InputError: there is no such device.

    Validity: as `enumeration.enumerated_rows`.
    """
    count, features = rows.G.shape
    there = device_named(device)
    results = _Results(count, features, order, there)
    weights, aims = (torch.as_tensor(array, device=there) for array in (rows.weight, rows.aim))
    plan = partial(_row_plan, features, order, there)
    for part in _sorted_parts(rows, plan, there):
        wanted = plan(part.place)
        roots = expectations(part.b, part.of, wanted.depths, absolute)
        weight = weights[part.rows]
        found = _derivatives(2.0 * weight, roots, 2, wanted.output)
        if part.place < features:
            cross = 2.0 * weight * (1.0 if absolute else -aims[part.rows])
            found = [a + b for a, b in zip(found, _derivatives(cross, roots, 1, wanted.cross), strict=True)]
            found[0] = found[0] + weight * part.of.p[part.place] / 3.0
        results.store(part, found)
    return results.rows()


def tensor_parts(
    W: Float[np.ndarray, "rows features"],
    density: Float[np.ndarray, "rows features"],
    signed: bool,
    order: int,
    absolute: bool,
    device: str,
) -> RowLosses:
    """E (w·x + c)_+ at c = 0 of each row, with derivatives by (w, c); the other arguments as for `tensor_rows`."""
    count, features = W.shape
    there = device_named(device)
    results = _Results(count, features, order, there)
    rows = Rows(
        own=np.full(count, features),
        aim=np.ones(count),
        G=W,
        b=np.zeros(count),
        density=density,
        signed=np.full(W.shape, signed),
        weight=np.ones(count),
    )
    wanted = _part_plan(features, order, there)
    for part in _sorted_parts(rows, lambda _: wanted, there):
        roots = expectations(part.b, part.of, wanted.depths, absolute)
        results.store(part, _derivatives(torch.ones_like(part.b), roots, 1, wanted.output))
    return results.rows()


@dataclass(frozen=True)
class _Plan:
    """What is expected of rows whose own feature has one place in sorted order, on a device.

    Attributes:
        depths: the trie.
        output: root entries of 1, of x_k and of x_k x_m, with x_n = 1: for value, gradient and (order 2) Hessian.
        cross: the same times x_own, where there is an own feature.
    """

    depths: tuple[Depth, ...]
    output: list[Tensor]
    cross: list[Tensor]


@lru_cache(maxsize=256)
def _row_plan(features: int, order: int, device: torch.device, place: int) -> _Plan:
    tables = loss_tables(features, order)
    first, pair, triple = tables.first[place], tables.pair[place], tables.triple[place]
    cross = _entries(first[place], pair[place], triple, order, device) if place < features else []
    trie = Trie(*(table[place] for table in tables.trie))
    return _Plan(depths(trie, device), _entries(0, first, pair, order, device), cross)


@lru_cache(maxsize=64)
def _part_plan(features: int, order: int, device: torch.device) -> _Plan:
    tables = part_tables(features, order)
    return _Plan(depths(tables.trie, device), _entries(0, tables.first, tables.pair, order, device), [])


def _entries(value, edge: np.ndarray, block: np.ndarray, order: int, device: torch.device) -> list[Tensor]:
    """Root entries of value, gradient and Hessian; the derivatives by the bias come last."""
    whole = np.block([[block, edge[:, None]], [edge[None, :], np.full((1, 1), value)]])
    return [torch.as_tensor(entry, device=device) for entry in (value, np.append(edge, value), whole)[: order + 1]]


@dataclass(frozen=True)
class _Part:
    """Some rows whose features, sorted by falling |g|, are signed at the same places.

    Attributes:
        rows: which rows.
        places: features in sorted order.
        place: of the rows' own feature in it; the number of features if they have none.
        of, b: features in sorted order, and biases.
    """

    rows: Int[Tensor, " part"]
    places: Int[Tensor, "part features"]
    place: int
    of: Features
    b: Float[Tensor, " part"]


def _sorted_parts(rows: Rows, plan: Callable[[int], _Plan], device: torch.device) -> Iterator[_Part]:
    G, b, density, signed, own = (
        torch.as_tensor(array, device=device) for array in (rows.G, rows.b, rows.density, rows.signed, rows.own)
    )
    features = G.shape[1]
    # What is never on is out of the tree.
    g = torch.where(density > 0.0, G, 0.0)
    places = g.abs().argsort(dim=1, descending=True, stable=True)
    place = (torch.nn.functional.pad(places, (0, 1), value=features) == own[:, None]).int().argmax(dim=1)
    bits = 2 ** torch.arange(features, device=device)
    kind = place * 2**features + (signed.gather(1, places) * bits).sum(dim=1)
    for key in kind.unique().tolist():
        of_kind = (kind == key).nonzero().squeeze(1)
        own_place, signs = divmod(key, 2**features)
        is_signed = tuple(bool(signs >> k & 1) for k in range(features))
        row_size = row_bytes(is_signed, plan(own_place).depths)
        for part in of_kind.split(max(1, MOST_BYTES[device.type] // row_size)):
            order = places[part]
            of = Features(g[part].gather(1, order).T, density[part].gather(1, order).T, is_signed)
            yield _Part(part, order, own_place, of, b[part])


def _derivatives(weight: Tensor, roots: Tensor, q: int, entries: list[Tensor]) -> list[Tensor]:
    """weight × (V_q, V_{q-1}, V_{q-2}) at the root entries of the value, of its gradient and of its Hessian."""
    return [weight * roots[entry, q + 1 - k] for k, entry in enumerate(entries)]


class _Results:
    """Value, gradient and Hessian of all rows, gathered on the device."""

    def __init__(self, rows: int, features: int, order: int, device: torch.device) -> None:
        self._all = [
            torch.empty((rows, *[features + 1] * k), dtype=torch.float64, device=device) for k in range(order + 1)
        ]

    def store(self, part: _Part, found: list[Tensor]) -> None:
        """Write a part, whose derivatives are in sorted order, in the order of the features."""
        back = torch.nn.functional.pad(part.places, (0, 1), value=part.places.shape[1]).argsort(dim=1)
        for k, (whole, values) in enumerate(zip(self._all, found, strict=True)):
            values = values.movedim(-1, 0)
            for axis in range(1, k + 1):
                index = back.reshape(len(back), *[1] * (axis - 1), -1, *[1] * (k - axis))
                values = values.gather(axis, index.expand(values.shape))
            whole[part.rows] = values

    def rows(self) -> RowLosses:
        return RowLosses(*(values.cpu().numpy() for values in self._all))
