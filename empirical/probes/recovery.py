"""Recovery: how well the directions that autoencoders find are those of the features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from scipy.special import betainc

from tegum.empirical.probes.autoencoder import Autoencoders, Dictionary, Progress, train_autoencoders
from tegum.empirical.probes.cells import Cell
from tegum.empirical.probes.forward import feature_directions, hidden_states, inputs
from tegum.theory.errors import InputError
from tegum.theory.setting import content_id

#: Hidden states in a pool that autoencoders learn from.
POOL = 2**14
#: Features shorter than this share of the longest are not represented: they have no direction to be recovered.
REPRESENTED = 0.1
_QUADRATURE = 4001


@dataclass(frozen=True)
class Recovery:
    """What sparse autoencoders recover of the features of one cell's models.

    Attributes:
        density: mean density of the features; their own densities are the cell's.
        strength: λ or k of each row of the numbers below.
        cosine: mean over the represented features of the largest cosine with the direction of a live unit.
        control: the same for autoencoders of Gaussian states of equal mean and covariance, which have no features.
        chance: the same for as many random directions, in expectation.
        dead: share of the units that no state of the pool switches on.
        active: mean number of units on.
        unexplained: E‖h - ĥ‖² / E‖h‖².
        represented: number of features with a direction.
    """

    density: float
    strength: tuple[float, ...]
    cosine: Float[np.ndarray, "strengths runs"]
    control: Float[np.ndarray, "strengths runs"]
    chance: float
    dead: Float[np.ndarray, "strengths runs"]
    active: Float[np.ndarray, "strengths runs"]
    unexplained: Float[np.ndarray, "strengths runs"]
    represented: tuple[int, ...]


def recovery(
    cells: Sequence[Cell], strengths: Sequence[float], dictionary: Dictionary, progress: Progress | None = None
) -> list[Recovery]:
    """Train a sparse autoencoder on the hidden states of every model of every cell, and compare directions.

    mean max cosine = mean_i max_u cos(activation(W e_i), D_u), over the features i that are represented and the units
    u that are not dead.

    Args:
        cells: models with the settings of their inputs, of one hidden width and one number of models.
        strengths: penalties λ in magnitudes of a hidden state, or numbers k of units.
        dictionary: how the autoencoders are trained.
        progress: called with the steps done and their number.

    Returns:
        A `Recovery` for each cell; runs are the cell's models, each with an autoencoder of its own start.

    Raises:
        InputError: cells of several widths, no strengths, or a model whose every hidden state is zero.

    What breaks: in two dimensions random directions already come close; see ``chance``.

    Source: mean max cosine similarity: Sharkey et al. 2022.
    """
    shapes = {cell.weights.W.shape[:2] for cell in cells}
    if len(shapes) != 1 or not strengths:
        raise InputError(
            f"cells of {len(shapes)} widths and {len(strengths)} strengths; needed are one and at least one"
        )
    runs = len(cells[0].weights.W)
    states, twins = zip(*(_states(cell, dictionary.seed) for cell in cells), strict=True)
    pools = torch.tensor(np.concatenate([*states, *twins]), dtype=torch.float32)
    pool_of = np.repeat(np.arange(len(pools)).reshape(-1, 1, runs), len(strengths), axis=1)
    each = np.broadcast_to(np.array(strengths, dtype=float)[:, None], pool_of.shape)
    start_of = np.broadcast_to(np.arange(runs), pool_of.shape)
    found = train_autoencoders(pools, pool_of.ravel(), each.ravel(), start_of.ravel(), dictionary, progress)
    measured = _measures(found, pools, pool_of.ravel())
    directions = found.decoder.double().numpy().reshape(*pool_of.shape, *found.decoder.shape[1:])
    shaped = [one.reshape(*pool_of.shape, *one.shape[1:]) for one in measured]
    return [
        _recovery(cell, place, len(cells), tuple(map(float, strengths)), directions, shaped)
        for place, cell in enumerate(cells)
    ]


def chance_cosine(units: int, hidden: int) -> float:
    """Expected largest cosine of a direction with `units` random directions in `hidden` dimensions.

    E max = 1 - ∫_{-1}^1 F(c)^units dc, F(c) = ½ + ½ sign(c) I_{c²}(½, (hidden - 1)/2), the law of one cosine.
    """
    if hidden == 1:
        return 1.0 - 2.0 ** (1 - units)
    c = np.cos(np.linspace(np.pi, 0.0, _QUADRATURE))  # dense at the ends, where F has infinite slope in two dimensions
    F = 0.5 + 0.5 * np.sign(c) * betainc(0.5, (hidden - 1) / 2, c**2)
    return float(1.0 - np.trapezoid(F**units, c))


def mean_max_cosine(
    known: Float[np.ndarray, "hidden features"],
    found: Float[np.ndarray, "hidden units"],
    live: Bool[np.ndarray, " units"],
) -> float:
    """Mean over the represented known directions of the largest cosine with a live unit's; 0 where there is none."""
    shown = known[:, represented(known)]
    if not live.any() or not shown.size:
        return 0.0
    cosines = (shown / np.linalg.norm(shown, axis=0)).T @ found[:, live]
    return float((cosines / np.linalg.norm(found[:, live], axis=0)).max(axis=1).mean())


def represented(known: Float[np.ndarray, "hidden features"]) -> Bool[np.ndarray, " features"]:
    """Which features have a direction at all."""
    norms = np.linalg.norm(known, axis=0)
    return (norms > 0) & (norms >= REPRESENTED * norms.max())


def _states(cell: Cell, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Hidden states of each of the cell's models, [runs, inputs, hidden], and as many without features."""
    random = np.random.default_rng([seed, int(content_id(cell.setting), 16)])
    states = hidden_states(inputs(cell.setting, POOL, random), cell.weights, cell.setting)
    if not states.any(axis=(1, 2)).all():
        raise InputError("a model whose hidden states are all zero has no directions to be recovered")
    return states, _gaussian_twins(states, random)


def _gaussian_twins(states: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """States without features: normal, with the mean and the covariance of the given ones."""
    mean = states.mean(axis=-2, keepdims=True)
    _, sizes, axes = np.linalg.svd(states - mean, full_matrices=False)
    normal = random.normal(size=states.shape)
    return mean + (normal * (sizes / np.sqrt(states.shape[-2]))[..., None, :]) @ axes


def _measures(found: Autoencoders, pools: torch.Tensor, pool_of: np.ndarray) -> list[np.ndarray]:
    """Of each model: which units are ever on, how many at a time, and the unexplained share; one model at a time."""
    live, active, unexplained = [], [], []
    for model, pool in enumerate(pool_of):
        one = slice(model, model + 1)
        alone = Autoencoders(found.encoder[one], found.bias[one], found.decoder[one], found.kind, found.strength[one])
        h = pools[pool][None]
        f = alone.codes(h)
        on = f[0] > 0
        live.append(on.any(0).numpy())
        active.append(float(on.float().sum(-1).mean()))
        unexplained.append(float((f @ alone.decoder.mT - h).square().sum() / h.square().sum()))
    return [np.array(live), np.array(active), np.array(unexplained)]


def _recovery(
    cell: Cell, place: int, cells: int, strength: tuple[float, ...], directions: np.ndarray, measured: list[np.ndarray]
) -> Recovery:
    known = feature_directions(cell.weights, cell.setting)
    live, active, unexplained = measured

    def cosines(pool: int) -> np.ndarray:
        pairs = zip(directions[pool], live[pool], strict=True)
        return np.array([list(map(mean_max_cosine, known, found, alive)) for found, alive in pairs])

    return Recovery(
        density=float(np.mean(cell.setting.density)),
        strength=strength,
        cosine=cosines(place),
        control=cosines(cells + place),
        chance=chance_cosine(directions.shape[-1], known.shape[-2]),
        dead=1.0 - live[place].mean(axis=-1),
        active=active[place],
        unexplained=unexplained[place],
        represented=tuple(int(represented(one).sum()) for one in known),
    )
