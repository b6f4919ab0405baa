"""The symmetric ansatz: all weights that share an arrangement's symmetries, and the loss over their free scalars."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int
from scipy.linalg import block_diag

from tegum.theory.errors import InputError
from tegum.theory.geometry.symmetry import EQUAL, Symmetry, symmetry
from tegum.theory.loss.enumeration import MOST_FEATURES, enumerated_rows
from tegum.theory.loss.law import Law
from tegum.theory.loss.objective import BASIC, expansion
from tegum.theory.loss.transform import transformed_rows
from tegum.theory.search.descent import gradient_tolerance
from tegum.theory.search.newton import Expansion, Rest, minimise

#: Singular values below this times the largest span nothing.
_RANK = 1e-7
#: Beyond the reach of enumeration: tolerances of the transform while approaching and at the end, the gradients, for
#: each vertex, that they resolve, limits on the steps, and the step of the differences that stand for the Hessian.
_COARSE, _FINE = 1e-9, 1e-13
_COARSE_GRADIENT, _FINE_GRADIENT = 1e-6, 2e-13
_COARSE_STEPS, _FINE_STEPS = 60, 8
_STEP = 1e-4


@dataclass(frozen=True, eq=False)
class Ansatz:
    """W(t) = Σ_a t_a B_a and one bias for each orbit of vertices: the fixed space of an arrangement's group.

    Attributes:
        symmetry: of the arrangement.
        basis: orthonormal matrices B_a.  A rigid arrangement has one, its own shape; every rotation that commutes with
            the group adds directions along which the loss is flat.
    """

    symmetry: Symmetry
    basis: Float[np.ndarray, "scalars dimension vertices"]

    @property
    def rigid(self) -> bool:
        """Whether a common scale and one bias are all its freedom."""
        return len(self.basis) == 1 and self.symmetry.orbit_sizes.size == 1

    def parameters(
        self, W: Float[np.ndarray, "dimension vertices"], b: Float[np.ndarray, " vertices"]
    ) -> Float[np.ndarray, " parameters"]:
        """θ = (t, biases of the orbits) of the symmetric part of given weights."""
        sums = np.bincount(self.symmetry.vertex_orbits, weights=b)
        return np.concatenate([np.einsum("adv,dv->a", self.basis, W), sums / self.symmetry.orbit_sizes])

    def weights(
        self, theta: Float[np.ndarray, "*members parameters"]
    ) -> tuple[Float[np.ndarray, "*members dimension vertices"], Float[np.ndarray, "*members vertices"]]:
        """(W, b) of θ: the inverse of `parameters`; b = 0 where θ holds no biases."""
        scalars, vertices = len(self.basis), self.symmetry.vertex_orbits
        W = np.tensordot(theta[..., :scalars], self.basis, 1)
        biased = theta.shape[-1] > scalars
        return W, theta[..., scalars:][..., vertices] if biased else np.zeros((*theta.shape[:-1], vertices.size))

    def embedding(self, bias: bool) -> Float[np.ndarray, "weights parameters"]:
        """∂(W row by row, b)/∂θ, without the biases if the model has none."""
        scalars, vertices = len(self.basis), self.symmetry.vertex_orbits
        shapes = self.basis.reshape(scalars, -1).T
        return block_diag(shapes, np.eye(self.symmetry.orbit_sizes.size)[vertices]) if bias else shapes

    @cached_property
    def order(self) -> Int[np.ndarray, " vertices"]:
        """All vertices, the orbits' representatives first."""
        first = self.symmetry.representatives
        return np.concatenate([first, np.setdiff1d(np.arange(self.symmetry.vertex_orbits.size), first)])

    @cached_property
    def products(self) -> Float[np.ndarray, "scalars scalars orbits vertices"]:
        """∂²G/∂t_a∂t_b = B_aᵀ B_b + B_bᵀ B_a, the rows of the representatives; vertices in `order`."""
        columns = self.basis[:, :, self.order]
        first = columns[:, :, : self.symmetry.orbit_sizes.size]
        half = np.einsum("adr,bdv->abrv", first, columns, optimize=True)
        return half + half.swapaxes(0, 1)


def symmetric_ansatz(
    W: Float[np.ndarray, "hidden vertices"], tolerance: float = EQUAL, kinds: Sequence[Hashable] | None = None
) -> Ansatz:
    """The ansatz of any arrangement, catalogued or not.

    The maps V with ρ(g) V = V P(g), ρ the action of the group on the span of W, are W A, A in the algebra that the
    orbits of ordered pairs span: W⁺V commutes with every P(g).

    Args:
        W: the arrangement in its columns.
        tolerance: overlaps closer than this, relative to the largest, are equal.
        kinds: of the vertices (features), which the symmetries keep; one kind unless given.

    Returns:
        `Ansatz`, in as many dimensions as W spans.

    Validity: a critical point of the loss within the ansatz is one of the full loss if like kinds are like features
    (Palais' principle of symmetric criticality).

    Source: Palais, The principle of symmetric criticality, Commun. Math. Phys. 69 (1979); centraliser algebra of a
    permutation group, Cameron, Permutation Groups (1999), chapter 2.

    Raises:
        InputError: weights that are not finite.
    """
    if not np.isfinite(W).all():
        raise InputError("weights W hold a value that is not finite; allowed: finite numbers")
    turned, sizes, rows = np.linalg.svd(W, full_matrices=False)
    rank = max(1, int((sizes > _RANK * sizes[0]).sum()))
    span = sizes[:rank, None] * rows[:rank] if rank < len(W) else W
    group = symmetry(span.T @ span, tolerance, kinds)
    return Ansatz(group, _fixed_space(span, group))


def _fixed_space(W: np.ndarray, group: Symmetry) -> np.ndarray:
    orbits = group.pair_orbits
    moved = np.stack([W @ (orbits == orbit) for orbit in range(int(orbits.max()) + 1)])
    flat = moved.reshape(len(moved), -1)
    _, sizes, rows = np.linalg.svd(flat / np.linalg.norm(flat, axis=1).max(), full_matrices=False)
    basis = rows[sizes > _RANK * sizes[0]]
    # Turned so that the first matrix is the arrangement itself.
    along = basis @ W.ravel()
    turn = np.linalg.qr(np.column_stack([along, np.eye(len(basis))]))[0]
    turn[:, 0] *= np.sign(turn[:, 0] @ along)
    return (turn.T @ basis).reshape(-1, *W.shape)


def ansatz_expansion(theta: Float[np.ndarray, "members parameters"], ansatz: Ansatz, law: Law) -> Expansion:
    """Σ_orbits |orbit| ℓ(row of its representative) and its derivatives by the free scalars.

    Args:
        theta: (t, biases) of each member; t alone where the model has no bias.
        ansatz: of k vertices.
        law: of its vertices; alike within each orbit.

    Returns:
        Expansion by θ.  Beyond `enumeration.MOST_FEATURES` vertices it is coarse, its Hessian by central differences.

    Validity: tied weights on a linear hidden layer; beyond `enumeration.MOST_FEATURES` vertices independent uniform
    features and a ReLU readout.
    """
    if law.structure != BASIC:
        return _projected(theta, ansatz, law)
    if ansatz.order.size > MOST_FEATURES:
        return _differenced(theta, ansatz, law)
    G, b, slopes = _rows(theta, ansatz)
    law = _law_in_order(law, ansatz)
    rows = enumerated_rows(G, b, law.density, law.importance, order=2)
    assert rows.hessian is not None
    sizes, jacobian = ansatz.symmetry.orbit_sizes, _jacobian(slopes)
    gradient = np.einsum("r,mrv,mrvp->mp", sizes, rows.gradient, jacobian, optimize=True)
    hessian = np.einsum("r,mrvp,mrvq->mpq", sizes, jacobian, rows.hessian @ jacobian, optimize=True)
    scalars, vertices = len(ansatz.basis), ansatz.order.size
    hessian[:, :scalars, :scalars] += np.einsum(
        "r,mrv,abrv->mab", sizes, rows.gradient[..., :vertices], ansatz.products, optimize=True
    )
    return Expansion(rows.loss @ sizes.astype(float), gradient, hessian)


def _projected(theta: np.ndarray, ansatz: Ansatz, law: Law) -> Expansion:
    """The expansion by all weights along the ansatz: W and b are linear in θ."""
    full, jacobian = expansion(*ansatz.weights(theta), law), ansatz.embedding(law.structure.bias)
    return Expansion(full.loss, full.gradient @ jacobian, jacobian.T @ full.hessian @ jacobian)


def _rows(theta: np.ndarray, ansatz: Ansatz) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Overlaps of the representatives, their biases, and ∂G/∂t [members, orbits, vertices, scalars]."""
    scalars = len(ansatz.basis)
    slopes = np.einsum("mb,abrv->mrva", theta[:, :scalars], ansatz.products, optimize=True)
    return np.einsum("mrva,ma->mrv", slopes, theta[:, :scalars]) / 2, theta[:, scalars:], slopes


def _jacobian(slopes: np.ndarray) -> np.ndarray:
    """∂(row of a representative, its bias)/∂θ."""
    members, orbits, vertices, scalars = slopes.shape
    jacobian = np.zeros((members, orbits, vertices + 1, scalars + orbits))
    jacobian[:, :, :vertices, :scalars] = slopes
    jacobian[:, np.arange(orbits), vertices, scalars + np.arange(orbits)] = 1.0
    return jacobian


def _law_in_order(law: Law, ansatz: Ansatz) -> Law:
    """The law of the vertices with the representatives first."""
    return Law(law.density[:, ansatz.order], law.importance[:, ansatz.order], law.structure)


def ansatz_minima(
    starts: Float[np.ndarray, "members parameters"],
    ansatz: Ansatz,
    law: Law,
) -> Rest:
    """Critical points of the loss within the ansatz, downhill from each start.

    Up to `enumeration.MOST_FEATURES` vertices by Newton's method on exact expansions.  Beyond, coarse gradients and
    their differences lead near; accurate gradients with the last Hessian do the rest.

    Args:
        starts: θ of each member.
        ansatz: of k vertices.
        law: of its vertices for each member; alike within each orbit.

    Returns:
        `newton.Rest`; members that did not converge say so.
    """
    vertices = ansatz.order.size
    if vertices <= MOST_FEATURES:
        return minimise(starts, lambda theta, at: ansatz_expansion(theta, ansatz, law[at]), gradient_tolerance(law))
    scale = vertices * law.importance.max(axis=1)
    near = minimise(
        starts, lambda theta, at: ansatz_expansion(theta, ansatz, law[at]), _COARSE_GRADIENT * scale, _COARSE_STEPS
    )

    return _sharpened(near, ansatz, law, _FINE_GRADIENT * scale)


def _sharpened(near: Rest, ansatz: Ansatz, law: Law, tolerance: np.ndarray) -> Rest:
    """Newton steps with accurate gradients and the last Hessian: the loss resolves them no more, the gradient does."""
    theta, inverse = near.theta, np.linalg.pinv(near.at.hessian, rcond=_RANK, hermitian=True)
    for _ in range(_FINE_STEPS):
        loss, gradient = _transformed(theta, ansatz, law, _FINE)
        converged = near.converged & (np.linalg.norm(gradient, axis=1) <= tolerance)
        if (converged | ~near.converged).all():
            break
        theta = theta - np.einsum("mpq,mq->mp", inverse, gradient)
    return Rest(theta, Expansion(loss, gradient, near.at.hessian), converged, near.iterations)


def _differenced(theta: np.ndarray, ansatz: Ansatz, law: Law) -> Expansion:
    members, parameters = theta.shape
    steps = _STEP * np.concatenate([np.zeros((1, parameters)), np.eye(parameters), -np.eye(parameters)])
    around = (theta[:, None] + steps).reshape(-1, parameters)
    repeated = law[np.repeat(np.arange(members), len(steps))]
    loss, gradient = _transformed(around, ansatz, repeated, _COARSE)
    slopes = gradient.reshape(members, len(steps), parameters)
    hessian = (slopes[:, 1 : parameters + 1] - slopes[:, parameters + 1 :]) / (2 * _STEP)
    return Expansion(loss[:: len(steps)], slopes[:, 0], (hessian + hessian.swapaxes(1, 2)) / 2)


def _transformed(theta: np.ndarray, ansatz: Ansatz, law: Law, tolerance: float) -> tuple[np.ndarray, np.ndarray]:
    """Loss and gradient by the transform."""
    G, b, slopes = _rows(theta, ansatz)
    law = _law_in_order(law, ansatz)
    rows = transformed_rows(G, b, law.density, law.importance, tolerance)
    sizes = ansatz.symmetry.orbit_sizes
    return rows.loss @ sizes.astype(float), np.einsum("r,mrv,mrvp->mp", sizes, rows.gradient, _jacobian(slopes))
