"""The randomised campaign on identification: python tests/identification.py --record tests/records/identification.json

What training leaves is measured first: models are trained by the default schedule of `tegum train`, polished to the
critical points of the exact loss, and the distances in the weights are recorded.  Then come random tegum products of
catalogue factors with noise up to that level, each of which must be given its own name or be called in doubt; and as
negative controls bent, mixed, flattened and random arrangements, none of which may pass for a regular one.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from tegum.compare.polish import polish
from tegum.compare.verdict import AT_REST
from tegum.empirical.plan import Training
from tegum.empirical.training import train_cells
from tegum.theory.files.atomic import write_json
from tegum.theory.geometry.critical import CRITICAL_TOLERANCE
from tegum.theory.geometry.factor import DEDICATED, DROPPED, catalogue, merged, regular_vectors
from tegum.theory.geometry.identify import Identity, identify
from tegum.theory.geometry.tegum import Geometry, name
from tegum.theory.loss.law import law_of
from tegum.theory.loss.population import population_loss
from tegum.theory.setting import Setting

#: What is trained to measure the noise: two dimensions and more, since in one there are no angles to be read, and
#: densities at which runs come to rest within the default number of steps.
SHAPES = ((3, 2), (5, 2), (6, 3), (8, 3), (10, 4))
DENSITIES = (0.01, 0.03, 0.1, 0.3)
#: Noise of the cases where none is measured: somewhat above the level in tests/records/identification.json.
LEVEL = 0.005
#: A distortion that would pass for regular.
SMALL = 0.03


# What training leaves


def measured_noise(runs: int, progress: Callable[[str], None]) -> dict:
    """Distances between learned weights and the critical points of their basins, and whether they are read alike."""
    training, kept, read = Training(runs=runs, device="cpu"), [], Counter()
    for (count, dimensions), density in product(SHAPES, DENSITIES):
        setting = Setting(count, dimensions, density)
        progress(f"training {setting.count} features in {setting.hidden} dimensions at density {density}")
        learned = train_cells([setting], training).weights
        rest = polish(learned, law_of(setting, runs))
        loss = np.asarray(population_loss(learned, setting).loss)
        for run in np.flatnonzero(rest.converged & (loss <= (1 + AT_REST) * rest.loss)):
            kept.append(weight_noise(learned.W[run], rest.weights.W[run]))
            read[agreement(identify(learned.W[run]), identify(rest.weights.W[run], tolerance=CRITICAL_TOLERANCE))] += 1
    return {
        "shapes": SHAPES,
        "densities": DENSITIES,
        "runs_each": runs,
        "at_rest": len(kept),
        "median": float(np.median(kept)),
        "level": float(np.quantile(kept, 0.95)),
        "level_is": "95th percentile of the runs at rest",
        "largest": float(np.max(kept)),
        "learned_against_polished": dict(read),
    }


def weight_noise(learned: np.ndarray, rest: np.ndarray) -> float:
    """RMS distance of weights from a critical point's, after the best rotation, relative to its largest norm."""
    left, _, right = np.linalg.svd(learned @ rest.T)
    apart = (left @ right).T @ learned - rest
    return float(np.sqrt((apart**2).mean()) / np.linalg.norm(rest, axis=0).max())


def agreement(learned: Identity, polished: Identity) -> str:
    if learned.geometry == polished.geometry:
        return "same"
    return "different, in doubt" if learned.status == "near-degenerate" else "different"


# Tegum products


PIECES = [*catalogue(12, 6), *[merged(k) for k in (2, 3, 4)]]
MOST_DIMENSIONS = 12


@dataclass(frozen=True)
class Case:
    """Weights of a known tegum product: its name, and the noise of a weight relative to the largest norm."""

    W: np.ndarray
    geometry: str
    noise: float


def tegum_product(random: np.random.Generator, level: float) -> Case:
    """One to four factors with norms of their own, dedicated and dropped features, rotated, permuted, with noise."""
    factors = [PIECES[random.integers(len(PIECES))] for _ in range(random.integers(1, 5))]
    while sum(one.dimension for one in factors) > MOST_DIMENSIONS:
        factors.pop()
    factors += [DEDICATED] * random.choice([0, 0, 1, 2]) + [DROPPED] * random.choice([0, 0, 1, 3])
    blocks = [regular_vectors(one) * np.exp(random.uniform(-0.2, 0.2)) for one in factors]
    noise = random.uniform(0, level)
    return Case(
        disguised(direct_sum(blocks, int(random.integers(3))), noise, random), name(Geometry(tuple(factors))), noise
    )


def direct_sum(blocks: list[np.ndarray], spare: int) -> np.ndarray:
    """The blocks in orthogonal dimensions, and some that none of them uses."""
    W = np.zeros((max(sum(len(one) for one in blocks) + spare, 1), sum(one.shape[1] for one in blocks)))
    row = column = 0
    for block in blocks:
        W[row : row + len(block), column : column + block.shape[1]] = block
        row, column = row + len(block), column + block.shape[1]
    return W


def disguised(W: np.ndarray, noise: float, random: np.random.Generator) -> np.ndarray:
    """Weights with noise relative to their largest norm, turned, relabelled and scaled."""
    W = W + noise * np.linalg.norm(W, axis=0).max() * random.normal(size=W.shape)
    turn = np.linalg.qr(random.normal(size=(len(W), len(W))))[0]
    return 10 ** random.uniform(-2, 2) * (turn @ W)[:, random.permutation(W.shape[1])]


def outcome(case: Case) -> str:
    """What identification made of a product: right, wrong, or the status by which it owns that it does not know."""
    found = identify(case.W)
    if found.status != "identified":
        return found.status
    return "right" if found.geometry == case.geometry else "wrong"


# Negative controls


def bent(random: np.random.Generator) -> np.ndarray:
    """A factor of the catalogue with every vertex moved, far beyond what training leaves."""
    choices = [one for one in PIECES if one.vertices > 3 and one != merged(one.vertices)]
    W = regular_vectors(choices[random.integers(len(choices))])
    return W + random.uniform(0.15, 0.5) * random.normal(size=W.shape)


def mixed(random: np.random.Generator) -> np.ndarray:
    """Two factors of the catalogue, the dimensions of one leaning towards those of the other."""
    choices = [one for one in PIECES if one.dimension <= 4]
    one, other = (regular_vectors(choices[random.integers(len(choices))]) for _ in range(2))
    lean = random.normal(size=(len(one), len(other)))
    return np.block(
        [
            [one, random.uniform(0.2, 0.8) * lean / np.linalg.norm(lean, 2) @ other],
            [np.zeros((len(other), one.shape[1])), other],
        ]
    )


def flattened(random: np.random.Generator) -> np.ndarray:
    """An octahedron pressed along a three-fold axis: the signs of a hexagon, in three dimensions."""
    angles = np.pi * np.arange(6) / 3
    return np.array([np.cos(angles), np.sin(angles), random.uniform(0.25, 0.6) * (-1.0) ** np.arange(6)])


def generic(random: np.random.Generator) -> np.ndarray:
    """Directions without any order."""
    dimension = int(random.integers(2, 5))
    return random.normal(size=(dimension, dimension + int(random.integers(3, 8))))


NEGATIVES = (bent, mixed, flattened, generic)


def passes_for_regular(W: np.ndarray) -> bool:
    """Whether identification claims factors of the catalogue, all of them regular."""
    found = identify(W)
    return found.status == "identified" and all(one.distortion < SMALL for one in found.factors)


# The campaign


def outcomes(cases: int, seed: int, level: float) -> Iterator[tuple[Case, str]]:
    """Tegum products, case by case, and what identification made of them."""
    for random in np.random.default_rng([seed, 0]).spawn(cases):
        case = tegum_product(random, level)
        yield case, outcome(case)


def negatives(cases: int, seed: int, level: float) -> Iterator[tuple[str, bool]]:
    """Negative controls, case by case: their kind, and whether one passes for regular."""
    for place, random in enumerate(np.random.default_rng([seed, 1]).spawn(cases)):
        kind = NEGATIVES[place % len(NEGATIVES)]
        yield kind.__name__, passes_for_regular(disguised(kind(random), random.uniform(0, level), random))


def record(cases: int, seed: int, runs: int, progress: Callable[[str], None]) -> dict:
    """What training leaves, and what the campaign found with noise up to it."""
    noise = measured_noise(runs, progress)
    counts: Counter[str] = Counter()
    for place, (_, found) in enumerate(outcomes(cases, seed, noise["level"])):
        counts[found] += 1
        if place % 500 == 0:
            progress(f"tegum products: {place} of {cases}")
    progress("negative controls")
    passed: dict[str, list[bool]] = {}
    for kind, regular in negatives(cases // 2, seed, noise["level"]):
        passed.setdefault(kind, []).append(regular)
    return {
        "command": f"python tests/identification.py --cases {cases} --seed {seed} --runs {runs}",
        "noise": noise,
        "cases": cases,
        "outcomes": dict(counts),
        "negative_controls": {
            kind: {"cases": len(each), "passed_for_regular": sum(each)} for kind, each in passed.items()
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--runs", type=int, default=40, help="models trained in each setting to measure the noise")
    parser.add_argument("--record")
    chosen = parser.parse_args()
    found = record(chosen.cases, chosen.seed, chosen.runs, lambda line: print(line, file=sys.stderr, flush=True))
    print(found)
    if chosen.record:
        write_json(chosen.record, found)


if __name__ == "__main__":
    main()
