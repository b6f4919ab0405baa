"""One cell of the table of factors, and its file."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from tegum.theory.setting import Setting


@dataclass(frozen=True)
class Cell:
    """Best weights found for k like features of importance 1 in d dimensions at one density.

    What follows from the weights, such as the name of their geometry, is not kept: it is derived when it is asked for.

    Attributes:
        vertices: k, features.
        dimensions: d, hidden units, fewer than features.
        density: p.
        W, b: weights [dimensions, vertices] and biases [vertices].
        loss, error: exact population loss Σ over the k features, and the bound on its numerical error.
        gradient_norm: Euclidean norm of ∂L/∂(W, b).
        hessian_min: least curvature without the rotations of the hidden space.
        starts, seed: of the random starts.
        hits: how many of the random starts came to rest at this loss; 0 where only a continued start did.
        converged: how many of the random starts came to rest at all.
        continued: further starts, from the cells of other densities and from sums of smaller cells.
    """

    vertices: int
    dimensions: int
    density: float
    W: Float[np.ndarray, "dimensions vertices"]
    b: Float[np.ndarray, " vertices"]
    loss: float
    error: float
    gradient_norm: float
    hessian_min: float
    starts: int
    seed: int
    hits: int
    converged: int
    continued: int = 0


def setting_of(vertices: int, dimensions: int, density: float) -> Setting:
    """The setting of a cell: like features, importance 1."""
    return Setting(count=vertices, hidden=dimensions, density=density)


def written(cell: Cell) -> dict[str, Any]:
    """A cell as plain data; inverse of `cell_from`."""
    return asdict(cell) | {"W": cell.W.tolist(), "b": cell.b.tolist()}


def cell_from(content: dict[str, Any]) -> Cell:
    """The cell of plain data."""
    arrays = {key: np.array(content[key], dtype=float) for key in ("W", "b")}
    return Cell(**(content | arrays))
