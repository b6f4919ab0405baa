"""Elhage et al.: what the paper shows by training, from the exact loss's optima and from trained models."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import spearmanr

from tegum.empirical.probes.adversarial import vulnerability
from tegum.empirical.probes.cells import Cell, given_cells
from tegum.empirical.probes.computation import Computation, computation
from tegum.papers.claims.models import best_trained, best_trained_over, found, optima
from tegum.papers.claims.quantity import Quantity
from tegum.papers.elhage2022.bases import far_from_identity as far_from_identity
from tegum.papers.elhage2022.learning import fewest_jumps as fewest_jumps
from tegum.papers.elhage2022.learning import movement_with_loss as movement_with_loss
from tegum.papers.elhage2022.learning import stages_in_order as stages_in_order
from tegum.papers.elhage2022.phases import represented_alike as represented_alike
from tegum.papers.elhage2022.polytopes import optimum_dimensionalities as optimum_dimensionalities
from tegum.papers.elhage2022.polytopes import shares_on_lines as shares_on_lines
from tegum.papers.elhage2022.polytopes import shares_on_lines_by_training as shares_on_lines_by_training
from tegum.theory.candidates.candidates import fitted
from tegum.theory.diagnostics import dimensionality, superposition
from tegum.theory.geometry.factor import factor_named, regular_vectors
from tegum.theory.geometry.identify import identify
from tegum.theory.limits import linear_loss, one_hot_loss, one_hot_polygon
from tegum.theory.loss.population import population_loss
from tegum.theory.mixture.mixture import mixture
from tegum.theory.phases import boundary
from tegum.theory.search.optimum import optimum
from tegum.theory.setting import Setting, with_axis
from tegum.theory.weights import Weights

#: Features closer to one direction than this cosine have collapsed into one.
_COLLAPSED = 0.98


def over_linear(setting: Setting, starts: int = 8) -> Quantity:
    """Loss of the best weights over that of the best linear model of the same rank."""
    best = optimum(setting, starts)
    return Quantity(best.loss / linear_loss(setting), 1e-9, "global search against weighted PCA", found(best))


def optimum_biases(setting: Setting, starts: int = 8) -> Quantity:
    """Biases of the best weights, in the order of the features."""
    best = optimum(setting, starts)
    return Quantity(tuple(best.weights.b.tolist()), 1e-6, "global search on the exact loss", found(best))


def scores_of_scaled(scale: float) -> Quantity:
    """Superposition score of orthogonal features, an antipode, and three vectors at 120°, all but the first scaled."""
    angle = 2 * np.pi * np.arange(3) / 3
    examples = [np.eye(2), np.array([[1.0, -1.0]]), np.array([np.cos(angle), np.sin(angle)])]
    values = []
    for W in examples:
        W = W.copy()
        W[:, 1:] *= scale
        values.append(float(superposition(W)[0]))
    return Quantity(tuple(values), 1e-12, "exact")


def linear_formula_error(setting: Setting, models: int = 100, seed: int = 0) -> Quantity:
    """Largest relative difference of the exact linear loss, best biases, from Var x Σ(1 - |W|²)² + Σ (W_j·W_i)²."""
    random = np.random.default_rng(seed)
    p = setting.density[0]
    mean, variance = p / 2, p / 3 - p**2 / 4
    differences = []
    for _ in range(models):
        W = random.normal(size=(setting.hidden, setting.count)) / np.sqrt(setting.hidden)
        G = W.T @ W
        exact = population_loss(Weights(W, mean * (1 - G.sum(axis=1))), setting)
        formula = variance * ((G - np.eye(setting.count)) ** 2).sum()
        differences.append(abs(float(exact.loss) / formula - 1))
    return Quantity(max(differences), 1e-11, f"exact loss of {models} random models against the formula")


def sparse_limit_error(density: float, models: int = 20, seed: int = 0) -> Quantity:
    """Largest relative difference of L(p)/(n p) from the loss with one active feature, for random weights."""
    random = np.random.default_rng(seed)
    differences = []
    for _ in range(models):
        weights = Weights(random.normal(size=(2, 5)) / np.sqrt(2), -random.random(5))
        exact = float(population_loss(weights, Setting(5, 2, density)).loss) / (5 * density)
        differences.append(abs(exact / one_hot_loss(weights) - 1))
    return Quantity(max(differences), 1e-9, f"exact losses of {models} random models")


def one_active_loss(second: float = -1.0) -> Quantity:
    """Loss per active feature of W = [1, second], b = 0 where one feature is on."""
    return Quantity(one_hot_loss(Weights(np.array([[1.0, second]]), np.zeros(2))), 1e-15, "exact")


def who_is_represented(setting: Setting, densities: Sequence[float], importances: Sequence[float]) -> Quantity:
    """Which of two features the best weights represent, at pairs of density and importance of the second."""
    answers, optima = [], []
    for p, importance in zip(densities, importances, strict=True):
        best = optimum(Setting(2, 1, p, [1.0, importance], readout=setting.readout))
        first, second = np.abs(best.weights.W[0]) > 0.05
        answers.append("both" if first and second else "first" if first else "second")
        optima.append(found(best))
    return Quantity(tuple(answers), 0.0, "global search on the exact loss", {"optima": optima})


def trained_geometry(setting: Setting, runs: int = 32, steps: int = 10_000) -> Quantity:
    """Geometry of the best of trained models, by their exact loss."""
    best = best_trained(setting, runs, steps)
    return Quantity(identify(best.weights.W).geometry, 0.0, f"best of {runs} trained models", {"loss": best.loss})


def dimensions_a_feature(setting: Setting, densities: Sequence[float]) -> Quantity:
    """D* = m / ‖W‖²_F of the best tegum mixture at each density."""
    best = [mixture(with_axis(setting, "density", p)) for p in densities]
    squares = [sum(part.copies * float((part.piece.W**2).sum()) for part in one.parts) for one in best]
    details = {"density": list(densities), "mixture": [one.geometry for one in best]}
    return Quantity(tuple(setting.hidden / square for square in squares), 1e-6, "mixture of least exact loss", details)


def antiprism_dimensionality(height: str = "relaxed") -> Quantity:
    """Dimensionality of a vertex of the square antiprism: at the height of least loss, or of a tight frame."""
    W = regular_vectors(factor_named("square-antiprism"))
    if height == "tight":
        U, _, V = np.linalg.svd(W, full_matrices=False)
        W = U @ V
    return Quantity(float(dimensionality(W)[0]), 1e-6, f"regular arrangement, {height}")


def antiprism_in_the_optimum(density: float = 0.2) -> Quantity:
    """The same of eight features in three dimensions, by the full optimum at a density."""
    best = optimum(Setting(8, 3, density))
    return Quantity(float(dimensionality(best.weights.W).mean()), 1e-5, "global search on the exact loss", found(best))


def sum_of_dimensionalities(setting: Setting, starts: int = 64) -> Quantity:
    """Σ_i D_i / m in the best weights."""
    best = optimum(setting, starts)
    return Quantity(
        float(dimensionality(best.weights.W).sum() / setting.hidden),
        1e-6,
        "global search on the exact loss",
        found(best),
    )


def cosines_in_groups(setting: Setting, starts: int = 64) -> Quantity:
    """Cosine between the two members of each group, in the best weights, sorted."""
    best = optimum(setting, starts)
    return Quantity(
        tuple(sorted(_in_groups(best.weights.W, _pairs(setting)))), 1e-6, "global search on the exact loss", found(best)
    )


def collapsed_pairs(setting: Setting, densities: Sequence[float], starts: int = 64) -> Quantity:
    """How many correlated pairs share one direction in the best weights, at each density."""
    best = optima(setting, "density", densities, starts)
    cosines = [_in_groups(one.weights.W, _pairs(setting)) for one in best]
    details = {"density": list(densities), "cosines": cosines}
    return Quantity(
        tuple(sum(c > _COLLAPSED for c in one) for one in cosines), 0.0, "global search on the exact loss", details
    )


def collapsed_pairs_by_training(
    setting: Setting, densities: Sequence[float], runs: int = 48, steps: int = 8000
) -> Quantity:
    """The same of the best of trained models, by their exact loss."""
    best = best_trained_over(setting, "density", densities, runs, steps)
    cosines = [_in_groups(one.weights.W, _pairs(setting)) for one in best]
    counts = tuple(sum(c > _COLLAPSED for c in one) for one in cosines)
    return Quantity(
        counts, 0.0, f"best of {runs} trained models", {"cosines": cosines, "loss": [one.loss for one in best]}
    )


def sparser_feature_ratio(setting: Setting, low: float = 0.1, high: float = 0.99) -> Quantity:
    """Density of the last feature, relative to the others', at which pentagon and two digons cost the same."""
    base, axis = setting.density[0], f"density[{setting.count - 1}]"
    crossing = boundary(setting, ("pentagon", "2*digon + dropped"), axis, low * base, high * base)
    error = (crossing.upper - crossing.lower) / base
    return Quantity(crossing.value / base, error, "crossing of two optimised losses, proved", {"below": crossing.below})


def sparser_feature_ratio_by_search(
    setting: Setting, ratios: int = 60, low: float = 0.1, high: float = 0.99
) -> Quantity:
    """The same from the losses of both on a grid of ratios: where their order changes; half a step of error."""
    base, axis = setting.density[0], f"density[{setting.count - 1}]"
    grid = np.linspace(low, high, ratios)
    losses = [
        [_loss(name, with_axis(setting, axis, r * base)) for r in grid] for name in ("pentagon", "2*digon + dropped")
    ]
    better = np.array(losses[0]) < np.array(losses[1])
    change = int(np.flatnonzero(better)[0])
    step = grid[1] - grid[0]
    return Quantity(float(grid[change] - step / 2), float(step / 2), "order of two optimised losses on a grid")


def square_less_bias(vertices: int = 5) -> Quantity:
    """|W_i|² - (1 - b_i) of the best polygon of one-hot features."""
    fit = one_hot_polygon(vertices)
    return Quantity(fit.length**2 - (1 - fit.bias), 1e-6, "one-hot loss minimised over length and bias")


def square_less_bias_of_optimum(vertices: int = 5, density: float = 1e-4) -> Quantity:
    """The same in the best weights at a small density."""
    best = optimum(Setting(vertices, 2, density))
    square = (best.weights.W**2).sum(axis=0)
    return Quantity(float((square - 1 + best.weights.b).mean()), 1e-3, "global search on the exact loss", found(best))


def attack_ratio(setting: Setting, density: float, share: float = 0.1) -> Quantity:
    """What an attack costs the best weights over what it costs a model without superposition."""
    at = with_axis(setting, "density", density)
    found_there = vulnerability(given_cells([at], optimum(at).weights)[0], share)
    ratio = float(found_there.single[0] / found_there.baseline)
    error = float(4 * found_there.single_error[0] / found_there.baseline)
    return Quantity(ratio, error, "best attacks found on 4096 inputs, four standard errors")


def attack_rank_correlation(
    setting: Setting, densities: Sequence[float], against: str = "features", attack: str = "single"
) -> Quantity:
    """Spearman's correlation over densities of that ratio with the features per dimension (or with density).

    An attack is found for each input ("single"), or one for all inputs, whose cost is exact ("shared").
    """
    ratios, sizes = [], []
    for p in densities:
        at = with_axis(setting, "density", p)
        attacked = vulnerability(given_cells([at], optimum(at).weights)[0])
        ratios.append(float(getattr(attacked, attack)[0] / attacked.baseline))
        sizes.append(float(attacked.features_per_dimension[0]) if against == "features" else p)
    value = float(spearmanr(ratios, sizes).statistic)
    return Quantity(value, 0.0, f"rank correlation of {attack} attacks", {"ratio": ratios, "features": sizes})


def attack_rank_correlation_of_shared(setting: Setting, densities: Sequence[float]) -> Quantity:
    """The same for one attack on all inputs, whose cost is exact."""
    return attack_rank_correlation(setting, densities, attack="shared")


def penalised(setting: Setting, penalties: Sequence[float]) -> Quantity:
    """Loss without its penalty, Σ I E(y - x̂)², of the best weights at each penalty λ."""
    values = []
    for value in penalties:
        best = optimum(with_axis(setting, "l1", value))
        plain = population_loss(best.weights, with_axis(setting, "l1", 0.0))
        values.append(float(plain.loss))
    return Quantity(tuple(values), 1e-9, "global search on the exact loss", {"l1": list(penalties)})


def _loss(geometry: str, setting: Setting) -> float:
    fit = fitted(geometry, setting)
    return float("inf") if fit is None else fit.loss


def _pairs(setting: Setting) -> list[tuple[int, int]]:
    if setting.groups:
        return [(group[0], group[1]) for group in setting.groups]
    return [(i, i + 1) for i in range(0, setting.count, 2)]


def _in_groups(W: np.ndarray, pairs: Sequence[tuple[int, int]]) -> list[float]:
    unit = W / np.linalg.norm(W, axis=0)
    return [float(unit[:, i] @ unit[:, j]) for i, j in pairs]


def arrangements_of_a_sparser_feature(setting: Setting, ratios: Sequence[float], starts: int = 64) -> Quantity:
    """Geometry of the best weights with the last feature's density at some ratios to the others'."""
    base, axis = setting.density[0], f"density[{setting.count - 1}]"
    best = optima(setting, axis, [ratio * base for ratio in ratios], starts)
    details = {"ratio": list(ratios), "optima": [found(one) for one in best]}
    return Quantity(tuple(one.geometry for one in best), 0.0, "global search on the exact loss", details)


def neurons_of_features(setting: Setting, runs: int = 32, steps: int = 5000) -> Quantity:
    """Neurons with one feature, with several, with none, and neurons of each feature, in the best of trained models."""
    best = _best_cell(setting, runs, steps)
    known = computation(best)
    counts = int(known.monosemantic[0]), int(known.polysemantic[0]), int(known.dead[0]), *known.neurons_of[0].tolist()
    return Quantity(counts, 0.0, f"best of {runs} trained models", {"loss": float(known.loss[0])})


def monosemantic_shares(setting: Setting, densities: Sequence[float], runs: int = 16, steps: int = 4000) -> Quantity:
    """Share of the working neurons that have one feature, in the best of trained models at each density.

    A neuron has a feature whose strength is a fifth of its strongest one's; the error is what a tenth and two fifths
    would change.
    """
    cells = [_best_cell(with_axis(setting, "density", p), runs, steps) for p in densities]
    shares = np.array(
        [[_share_of_one(computation(cell, threshold)) for threshold in (0.1, 0.2, 0.4)] for cell in cells]
    )
    errors = np.abs(shares - shares[:, [1]]).max(axis=1)
    method = f"best of {runs} trained models; error: what other thresholds would change"
    return Quantity(tuple(shares[:, 1].tolist()), tuple(errors.tolist()), method, {"density": list(densities)})


def _best_cell(setting: Setting, runs: int, steps: int) -> Cell:
    """The best trained model, by the population loss."""
    return given_cells([setting], best_trained(setting, runs, steps, learning_rate=0.02).weights)[0]


def _share_of_one(found_there: Computation) -> float:
    return float(found_there.monosemantic[0] / (found_there.monosemantic[0] + found_there.polysemantic[0]))
