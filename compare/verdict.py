"""The verdict: what comparing learned weights with the predicted optimum says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool

from tegum.compare.critical_points import batches, critical_points
from tegum.compare.polish import Polished
from tegum.compare.second_search import Resolution, searched_again
from tegum.compare.wiring import vertex_map
from tegum.theory.files.kept import Keep, unkept
from tegum.theory.geometry.balance import asymmetry
from tegum.theory.geometry.critical import critical_identity, feature_vectors
from tegum.theory.geometry.identify import Identity, identify
from tegum.theory.loss.law import empty_loss, law_of
from tegum.theory.loss.population import PopulationLoss, check_shape, population_loss
from tegum.theory.search.curvature import curvature_tolerance
from tegum.theory.search.optimum import Optimum, optimum, same_loss
from tegum.theory.search.scope import require_searchable
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

#: Learned weights whose exact loss exceeds that of their basin's critical point by more than this share, and by more
#: than `_NOTHING` of the empty model's, had not come to rest: what noise leaves at the end of a schedule is well below.
AT_REST = 0.05
_NOTHING = 1e-3

#: The verdict on a run that diverged, and what stands for its geometry.
DIVERGED = "diverged"
VERDICTS = {
    "optimum": "the loss of the predicted optimum, and its geometry or a place in the same valley of equal losses",
    "local optimum": "a minimum of the exact loss with a named geometry, above the optimum",
    "saddle": "a critical point from which the exact loss still falls",
    "unconverged": f"the exact loss is more than {AT_REST:.0%} above its basin's, or no critical point was reached",
    "unidentified": "a minimum whose geometry is in no catalogue, above the optimum",
    "better": "a loss below the predicted optimum's, at rest or not, that a second search could not resolve",
    DIVERGED: "training diverged: the weights, and all numbers, are those of its start",
}


@dataclass(frozen=True)
class Verdict:
    """One learned model against the prediction.

    Attributes:
        kind: a key of `VERDICTS`.
        loss, error: exact population loss of the learned weights as they are, and the bound on its numerical error.
        gap: loss - optimum's loss; exact up to ``error`` and the optimum's.
        identity: geometry of the critical point that the weights were close to.
        learned: geometry of the weights as they are, read with a tolerance from their own gaps.
        polished_loss, moved, gradient_norm, hessian_min: of that critical point (see `polish.Polished`).
        hessian_error: how far that curvature is known, 0 where it comes from the exact Hessian.
        valley: whether the loss has no curvature there along some direction that is no symmetry: a linear readout, or
            features that are never on together, leave whole valleys of equally good weights.
        asymmetry: how far the critical point is from a tied model, 0 to 1 (see `geometry.balance`).
        vertex_map: the feature of the predicted optimum that each learned feature plays, an isomorphism of the two
            wirings (features with their density, importance and group; see `wiring`); None where there is none.
    """

    kind: str
    loss: float
    error: float
    gap: float
    identity: Identity
    learned: Identity
    polished_loss: float
    moved: float
    gradient_norm: float
    hessian_min: float
    hessian_error: float
    valley: bool
    asymmetry: float
    vertex_map: tuple[int, ...] | None

    @property
    def geometry(self) -> str:
        """Name of the critical point's geometry; a run that diverged has none."""
        return DIVERGED if self.kind == DIVERGED else self.identity.geometry

    @property
    def matches(self) -> bool:
        """Whether the learned model is the predicted optimum, up to rotation and relabelling."""
        return self.kind == "optimum"


@dataclass(frozen=True)
class Comparison:
    """An ensemble of one setting against the setting's predicted optimum.

    Attributes:
        setting: the objective.
        optimum: the prediction.
        weights: learned, [runs, hidden, features].
        polished: the critical points they were close to.
        verdicts: one for each run.
        resolution: of the second search, where a run lay below the prediction of the first; `optimum` is the better
            one of both.
    """

    setting: Setting
    optimum: Optimum
    weights: Weights
    polished: Weights
    verdicts: tuple[Verdict, ...]
    resolution: Resolution | None = None

    @property
    def best(self) -> Verdict:
        """The run with the lowest exact loss; one that diverged only where all did."""
        return min(self.verdicts, key=lambda verdict: (verdict.kind == DIVERGED, verdict.loss))

    @property
    def fraction(self) -> float:
        """Share of runs that match the prediction."""
        return sum(verdict.matches for verdict in self.verdicts) / len(self.verdicts)


def compare(
    weights: Weights,
    setting: Setting,
    starts: int = 64,
    seed: int = 0,
    diverged: Bool[np.ndarray, " models"] | None = None,
) -> Comparison:
    """Compare learned weights with the best weights that the exact theory finds.

    Args:
        weights: one model or an ensemble, trained by anybody, for this setting.
        setting: the objective they were trained on.
        starts, seed: of the search for the optimum.
        diverged: which models diverged in training, if any did (see `Ensemble.diverged`).

    Returns:
        `Comparison`, with one `Verdict` for each model.

    Raises:
        InputError: weights of another shape, or a setting that the search does not take.

    Validity: what the search takes (`scope.require_searchable`).  Invariant under rotation of the hidden space,
    relabelling of features that are alike, and shifting sizes between W_in and W_out.
    """
    require_searchable(setting)
    check_shape(weights, setting)
    lost = None if diverged is None else [diverged]
    return compare_all([setting], [weights], [optimum(setting, starts, seed)], diverged=lost)[0]


def compare_all(
    settings: Sequence[Setting],
    ensembles: Sequence[Weights],
    optima: Sequence[Optimum],
    advance: Callable[[int], object] = lambda models: None,
    keep: Keep = unkept,
    diverged: Sequence[Bool[np.ndarray, " models"]] | None = None,
) -> list[Comparison]:
    """Compare one ensemble for each setting with that setting's optimum, searched for again where a run lies below it.

    Args:
        settings, ensembles, optima: of equal length, all of one shape.
        advance: told the number of models finished, for progress.
        keep: keeps critical points and what second searches find.
        diverged: which models of each ensemble diverged in training, if any did.
    """
    models = [_whole(setting, weights) for setting, weights in zip(settings, ensembles, strict=True)]
    lost = [np.zeros(len(one.b), dtype=bool) for one in models] if diverged is None else diverged
    found = []
    for part in batches(settings, models):
        points = critical_points(settings[part], models[part], keep)
        columns = zip(settings[part], models[part], points, optima[part], lost[part], strict=True)
        for setting, weights, there, first, gone in columns:
            best, resolution = searched_again(setting, weights, there, first, keep)
            found.append(judged(setting, weights, there, best, resolution, gone))
            advance(len(weights.b))
    return found


def judged(
    setting: Setting,
    weights: Weights,
    there: Polished,
    best: Optimum,
    resolution: Resolution | None = None,
    diverged: Bool[np.ndarray, " models"] | None = None,
) -> Comparison:
    """The verdicts on an ensemble whose critical points are known.

    Args:
        setting, weights: an ensemble and the objective it was trained on.
        there: the critical points that its models were close to.
        best: the setting's optimum.
        resolution: of the second search for it, if there was one.
        diverged: which models did, in training, if any.
    """
    exact = population_loss(weights, setting)
    verdicts = [_verdict(setting, weights, exact, there, best, run) for run in range(len(weights.b))]
    for run in [] if diverged is None else np.flatnonzero(diverged).tolist():
        verdicts[run] = replace(verdicts[run], kind=DIVERGED)
    return Comparison(setting, best, weights, there.weights, tuple(verdicts), resolution)


def _whole(setting: Setting, weights: Weights) -> Weights:
    """An ensemble with every matrix that the setting's models have."""
    every = weights.ensemble
    return every if setting.tied else Weights(every.W, every.b, every.outward)


def _verdict(
    setting: Setting, weights: Weights, exact: PopulationLoss, there: Polished, best: Optimum, run: int
) -> Verdict:
    loss, error = float(np.asarray(exact.loss)[run]), float(np.asarray(exact.error)[run])
    rest, activation = there.weights[run], setting.activation
    identity = critical_identity(rest, activation)
    played = vertex_map(rest, best.weights, setting)
    return Verdict(
        kind=_kind(setting, loss, there, run, identity, played, best),
        loss=loss,
        error=error,
        gap=loss - best.loss,
        identity=identity,
        learned=identify(feature_vectors(weights[run], activation)),
        polished_loss=float(there.loss[run]),
        moved=float(there.moved[run]),
        gradient_norm=float(there.gradient_norm[run]),
        hessian_min=float(there.hessian_min[run]),
        hessian_error=float(there.hessian_error[run]),
        valley=is_flat(setting, there.hessian_min[run], there.hessian_error[run]),
        asymmetry=float(asymmetry(rest, activation)),
        vertex_map=played,
    )


def is_flat(setting: Setting, curvature: float, error: float) -> bool:
    """Whether a least curvature, known up to an error, counts as zero."""
    return bool(abs(curvature) <= curvature_tolerance(law_of(setting))[0] + error)


def _kind(
    setting: Setting,
    loss: float,
    there: Polished,
    run: int,
    identity: Identity,
    played: tuple[int, ...] | None,
    best: Optimum,
) -> str:
    law, settled = law_of(setting), float(there.loss[run])
    least, error = float(there.hessian_min[run]), float(there.hessian_error[run])
    same, lowest = _same(settled, best), min(loss, settled)
    at_rest = loss <= (1 + AT_REST) * settled + _NOTHING * float(empty_loss(law)[0])
    if lowest < best.loss and not _same(lowest, best):
        return "better"
    if not (there.converged[run] and at_rest):
        return "unconverged"
    one_valley = is_flat(setting, least, error) and is_flat(setting, best.hessian_min, best.hessian_error)
    if same and (played is not None or one_valley):
        return "optimum"
    if least < -curvature_tolerance(law)[0] - error:
        return "saddle"
    return "unidentified" if "unknown-" in identity.geometry else "local optimum"


def _same(loss: float, best: Optimum) -> bool:
    """Whether a loss is the optimum's, as far as that is known."""
    return bool(same_loss(np.array([loss]), best.loss, best.setting)[0]) or abs(loss - best.loss) <= best.error
