"""Route 1 to the exact loss: enumeration of the active subsets, summed over knots."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int

from tegum.theory.loss.knots import fill_positive_parts, fill_rows
from tegum.theory.loss.law import Structure
from tegum.theory.loss.rows import RowLosses
from tegum.theory.loss.scenarios import Scenario, scenarios
from tegum.theory.loss.threads import in_chunks
from tegum.theory.loss.trie import loss_tables, part_tables

#: Largest number of independent features that this route takes, and the knots that go with it: a row costs at most
#: n 2ⁿ operations, much less where overlaps vanish.
MOST_FEATURES = 16
MOST_KNOTS = 2**MOST_FEATURES
_UNIT_ROUNDOFF = 2.0**-53
#: Fewest rows of a task given to a thread, and its knots: enough work to pay for handing it over.
_FEWEST, _CHUNK_KNOTS = 4, 2**12


@dataclass(frozen=True)
class Rows:
    """Rows of overlaps under independent features, each with its own law.

    Attributes:
        own: the feature that each row is to answer; as many as there are features if it answers none (y = 0).
        aim: the answer is y = aim x_own, ±1.
        G, b: overlaps and bias, z = G·x + b.
        density: probability that each feature is on.
        signed: whether a feature that is on is uniform on [-1, 1] rather than on [0, 1].
        weight: of the row's squared error.
    """

    own: Int[np.ndarray, " rows"]
    aim: Float[np.ndarray, " rows"]
    G: Float[np.ndarray, "rows features"]
    b: Float[np.ndarray, " rows"]
    density: Float[np.ndarray, "rows features"]
    signed: Bool[np.ndarray, "rows features"]
    weight: Float[np.ndarray, " rows"]


def enumerated_rows(
    G: Float[np.ndarray, "models rows features"],
    b: Float[np.ndarray, "models rows"],
    density: Float[np.ndarray, "models features"],
    importance: Float[np.ndarray, "models features"],
    order: int = 1,
    bounded: bool = False,
    structure: Structure = Structure(),  # noqa: B008 - immutable
    device: str | None = None,
) -> RowLosses:
    """Loss of each feature, exact up to rounding, with its first ``order`` derivatives.

    ℓ_i = I_i [ E y_i² - 2 E y_i (z_i)_+ + E (z_i)_+² ], z_i = Σ_j G_ij x_j + b_i, each expectation a sum of box
    integrals over the subsets of active features, mixed over the states of the law's groups.

    Args:
        G: overlap matrices (not necessarily symmetric), or their first rows where the others are not wanted.
        b: biases of those rows.
        density: probability that each feature is on, in [0, 1].
        importance: weight of each feature's squared error, >= 0.
        order: 1 for the gradient, 2 for the Hessian as well.
        bounded: also bound the rounding errors (about doubles the time).
        structure: law, values and target.
        device: "cpu", "cuda" or "cuda:N" for tensor operations there; None for the compiled kernel.

    Returns:
        `RowLosses`; the bounds are None unless ``bounded``.

    Validity: uniform or signed values, ReLU readout, at most `MOST_KNOTS` knots (`scenarios.knot_count`).  The Hessian
    is one-sided where a bias is exactly 0 or a vertex of the box lies exactly on the kink; the loss itself has a
    continuous gradient everywhere.

    Source: box integral of a truncated power, ∫_{[0,1]^k} (a·x + b)_+^m dx = m!/((m+k)! Πa) Σ_v ± (a·v + b)_+^{m+k}.
    """
    models, count, features = G.shape
    if structure.law == "independent" and not _splits_own(structure):
        every = Scenario(np.ones(models), tuple(range(features)), density)
        rows = _scenario_rows(G, b, importance, every, np.arange(count), structure)
        return by_model(row_losses(rows, order, bounded, device), models, count)
    total = zero_rows(models, count, features, order, bounded)
    for scenario in scenarios(density, structure):
        active = list(scenario.features)
        for share, rows, flip in _conditional_rows(G[:, :, active], b, importance, scenario, structure):
            add_rows(total, share, row_losses(rows, order, bounded, device), scenario.features, flip)
    return by_model(total, models, count)


def _splits_own(structure: Structure) -> bool:
    """Whether the target asks for the sign of a row's own feature."""
    return structure.target == "abs" and structure.values == "signed"


def _conditional_rows(
    G: np.ndarray, b: np.ndarray, importance: np.ndarray, scenario: Scenario, structure: Structure
) -> Iterator[tuple[np.ndarray, Rows, np.ndarray | None]]:
    """Rows given a scenario, with the probability of each and the sign by which the own overlap was turned.

    For y = |x| with signed values the own feature's state is given as well: off, positive, or negative, when -x_own
    plays its part.
    """
    rows, active = G.shape[1], scenario.features
    place = {feature: k for k, feature in enumerate(active)}
    places = np.array([place.get(i, len(active)) for i in range(rows)])
    each = _scenario_rows(G, b, importance, scenario, places, structure)
    own = each.own
    share = np.repeat(scenario.probability, rows)
    if not _splits_own(structure):
        yield share, each, None
        return
    is_on, at = own < len(active), np.minimum(own, max(len(active) - 1, 0))
    every = np.arange(len(own))
    on = np.where(is_on, each.density[every, at], 0.0) if active else np.zeros(len(own))
    yield share * (1.0 - on), _given_own(each, is_on, at, 0.0, 1.0), None
    for sign in (1.0, -1.0) if on.any() else ():
        flip = np.ones_like(each.G)
        flip[every[is_on], at[is_on]] = sign
        yield share * on / 2, _given_own(each, is_on, at, 1.0, sign), flip


def _scenario_rows(
    G: np.ndarray, b: np.ndarray, importance: np.ndarray, scenario: Scenario, own: np.ndarray, structure: Structure
) -> Rows:
    """The rows of all models given a scenario, over its features; ``own`` is the place of each row's own one."""
    models, rows, active = G.shape
    return Rows(
        own=np.tile(own, models),
        aim=np.ones(models * rows),
        G=G.reshape(models * rows, active),
        b=b.reshape(-1),
        density=np.repeat(scenario.density, rows, axis=0),
        signed=np.full((models * rows, active), structure.values == "signed"),
        weight=np.ascontiguousarray(importance[:, :rows]).reshape(-1),
    )


def _given_own(rows: Rows, is_on: np.ndarray, at: np.ndarray, density: float, sign: float) -> Rows:
    """Rows whose own feature is off, or on with a known sign."""
    known = np.flatnonzero(is_on), at[is_on]
    G, densities, signed = rows.G.copy(), rows.density.copy(), rows.signed.copy()
    G[known] *= sign
    densities[known], signed[known] = density, False
    return replace(rows, G=G, density=densities, signed=signed)


def row_losses(rows: Rows, order: int, bounded: bool, device: str | None = None) -> RowLosses:
    """ℓ = w [ E y² - 2 E y z_+ + E z_+² ] of each row, as a batch of one-row models."""
    found = _filled(rows, order, False, device)
    if not bounded:
        return found
    # The same recursion with every subtraction made an addition: the size of all that was rounded on the way.
    return _bounded(found, _filled(rows, 2, True, device), rows.G, rows.b)


def _filled(rows: Rows, order: int, absolute: bool, device: str | None) -> RowLosses:
    if device is not None:
        from tegum.theory.loss.tensor import tensor_rows

        return tensor_rows(rows, order, absolute, device)
    count, features = rows.G.shape
    tables = loss_tables(features, order)
    loss, gradient = np.empty(count), np.empty((count, features + 1))
    hessian = np.empty((count, features + 1, features + 1) if order >= 2 else (count, 0, 0))

    in_chunks(
        count,
        lambda part: fill_rows(
            rows.own[part], rows.aim[part], rows.G[part], rows.b[part], rows.density[part], rows.signed[part],
            rows.weight[part], absolute, *tables.trie, tables.first, tables.pair, tables.triple,
            loss[part], gradient[part], hessian[part],
        ),
        _chunk(features),
    )  # fmt: skip
    return RowLosses(loss, gradient, hessian if order >= 2 else None)


def _chunk(features: int) -> int:
    return max(_FEWEST, _CHUNK_KNOTS >> features)


def enumerated_norms(
    W: Float[np.ndarray, "models hidden features"],
    density: Float[np.ndarray, "models features"],
    order: int = 1,
    bounded: bool = False,
    structure: Structure = Structure(),  # noqa: B008 - immutable
    device: str | None = None,
) -> RowLosses:
    """Mean size of each hidden activation, with its derivatives by the unit's weights: the L1 term is their sum.

    E (h_a)_+ with a ReLU hidden layer, E |h_a| = E (h_a)_+ + E (-h_a)_+ without, h_a = Σ_j W_aj x_j.

    Args:
        W: input weights.
        density: probability that each feature is on.
        order, bounded, structure, device: as for `enumerated_rows`.

    Returns:
        `RowLosses`, a row for each hidden unit; its gradient has no entry for a bias.
    """
    models, hidden, features = W.shape
    total = zero_rows(models, hidden, features, order, bounded)
    for scenario in scenarios(density, structure):
        active = list(scenario.features)
        share = np.repeat(scenario.probability, hidden)
        weights = W[:, :, active].reshape(models * hidden, len(active))
        law = np.repeat(scenario.density, hidden, axis=0)
        for sign in (1.0,) if structure.activation == "relu" else (1.0, -1.0):
            part = _positive_parts(sign * weights, law, structure.values == "signed", order, bounded, device)
            add_rows(total, share, part, scenario.features, np.full_like(weights, sign))
    found = by_model(total, models, hidden)
    hessian = None if found.hessian is None else found.hessian[..., :features, :features]
    return replace(found, gradient=found.gradient[..., :features], hessian=hessian)


def _positive_parts(
    W: np.ndarray, density: np.ndarray, signed: bool, order: int, bounded: bool, device: str | None
) -> RowLosses:
    """E (w·x + c)_+ at c = 0 of each row, with derivatives by (w, c)."""
    found = _filled_parts(W, density, signed, order, False, device)
    if not bounded:
        return found
    return _bounded(found, _filled_parts(W, density, signed, 2, True, device), W, np.zeros(len(W)))


def _filled_parts(
    W: np.ndarray, density: np.ndarray, signed: bool, order: int, absolute: bool, device: str | None
) -> RowLosses:
    if device is not None:
        from tegum.theory.loss.tensor import tensor_parts

        return tensor_parts(W, density, signed, order, absolute, device)
    count, features = W.shape
    tables = part_tables(features, order)
    kinds = np.full((count, features), signed)
    value, gradient = np.empty(count), np.empty((count, features + 1))
    hessian = np.empty((count, features + 1, features + 1) if order >= 2 else (count, 0, 0))
    in_chunks(
        count,
        lambda part: fill_positive_parts(
            W[part], density[part], kinds[part], absolute, *tables.trie, tables.first, tables.pair,
            value[part], gradient[part], hessian[part],
        ),
        _chunk(features),
    )  # fmt: skip
    return RowLosses(value, gradient, hessian if order >= 2 else None)


def _bounded(found: RowLosses, size: RowLosses, G: np.ndarray, b: np.ndarray) -> RowLosses:
    """The rows with bounds on their rounding, ``size`` being the sum of all magnitudes that they were summed from."""
    assert size.hessian is not None
    features = G.shape[1]
    per_term = _UNIT_ROUNDOFF * (features**2 + 16 * features + 16)
    knot_shift = _UNIT_ROUNDOFF * (2 * features + 2) * (np.abs(b) + np.abs(G).sum(axis=-1))
    error = per_term * size.loss + knot_shift * size.gradient[..., -1]
    gradient_error = (per_term * size.gradient + knot_shift[..., None] * size.hessian[..., -1]).max(axis=-1)
    hessian_error = per_term * size.hessian.max(axis=(-1, -2))
    return replace(found, error=error, gradient_error=gradient_error, hessian_error=hessian_error)


def zero_rows(models: int, rows: int, features: int, order: int, bounded: bool) -> RowLosses:
    """Rows of all models, one after another, to add scenarios to."""
    count, entries = models * rows, features + 1
    return RowLosses(
        np.zeros(count),
        np.zeros((count, entries)),
        np.zeros((count, entries, entries)) if order >= 2 else None,
        *(np.zeros(count) if bounded else None for _ in range(3)),
    )


def add_rows(
    total: RowLosses, share: np.ndarray, part: RowLosses, features: Sequence[int], flip: np.ndarray | None
) -> None:
    """Add one scenario's rows, of some features only, by their probabilities; ``flip`` is the sign of each overlap."""
    columns = np.array([*features, total.gradient.shape[1] - 1])
    signs = np.ones_like(part.gradient)
    if flip is not None:
        signs[:, :-1] = flip
    total.loss[:] += share * part.loss
    total.gradient[:, columns] += share[:, None] * signs * part.gradient
    if total.hessian is not None and part.hessian is not None:
        turned = signs[:, :, None] * part.hessian * signs[:, None, :]
        total.hessian[:, columns[:, None], columns] += share[:, None, None] * turned
    if total.error is not None:
        _add_bounds(total, share, part)


def _add_bounds(total: RowLosses, share: np.ndarray, part: RowLosses) -> None:
    """Add one scenario's bounds, and what is rounded when its rows are weighted and added."""
    bounds = (
        (total.error, total.gradient_error, total.hessian_error),
        (part.error, part.gradient_error, part.hessian_error),
    )
    hessians = [np.zeros((1, 1, 1)) if rows.hessian is None else rows.hessian for rows in (part, total)]
    sizes = (
        (np.abs(part.loss), np.abs(total.loss)),
        (np.abs(part.gradient).max(axis=1), np.abs(total.gradient).max(axis=1)),
        tuple(np.abs(hessian).max(axis=(1, 2)) for hessian in hessians),
    )
    # Probabilities are products and differences of densities: their errors are absolute.
    rounding = _UNIT_ROUNDOFF * (total.gradient.shape[1] + 8)
    for whole, added, (size, sum_size) in zip(*bounds, sizes, strict=True):
        assert whole is not None
        whole += share * added + rounding * size + _UNIT_ROUNDOFF * sum_size


def by_model(rows: RowLosses, models: int, count: int) -> RowLosses:
    """Rows one after another as rows of models."""
    fields = {name: value for name, value in vars(rows).items() if value is not None}
    return RowLosses(**{name: value.reshape(models, count, *value.shape[1:]) for name, value in fields.items()})
