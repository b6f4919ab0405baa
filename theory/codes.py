"""Codes that use all dimensions at once: dense arrangements of any number of features, scaled to least loss."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from tegum.theory.errors import InputError
from tegum.theory.limits import gaussian_mean_field
from tegum.theory.loss.transform import transformed_rows

#: Relative to p/3, what the transform may leave out of a feature's loss.
_TOLERANCE = 1e-7
_UNIT_ROUNDOFF = 2.0**-53


@dataclass(frozen=True, eq=False)
class Code:
    """An arrangement of unit vectors.

    Attributes:
        name: of the construction.
        vectors: unit vectors in the columns.
        orbits: a vertex of each orbit of its known symmetries: their rows stand for all others.
        sizes: vertices of each orbit.
    """

    name: str
    vectors: Float[np.ndarray, "hidden features"]
    orbits: Int[np.ndarray, " orbits"]
    sizes: Int[np.ndarray, " orbits"]


def harmonic_code(count: int, hidden: int, seed: int = 0, draws: int = 8) -> Code:
    """A tight frame on which the cyclic group of the features acts: rows cos and sin of 2π f j / n at m/2 frequencies.

    w_j = √(2/m) (cos 2πf₁j/n, sin 2πf₁j/n, …), with a row (-1)ʲ / √m (n even) or 1/√m (n odd) if m is odd.  The
    overlap of features i and j is c(i - j), so one row of the loss stands for all.  The frequencies are exchanged one
    by one as long as Σ_t c(t)₊³ falls: large positive overlaps are what the readout cannot cut off.

    Args:
        count: n, features.
        hidden: m < n, dimensions.
        seed: of the frequencies to begin with, drawn from 1 … ⌈n/2⌉ - 1.
        draws: how often to begin; the best is taken.

    Raises:
        InputError: more dimensions than such rows, a negative seed, or no draws.

    Source: harmonic frames, Hochwald et al. 2000, "Systematic design of unitary space-time constellations".
    """
    half = (count - 1) // 2
    if not 1 <= hidden <= 2 * half + (1 if count % 2 == 0 else 0):
        raise InputError(f"hidden = {hidden} rows of a harmonic code need more than {count} features")
    if seed < 0 or draws < 1:
        raise InputError(f"seed = {seed}, draws = {draws}: allowed: at least 0, at least 1")
    cosines = _cosines(count)
    alone = _alternating(count) if hidden % 2 else np.zeros(count)
    random = np.random.default_rng(seed)
    tried = [_exchanged(random.permutation(half) + 1, hidden // 2, cosines, alone) for _ in range(draws)]
    frequencies, _ = min(tried, key=lambda pair: pair[1])
    steps = np.outer(frequencies, np.arange(count)) % count
    rows = [np.sqrt(2) * cosines[1][steps], np.sqrt(2) * np.sin(2 * np.pi * steps / count)]
    if hidden % 2:
        rows.append(alone[None])
    return Code("harmonic", np.concatenate(rows) / np.sqrt(hidden), np.array([0]), np.array([count]))


def _cosines(count: int) -> np.ndarray:
    """cos 2π f j / n for every frequency f and feature j; the same number wherever it should be."""
    steps = np.outer(np.arange(count), np.arange(count)) % count
    return np.cos(2 * np.pi * np.minimum(steps, count - steps) / count)


def _alternating(count: int) -> np.ndarray:
    return np.where(np.arange(count) % 2 == 0, 1.0, -1.0) if count % 2 == 0 else np.ones(count)


def _exchanged(order: np.ndarray, kept: int, cosines: np.ndarray, alone: np.ndarray) -> tuple[np.ndarray, float]:
    """The first of the frequencies, improved by exchanges with the others, and their Σ_t c(t)₊³."""
    inside, outside = order[:kept].copy(), order[kept:].copy()
    total = 2 * cosines[inside].sum(axis=0) + alone
    cost = _positive_cubes(total[None])[0]
    improved = True
    while improved:
        improved = False
        for place in range(kept):
            without = total - 2 * cosines[inside[place]]
            costs = _positive_cubes(without + 2 * cosines[outside])
            best = int(np.argmin(costs)) if costs.size else 0
            if costs.size and costs[best] < (1 - 1e-12) * cost:
                inside[place], outside[best] = outside[best], inside[place]
                total, cost, improved = without + 2 * cosines[inside[place]], float(costs[best]), True
    return np.sort(inside), float(cost)


def _positive_cubes(rows: np.ndarray) -> np.ndarray:
    """Σ_{t≠0} c(t)₊³ of unscaled overlap functions."""
    return (np.maximum(rows[:, 1:], 0.0) ** 3).sum(axis=1)


def hadamard_code(count: int, hidden: int, seed: int = 0) -> Code:
    """Rows of a Hadamard matrix of the least known order that is at least n, its first n columns.

    Orders: 2ᵃ, and 2ᵃ (q + 1) for primes q = 3 mod 4.  Overlaps are multiples of 2/m, and Σ_j (ŵ_i·ŵ_j)² = N/m over
    all N columns.

    Args:
        count: n, features.
        hidden: m <= n, dimensions.
        seed: of the rows drawn from all but the constant one.

    Raises:
        InputError: not 1 <= m < N, or a negative seed.

    Source: Sylvester 1867; Paley 1933, "On orthogonal matrices", construction I.
    """
    if seed < 0:
        raise InputError(f"seed = {seed} is below 0")
    order = hadamard_order(count)
    if not 1 <= hidden < order:
        raise InputError(
            f"hidden = {hidden} is outside [1, {order - 1}], the rows of a Hadamard matrix of order {order}"
        )
    rows = np.random.default_rng(seed).permutation(order - 1)[:hidden] + 1
    vectors = hadamard_matrix(order)[rows, :count] / np.sqrt(hidden)
    transitive = order & (order - 1) == 0 and order == count  # the columns of Sylvester's matrices form a group
    every = np.arange(1 if transitive else count)
    return Code("hadamard", vectors, every, np.full(every.size, count // every.size))


def projection_code(count: int, hidden: int, seed: int = 0) -> Code:
    """Unit vectors along the columns of m random orthonormal rows: what no structure at all achieves.

    Args:
        count: n, features.
        hidden: m <= n, dimensions.
        seed: of the rows.

    Raises:
        InputError: more dimensions than features, or a negative seed.
    """
    if not 1 <= hidden <= count:
        raise InputError(f"hidden = {hidden} is outside [1, {count}], the rows that can be orthogonal")
    if seed < 0:
        raise InputError(f"seed = {seed} is below 0")
    rows = np.linalg.qr(np.random.default_rng(seed).normal(size=(count, hidden)))[0].T
    return Code("projection", rows / np.linalg.norm(rows, axis=0), np.arange(count), np.ones(count, dtype=int))


def hadamard_order(least: int) -> int:
    """The least order of a Hadamard matrix, by the constructions used here, that is at least ``least``."""
    order = max(least, 1)
    while not _constructible(order):
        order += 1
    return order


def hadamard_matrix(order: int) -> Float[np.ndarray, "order order"]:
    """A Hadamard matrix, H Hᵀ = N, its first row and column constant.

    Raises:
        InputError: an order without a construction here.
    """
    if order == 1:
        return np.ones((1, 1))
    if _paley(order):
        return _paley_matrix(order - 1)
    if order % 2 or not _constructible(order):
        raise InputError(f"order = {order} of a Hadamard matrix is not constructed here; allowed: 2^a (q + 1)")
    smaller = hadamard_matrix(order // 2)
    return np.block([[smaller, smaller], [smaller, -smaller]])


def _constructible(order: int) -> bool:
    return order == 1 or _paley(order) or (order % 2 == 0 and _constructible(order // 2))


def _paley(order: int) -> bool:
    q = order - 1
    return q % 4 == 3 and all(q % divisor for divisor in range(2, int(q**0.5) + 1))


def _paley_matrix(q: int) -> np.ndarray:
    """Bordered 1 + Q with Q_ij = χ(i - j), χ the quadratic character modulo q = 3 mod 4; signs make row 0 constant."""
    character = -np.ones(q)
    character[np.arange(1, q) ** 2 % q] = 1.0
    character[0] = 0.0
    matrix = np.ones((q + 1, q + 1))
    matrix[1:, 1:] = character[np.subtract.outer(np.arange(q), np.arange(q)) % q] - np.eye(q)
    return matrix


@dataclass(frozen=True)
class FittedCode:
    """A code with one gain and one bias for all features, optimised for a density.

    Attributes:
        code: its vectors.
        density: p of all features, importance 1.
        gain, bias: a and b of x̂ = (a C x + b)_+, C the cosines.
        loss, error: exact population loss of all features at these scalars, and the bound on its numerical error.
        slope: largest |∂L/∂a|, |∂L/∂b| over n: how far the scalars are from optimal; the loss is exact in any case.
    """

    code: Code
    density: float
    gain: float
    bias: float
    loss: float
    error: float
    slope: float


def fitted_code(code: Code, density: float, most_rows: int = 8) -> FittedCode:
    """The best gain and bias of a code, and the exact loss with them.

    min_{a, b} Σ_i ℓ_i(a C_i, b) over the rows C_i of the cosines, from the optimum of the Gaussian mean field.

    Args:
        code: of any number of features.
        density: p in (0, 1], the same for all features.
        most_rows: gain and bias are optimised on at most so many of the orbits, evenly picked; the loss is that of all.

    Raises:
        InputError: a density outside its range.

    Validity: independent uniform features, importance 1.  With more orbits than ``most_rows`` the scalars are nearly
    optimal only, so the loss is an upper bound on the code's best.
    """
    from scipy.optimize import minimize

    hidden, features = code.vectors.shape
    mean = gaussian_mean_field(density, min(hidden / features, 1.0))
    picked = np.unique(np.linspace(0, code.orbits.size - 1, min(most_rows, code.orbits.size)).round().astype(int))
    cosines = code.vectors.T @ code.vectors
    weight = code.sizes[picked] / code.sizes[picked].sum()
    # Losses of p/3 and less: the units of the solver's stopping rules are those of p/3 = 1.
    found = minimize(
        lambda scalars: _scaled_loss(scalars, cosines, code.orbits[picked], weight, density),
        (mean.gain, mean.bias),
        jac=True,
        method="BFGS",
        options={"gtol": 1e-9},
    )
    a, b = map(float, found.x)
    loss, error, slope = _scalar_loss(a, b, cosines, code.orbits, code.sizes.astype(float), density)
    return FittedCode(code, density, a, b, loss, error, float(np.abs(slope).max()) / features)


def _scaled_loss(
    scalars: np.ndarray, cosines: np.ndarray, rows: np.ndarray, weight: np.ndarray, density: float
) -> tuple[float, np.ndarray]:
    loss, _, slope = _scalar_loss(float(scalars[0]), float(scalars[1]), cosines, rows, weight, density)
    return 3 * loss / density, 3 * slope / density


def _scalar_loss(
    a: float, b: float, cosines: np.ndarray, rows: np.ndarray, weight: np.ndarray, density: float
) -> tuple[float, float, np.ndarray]:
    """Σ_r weight_r ℓ_r(a C_r, b), a bound on its error, and its derivatives by a and b."""
    features = len(cosines)
    # Features are alike, so they may be renumbered: those whose rows are wanted come first.
    order = np.concatenate([rows, np.setdiff1d(np.arange(features), rows)])
    wanted = cosines[np.ix_(rows, order)]
    alike = np.full((1, features), density), np.ones((1, features))
    found = transformed_rows(a * wanted[None], np.full((1, rows.size), b), *alike, _TOLERANCE * density / 3)
    by_overlap = found.gradient[0, :, :features]
    slope = weight @ np.stack([(by_overlap * wanted).sum(axis=1), found.gradient[0, :, features]], axis=1)
    # Cosines are sums of as many products as there are dimensions, fewer than features.
    rounding = features * _UNIT_ROUNDOFF * (found.loss[0] + np.abs(by_overlap * a * wanted).sum(axis=1))
    assert found.error is not None
    return float(weight @ found.loss[0]), float(weight @ (found.error[0] + rounding)), slope
