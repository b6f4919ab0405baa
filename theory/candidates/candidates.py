"""Candidates: catalogue geometries with their free scalars optimised for a setting, judged in the full space."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from tegum.theory.candidates.assignment import Assignment, assignments
from tegum.theory.candidates.contents import Content, Known, by_structure, content_of, fit_all, numbers_of
from tegum.theory.candidates.factors import FittedFactor, unbent_losses
from tegum.theory.candidates.penalised import Rests, grown, turned
from tegum.theory.errors import InputError
from tegum.theory.geometry.critical import CRITICAL_TOLERANCE
from tegum.theory.geometry.entries import ENTRIES
from tegum.theory.geometry.identify import identify
from tegum.theory.geometry.tegum import Geometry, geometries, name, parse_geometry
from tegum.theory.loss.law import law_of, require_factored, structure_of
from tegum.theory.loss.marginal import group_numbers
from tegum.theory.loss.moments import joint_density
from tegum.theory.loss.objective import expansion
from tegum.theory.search.curvature import curvature_tolerance, least_curvatures
from tegum.theory.search.descent import gradient_tolerance
from tegum.theory.search.scope import require_enumerable
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

#: Ways to assign unlike features to a geometry's vertices beyond which it is refused rather than tried for hours.
MOST_ASSIGNMENTS = 20_000
#: Of more ways than these to fill a geometry that holds single entries of the catalogue, the most promising are tried.
MOST_TRIED = 24


@dataclass(frozen=True)
class Fit:
    """A geometry with its free scalars optimised for a setting, not yet judged.

    Attributes:
        geometry: its name.
        features: which features stand at the vertices of each factor, in the name's order of factors.
        factors: the optimised factors in that order; none under an L1 term, which does not split into factors.
        loss: exact population loss, without an L1 term the sum of the factors' losses.
    """

    geometry: str
    features: Assignment
    factors: tuple[FittedFactor, ...]
    loss: float


@dataclass(frozen=True)
class Candidate(Fit):
    """An optimised geometry judged in the full space of weights.

    Attributes:
        weights: the whole model.
        gradient_norm: of the full loss, all weights free that no kink of an L1 term holds at zero.
        critical: whether no way leads down at first order.  None does where features are independent and have biases;
            else an output of one factor may gain from features of another, also one of a dropped feature that is zero
            throughout, on whose kink the gradient is that of one side.
        hessian_min: least curvature of the full loss without rotations.
        stable: whether it is a local minimum of the full loss (gradient zero, curvature positive).
        valley: whether it is critical, but the loss has no curvature there along some direction that is no symmetry, so
            that the second order does not decide: a linear readout, the bias of a dropped signed feature.
    """

    weights: Weights
    gradient_norm: float
    critical: bool
    hessian_min: float
    stable: bool
    valley: bool


def candidates(setting: Setting) -> list[Candidate]:
    """Every catalogue geometry that fits a setting, optimised, best first.

    L(geometry) = Σ_factors L(factor), since orthogonal factors do not interact: a feature's loss depends on those that
    it overlaps with, under any law their marginal one.  An L1 term makes factors interact: with it the geometry is
    followed from the best it is without, turned in several ways, as λ grows (see `penalised`).

    Args:
        setting: tied weights on a linear hidden layer; an L1 term with independent uniform features and a ReLU readout
            only.  Correlated features may also share a ray ("merged-2").

    Returns:
        `Candidate` records by rising loss; a geometry without a critical point of its type at this setting is left out.
        Unlike features take their best places (under an L1 term those that are best without it); in catalogue entries
        beyond simplices and polygons these are the best of the `MOST_TRIED` ways with the least loss before the shape
        is bent.

    Raises:
        InputError: too many features or too many distinct assignments, or a setting without an exact route.

    Validity: the least loss within each geometry's symmetric ansatz; ``critical``, ``stable`` and ``valley`` tell what
    that is in the full loss.

    Source: the geometries of Elhage et al. 2022, section "The geometry of superposition", and the computed catalogue.
    """
    plain = without_term(setting)
    known: Known = {}
    merging = setting.law == "correlated"
    fits = [_best(geometry, plain, known) for geometry in geometries(setting.count, setting.hidden, merging)]
    found = [_candidate(fit, setting) for fit in fits if fit]
    return sorted((one for one in found if one), key=lambda one: one.loss)


def candidate(geometry: str, setting: Setting) -> Candidate | None:
    """One geometry, by name, optimised and judged; None where it has no critical point of its type.

    Raises:
        InputError: an unknown name, or a geometry that does not fit the setting's features and dimensions.

    Args:
        geometry: name, such as "pentagon" or "2*digon + dropped".
        setting: as in `candidates`.

    Returns:
        `Candidate`, or None.

    Validity: as in `candidates`.

    Source: see `candidates`.
    """
    fit = fitted(geometry, without_term(setting))
    return _candidate(fit, setting) if fit else None


def fitted(geometry: str, setting: Setting) -> Fit | None:
    """One geometry, by name, optimised only, for a setting without an L1 term; None without a critical point.

    Raises:
        InputError: an unknown name, a geometry that does not fit the setting's features and dimensions, or an L1 term.
    """
    plain = without_term(setting)
    if setting.l1:
        raise InputError(f"l1 = {setting.l1!r} is not supported here; supported: 0.0")
    parsed = parse_geometry(geometry)
    _check_fit(parsed, plain)
    return _best(parsed, plain, {})


def _check_fit(geometry: Geometry, setting: Setting) -> None:
    features = sum(factor.vertices for factor in geometry.factors)
    dimension = sum(factor.dimension for factor in geometry.factors)
    if features != setting.count or dimension > setting.hidden:
        raise InputError(
            f"geometry {name(geometry)!r} has {features} features in {dimension} dimensions; the setting has "
            f"count = {setting.count} and hidden = {setting.hidden}"
        )


def _best(geometry: Geometry, setting: Setting, known: Known) -> Fit | None:
    """The best of all ways to assign the setting's features; ``known`` remembers factors already optimised."""
    groups = group_numbers(structure_of(setting), setting.count)
    kinds = tuple(zip(setting.density, setting.importance, groups, strict=True))
    ways = list(islice(assignments(geometry.factors, kinds), MOST_ASSIGNMENTS + 1))
    if len(ways) > MOST_ASSIGNMENTS:
        raise InputError(
            f"geometry {name(geometry)!r} can hold these unlike features in more than {MOST_ASSIGNMENTS} ways; "
            "use fewer distinct densities and importances"
        )
    if len(ways) > MOST_TRIED and any(factor.name in ENTRIES for factor in geometry.factors):
        ways = _promising(geometry, ways, setting)
    for factor in dict.fromkeys(geometry.factors):
        places = [place for way in ways for one, place in zip(geometry.factors, way, strict=True) if one == factor]
        fit_all(factor, [content_of(place, setting) for place in places], known)
    best: Fit | None = None
    for way in ways:
        parts = [known[factor, content_of(place, setting)] for factor, place in zip(geometry.factors, way, strict=True)]
        usable = tuple(part for part in parts if part is not None)
        loss = sum(part.loss for part in usable)
        if len(usable) == len(parts) and (best is None or loss < best.loss):
            best = Fit(name(geometry), way, usable, loss)
    return best


def _promising(geometry: Geometry, ways: list[Assignment], setting: Setting) -> list[Assignment]:
    """The `MOST_TRIED` ways with the least loss of unbent factors: to first order in what makes them unlike."""
    losses = np.zeros(len(ways))
    for column, factor in enumerate(geometry.factors):
        contents = [content_of(way[column], setting) for way in ways]
        by_content: dict[Content, float] = {}
        for structure, alike in by_structure(contents).items():
            by_content.update(zip(alike, unbent_losses(factor, *numbers_of(alike), structure).tolist(), strict=True))
        losses += [by_content[content] for content in contents]
    return [ways[place] for place in np.argsort(losses, kind="stable")[:MOST_TRIED]]


def without_term(setting: Setting) -> Setting:
    """The setting with λ = 0.

    Raises:
        InputError: a setting that candidates do not take, with or without an L1 term.
    """
    require_enumerable(setting)
    require_factored(setting, "candidates")
    return replace(setting, l1=0.0)


def rotated(fit: Fit, setting: Setting) -> Rests:
    """A fit without an L1 term, turned in several ways from which the term may start."""
    return turned(assembled(fit, setting), fit.loss, [part.factor.dimension for part in fit.factors])


def _candidate(fit: Fit, setting: Setting) -> Candidate | None:
    """A fit without an L1 term, under the setting's, judged; None where the term leaves nothing of it."""
    if not setting.l1:
        return _judged(fit, assembled(fit, setting), setting)
    rests = grown(fit.geometry, rotated(fit, setting), setting)
    if rests is None:
        return None
    features = tuple(factor.features for factor in identify(rests.best.W, tolerance=CRITICAL_TOLERANCE).factors)
    return _judged(Fit(fit.geometry, features, (), float(rests.loss[0])), rests.best, setting)


def _judged(fit: Fit, weights: Weights, setting: Setting) -> Candidate:
    W, b, law = weights.W[None], weights.b[None], law_of(setting)
    slopes = expansion(W, b, law).gradient[0]
    if setting.l1:  # its kinks hold weights at zero
        slopes[: W.size] *= W.ravel() != 0.0
    gradient, least = float(np.linalg.norm(slopes)), float(least_curvatures(W, b, law)[0])
    critical = bool(gradient <= gradient_tolerance(law)[0]) and not _silence_breaks(weights, setting)
    flat = curvature_tolerance(law)[0]
    return Candidate(
        **vars(fit),
        weights=weights,
        gradient_norm=gradient,
        critical=critical,
        hessian_min=least,
        stable=bool(critical and least > flat),
        valley=bool(critical and abs(least) <= flat),
    )


def _silence_breaks(weights: Weights, setting: Setting) -> bool:
    """Whether an output that is zero throughout gains at first order from growing: -2 I E y (v·h)_+ < 0 for some v.

    It does for y >= 0 wherever the feature can be on together with one that has a vector.
    """
    placed = (weights.W != 0.0).any(axis=0)
    silent = ~placed & (weights.b == 0.0)
    if setting.readout != "relu" or (setting.values == "signed" and setting.target == "identity"):
        return False
    together = joint_density(np.array([setting.density]), structure_of(setting))[0] > 0.0
    return bool((together & silent[:, None] & placed[None, :]).any())


def assembled(fit: Fit, setting: Setting) -> Weights:
    """The weights of a tegum product: each factor in dimensions of its own."""
    W, b = np.zeros((setting.hidden, setting.count)), np.zeros(setting.count)
    row = 0
    for place, part in zip(fit.features, fit.factors, strict=True):
        rows, columns = np.arange(row, row + part.factor.dimension), np.array(place)
        W[np.ix_(rows, columns)] = part.W
        b[columns] = part.b
        row += part.factor.dimension
    return Weights(W, b)
