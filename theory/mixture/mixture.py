"""The best tegum mixture of a setting of any number of features."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Float

from tegum.theory.diagnostics import dimensionality, dimensions_per_feature
from tegum.theory.errors import InputError
from tegum.theory.geometry.factor import DEDICATED, DROPPED
from tegum.theory.mixture.piece import Piece
from tegum.theory.mixture.program import least_cost
from tegum.theory.mixture.unlike import MOST_UNLIKE, Kind, class_pieces, takes
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

_UNIT_ROUNDOFF = 2.0**-53
#: Fields of a setting that a mixture may choose freely; in the others the table of factors has their defaults.
_FREE = ("count", "hidden", "density", "importance")


@dataclass(frozen=True)
class Part:
    """The copies of one piece in a mixture.

    Attributes:
        piece: its weights and its loss.
        features: which features stand at the vertices of each copy.
    """

    piece: Piece
    features: tuple[tuple[int, ...], ...]

    @property
    def copies(self) -> int:
        """Number of copies."""
        return len(self.features)


@dataclass(frozen=True)
class Mixture:
    """The best orthogonal sum of known factors for a setting.

    Attributes:
        setting: of any number of features.
        parts: largest factors first.
        loss, error: exact population loss of the mixture, and the bound on its numerical error.
        gap: between this mixture and the proven least loss of all mixtures of the pieces known, relative; 0.
        restriction: what was left out of the choice, empty if nothing.
    """

    setting: Setting
    parts: tuple[Part, ...]
    loss: float
    error: float
    gap: float
    restriction: str

    @property
    def geometry(self) -> str:
        """Name of the geometry."""
        counts: Counter[str] = Counter()
        for part in self.parts:
            counts[part.piece.name] += part.copies
        return " + ".join(name if count == 1 else f"{count}*{name}" for name, count in counts.items())


def mixture(setting: Setting) -> Mixture:
    """The best tegum mixture of the table of factors, the catalogue, dropped and dedicated features.

    min Σ_f x_f L_f over whole counts x_f, with Σ_f k_f x_f = n and Σ_f d_f x_f <= m, by `program.least_cost`; L_f is
    exact for the weights of piece f at the setting's own density.  Features of several densities or importances are
    constrained class by class.

    Args:
        setting: any number of features and hidden units; independent, uniform, tied, ReLU readout.

    Returns:
        `Mixture`: an upper bound on the least loss, and the least of all mixtures of the pieces known.

    Raises:
        InputError: a setting of another law or model than the table's.
        ArithmeticError: the integer program could not be solved to proven optimality.

    Validity: features of one class: all pieces of the table and the catalogue.  Several classes: pieces of like
    features without restriction; of unlike ones as ``restriction`` says.  Codes that use all dimensions at once are no
    mixtures, and better at low density (see `codes`).

    Source: integer programs by branch and cut (HiGHS, Huangfu & Hall 2018), checked by dynamic programming.

    >>> from tegum import Setting
    >>> mixture(Setting(count=11, hidden=5, density=0.3)).geometry
    '5*digon + dropped'
    """
    _require_the_tables_law(setting)
    kinds, members = _classes(setting)
    pieces = class_pieces(kinds, [len(one) for one in members], setting.hidden)
    solution = least_cost(
        np.array([one.loss for one in pieces]),
        takes(pieces, kinds),
        np.array([one.dimension for one in pieces]),
        np.array([len(one) for one in members]),
        setting.hidden,
    )
    used = [(one, int(copies)) for one, copies in zip(pieces, solution.counts, strict=True) if copies]
    used.sort(key=lambda pair: _place(pair[0]))
    parts = _placed(used, dict(zip(kinds, members, strict=True)))
    loss = sum(copies * one.loss for one, copies in used)
    rounding = (len(used) + 1) * _UNIT_ROUNDOFF * loss
    error = sum(copies * one.error for one, copies in used) + rounding
    return Mixture(setting, parts, loss, error, solution.gap, _restriction(len(kinds)))


def _classes(setting: Setting) -> tuple[list[Kind], list[list[int]]]:
    """Features of equal density and importance, the class with the most to lose by being dropped first."""
    found: dict[Kind, list[int]] = {}
    for feature, kind in enumerate(zip(setting.density, setting.importance, strict=True)):
        found.setdefault(kind, []).append(feature)
    kinds = sorted(found, key=lambda kind: (-kind[1] * (kind[0] / 3 - kind[0] ** 2 / 4), kind))
    return kinds, [found[kind] for kind in kinds]


def _placed(used: list[tuple[Piece, int]], members: dict[Kind, list[int]]) -> tuple[Part, ...]:
    """Each copy takes the next features of the classes that it needs."""
    waiting = {kind: iter(features) for kind, features in members.items()}
    return tuple(
        Part(
            one,
            tuple(
                tuple(next(waiting[kind]) for kind in zip(one.density, one.importance, strict=True))
                for _ in range(copies)
            ),
        )
        for one, copies in used
    )


def _place(one: Piece) -> tuple:
    """Order of a name: most vertices first, then dedicated, then dropped; the most important first."""
    last = (DEDICATED.name, DROPPED.name)
    return (
        last.index(one.name) if one.name in last else -1,
        -one.vertices,
        one.name,
        one.dimension,
        -sum(one.importance),
    )


def _restriction(classes: int) -> str:
    if classes == 1:
        return ""
    return (
        f"a factor holds features of one class, or at most {MOST_UNLIKE} neighbours in the order of what dropping them "
        "costs, or a pair; at its vertices they stand in that order"
    )


def _require_the_tables_law(setting: Setting) -> None:
    for field in fields(Setting):
        value = getattr(setting, field.name)
        if field.name not in _FREE and value != field.default:
            raise InputError(f"{field.name} = {value!r} is not in the table of factors; allowed: {field.default!r}")


def assembled(one: Mixture) -> Weights:
    """The weights of a mixture: each copy in dimensions of its own."""
    W, b = np.zeros((one.setting.hidden, one.setting.count)), np.zeros(one.setting.count)
    row = 0
    for part in one.parts:
        for place in part.features:
            rows = slice(row, row + part.piece.dimension)
            W[rows, list(place)] = part.piece.W
            b[list(place)] = part.piece.b
            row += part.piece.dimension
    return Weights(W, b)


def predicted_dimensionality(one: Mixture) -> tuple[Float[np.ndarray, " features"], float]:
    """D_i of each feature, and D* = m / ‖W‖²_F; see `diagnostics`."""
    W = assembled(one).W
    return dimensionality(W), float(dimensions_per_feature(W))
