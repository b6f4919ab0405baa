"""Sightings: the uncatalogued factors at the critical points of a setting's models, each critical point once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from tegum.compare.atlas.entry import SignRow
from tegum.compare.atlas.form import canonical_form
from tegum.compare.polish import Polished
from tegum.theory.geometry.critical import CRITICAL_TOLERANCE
from tegum.theory.geometry.identify import IdentifiedFactor, identify
from tegum.theory.geometry.overlap import overlap_graph
from tegum.theory.loss.population import population_loss
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

#: Singular values below this share of the largest span nothing at a critical point.
_RANK = 1e-6


@dataclass(frozen=True, eq=False)
class Sighting:
    """One critical point of an uncatalogued factor, and in how many models it was met.

    Attributes:
        name, form: of its signed graph.
        W, b: weights in the dimensions that they span, vertices in the form's order; features alone, of importance 1.
        density: of its features.
        loss: Σ over them.
        models: whose critical point has it, by number; least: their least exact loss.
        best: whether the model with the least loss of all is among them.
    """

    name: str
    form: tuple[SignRow, ...]
    W: Float[np.ndarray, "dimension vertices"]
    b: Float[np.ndarray, " vertices"]
    density: float
    loss: float
    models: frozenset[int]
    least: float
    best: bool

    @property
    def key(self) -> tuple[str, float, str]:
        """What tells critical points apart: signed graph, density, loss to ten digits."""
        return self.name, self.density, f"{self.loss:.9e}"


def sightings(rest: Polished, setting: Setting) -> list[Sighting]:
    """The uncatalogued factors of an ensemble's critical points.

    A factor of like features is critical alone as it is in the model, since orthogonal factors do not interact; factors
    of unlike features are passed over.

    Args:
        rest: critical points; those that did not converge are passed over.
        setting: of the models.

    Returns:
        Each critical point of each signed graph once.
    """
    exact = population_loss(rest.weights, setting).per_feature
    best = int(np.argmin(np.where(rest.converged, rest.loss, np.inf)))
    found: dict[tuple[str, float, str], Sighting] = {}
    for run in np.flatnonzero(rest.converged).tolist():
        point = Weights(rest.weights.W[run], rest.weights.b[run])
        each = {one.key: one for one in _of_model(point, np.asarray(exact)[run], setting)}
        for key, one in each.items():
            held, loss = found.get(key, one), float(rest.loss[run])
            found[key] = replace(
                held, models=held.models | {run}, least=min(held.least, loss), best=held.best or run == best
            )
    return list(found.values())


def _of_model(point: Weights, losses: np.ndarray, setting: Setting) -> Iterator[Sighting]:
    for factor in identify(point.W, tolerance=CRITICAL_TOLERANCE).factors:
        places = list(factor.features)
        kinds = {(setting.density[i], setting.importance[i]) for i in places}
        if factor.name.startswith("unknown-") and len(kinds) == 1:
            ((density, importance),) = kinds
            if importance > 0:
                yield _sighting(factor, point, losses[places].sum() / importance, density)


def _sighting(factor: IdentifiedFactor, point: Weights, loss: float, density: float) -> Sighting:
    places = np.array(factor.features)
    form, order = canonical_form(overlap_graph(point.W[:, places], CRITICAL_TOLERANCE).signs)
    places = places[list(order)]
    W = _spanned(point.W[:, places])
    return Sighting(factor.name, form, W, point.b[places], density, float(loss), frozenset(), np.inf, False)


def _spanned(W: np.ndarray) -> np.ndarray:
    """The same overlaps in as many dimensions as the vectors span, the first vertices along the first axes."""
    _, sizes, rows = np.linalg.svd(W, full_matrices=False)
    kept = sizes > _RANK * sizes[0]
    turned = np.linalg.qr(sizes[kept, None] * rows[kept])[1]
    return turned * np.where(np.diagonal(turned) < 0, -1.0, 1.0)[:, None]
