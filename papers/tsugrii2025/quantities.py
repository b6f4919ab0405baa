"""Tsugrii's chapter: five binary features in two dimensions, computed instead of simulated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tegum.papers.claims.models import found, optima
from tegum.papers.claims.quantity import Quantity
from tegum.papers.tsugrii2025.angles import bends as bends
from tegum.papers.tsugrii2025.angles import bends_by_training as bends_by_training
from tegum.papers.tsugrii2025.angles import least_overlap as least_overlap
from tegum.papers.tsugrii2025.angles import lengths as lengths
from tegum.papers.tsugrii2025.angles import lengths_by_training as lengths_by_training
from tegum.papers.tsugrii2025.angles import pair_angles as pair_angles
from tegum.papers.tsugrii2025.angles import relative_lengths as relative_lengths
from tegum.papers.tsugrii2025.angles import short_of_widest as short_of_widest
from tegum.papers.tsugrii2025.angles import short_of_widest_by_training as short_of_widest_by_training
from tegum.papers.tsugrii2025.angles import spread_of_angles as spread_of_angles
from tegum.papers.tsugrii2025.angles import spread_of_angles_by_training as spread_of_angles_by_training
from tegum.papers.tsugrii2025.descent import bend_at_rest as bend_at_rest
from tegum.papers.tsugrii2025.descent import share_found as share_found
from tegum.papers.tsugrii2025.descent import share_pushed_apart as share_pushed_apart
from tegum.papers.tsugrii2025.descent import share_settled as share_settled
from tegum.papers.tsugrii2025.interference import exponent_in_cosine as exponent_in_cosine
from tegum.papers.tsugrii2025.interference import exponent_in_density as exponent_in_density
from tegum.papers.tsugrii2025.interference import exponent_in_density_by_states as exponent_in_density_by_states
from tegum.papers.tsugrii2025.occasions import co_occurrence as co_occurrence
from tegum.papers.tsugrii2025.occasions import share_lost_together as share_lost_together
from tegum.papers.tsugrii2025.occasions import share_nearly_exact as share_nearly_exact
from tegum.papers.tsugrii2025.patterns import false_activation as false_activation
from tegum.papers.tsugrii2025.patterns import false_activation_by_training as false_activation_by_training
from tegum.papers.tsugrii2025.patterns import fewest_in_a_unit as fewest_in_a_unit
from tegum.papers.tsugrii2025.patterns import hidden_residue as hidden_residue
from tegum.papers.tsugrii2025.patterns import least_rise as least_rise
from tegum.papers.tsugrii2025.patterns import least_rise_by_training as least_rise_by_training
from tegum.papers.tsugrii2025.patterns import outputs_off as outputs_off
from tegum.papers.tsugrii2025.patterns import outputs_off_by_training as outputs_off_by_training
from tegum.papers.tsugrii2025.patterns import outputs_on as outputs_on
from tegum.papers.tsugrii2025.patterns import outputs_on_by_training as outputs_on_by_training
from tegum.papers.tsugrii2025.slider import dropped as dropped
from tegum.papers.tsugrii2025.slider import kept as kept
from tegum.papers.tsugrii2025.slider import largest_cosines as largest_cosines
from tegum.papers.tsugrii2025.slider import loss_while_several_are_on as loss_while_several_are_on
from tegum.papers.tsugrii2025.slider import neighbour_angles as neighbour_angles
from tegum.papers.tsugrii2025.slider import regular_counts as regular_counts
from tegum.papers.tsugrii2025.slider import regular_counts_by_polygons as regular_counts_by_polygons
from tegum.papers.tsugrii2025.slider import variance_kept as variance_kept
from tegum.papers.tsugrii2025.transition import best_of_dedicated_and_pairs as best_of_dedicated_and_pairs
from tegum.papers.tsugrii2025.transition import dedicated_losses as dedicated_losses
from tegum.papers.tsugrii2025.transition import dedicated_losses_by_variance as dedicated_losses_by_variance
from tegum.papers.tsugrii2025.transition import pentagon_losses as pentagon_losses
from tegum.papers.tsugrii2025.transition import pentagon_over_dedicated as pentagon_over_dedicated
from tegum.papers.tsugrii2025.transition import strategies as strategies
from tegum.papers.tsugrii2025.transition import trained_over_dedicated as trained_over_dedicated
from tegum.papers.tsugrii2025.transition import transition as transition
from tegum.papers.tsugrii2025.transition import weakest_at_transition as weakest_at_transition
from tegum.theory.geometry.factor import factor_named, regular_cosines
from tegum.theory.geometry.symmetry import symmetry
from tegum.theory.search.optimum import optimum
from tegum.theory.setting import Setting


def printed_crossing(coefficient: float = 0.5, base: float = 0.02, dedicated: float = 0.15) -> Quantity:
    """Density at which the printed curves 0.02 + 0.5 S² and 0.15 cross."""
    return Quantity(float(np.sqrt((dedicated - base) / coefficient)), 1e-12, "closed form of the printed curves")


def printed_crossing_on_a_grid(coefficient: float = 0.5, base: float = 0.02, dedicated: float = 0.15) -> Quantity:
    """The same, read off the curves at a million densities."""
    p = np.linspace(0.0, 1.0, 10**6 + 1)
    below = base + coefficient * p**2 < dedicated
    return Quantity(float(p[below].max()), 1e-6, "the printed curves on a grid")


def cosines_of(names: Sequence[str]) -> Quantity:
    """Largest cosine between two vertices of each regular factor."""
    values = []
    for name in names:
        cosines = np.array(regular_cosines(factor_named(name)))
        np.fill_diagonal(cosines, -1.0)
        values.append(float(cosines.max()))
    return Quantity(tuple(values), 1e-12, "regular arrangements")


def least_angles(names: Sequence[str]) -> Quantity:
    """Least angle between two vertices of each regular factor, in degrees."""
    cosines = np.array(cosines_of(names).value, dtype=float)
    return Quantity(tuple(np.degrees(np.arccos(cosines)).tolist()), 1e-9, "regular arrangements")


def optima_of_shapes(setting: Setting, shapes: Sequence[Sequence[int]], starts: int = 64) -> Quantity:
    """Geometry of the best weights of so many features in so many dimensions, for each shape."""
    best = [optimum(Setting(n, m, setting.density[0], values=setting.values), starts) for n, m in shapes]
    details = {"optima": [found(one) for one in best]}
    return Quantity(tuple(one.geometry for one in best), 0.0, "global search on the exact loss", details)


def kinds_of_vertices(setting: Setting, shapes: Sequence[Sequence[int]], starts: int = 64) -> Quantity:
    """How many kinds of vertices the best arrangement of each shape has: 1 for a regular polytope."""
    best = [optimum(Setting(n, m, setting.density[0], values=setting.values), starts) for n, m in shapes]
    kinds = [int(symmetry(_rounded(one.weights.W)).vertex_orbits.max()) + 1 for one in best]
    return Quantity(
        tuple(kinds), 0.0, "orbits under the symmetries of the overlaps", {"optima": [found(one) for one in best]}
    )


def kinds_of_norms(setting: Setting, shapes: Sequence[Sequence[int]], starts: int = 64) -> Quantity:
    """The same counted by the rows of the overlap matrix, each sorted: like vertices have like rows."""
    kinds = []
    for n, m in shapes:
        best = optimum(Setting(n, m, setting.density[0], values=setting.values), starts)
        rows = np.sort(_rounded(best.weights.W), axis=1)
        kinds.append(len(np.unique(rows.round(5), axis=0)))
    return Quantity(tuple(kinds), 0.0, "sorted rows of the overlap matrix")


def sparse_exponent(setting: Setting, densities: Sequence[float], starts: int = 64) -> Quantity:
    """Exponent of the optimum's loss against density between two sparse densities."""
    losses = [one.loss for one in optima(setting, "density", densities, starts)]
    slope = np.log(losses[1] / losses[0]) / np.log(densities[1] / densities[0])
    return Quantity(float(slope), 1e-6, "two exact losses", {"density": list(densities), "loss": losses})


def features_a_dimension(features: float, dimensions: int) -> Quantity:
    """Features over dimensions."""
    return Quantity(features / dimensions, 0.0, "a quotient")


def _rounded(W: np.ndarray) -> np.ndarray:
    """Overlaps, to the digits that a search leaves."""
    G = W.T @ W
    return np.round(G, 5)


def loss_of_optimum(setting: Setting, starts: int = 64) -> Quantity:
    """Exact loss of the best weights."""
    best = optimum(setting, starts)
    return Quantity(best.loss, best.error, "global search on the exact loss", found(best))
