"""Each route to the loss of whole models: from weights and a law to what the route finds, with its bounds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tegum.theory.loss.assembly import UNIT_ROUNDOFF, Found, by_weights, from_rows, plus_norms
from tegum.theory.loss.differences import with_hessian
from tegum.theory.loss.enumeration import MOST_KNOTS, enumerated_norms, enumerated_rows
from tegum.theory.loss.halves import half_moments, half_rows, half_weights
from tegum.theory.loss.law import Law
from tegum.theory.loss.moments import linear_rows, moments
from tegum.theory.loss.points import point_sums
from tegum.theory.loss.quasi import quasi_sums
from tegum.theory.loss.rows import RowLosses
from tegum.theory.loss.scenarios import knot_count
from tegum.theory.loss.sorted_sums import sorted_rows
from tegum.theory.loss.states import binary_states
from tegum.theory.loss.transform import transformed_norms, transformed_rows

#: Harmonics of the transform are added until the bound on what is left out of a feature's loss is below this: as a
#: second route to check the first by, and, where it is the only one, relative to the feature's own E x².
_CHECKING_TOLERANCE = 1e-13
_RELATIVE_TOLERANCE = 1e-9


def _by_moments(W: np.ndarray, W_out: np.ndarray, b: np.ndarray, law: Law, order: int, device: str | None) -> Found:
    if law.structure.activation == "none":
        rows = linear_rows(W_out @ W, b, law.importance, moments(law.density, law.structure), order, device)
        return _with_penalty(from_rows(rows, W, W_out), W, law, device)
    halves = half_weights(W, law.structure)
    rows = linear_rows(W_out @ halves, b, law.importance, half_moments(law.density, law.structure), order, device)
    return _with_penalty(by_weights(from_rows(rows, halves, W_out), W, halves), W, law, device)


def _by_enumeration(W: np.ndarray, W_out: np.ndarray, b: np.ndarray, law: Law, order: int, device: str | None) -> Found:
    structure = law.structure
    if structure.values == "binary":
        return _by_states(W, W_out, b, law, order, device)
    if structure.activation == "none":
        rows = enumerated_rows(W_out @ W, b, law.density, law.importance, order, True, structure, device)
        return _with_penalty(from_rows(rows, W, W_out), W, law, device)
    halves = half_weights(W, structure)
    rows = half_rows(W_out @ halves, b, law.density, law.importance, structure, order, True, device)
    return _with_penalty(by_weights(from_rows(rows, halves, W_out), W, halves), W, law, device)


def _by_states(W: np.ndarray, W_out: np.ndarray, b: np.ndarray, law: Law, order: int, device: str | None) -> Found:
    states = binary_states(law.density, law.structure)
    sums = point_sums(W, W_out, b, law, states.x[None], states.probability, order, device)
    hidden, features = W.shape[1:]
    # Every x is 0 or 1, so no activation exceeds the sum of its weights' magnitudes.
    h = np.abs(W).sum(axis=2)
    reach = (np.abs(W_out) @ h[..., None])[..., 0] + np.abs(b) + 1.0
    l1 = np.zeros(len(b)) if law.l1 is None else law.l1
    rounding = UNIT_ROUNDOFF * (4 * hidden + 4 * features + len(states.x) + 32)
    error = rounding * ((law.importance * reach**2).sum(axis=1) + l1 * h.sum(axis=1))
    width = np.maximum(np.abs(W_out).max(axis=(1, 2)), np.maximum(h.max(axis=1), 1.0))
    slope = 2 * (law.importance * reach).sum(axis=1)
    curve = 2 * law.importance.sum(axis=1) * width**2 + slope
    return Found(
        sums.per_feature, sums.penalty, error, sums.gradient, rounding * (slope * width + l1),
        sums.hessian, rounding * curve,
    )  # fmt: skip


def _by_sorted_sums(W: np.ndarray, W_out: np.ndarray, b: np.ndarray, law: Law, order: int, device: str | None) -> Found:
    return from_rows(sorted_rows(W_out @ W, b, law.density, law.importance, law.structure, device), W, W_out)


def _by_transform(W: np.ndarray, W_out: np.ndarray, b: np.ndarray, law: Law, order: int, device: str | None) -> Found:
    known = knot_count(law.structure, b.shape[1]) <= MOST_KNOTS
    least = law.density[law.density > 0].min(initial=1.0)
    # Differences divide what is left out by their step.
    tolerance = _CHECKING_TOLERANCE if known or order == 2 else _RELATIVE_TOLERANCE * least / 3

    def rows(u: np.ndarray) -> RowLosses:
        return transformed_rows(u[..., :-1], u[..., -1], law.density, law.importance, tolerance, law.structure, device)

    u = np.concatenate([W_out @ W, b[..., None]], axis=2)
    found = from_rows(with_hessian(rows, u) if order == 2 else rows(u), W, W_out)
    return found if law.l1 is None else plus_norms(found, _norms(W, law, tolerance, order, device), law)


def by_quasi_monte_carlo(
    W: np.ndarray, W_out: np.ndarray, b: np.ndarray, law: Law, seed: int, device: str | None
) -> Found:
    sums = quasi_sums(W, W_out, b, law, seed, device)
    return Found(sums.mean.per_feature, sums.mean.penalty, sums.loss_error, sums.mean.gradient, sums.gradient_error)


def _norms(W: np.ndarray, law: Law, tolerance: float, order: int, device: str | None) -> RowLosses:
    def norms(w: np.ndarray) -> RowLosses:
        return transformed_norms(w, law.density, tolerance, law.structure, device)

    return with_hessian(norms, W) if order == 2 else norms(W)


def _with_penalty(found: Found, W: np.ndarray, law: Law, device: str | None) -> Found:
    if law.l1 is None:
        return found
    order = 1 if found.hessian is None else 2
    if knot_count(law.structure, W.shape[2]) <= MOST_KNOTS:
        return plus_norms(found, enumerated_norms(W, law.density, order, True, law.structure, device), law)
    return plus_norms(found, _norms(W, law, _RELATIVE_TOLERANCE, order, device), law)


#: (W, W_out, b, law, order, device) to what is found.
_Route = Callable[[np.ndarray, np.ndarray, np.ndarray, Law, int, str | None], Found]
ROUTES: dict[str, _Route] = {
    "moments": _by_moments,
    "enumeration": _by_enumeration,
    "meet-in-the-middle": _by_sorted_sums,
    "transform": _by_transform,
}
