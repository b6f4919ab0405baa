"""Chen et al.: polygons of one-hot features, with dead features beside them, and what follows from their losses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
from scipy.optimize import brentq

from tegum.papers.chen2023.descent import checkpoints
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
#: Names of the levels that descent from a 4-gon of six features passes.
_PASSED = ("4", "4+", "4++", "5", "5+", "6")
#: Courses of the loss that a record keeps.
_KEPT = 12


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
    begin = None if start is None else _point(_named(start, count))
    points = [_point(_named(name, count, silent=dead)) for name in names]
    found = [learning_coefficient(one_hot_losses, point, samples, begin, steps=steps) for point in points]
    return _sampled(found, names)


def checkpoints_on_levels(
    seeds: int = 64, epochs: int = 4500, examples: int = 1000, every: int = 20, tolerance: float = 3e-4
) -> Quantity:
    """Share of the checkpoints of descent from a 4-gon whose exact loss is within a tolerance of a k-gon's level.

    Six features; the start is the 4-gon with biases of 0, and normal noise of 0.01; batches of 20, rate 0.005.
    """
    levels = np.array([float(one_hot_losses(_point(_named(name, 6))[None])[0][0]) for name in _PASSED])
    courses = np.array([_course(seed, epochs, examples, every) for seed in range(seeds)])
    level = np.where(np.abs(courses[..., None] - levels) <= tolerance, np.arange(len(levels)), -1).max(axis=-1)
    shares = (level >= 0).mean(axis=1)
    eventful = np.argsort([-len(set(row[row >= 0].tolist())) for row in level], kind="stable")[:_KEPT]
    details = {
        "levels": dict(zip(_PASSED, levels.tolist(), strict=True)),
        "checkpoints": {name: int((level == k).sum()) for k, name in enumerate(_PASSED)},
        "epochs": list(range(0, epochs + 1, every)),
        "courses": np.round(courses[eventful], 6).tolist(),
    }
    method = f"exact loss at checkpoints of {seeds} runs, two standard errors over runs"
    return Quantity(float(shares.mean()), float(2 * shares.std(ddof=1) / np.sqrt(seeds)), method, details)


def _course(seed: int, epochs: int, examples: int, every: int) -> np.ndarray:
    """Exact loss along plain descent from a 4-gon, at every so many epochs."""
    random = np.random.default_rng(seed)
    W = np.pad(_ring(4), ((0, 0), (0, 2))) + 0.01 * random.normal(size=(2, 6))
    b = 0.01 * random.normal(size=6)
    which, values = random.integers(6, size=examples), random.random(examples)
    batches = np.concatenate([random.permutation(examples).reshape(-1, 20) for _ in range(epochs)])
    kept_W, kept_b = checkpoints(W, b, which, values, batches, 0.005, every * (examples // 20))
    return one_hot_losses(np.concatenate([kept_W.reshape(len(kept_W), -1), kept_b], axis=1))[0]


def _sampled(found: Sequence[Coefficient], names: Sequence[str]) -> Quantity:
    method = "Metropolis-adjusted Langevin chains, two standard errors from the spread of the chains' means"
    values, errors = tuple(one.value for one in found), tuple(one.error for one in found)
    details = {name: asdict(one) for name, one in zip(names, found, strict=True)}
    return Quantity(values, errors, method, details)


def _point(weights: Weights) -> np.ndarray:
    return np.concatenate([weights.W.ravel(), weights.b])


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


def _named(name: str, count: int, dead: float | None = None, silent: float = -0.1) -> Weights:
    """ "5", "5+", "4++": dead features with a plus have the bias 1/(2c), or `dead`; the others `silent`."""
    k = int(name.rstrip("+"))
    plus = len(name) - len(str(k))
    biases = [1 / (2 * count) if dead is None else dead] * plus + [silent] * (count - k - plus)
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
