"""The one entry to the exact loss: it picks the route, says which, and bounds the error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from tegum.theory.errors import InputError
from tegum.theory.loss.assembly import Found
from tegum.theory.loss.enumeration import MOST_KNOTS
from tegum.theory.loss.halves import are_decided, half_knot_count
from tegum.theory.loss.law import Law, law_of
from tegum.theory.loss.objective import folded, weights_of
from tegum.theory.loss.routes import ROUTES, by_quasi_monte_carlo
from tegum.theory.loss.scenarios import knot_count
from tegum.theory.loss.sorted_sums import halves_fit
from tegum.theory.loss.states import MOST_STATES, state_count
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

#: Routes in the order in which "auto" prefers them; what each takes is told by `population_loss`.
METHODS = ("moments", "enumeration", "meet-in-the-middle", "transform", "quasi-monte-carlo")
#: Those that give the Hessian as well.
SECOND_ORDER = ("moments", "enumeration", "transform")
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
            models at once, for large ensembles on a GPU; every method takes it ("transform" plans its series on the
            CPU and sums them there).  None for compiled kernels and NumPy, on a CPU the faster in most cases
            (`benchmarks/loss_devices.py`).

    Returns:
        `PopulationLoss` in squared magnitudes of a feature, with the gradient by all weights.

    Raises:
        InputError: weights of another shape than the setting's, a method that does not take this setting or order, or a
            device that is not there.

    Validity: beyond 2⁵³ the sum of a row's overlaps leaves no digits, and the error bound says so.  In a decided ReLU
    hidden layer the exact derivatives are those by the weights that are not zero; the entries of the others, where the
    loss has a kink, are 0 (quasi-Monte Carlo gives those of the inactive side).

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
    if chosen == "quasi-monte-carlo":
        found = by_quasi_monte_carlo(W, W_out, b, law, seed, device)
    else:
        found = ROUTES[chosen](W, W_out, b, law, order, device)
    return _result(found, weights, setting, chosen)


def enumerated_errors(
    W: Float[np.ndarray, "models hidden features"],
    b: Float[np.ndarray, "models features"],
    law: Law,
    W_out: Float[np.ndarray, "models features hidden"] | None = None,
) -> Float[np.ndarray, " models"]:
    """Bounds on the numerical errors of the enumerated losses of models, each under a law of its own.

    The ``error`` of `population_loss` by "enumeration", or by "moments" for a linear readout, of many settings at once.

    Args:
        W, b: weights and biases.
        law: of each model.
        W_out: output weights; None if tied.

    Returns:
        In squared magnitudes of a feature.

    Validity: what the two routes take.
    """
    structure = law.structure
    linear = structure.readout == "linear" and (structure.activation == "none" or structure.values != "binary")
    outward = W.swapaxes(1, 2) if W_out is None else W_out
    return ROUTES["moments" if linear else "enumeration"](W, outward, b, law, 1, None).error


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


def _result(found: Found, weights: Weights, setting: Setting, method: str) -> PopulationLoss:
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
