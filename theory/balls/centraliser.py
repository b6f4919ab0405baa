"""The symmetric ansatz in ball arithmetic: overlaps as exact quadratic forms of an arrangement's free scalars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb, arb_mat, fmpz_mat
from jaxtyping import Float, Int

from tegum.theory.deadline import check_time
from tegum.theory.geometry.symmetry import Symmetry

#: Share of a matrix's size below which doubles stand for zero; weights this far from symmetric are refused.
_ZERO = 1e-6
#: Coefficients of the integer matrix whose eigenspaces are irreducible, and those of one that mixes them all.
_COEFFICIENTS = 1000


@dataclass(frozen=True, eq=False)
class ExactAnsatz:
    """Overlaps G_ij = t·Q_c t of all arrangements with given symmetries, c the class of the pair (i, j).

    Attributes:
        symmetry: relabellings that keep the overlaps.
        dimension: that the arrangements span.
        classes: of each pair of vertices: its orbit, or the reversed pair's.
        forms: Q_c, symmetric, [scalars][scalars].
        frame: orthonormal rows U of the exact projector in doubles.
        chosen: orbits s of pairs whose U A_s are a basis of the arrangements.
    """

    symmetry: Symmetry
    dimension: int
    classes: Int[np.ndarray, "vertices vertices"]
    forms: tuple[arb_mat, ...]
    frame: Float[np.ndarray, "dimension vertices"]
    chosen: tuple[int, ...]

    @property
    def scalars(self) -> int:
        """Number of free scalars besides the biases."""
        return len(self.chosen)

    def scalars_of(self, W: Float[np.ndarray, "dimension vertices"]) -> Float[np.ndarray, " scalars"]:
        """The scalars t of a symmetric arrangement in any rotation.

        Raises:
            ArithmeticError: it does not have the symmetry.
        """
        matrices = _orbit_matrices(self.symmetry)
        mixed = np.tensordot(_coefficients(len(matrices)), matrices, 1)
        left, _, right = np.linalg.svd(self.frame @ mixed @ W.T)  # commutes with the group, so that U A = R W
        basis = (self.frame @ matrices[list(self.chosen)]).reshape(self.scalars, -1)
        turned = (left @ right @ W).ravel()
        t = np.linalg.lstsq(basis.T, turned, rcond=None)[0]
        if np.abs(basis.T @ t - turned).max() > _ZERO * np.abs(turned).max():
            raise ArithmeticError("the weights do not have the symmetry of their arrangement")
        return t


def exact_ansatz(W: Float[np.ndarray, "dimension vertices"], symmetry: Symmetry) -> ExactAnsatz:
    """All arrangements with an arrangement's symmetries that its group acts on in the same way, exactly.

    The permutation matrices of the group commute with the orbits' 0/1 matrices A_s.  An integer combination of these
    has the group's invariant subspaces as eigenspaces; let P project on some that together carry the group's action on
    the columns of W.  Then the arrangements are U A, UᵀU = P, A = Σ t_s A_s, and G = Aᵀ P A is constant on orbits.

    Args:
        W: of full rank, in doubles; only says which subspaces are meant.
        symmetry: of its overlaps.

    Returns:
        `ExactAnsatz`, its balls at the working precision.  That P has rank d and that the basis is complete is proved:
        both are traces of projectors, whole numbers.

    Raises:
        ArithmeticError: a part of the action occurs twice, so that a rotation commutes with the group.

    Source: centraliser algebra of a permutation group, Cameron, Permutation Groups (1999), chapter 2; spectral
    projectors as polynomials of the matrix.
    """
    matrices, dimension = _orbit_matrices(symmetry), len(W)
    P = _projector(matrices, W)
    middle = np.array([[float(x.mid()) for x in row] for row in P.tolist()])
    frame = np.linalg.eigh(middle)[1][:, -dimension:].T
    exact = [arb_mat(one.tolist()) for one in matrices]
    places = [tuple(np.argwhere(one)[0].tolist()) for one in matrices]
    chosen = _basis((frame @ matrices).reshape(len(matrices), -1))
    complete = sum(((P * one)[place] for one, place in zip(exact, places, strict=True)), arb(0))
    if not (_is_whole(P.trace(), dimension) and _is_whole(complete, len(chosen))):
        raise ArithmeticError("the symmetric arrangements could not be told from others")
    orbits = symmetry.pair_orbits
    classes = np.unique(np.minimum(orbits, orbits.T), return_inverse=True)[1].reshape(orbits.shape)
    halves = [[exact[s].transpose() * P * exact[t] for t in chosen] for s in chosen]
    forms = tuple(_form(halves, tuple(np.argwhere(classes == c)[0].tolist())) for c in range(int(classes.max()) + 1))
    return ExactAnsatz(symmetry, dimension, classes, forms, frame, chosen)


def _orbit_matrices(symmetry: Symmetry) -> Int[np.ndarray, "orbits vertices vertices"]:
    orbits = symmetry.pair_orbits
    return (orbits == np.arange(int(orbits.max()) + 1)[:, None, None]).astype(np.int64)


def _coefficients(count: int) -> Int[np.ndarray, " count"]:
    return np.random.default_rng(0).integers(1, _COEFFICIENTS, count)


def _projector(matrices: np.ndarray, W: np.ndarray) -> arb_mat:
    """On irreducible subspaces, one of each kind that the columns of W are made of."""
    mixed = np.tensordot(_coefficients(len(matrices)), matrices, 1)
    spaces = _spectral_projectors(mixed + mixed.T)
    doubles = [np.array([[float(x.mid()) for x in row] for row in one.tolist()]) for one in spaces]
    kept: list[int] = []
    for i, one in enumerate(doubles):
        if _meets(W / np.linalg.norm(W), matrices, one) and not any(_meets(doubles[j], matrices, one) for j in kept):
            kept.append(i)
    if round(sum(float(np.trace(doubles[i])) for i in kept)) != len(W):
        raise ArithmeticError("a rotation commutes with the symmetries of the arrangement")
    total = spaces[kept[0]]
    for i in kept[1:]:
        total += spaces[i]
    return total


def _meets(left: np.ndarray, matrices: np.ndarray, right: np.ndarray) -> bool:
    """Whether some matrix that commutes with the group leads from one subspace to the other."""
    return bool(np.abs(left @ matrices @ right).max() > _ZERO)


def _spectral_projectors(matrix: Int[np.ndarray, "rows rows"]) -> list[arb_mat]:
    """Π_{μ != λ} (M - μ) / (λ - μ) of each eigenvalue λ of a symmetric integer matrix."""
    size = len(matrix)
    integers = fmpz_mat(matrix.tolist())
    factors = [factor for factor, _ in integers.charpoly().factor()[1]]
    pairs: list[Any] = [pair for factor in factors for pair in factor.complex_roots()]  # with multiplicities
    roots = [root.real for root, _ in pairs]  # those of a symmetric matrix are real
    identity, M = arb_mat(np.eye(size, dtype=int).tolist()), arb_mat(integers)
    projectors = []
    for k, value in enumerate(roots):
        check_time()
        product = identity
        for other in roots[:k] + roots[k + 1 :]:
            product = product * (M - other * identity) * (1 / (value - other))
        projectors.append(product)
    return projectors


def _basis(rows: Float[np.ndarray, "orbits entries"]) -> tuple[int, ...]:
    """Rows that span all others, by pivoted elimination."""
    rest, chosen = rows.copy(), []
    largest = np.linalg.norm(rows, axis=1).max()
    while (lengths := np.linalg.norm(rest, axis=1)).max() > _ZERO * largest:
        pivot = int(lengths.argmax())
        chosen.append(pivot)
        unit = rest[pivot] / lengths[pivot]
        rest = rest - np.outer(rest @ unit, unit)
    return tuple(sorted(chosen))


def _form(halves: Sequence[Sequence[arb_mat]], place: tuple[int, int]) -> arb_mat:
    form = arb_mat([[half[place] for half in line] for line in halves])
    return (form + form.transpose()) * (arb(1) / 2)


def _is_whole(value: arb, number: int) -> bool:
    """Whether a ball, known to hold a whole number, holds this one."""
    return bool(abs(value - number) < 1)
