"""The one entry to the exact loss: it picks the route, says which, and bounds the error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from tegum.theory.errors import InputError
from tegum.theory.loss.differences import with_hessian
from tegum.theory.loss.enumeration import MOST_KNOTS, enumerated_norms, enumerated_rows
from tegum.theory.loss.halves import are_decided, half_knot_count, half_moments, half_rows, half_weights
from tegum.theory.loss.law import Law, law_of
from tegum.theory.loss.moments import linear_rows, moments
from tegum.theory.loss.objective import folded, half_map, row_jacobian, rows_expansion, weights_of
from tegum.theory.loss.points import point_sums
from tegum.theory.loss.quasi import quasi_sums
from tegum.theory.loss.rows import RowLosses
from tegum.theory.loss.scenarios import knot_count
from tegum.theory.loss.sorted_sums import halves_fit, sorted_rows
from tegum.theory.loss.states import MOST_STATES, binary_states, state_count
from tegum.theory.loss.transform import transformed_norms, transformed_rows
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

#: Routes in the order in which "auto" prefers them; what each takes is told by `population_loss`.
METHODS = ("moments", "enumeration", "meet-in-the-middle", "transform", "quasi-monte-carlo")
#: Those that give the Hessian as well.
SECOND_ORDER = ("moments", "enumeration", "transform")
#: Those that are computed on any device.
ON_DEVICES = ("moments", "enumeration", "quasi-monte-carlo")
#: Harmonics of the transform are added until the bound on what is left out of a feature's loss is below this: as a
#: second route to check the first by, and, where it is the only one, relative to the feature's own E x².
_CHECKING_TOLERANCE = 1e-13
_RELATIVE_TOLERANCE = 1e-9
_UNIT_ROUNDOFF = 2.0**-53
#: Memory for the derivatives of all overlaps by all weights, which the Hessian needs.
MOST_BYTES = 2**31


@dataclass(frozen=True)
class PopulationLoss:
    """A population loss with its credibility.

    Attributes:
        loss: L = Σ_i ℓ_i + λ E‖h‖₁, a float, or [models] for an ensemble.
        error: bound on the absolute numerical error of ``loss``, rounding of G = W_out W included; with the method
            "quasi-monte-carlo" it is the standard error instead.
        per_feature: ℓ_i = I_i E(y_i - x̂_i)², [features] or [models, features].
        penalty: λ E‖h‖₁.
        method: the route taken, one of `METHODS`.
        gradient: ∂L/∂(W, b, W_out), in the shape of the weights; 0 where the model has no bias.
        gradient_error: bound on the error of each of its entries (or the largest standard error), for overlaps and
            biases that are off by at most their own rounding.
        hessian: ∂²L/∂θ², θ = (W row by row, W_outᵀ row by row if untied, b unless the model has none); None unless
            asked for.  On a kink it is one-sided.
        hessian_error: bound on the error of each of its entries, in the same sense; an estimate with "transform".
    """

    loss: float | Float[np.ndarray, " models"]
    error: float | Float[np.ndarray, " models"]
    per_feature: Float[np.ndarray, "*ensemble features"]
    penalty: float | Float[np.ndarray, " models"]
    method: str
    gradient: Weights
    gradient_error: float | Float[np.ndarray, " models"]
    hessian: Float[np.ndarray, "*ensemble parameters parameters"] | None = None
    hessian_error: float | Float[np.ndarray, " models"] | None = None


@dataclass(frozen=True)
class _Found:
    """What a route finds for a batch; derivatives by the stack (W, W_outᵀ, b) as if the weights were untied."""

    per_feature: np.ndarray
    penalty: np.ndarray
    error: np.ndarray
    gradient: np.ndarray
    gradient_error: np.ndarray
    hessian: np.ndarray | None = None
    hessian_error: np.ndarray | None = None


def population_loss(
    weights: Weights,
    setting: Setting,
    method: str = "auto",
    seed: int = 0,
    order: int = 1,
    device: str | None = None,
) -> PopulationLoss:
    """Exact expected loss of given weights: no batch, no sampling, wherever there is an exact route.

    L = Σ_i I_i E(y_i - readout(W_out activation(W x) + b)_i)² + λ E‖activation(W x)‖₁.

    Args:
        weights: one model, or an ensemble.
        setting: feature law, importances, shape and objective; of the weights' number of features.
        method: a route, or "auto", the first of these that takes the setting:
            "moments": linear readout, hidden layer linear or decided (see `halves`); any number of features.
            "enumeration": active subsets by their box integrals, up to `enumeration.MOST_KNOTS` knots; binary features
            by their states, up to `states.MOST_STATES`; a ReLU hidden layer where it is decided or features are binary.
            "meet-in-the-middle": up to twice as many binary features, ReLU readout on a linear hidden layer.
            "transform": characteristic functions; continuous values, any number of features, ReLU readout on a linear
            hidden layer.
            "quasi-monte-carlo": everything else, with a standard error.
        seed: of the scramblings of quasi-Monte Carlo.
        order: 1, or 2 for the Hessian as well, which "moments" and "enumeration" give exactly and "transform" by
            differences of its gradient, with an estimate of their error.
        device: "cpu", "cuda" or "cuda:N": what a row or an input costs is computed there by PyTorch's tensors, all
            models at once, for large ensembles on a GPU; the methods "moments", "enumeration" and "quasi-monte-carlo"
            take it, the L1 term only up to `enumeration.MOST_KNOTS`.  None for compiled kernels and NumPy, on a CPU
            the faster in most cases (`benchmarks/loss_devices.py`).

    Returns:
        `PopulationLoss` in squared magnitudes of a feature, with the gradient by all weights.

    Raises:
        InputError: weights of another shape than the setting's, a method that does not take this setting, order or
            device, or a device that is not there.

    Validity: beyond 2⁵³ the sum of a row's overlaps leaves no digits, and the error bound says so.

    Source: the loss, Elhage et al. 2022, section "Demonstrating superposition"; each route's module names its own.

    >>> import numpy as np
    >>> from tegum import Setting, Weights, population_loss
    >>> pair = Weights(W=np.array([[1.0, -1.0]]), b=np.zeros(2))
    >>> round(population_loss(pair, Setting(count=2, hidden=1, density=0.3)).loss, 12)  # p²/3
    0.03
    """
    check_shape(weights, setting)
    W = weights.W.reshape(-1, *weights.W.shape[-2:])
    W_out = weights.outward.reshape(-1, *weights.outward.shape[-2:])
    b = weights.b.reshape(-1, setting.count)
    law = law_of(setting, len(b))
    possible = methods(setting, W)
    if order == 2:
        _check_room(setting, len(b))
        possible = tuple(route for route in possible if route in SECOND_ORDER)
    chosen = _chosen(method, possible)
    if device is not None and chosen not in ON_DEVICES:
        raise InputError(f"device = {device!r} is not for method = {chosen!r}; methods on it: {', '.join(ON_DEVICES)}")
    if chosen == "quasi-monte-carlo":
        found = _by_quasi_monte_carlo(W, W_out, b, law, seed, device)
    else:
        found = _ROUTES[chosen](W, W_out, b, law, order, device)
    return _result(found, weights, setting, chosen)


def enumerated_errors(
    W: Float[np.ndarray, "models hidden features"], b: Float[np.ndarray, "models features"], law: Law
) -> Float[np.ndarray, " models"]:
    """Bounds on the numerical errors of the enumerated losses of tied models, each under a law of its own.

    The ``error`` of `population_loss` by "enumeration", of many settings at once.

    Args:
        W, b: weights and biases.
        law: of each model.

    Returns:
        In squared magnitudes of a feature.

    Validity: what "enumeration" takes.
    """
    return _by_enumeration(W, W.swapaxes(1, 2), b, law, 1, None).error


def methods(setting: Setting, W: Float[np.ndarray, "models hidden features"]) -> tuple[str, ...]:
    """The routes that take a setting with these input weights, the preferred one first."""
    law, features = law_of(setting), setting.count
    structure = law.structure
    binary, linear_hidden = structure.values == "binary", structure.activation == "none"
    decided = linear_hidden or bool(are_decided(W, structure).all())
    linear = structure.readout == "linear"
    knots = knot_count(structure, features) if linear_hidden else half_knot_count(structure, features)
    # E‖h‖₁ is enumerated or transformed, so it must be within reach as well.
    norms_fit = law.l1 is None or knot_count(structure, features) <= MOST_KNOTS
    takes = {
        "moments": linear and decided and (law.l1 is None or (not binary and (norms_fit or linear_hidden))),
        "enumeration": (
            state_count(structure, features) <= MOST_STATES
            if binary
            else decided and not linear and knots <= MOST_KNOTS and norms_fit
        ),
        "meet-in-the-middle": (
            binary and linear_hidden and not linear and law.l1 is None and halves_fit(structure, features)
        ),
        "transform": not binary and linear_hidden and not linear,
        "quasi-monte-carlo": True,
    }
    return tuple(route for route in METHODS if takes[route])


def _check_room(setting: Setting, models: int) -> None:
    entries = (setting.hidden * (1 if setting.tied else 2) + 1) * setting.count
    jacobian = 8 * models * setting.count * (setting.count + 1) * entries
    if jacobian > MOST_BYTES:
        raise InputError(f"order = 2 needs {jacobian >> 20} MiB for {models} models; at most {MOST_BYTES >> 20} MiB")


def _chosen(method: str, possible: tuple[str, ...]) -> str:
    if not possible:
        raise InputError(f"order = 2: none of {', '.join(SECOND_ORDER)} takes this setting; there is no exact Hessian")
    if method == "auto":
        return possible[0]
    if method not in METHODS:
        raise InputError(f"method = {method!r} is unknown; allowed: auto, {', '.join(METHODS)}")
    if method not in possible:
        raise InputError(f"method = {method!r} does not take this setting; allowed: auto, {', '.join(possible)}")
    return method


def _by_moments(W: np.ndarray, W_out: np.ndarray, b: np.ndarray, law: Law, order: int, device: str | None) -> _Found:
    if law.structure.activation == "none":
        rows = linear_rows(W_out @ W, b, law.importance, moments(law.density, law.structure), order, device)
        return _with_penalty(_from_rows(rows, W, W_out), W, law, device)
    halves = half_weights(W, law.structure)
    rows = linear_rows(W_out @ halves, b, law.importance, half_moments(law.density, law.structure), order, device)
    return _with_penalty(_whole(_from_rows(rows, halves, W_out), W, halves), W, law, device)


def _by_enumeration(
    W: np.ndarray, W_out: np.ndarray, b: np.ndarray, law: Law, order: int, device: str | None
) -> _Found:
    structure = law.structure
    if structure.values == "binary":
        return _by_states(W, W_out, b, law, order, device)
    if structure.activation == "none":
        rows = enumerated_rows(W_out @ W, b, law.density, law.importance, order, True, structure, device)
        return _with_penalty(_from_rows(rows, W, W_out), W, law, device)
    halves = half_weights(W, structure)
    rows = half_rows(W_out @ halves, b, law.density, law.importance, structure, order, True, device)
    return _with_penalty(_whole(_from_rows(rows, halves, W_out), W, halves), W, law, device)


def _by_states(W: np.ndarray, W_out: np.ndarray, b: np.ndarray, law: Law, order: int, device: str | None) -> _Found:
    states = binary_states(law.density, law.structure)
    sums = point_sums(W, W_out, b, law, states.x[None], states.probability, order, device)
    hidden, features = W.shape[1:]
    # Every x is 0 or 1, so no activation exceeds the sum of its weights' magnitudes.
    h = np.abs(W).sum(axis=2)
    reach = (np.abs(W_out) @ h[..., None])[..., 0] + np.abs(b) + 1.0
    l1 = np.zeros(len(b)) if law.l1 is None else law.l1
    rounding = _UNIT_ROUNDOFF * (4 * hidden + 4 * features + len(states.x) + 32)
    error = rounding * ((law.importance * reach**2).sum(axis=1) + l1 * h.sum(axis=1))
    width = np.maximum(np.abs(W_out).max(axis=(1, 2)), np.maximum(h.max(axis=1), 1.0))
    slope = 2 * (law.importance * reach).sum(axis=1)
    curve = 2 * law.importance.sum(axis=1) * width**2 + slope
    return _Found(
        sums.per_feature, sums.penalty, error, sums.gradient, rounding * (slope * width + l1),
        sums.hessian, rounding * curve,
    )  # fmt: skip


def _by_sorted_sums(
    W: np.ndarray, W_out: np.ndarray, b: np.ndarray, law: Law, order: int, device: str | None
) -> _Found:
    return _from_rows(sorted_rows(W_out @ W, b, law.density, law.importance, law.structure), W, W_out)


def _by_transform(W: np.ndarray, W_out: np.ndarray, b: np.ndarray, law: Law, order: int, device: str | None) -> _Found:
    known = knot_count(law.structure, b.shape[1]) <= MOST_KNOTS
    least = law.density[law.density > 0].min(initial=1.0)
    # Differences divide what is left out by their step.
    tolerance = _CHECKING_TOLERANCE if known or order == 2 else _RELATIVE_TOLERANCE * least / 3

    def rows(u: np.ndarray) -> RowLosses:
        return transformed_rows(u[..., :-1], u[..., -1], law.density, law.importance, tolerance, law.structure)

    u = np.concatenate([W_out @ W, b[..., None]], axis=2)
    found = _from_rows(with_hessian(rows, u) if order == 2 else rows(u), W, W_out)
    return found if law.l1 is None else _plus_norms(found, _norms(W, law, tolerance, order), law)


def _norms(W: np.ndarray, law: Law, tolerance: float, order: int) -> RowLosses:
    def norms(w: np.ndarray) -> RowLosses:
        return transformed_norms(w, law.density, tolerance, law.structure)

    return with_hessian(norms, W) if order == 2 else norms(W)


def _by_quasi_monte_carlo(
    W: np.ndarray, W_out: np.ndarray, b: np.ndarray, law: Law, seed: int, device: str | None
) -> _Found:
    sums = quasi_sums(W, W_out, b, law, seed, device)
    return _Found(sums.mean.per_feature, sums.mean.penalty, sums.loss_error, sums.mean.gradient, sums.gradient_error)


_Route = Callable[[np.ndarray, np.ndarray, np.ndarray, Law, int, str | None], _Found]
_ROUTES: dict[str, _Route] = {
    "moments": _by_moments,
    "enumeration": _by_enumeration,
    "meet-in-the-middle": _by_sorted_sums,
    "transform": _by_transform,
}


def _from_rows(rows: RowLosses, W: np.ndarray, W_out: np.ndarray) -> _Found:
    """Whole models from their rows: bounds of the rows, the rounding of G = W_out W carried through D, and the sums."""
    models, hidden, columns = W.shape
    assert rows.error is not None
    assert rows.gradient_error is not None
    D = rows.gradient[..., :columns]
    slope = np.abs(D) + rows.gradient_error[..., None]
    G_rounding = hidden * _UNIT_ROUNDOFF * (np.abs(W_out) @ np.abs(W))
    features = rows.loss.shape[1]
    error = rows.error.sum(axis=1) + (slope * G_rounding).sum(axis=(1, 2))
    error += features * _UNIT_ROUNDOFF * rows.loss.sum(axis=1)
    parts = (W_out.swapaxes(1, 2) @ D, W @ D.swapaxes(1, 2), rows.gradient[..., columns])
    gradient = np.concatenate([part.reshape(models, -1) for part in parts], axis=1)
    rounding = _UNIT_ROUNDOFF * (columns + 2)
    each = rows.gradient_error[..., None] + rounding * slope
    inward = (np.abs(W_out).swapaxes(1, 2) @ each).max(axis=(1, 2))
    outward = (np.abs(W) @ each.swapaxes(1, 2)).max(axis=(1, 2))
    gradient_error = inward + outward + rows.gradient_error.max(axis=1)
    found = _Found(rows.loss, np.zeros(models), error, gradient, gradient_error)
    return found if rows.hessian is None else _with_hessian(found, rows, W, W_out)


def _with_hessian(found: _Found, rows: RowLosses, W: np.ndarray, W_out: np.ndarray) -> _Found:
    """The Hessian of whole models, Σ_i J_iᵀ (∂²ℓ_i) J_i + D, with the rows' bounds and its own rounding."""
    assert rows.hessian is not None
    assert rows.hessian_error is not None
    jacobian = np.abs(row_jacobian(W, W_out, True))
    rounding = _UNIT_ROUNDOFF * (2 * W.shape[2] + W.shape[1] + len(rows.loss[0]) + 8)
    each = rows.hessian_error + rounding * np.abs(rows.hessian).max(axis=(2, 3))
    # |Σ_i e_i s_ik s_il| <= max_k Σ_i e_i s_ik², by Cauchy and Schwarz.
    error = (each[..., None] * jacobian.sum(axis=2) ** 2).sum(axis=1).max(axis=1) + found.gradient_error
    return replace(found, hessian=rows_expansion(rows, W, W_out, True).hessian, hessian_error=error)


def _whole(found: _Found, W: np.ndarray, halves: np.ndarray) -> _Found:
    """Derivatives by the weights W from those by the weights of the halves, at most two of which share a weight."""
    kept = half_map(W, halves)
    gradient = (found.gradient[:, None] @ kept)[:, 0]
    found = replace(found, gradient=gradient, gradient_error=2 * found.gradient_error)
    if found.hessian is None or found.hessian_error is None:
        return found
    return replace(found, hessian=kept.swapaxes(1, 2) @ found.hessian @ kept, hessian_error=4 * found.hessian_error)


def _with_penalty(found: _Found, W: np.ndarray, law: Law, device: str | None) -> _Found:
    if law.l1 is None:
        return found
    order = 1 if found.hessian is None else 2
    if knot_count(law.structure, W.shape[2]) <= MOST_KNOTS:
        return _plus_norms(found, enumerated_norms(W, law.density, order, True, law.structure, device), law)
    return _plus_norms(found, _norms(W, law, _RELATIVE_TOLERANCE, order), law)


def _plus_norms(found: _Found, norms: RowLosses, law: Law) -> _Found:
    """Add λ E‖h‖₁, whose rows are the hidden units'."""
    assert law.l1 is not None
    assert norms.error is not None
    assert norms.gradient_error is not None
    models, hidden, features = norms.gradient.shape
    gradient = found.gradient.copy()
    gradient[:, : hidden * features] += law.l1[:, None] * norms.gradient.reshape(models, -1)
    whole = replace(
        found,
        penalty=law.l1 * norms.loss.sum(axis=1),
        error=found.error + law.l1 * norms.error.sum(axis=1),
        gradient=gradient,
        gradient_error=found.gradient_error + law.l1 * norms.gradient_error.max(axis=1),
    )
    if found.hessian is None or norms.hessian is None or norms.hessian_error is None:
        return whole
    hessian = found.hessian.copy()
    for a in range(hidden):
        block = slice(a * features, (a + 1) * features)
        hessian[:, block, block] += law.l1[:, None, None] * norms.hessian[:, a]
    assert found.hessian_error is not None
    error = found.hessian_error + law.l1 * norms.hessian_error.max(axis=1)
    return replace(whole, hessian=hessian, hessian_error=error)


def _result(found: _Found, weights: Weights, setting: Setting, method: str) -> PopulationLoss:
    hidden, features = weights.W.shape[-2:]
    law = law_of(setting)
    gradient, hessian = folded(found.gradient, found.hessian, hidden, features, law.structure)
    # Tied weights stand twice in the stack, so that errors add up.
    twice = 2 if setting.tied else 1
    W, b, W_out = weights_of(gradient, features, law.structure)
    result = PopulationLoss(
        loss=found.per_feature.sum(axis=1) + found.penalty,
        error=found.error,
        per_feature=found.per_feature,
        penalty=found.penalty,
        method=method,
        gradient=Weights(W, b, W_out),
        gradient_error=found.gradient_error * twice,
        hessian=hessian,
        hessian_error=None if found.hessian_error is None else found.hessian_error * twice**2,
    )
    return result if weights.W.ndim == 3 else _alone(result)


def _alone(result: PopulationLoss) -> PopulationLoss:
    """The only model of an ensemble."""
    slopes = result.gradient
    return PopulationLoss(
        loss=_first(result.loss),
        error=_first(result.error),
        per_feature=result.per_feature[0],
        penalty=_first(result.penalty),
        method=result.method,
        gradient=Weights(slopes.W[0], slopes.b[0], None if slopes.W_out is None else slopes.W_out[0]),
        gradient_error=_first(result.gradient_error),
        hessian=None if result.hessian is None else result.hessian[0],
        hessian_error=None if result.hessian_error is None else _first(result.hessian_error),
    )


def _first(values: float | np.ndarray) -> float:
    return float(np.ravel(values)[0])


def check_shape(weights: Weights, setting: Setting) -> None:
    """Refuse weights that are not of a setting's shape.

    Raises:
        InputError: another number of features or hidden units, untied weights of a tied model, or biases of a model
            without.
    """
    hidden, features = weights.W.shape[-2:]
    if (hidden, features) != (setting.hidden, setting.count):
        raise InputError(
            f"W is [hidden, features] = [{hidden}, {features}], the setting has hidden = {setting.hidden} "
            f"and count = {setting.count}"
        )
    if setting.tied and weights.W_out is not None:
        raise InputError("W_out is not W transposed, but the setting has tied = true")
    if not setting.bias and weights.b.any():
        raise InputError("b is not zero, but the setting has bias = false")
