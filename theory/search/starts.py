"""Where a global search starts: random points, and bent products of catalogue factors."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from tegum.theory.geometry.factor import DEDICATED, DROPPED, Factor, catalogue, regular_vectors
from tegum.theory.setting import Setting

#: One start in so many is structured.
_STRUCTURED = 4
#: How far structured starts are bent: their weights move by up to this, by as little as a thousandth.
_BENT = 0.3

Starts = tuple[Float[np.ndarray, "starts hidden features"], Float[np.ndarray, "starts features"]]


def structured_share(starts: int) -> int:
    """How many of so many starts are structured: a quarter, rounded down."""
    return starts // _STRUCTURED


def starting_points(setting: Setting, starts: int, seed: int) -> Starts:
    """Starts of a search: random ones first, then `structured_share` of them structured.

    Args:
        setting: count, hidden, density and importance.
        starts: how many in all.
        seed: of both kinds.

    Returns:
        W and b; the same for the same setting, number and seed.
    """
    structured = structured_share(starts)
    W, b = random_starts(setting, starts - structured, seed)
    bent_W, bent_b = structured_starts(setting, structured, seed)
    return np.concatenate([W, bent_W]), np.concatenate([b, bent_b])


def random_starts(setting: Setting, starts: int, seed: int) -> Starts:
    """Gaussian directions of about unit length, and small negative biases as sparse features like them."""
    random = np.random.default_rng(seed)
    W = random.normal(size=(starts, setting.hidden, setting.count)) / np.sqrt(setting.hidden)
    b = -0.1 * np.abs(random.normal(size=(starts, setting.count)))
    return W, b * setting.bias


def structured_starts(setting: Setting, starts: int, seed: int) -> Starts:
    """Random tegum products of catalogue factors that fit, filled and bent at random.

    Factors are drawn until the dimensions are used up; features that matter more, by I p and a random factor of up to
    e or so, are placed first and the rest is dropped; every weight then moves by up to `_BENT`.

    Args:
        setting: count, hidden, density and importance.
        starts: how many.
        seed: of all that is random; the stream is not that of `random_starts`.

    Returns:
        W and b.
    """
    W, b = np.zeros((starts, setting.hidden, setting.count)), np.zeros((starts, setting.count))
    for k, stream in enumerate(np.random.SeedSequence([seed, _STRUCTURED]).spawn(starts)):
        W[k], b[k] = _structured(setting, np.random.default_rng(stream))
    return W, b * setting.bias


def _structured(setting: Setting, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    W, b = np.zeros((setting.hidden, setting.count)), np.array(setting.density) / 2
    order, row, placed = by_weight(setting, random), 0, 0
    factors = _drawn(setting.count, setting.hidden, random)
    held = random.permutation(order[: sum(factor.vertices for factor in factors)])
    for factor in factors:
        features = held[placed : placed + factor.vertices]
        W[row : row + factor.dimension, features] = random.uniform(0.8, 1.2) * regular_vectors(factor)
        b[features] = -0.1 * abs(random.normal())
        row, placed = row + factor.dimension, placed + factor.vertices
    bend = _BENT * 10.0 ** random.uniform(-3, 0)
    return W + bend * random.normal(size=W.shape) / np.sqrt(setting.hidden), b


def by_weight(setting: Setting, random: np.random.Generator) -> np.ndarray:
    """Features in falling order of I p, shuffled a little; those without any come last."""
    weight = np.array(setting.importance) * np.array(setting.density)
    return np.argsort(-weight * np.exp(0.5 * random.normal(size=weight.size)), kind="stable")


def _drawn(count: int, hidden: int, random: np.random.Generator) -> list[Factor]:
    """Factors drawn one by one while any fits."""
    pieces = [DEDICATED, *(factor for factor in catalogue(count, hidden) if factor != DROPPED)]
    drawn: list[Factor] = []
    while pieces:
        factor = pieces[random.integers(len(pieces))]
        drawn.append(factor)
        count, hidden = count - factor.vertices, hidden - factor.dimension
        pieces = [piece for piece in pieces if piece.vertices <= count and piece.dimension <= hidden]
    return drawn
