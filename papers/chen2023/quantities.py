"""Chen et al.: polygons of one-hot features, with dead features beside them, and what follows from their losses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import brentq

from tegum.papers.claims.quantity import Quantity
from tegum.papers.claims.shared import found
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
    exact = [population_loss(_named(str(k), k), _setting(k)) for k in vertices]
    values = tuple(3 * k * float(one.loss) for k, one in zip(vertices, exact, strict=True))
    return Quantity(values, 1e-11, "exact loss of the optimised polygon")


def polygon_optimum_in_full(vertices: Sequence[int]) -> Quantity:
    """l* and b* of each k-gon as the exact loss's descent in the full space of weights leaves them."""
    values: list[float] = []
    for k in vertices:
        W, b = _polygon(k, k, [])
        rest = descend(1.05 * W[None], b[None] - 0.05, law_of(_setting(k)))
        values += [float(np.linalg.norm(rest.W[0], axis=0).mean()), float(rest.b[0].mean())]
    return Quantity(tuple(values), _FLAT, "exact loss followed downhill from a k-gon, all weights free")


def polygon_losses(count: int, names: Sequence[str], dead: float | None = None) -> Quantity:
    """Exact losses of polygons beside dead features: "5+" is a pentagon, one dead feature's bias at its best."""
    exact = [population_loss(_named(name, count, dead), _setting(count)) for name in names]
    error = max(float(one.error) for one in exact) + _FLAT**2
    return Quantity(tuple(float(one.loss) for one in exact), error, "exact loss of the optimised polygon")


def closed_form_losses(count: int, names: Sequence[str], dead: float | None = None) -> Quantity:
    """The same losses by the lemma's closed form."""
    values = tuple(_lemma(_named(name, count, dead)) for name in names)
    return Quantity(values, 1e-13, "closed form of Lemma 3.1")


def gain_of_a_dead_bias(count: int, dead: float | None = None) -> Quantity:
    """By how much a dead feature's bias lowers the loss beside a 4-gon, times 4c²."""
    without, with_one = (population_loss(_named(name, count, dead), _setting(count)) for name in ("4", "4+"))
    error = 4 * count**2 * (float(without.error) + float(with_one.error))
    return Quantity(4 * count**2 * float(without.loss - with_one.loss), error, "difference of two exact losses")


def gradient_norms(vertices: Sequence[int], digits: int = 5) -> Quantity:
    """Norm of the exact loss's gradient at k-gons of k features whose l* and b* are rounded to so many digits."""
    norms = []
    for k in vertices:
        fit = one_hot_polygon(k)
        weights = Weights(round(fit.length, digits) * _ring(k), np.full(k, round(fit.bias, digits)))
        slope = population_loss(weights, _setting(k)).gradient
        norms.append(float(np.sqrt((slope.W**2).sum() + (slope.b**2).sum())))
    return Quantity(tuple(norms), 1e-12, "norm of the exact gradient")


def half_ranks(count: int, names: Sequence[str], tolerance: float = 1e-6) -> Quantity:
    """Half the rank of the exact Hessian at polygons: the learning coefficient where the rest is flat."""
    ranks = []
    for name in names:
        hessian = population_loss(_named(name, count), _setting(count), order=2).hessian
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
    losses = [float(population_loss(_named(name, count, dead), _setting(count)).loss) for name in names]
    order = np.argsort(losses)
    shown = names[order[0]].rstrip("+") + ("+" if names[order[0]].endswith("+") else "")
    return Quantity(
        shown, 0.0, "least exact loss among k-gons with dead features", dict(zip(names, losses, strict=True))
    )


def one_hot_optimum(count: int, starts: int = 64) -> Quantity:
    """Loss of the best weights for one-hot features, relative to the best polygon's with dead features."""
    best = optimum(_setting(count), starts)
    names = [str(k) + "+" * (count - k) for k in range(4, count + 1)]
    least = min(float(population_loss(_named(name, count), _setting(count)).loss) for name in names)
    return Quantity(best.loss / least, 1e-9, "global search against the best polygon", found(best))


def bayesian_crossing(first: str, second: str, count: int, exponents: float, prior: bool = True) -> Quantity:
    """Number of samples at which the free energies of two polygons cross: n ΔL = Δλ log n + ΔC, ΔC of the prior."""
    one, other = (_named(name, count) for name in (first, second))
    drop = float(population_loss(one, _setting(count)).loss - population_loss(other, _setting(count)).loss)
    cost = _half_square(other) - _half_square(one) if prior else 0.0
    root = brentq(lambda n: n * drop - exponents * np.log(n) - cost, 10.0, 1e6, xtol=1e-6)
    return Quantity(float(root), 0.01, "root of n ΔL = Δλ log n + ΔC", {"loss": drop, "prior": cost})


def numerical_gradient_norms(vertices: Sequence[int], digits: int = 12, step: float = 1e-5) -> Quantity:
    """The same by central differences of the lemma's closed form."""
    norms = []
    for k in vertices:
        fit = one_hot_polygon(k)
        point = np.concatenate([(round(fit.length, digits) * _ring(k)).ravel(), np.full(k, round(fit.bias, digits))])
        slopes = [(_lemma_at(point + step * e) - _lemma_at(point - step * e)) / (2 * step) for e in np.eye(3 * k)]
        norms.append(float(np.linalg.norm(slopes)))
    return Quantity(tuple(norms), 1e-8, "central differences of the closed form")


def importance_crossing(count: int = 6, vertices: int = 5) -> Quantity:
    """Importance of the last feature at which a k-gon with it dead and the polygon with it alive have equal losses."""
    alive = _named(str(vertices + 1) + "+" * (count - vertices - 1), count)

    def difference(u: float) -> float:
        setting = Setting(count, 2, law="one-hot", importance=[*[1.0] * (count - 1), u])
        rest = descend(alive.W[None], alive.b[None], law_of(setting), reach=0.1)
        dead = _named(str(vertices) + "+" * (count - vertices), count)
        return float(rest.loss[0]) - float(population_loss(dead, setting).loss)

    crossing = brentq(difference, 0.5, 0.99, xtol=1e-10)
    return Quantity(float(crossing), 1e-8, "crossing of two branches of critical points of the exact loss")


def _setting(count: int, hidden: int = 2) -> Setting:
    return Setting(count, hidden, law="one-hot")


def _ring(k: int) -> np.ndarray:
    angle = 2 * np.pi * np.arange(k) / k
    return np.array([np.cos(angle), np.sin(angle)])


def _polygon(k: int, count: int, biases: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """A best k-gon beside dead features with these biases."""
    fit = one_hot_polygon(k)
    W = np.concatenate([fit.length * _ring(k), np.zeros((2, count - k))], axis=1)
    return W, np.concatenate([np.full(k, fit.bias), biases])


def _named(name: str, count: int, dead: float | None = None) -> Weights:
    """ "5", "5+", "4++": dead features with a plus have the bias 1/(2c), or `dead`; the others one below zero."""
    k = int(name.rstrip("+"))
    plus = len(name) - len(str(k))
    biases = [1 / (2 * count) if dead is None else dead] * plus + [-0.1] * (count - k - plus)
    return Weights(*_polygon(k, count, biases))


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
