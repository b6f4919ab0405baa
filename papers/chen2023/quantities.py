"""Chen et al.: polygons of one-hot features, with dead features beside them, and what follows from their losses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
from scipy.optimize import brentq

from tegum.papers.chen2023.courses import checkpoints_on_levels as checkpoints_on_levels
from tegum.papers.chen2023.courses import coefficients_on_levels as coefficients_on_levels
from tegum.papers.chen2023.notebook import checkpoints_on_binary_levels as checkpoints_on_binary_levels
from tegum.papers.chen2023.notebook import falls_of_vertices as falls_of_vertices
from tegum.papers.chen2023.polygons import named_polygon, one_hot, point_of, ring
from tegum.papers.chen2023.sampling import Coefficient, learning_coefficient, one_hot_losses, sum_of_powers
from tegum.papers.claims.models import found
from tegum.papers.claims.quantity import Quantity
from tegum.theory.limits import one_hot_polygon
from tegum.theory.loss.law import law_of
from tegum.theory.loss.population import population_loss
from tegum.theory.search.descent import descend
from tegum.theory.search.optimum import optimum
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

#: Nelder-Mead's and the bounded minimiser's answers are good to about this in the losses' flat directions.
_FLAT = 1e-7


def closed_form_error(features: int, models: int = 200, seed: int = 0, law: str = "one-hot") -> Quantity:
    """Largest relative difference of the lemma's closed form from a feature law's exact loss, on random weights."""
    random = np.random.default_rng(seed)
    differences = []
    for _ in range(models):
        weights = Weights(random.normal(size=(2, features)), random.normal(size=features) - 0.3)
        exact = float(population_loss(weights, Setting(features, 2, 1 / features, law=law)).loss)
        differences.append(abs(_lemma(weights) / exact - 1))
    return Quantity(max(differences), 1e-13, f"closed form against the exact loss of {models} random models")


def polygon_optimum(vertices: Sequence[int]) -> Quantity:
    """l* and b* of each k-gon, one after the other."""
    fits = [one_hot_polygon(k) for k in vertices]
    values = tuple(number for fit in fits for number in (fit.length, fit.bias))
    return Quantity(values, _FLAT, "loss of a k-gon minimised over length and bias", {"k": list(vertices)})


def levels(vertices: Sequence[int]) -> Quantity:
    """h_k = 3 k × the loss of the best k-gon of k features."""
    exact = [population_loss(named_polygon(str(k), k), one_hot(k)) for k in vertices]
    values = tuple(3 * k * float(one.loss) for k, one in zip(vertices, exact, strict=True))
    return Quantity(values, 1e-11, "exact loss of the optimised polygon")


def polygon_optimum_in_full(vertices: Sequence[int]) -> Quantity:
    """l* and b* of each k-gon as the exact loss's descent in the full space of weights leaves them."""
    values: list[float] = []
    for k in vertices:
        start = named_polygon(str(k), k)
        rest = descend(1.05 * start.W[None], start.b[None] - 0.05, law_of(one_hot(k)))
        values += [float(np.linalg.norm(rest.W[0], axis=0).mean()), float(rest.b[0].mean())]
    return Quantity(tuple(values), _FLAT, "exact loss followed downhill from a k-gon, all weights free")


def polygon_losses(count: int, names: Sequence[str], dead: float | None = None) -> Quantity:
    """Exact losses of polygons beside dead features: "5+" is a pentagon, one dead feature's bias at its best."""
    exact = [population_loss(named_polygon(name, count, dead), one_hot(count)) for name in names]
    error = max(float(one.error) for one in exact) + _FLAT**2
    return Quantity(tuple(float(one.loss) for one in exact), error, "exact loss of the optimised polygon")


def closed_form_losses(count: int, names: Sequence[str], dead: float | None = None) -> Quantity:
    """The same losses by the lemma's closed form."""
    values = tuple(_lemma(named_polygon(name, count, dead)) for name in names)
    return Quantity(values, 1e-13, "closed form of Lemma 3.1")


def gain_of_a_dead_bias(count: int, dead: float | None = None) -> Quantity:
    """By how much a dead feature's bias lowers the loss beside a 4-gon, times 4c²."""
    without, with_one = (population_loss(named_polygon(name, count, dead), one_hot(count)) for name in ("4", "4+"))
    error = 4 * count**2 * (float(without.error) + float(with_one.error))
    return Quantity(4 * count**2 * float(without.loss - with_one.loss), error, "difference of two exact losses")


def gradient_norms(vertices: Sequence[int], digits: int = 5) -> Quantity:
    """Norm of the exact loss's gradient at k-gons of k features whose l* and b* are rounded to so many digits."""
    norms = []
    for k in vertices:
        fit = one_hot_polygon(k)
        weights = Weights(round(fit.length, digits) * ring(k), np.full(k, round(fit.bias, digits)))
        slope = population_loss(weights, one_hot(k)).gradient
        norms.append(float(np.sqrt((slope.W**2).sum() + (slope.b**2).sum())))
    return Quantity(tuple(norms), 1e-12, "norm of the exact gradient")


def half_ranks(count: int, names: Sequence[str], tolerance: float = 1e-6) -> Quantity:
    """Half the rank of the exact Hessian at polygons: the learning coefficient where the rest is flat."""
    ranks = []
    for name in names:
        hessian = population_loss(named_polygon(name, count), one_hot(count), order=2).hessian
        assert hessian is not None
        ranks.append(float((np.abs(np.linalg.eigvalsh(hessian)) > tolerance).sum()) / 2)
    return Quantity(tuple(ranks), 0.0, "eigenvalues of the exact Hessian that are not zero, halved")


def half_codimensions(count: int, names: Sequence[str]) -> Quantity:
    """The same by counting: parameters, less one rotation, less three for each feature that is dead and silent."""
    plus = [name.count("+") for name in names]
    silent = [count - int(name.rstrip("+")) - k for name, k in zip(names, plus, strict=True)]
    return Quantity(tuple((3 * count - 1 - 3 * k) / 2 for k in silent), 0.0, "parameters that the loss feels, halved")


def best_polygon(count: int, dead: float | None = None) -> Quantity:
    """Name of the polygon of least loss among c features, the others dead at their best bias."""
    names = [str(k) + "+" * (count - k) for k in range(4, count + 1)]
    losses = [float(population_loss(named_polygon(name, count, dead), one_hot(count)).loss) for name in names]
    order = np.argsort(losses)
    shown = names[order[0]].rstrip("+") + ("+" if names[order[0]].endswith("+") else "")
    return Quantity(
        shown, 0.0, "least exact loss among k-gons with dead features", dict(zip(names, losses, strict=True))
    )


def one_hot_optimum(count: int, starts: int = 64) -> Quantity:
    """Loss of the best weights for one-hot features, relative to the best polygon's with dead features."""
    best = optimum(one_hot(count), starts)
    names = [str(k) + "+" * (count - k) for k in range(4, count + 1)]
    least = min(float(population_loss(named_polygon(name, count), one_hot(count)).loss) for name in names)
    return Quantity(best.loss / least, 1e-9, "global search against the best polygon", found(best))


def bayesian_crossing(first: str, second: str, count: int, exponents: float, prior: bool = True) -> Quantity:
    """Number of samples at which the free energies of two polygons cross: n ΔL = Δλ log n + ΔC, ΔC of the prior."""
    one, other = (named_polygon(name, count) for name in (first, second))
    low, high = (float(population_loss(weights, one_hot(count)).loss) for weights in (other, one))
    base, cost = (_half_square(one), _half_square(other) - _half_square(one)) if prior else (0.0, 0.0)
    root = brentq(lambda n: n * (high - low) - exponents * np.log(n) - cost, 10.0, 1e6, xtol=1e-6)
    n = np.linspace(root / 5, 2 * root, 31)
    known = float(half_codimensions(count, [first]).values[0])
    details = {
        "loss": high - low,
        "prior": cost,
        "samples": n.tolist(),
        "free energies": {
            first: (n * high + known * np.log(n) + base).tolist(),
            second: (n * low + (known + exponents) * np.log(n) + base + cost).tolist(),
        },
    }
    return Quantity(float(root), 0.01, "root of n ΔL = Δλ log n + ΔC", details)


def jumps(count: int, name: str, biases: Sequence[int], silent: float = -0.1, step: float = 1e-7) -> Quantity:
    """Largest jump of an entry of the exact gradient, and of the exact Hessian, where biases pass those of a polygon.

    The derivatives are taken a step to either side along each of these biases; `silent` is the bias of dead features.
    """
    polygon = named_polygon(name, count, silent=silent)
    sides = [[_derivatives(polygon, count, bias, side * step) for side in (-1, 1)] for bias in biases]
    slope, curvature = (max(float(np.abs(b[k] - a[k]).max()) for a, b in sides) for k in (0, 1))
    return Quantity((slope, curvature), 100 * step, "exact derivatives a step to either side, which change along it")


def _derivatives(weights: Weights, count: int, bias: int, step: float) -> tuple[np.ndarray, np.ndarray]:
    """Gradient and Hessian of the exact loss where one bias is moved by a step."""
    at = population_loss(Weights(weights.W, weights.b + step * np.eye(count)[bias]), one_hot(count), order=2)
    assert at.hessian is not None
    return np.concatenate([at.gradient.W.ravel(), at.gradient.b]), at.hessian


def numerical_gradient_norms(vertices: Sequence[int], digits: int = 12, step: float = 1e-5) -> Quantity:
    """The same by central differences of the lemma's closed form."""
    norms = []
    for k in vertices:
        fit = one_hot_polygon(k)
        point = np.concatenate([(round(fit.length, digits) * ring(k)).ravel(), np.full(k, round(fit.bias, digits))])
        slopes = [(_lemma_at(point + step * e) - _lemma_at(point - step * e)) / (2 * step) for e in np.eye(3 * k)]
        norms.append(float(np.linalg.norm(slopes)))
    return Quantity(tuple(norms), 1e-8, "central differences of the closed form")


def importance_crossing(count: int = 6, vertices: int = 5) -> Quantity:
    """Importance of the last feature at which a k-gon with it dead and the polygon with it alive have equal losses."""
    alive = named_polygon(str(vertices + 1) + "+" * (count - vertices - 1), count)

    def difference(u: float) -> float:
        setting = Setting(count, 2, law="one-hot", importance=[*[1.0] * (count - 1), u])
        rest = descend(alive.W[None], alive.b[None], law_of(setting), reach=0.1)
        dead = named_polygon(str(vertices) + "+" * (count - vertices), count)
        return float(rest.loss[0]) - float(population_loss(dead, setting).loss)

    crossing = brentq(difference, 0.5, 0.99, xtol=1e-10)
    return Quantity(float(crossing), 1e-8, "crossing of two branches of critical points of the exact loss")


def known_coefficients(exponents: Sequence[Sequence[int]], samples: float, steps: int = 4000) -> Quantity:
    """Sampled learning coefficients of Σ_i w_i^(2 k_i) at 0, which are Σ_i 1/(2 k_i)."""
    found = [learning_coefficient(sum_of_powers(k), np.zeros(len(k)), samples, steps=steps) for k in exponents]
    return _sampled(found, [str(list(k)) for k in exponents])


def sampled_coefficients(
    count: int,
    names: Sequence[str],
    samples: float,
    steps: int = 4000,
    dead: float = -3.0,
    start: str | None = None,
) -> Quantity:
    """Sampled learning coefficients of the exact loss at polygons; `dead` is the bias of silent features.

    `start` names another polygon from which the chains begin.
    """
    begin = None if start is None else point_of(named_polygon(start, count))
    points = [point_of(named_polygon(name, count, silent=dead)) for name in names]
    found = [learning_coefficient(one_hot_losses, point, samples, begin, steps=steps) for point in points]
    return _sampled(found, names)


def _sampled(found: Sequence[Coefficient], names: Sequence[str]) -> Quantity:
    method = "Metropolis-adjusted Langevin chains, two standard errors from the spread of the chains' means"
    values, errors = tuple(one.value for one in found), tuple(one.error for one in found)
    details = {name: asdict(one) for name, one in zip(names, found, strict=True)}
    return Quantity(values, errors, method, details)


def _lemma_at(point: np.ndarray) -> float:
    W, b = np.split(point, [2 * len(point) // 3])
    return _lemma(Weights(W.reshape(2, -1), b))


def _half_square(weights: Weights) -> float:
    """|w|²/2, dead features' negative biases left out: they may be zero at no cost."""
    return (
        float((weights.W**2).sum() + (np.where(weights.W.any(axis=0) | (weights.b > 0), weights.b, 0.0) ** 2).sum()) / 2
    )


def _lemma(weights: Weights) -> float:
    """L = H/(3c), H = Σ_i H_i as Lemma 3.1 writes it, case by case."""
    G, b = weights.W.T @ weights.W, weights.b
    c = len(b)
    return sum(_lemma_row(G[i], float(b[i]), i) for i in range(c)) / (3 * c)


def _lemma_row(overlaps: np.ndarray, b: float, own: int) -> float:
    square = float(overlaps[own])
    others = np.delete(overlaps, own)
    alone = (1 - square) ** 2 - 3 * (1 - square) * b + 3 * b**2
    if b <= 0:
        heard = others[(others > 0) & (-others <= b)]
        own_part = b**3 / square**2 + b**3 / square + alone if square > 0 and -square <= b else 1.0
        return float(((heard + b) ** 3 / heard).sum()) + own_part
    low = others < -b
    return float((-(b**3) / others[low]).sum() + (others[~low] ** 2 + 3 * others[~low] * b + 3 * b**2).sum()) + alone
