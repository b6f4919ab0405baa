"""From rows of overlaps to weights: the loss of whole models as a function of their parameters."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from tegum.theory.errors import InputError
from tegum.theory.loss.chain import fill_hessians
from tegum.theory.loss.enumeration import MOST_KNOTS, enumerated_norms, enumerated_rows
from tegum.theory.loss.halves import are_decided, half_moments, half_rows, half_weights
from tegum.theory.loss.law import Law, Structure
from tegum.theory.loss.moments import linear_rows, moments
from tegum.theory.loss.points import point_sums
from tegum.theory.loss.rows import RowLosses
from tegum.theory.loss.scenarios import knot_count
from tegum.theory.loss.states import MOST_STATES, binary_states, state_count, state_rows
from tegum.theory.search.newton import Expansion

BASIC = Structure()


def expansion(
    W: Float[np.ndarray, "models hidden features"],
    b: Float[np.ndarray, "models features"],
    law: Law,
    W_out: Float[np.ndarray, "models features hidden"] | None = None,
) -> Expansion:
    """Loss, gradient and Hessian of each model by its parameters θ (see `parameters`).

    With D_ij = ∂ℓ_i/∂G_ij and G = W_out W:  ∂L/∂W = W_outᵀ D and ∂L/∂W_out = D Wᵀ, their sum W (D + Dᵀ) if tied, and
    the Hessian is Σ_i J_iᵀ (∂²ℓ_i) J_i plus D where W and W_out meet, J_i the Jacobian of row i of (G, b).

    Args:
        W, b: weights and biases.
        law: of each model.
        W_out: output weights; None if tied.

    Raises:
        InputError: a ReLU hidden layer over continuous values has a unit that is not decided (see `halves`).

    Validity: where a bias is exactly 0 the Hessian is one-sided.
    """
    structure = law.structure
    if structure.values == "binary" and not _is_enumerated(law):
        return _by_states(W, b, law, W_out)
    if structure.activation == "relu":
        found = _by_halves(W, b, law, W_out)
    else:
        found = rows_expansion(_rows(overlaps(W, W_out), b, law, 2), W, W_out, structure.bias)
    return found if law.l1 is None else _with_penalty(found, W, law)


def expansion_at(theta: Float[np.ndarray, "models parameters"], law: Law) -> Expansion:
    """`expansion` at parameters θ."""
    W, b, W_out = weights_of(theta, law.density.shape[1], law.structure)
    return expansion(W, b, law, W_out)


def slopes_at(theta: Float[np.ndarray, "models parameters"], law: Law) -> Float[np.ndarray, "models parameters"]:
    """The gradient of `expansion_at` alone, at a fraction of its cost where the Hessian would be enumerated."""
    structure = law.structure
    if not _is_enumerated(law):
        return expansion_at(theta, law).gradient
    W, b, W_out = weights_of(theta, law.density.shape[1], structure)
    rows = _rows(overlaps(W, W_out), b, law, 1)
    return _rows_gradient(rows, W, W_out, structure.bias)


def losses_of(
    W: Float[np.ndarray, "models hidden features"], b: Float[np.ndarray, "models features"], law: Law
) -> Float[np.ndarray, " models"]:
    """The loss of `expansion` alone, for tied weights: at a fraction of the cost where it is enumerated."""
    if _is_enumerated(law):
        return _rows(overlaps(W), b, law, 1).loss.sum(axis=1)
    return expansion(W, b, law).loss


def _is_enumerated(law: Law) -> bool:
    """Whether the loss is a sum over rows of overlaps by enumeration, and nothing else."""
    return law.structure.activation == "none" and law.structure.readout == "relu" and law.l1 is None


def require_expandable(structure: Structure, features: int) -> None:
    """Refuse models that have no exact second-order route at all weights.

    Raises:
        InputError: a ReLU hidden layer over continuous values, or more knots or states than are enumerated.
    """
    if structure.values == "binary":
        if state_count(structure, features) > MOST_STATES:
            raise InputError(f"count = {features} has more than {MOST_STATES} binary states; fewer features are needed")
        return
    if structure.activation == "relu":
        raise InputError(
            "activation = 'relu' has no exact Hessian with values = " + repr(structure.values) + "; supported: 'binary'"
        )
    if structure.readout == "relu" and knot_count(structure, features) > MOST_KNOTS:
        raise InputError(
            f"count = {features} with law = {structure.law!r} and values = {structure.values!r} has more than "
            f"{MOST_KNOTS} knots; fewer features are needed"
        )


def _rows(G: np.ndarray, b: np.ndarray, law: Law, order: int) -> RowLosses:
    if law.structure.readout == "linear":
        return linear_rows(G, b, law.importance, moments(law.density, law.structure), order)
    if law.structure.values == "binary":
        return state_rows(G, b, law.density, law.importance, law.structure, order)
    return enumerated_rows(G, b, law.density, law.importance, order, structure=law.structure)


def rows_expansion(
    rows: RowLosses,
    W: Float[np.ndarray, "models hidden columns"],
    W_out: Float[np.ndarray, "models features hidden"] | None,
    bias: bool,
) -> Expansion:
    """The loss of whole models from its rows, by W, W_out (if untied) and the biases (if there are any)."""
    models, hidden, columns = W.shape
    assert rows.hessian is not None
    outward = W if W_out is None else W_out.swapaxes(1, 2)
    shift = 0 if W_out is None else hidden * columns
    biases = shift + hidden * outward.shape[2]
    parameter_count = biases + bias * outward.shape[2]
    hessian = np.zeros((models, parameter_count, parameter_count))
    fill_hessians(W, outward, rows.gradient, rows.hessian, shift, biases if bias else -1, hessian)
    return Expansion(rows.loss.sum(axis=1), _rows_gradient(rows, W, W_out, bias), hessian)


def _rows_gradient(rows: RowLosses, W: np.ndarray, W_out: np.ndarray | None, bias: bool) -> np.ndarray:
    """W_outᵀ D and D Wᵀ, their sum if tied, and the slopes of the biases if there are any."""
    models, _, columns = W.shape
    D, tied = rows.gradient[..., :columns], W_out is None
    inward = (W if W_out is None else W_out.swapaxes(1, 2)) @ D
    outward = W @ D.swapaxes(1, 2)
    slopes = [inward + outward] if tied else [inward, outward]
    parts = [slope.reshape(models, -1) for slope in slopes] + [rows.gradient[..., columns]] * bias
    return np.concatenate(parts, axis=1)


def row_jacobian(
    W: Float[np.ndarray, "models hidden columns"], W_out: Float[np.ndarray, "models features hidden"] | None, bias: bool
) -> Float[np.ndarray, "models features row parameters"]:
    """J[i, j] = ∂(G_ij)/∂θ for j < columns and ∂b_i/∂θ for j = columns."""
    models, hidden, columns = W.shape
    outward = W if W_out is None else W_out.swapaxes(1, 2)
    features, shift = outward.shape[2], 0 if W_out is None else hidden * columns
    biases = shift + hidden * features
    jacobian = np.zeros((models, features, columns + 1, biases + bias * features))
    every = np.arange(columns)
    for a in range(hidden):
        for i in range(features):
            jacobian[:, i, :columns, shift + a * features + i] += W[:, a]
            jacobian[:, i, every, a * columns + every] += outward[:, a, i : i + 1]
    if bias:
        jacobian[:, np.arange(features), columns, biases + np.arange(features)] = 1.0
    return jacobian


def _by_halves(W: np.ndarray, b: np.ndarray, law: Law, W_out: np.ndarray | None) -> Expansion:
    """A decided ReLU hidden layer is linear in the halves; their weights are ±W where that is positive, or 0."""
    structure = law.structure
    if not are_decided(W, structure).all():
        raise InputError("activation = 'relu' has an exact expansion only where no unit is pulled both up and down")
    outward = W.swapaxes(1, 2) if W_out is None else W_out
    halves = half_weights(W, structure)
    if structure.readout == "linear":
        rows = linear_rows(outward @ halves, b, law.importance, half_moments(law.density, structure), 2)
    else:
        rows = half_rows(outward @ halves, b, law.density, law.importance, structure, order=2)
    found = rows_expansion(rows, halves, outward, True)
    kept = half_map(W, halves)
    slopes = (found.gradient[:, None] @ kept)[:, 0]
    gradient, hessian = folded(slopes, kept.swapaxes(1, 2) @ found.hessian @ kept, W.shape[1], W.shape[2], structure)
    assert hessian is not None
    return Expansion(found.loss, gradient, hessian)


def half_map(
    W: Float[np.ndarray, "models hidden features"], halves: Float[np.ndarray, "models hidden halves"]
) -> Float[np.ndarray, "models half_stack stack"]:
    """Derivatives of the stack (half weights, W_outᵀ, b) by the stack (W, W_outᵀ, b)."""
    models, hidden, features = W.shape
    columns = halves.shape[2]
    rest = (hidden + 1) * features
    kept = np.zeros((models, hidden * columns + rest, hidden * features + rest))
    for a in range(hidden):
        for column in range(columns):
            sign = 1.0 if column < features else -1.0
            kept[:, a * columns + column, a * features + column % features] = sign * (halves[:, a, column] > 0)
    kept[:, hidden * columns :, hidden * features :] = np.eye(rest)
    return kept


def _with_penalty(found: Expansion, W: np.ndarray, law: Law) -> Expansion:
    """Add λ E‖h‖₁."""
    models, hidden, features = W.shape
    assert law.l1 is not None
    norms = enumerated_norms(W, law.density, order=2, structure=law.structure)
    assert norms.hessian is not None
    gradient, hessian = found.gradient.copy(), found.hessian.copy()
    gradient[:, : hidden * features] += law.l1[:, None] * norms.gradient.reshape(models, -1)
    for a in range(hidden):
        block = slice(a * features, (a + 1) * features)
        hessian[:, block, block] += law.l1[:, None, None] * norms.hessian[:, a]
    return Expansion(found.loss + law.l1 * norms.loss.sum(axis=1), gradient, hessian)


def _by_states(W: np.ndarray, b: np.ndarray, law: Law, W_out: np.ndarray | None) -> Expansion:
    states = binary_states(law.density, law.structure)
    outward = W.swapaxes(1, 2) if W_out is None else W_out
    sums = point_sums(W, outward, b, law, states.x[None], states.probability, order=2)
    gradient, hessian = folded(sums.gradient, sums.hessian, W.shape[1], W.shape[2], law.structure)
    assert hessian is not None
    return Expansion(sums.per_feature.sum(axis=1) + sums.penalty, gradient, hessian)


def folded(
    gradient: Float[np.ndarray, "models stack"],
    hessian: Float[np.ndarray, "models stack stack"] | None,
    hidden: int,
    features: int,
    structure: Structure,
) -> tuple[Float[np.ndarray, "models parameters"], Float[np.ndarray, "models parameters parameters"] | None]:
    """Derivatives by θ from those by the stack (W, W_outᵀ, b): tied matrices add up, a missing bias drops out."""
    inward = hidden * features
    if structure.tied:
        gradient = _added(gradient, inward, axis=1)
        hessian = None if hessian is None else _added(_added(hessian, inward, axis=1), inward, axis=2)
    if structure.bias:
        return gradient, hessian
    return gradient[:, :-features], None if hessian is None else hessian[:, :-features, :-features]


def _added(stack: np.ndarray, inward: int, axis: int) -> np.ndarray:
    """A stack whose first two parts, of equal length, are added."""
    one, other, rest = np.split(stack, [inward, 2 * inward], axis=axis)
    return np.concatenate([one + other, rest], axis=axis)


def overlaps(
    W: Float[np.ndarray, "models hidden features"], W_out: Float[np.ndarray, "models features hidden"] | None = None
) -> Float[np.ndarray, "models features features"]:
    """G = W_out W of each model, WᵀW if tied."""
    return (W.swapaxes(1, 2) if W_out is None else W_out) @ W


def parameters(
    W: Float[np.ndarray, "models hidden features"],
    b: Float[np.ndarray, "models features"],
    W_out: Float[np.ndarray, "models features hidden"] | None = None,
    bias: bool = True,
) -> Float[np.ndarray, "models parameters"]:
    """θ = (W row by row, W_outᵀ row by row if untied, b unless the model has none)."""
    parts = [W] if W_out is None else [W, W_out.swapaxes(1, 2)]
    return np.concatenate([part.reshape(len(W), -1) for part in parts] + [b] * bias, axis=1)


def tied_weights(
    theta: Float[np.ndarray, "models parameters"], features: int
) -> tuple[Float[np.ndarray, "models hidden features"], Float[np.ndarray, "models features"]]:
    """(W, b) of the parameters of a tied model with biases."""
    W, b, _ = weights_of(theta, features)
    return W, b


def weights_of(
    theta: Float[np.ndarray, "models parameters"], features: int, structure: Structure = BASIC
) -> tuple[
    Float[np.ndarray, "models hidden features"],
    Float[np.ndarray, "models features"],
    Float[np.ndarray, "models features hidden"] | None,
]:
    """(W, b, W_out) of θ: the inverse of `parameters`."""
    stack = theta.reshape(len(theta), -1, features)
    matrices, b = (stack[:, :-1], stack[:, -1]) if structure.bias else (stack, np.zeros((len(theta), features)))
    if structure.tied:
        return matrices, b, None
    hidden = matrices.shape[1] // 2
    return matrices[:, :hidden], b, matrices[:, hidden:].swapaxes(1, 2)
