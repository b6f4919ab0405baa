"""Zero or not: where a model of training noise puts the limit between values that vanish and values that do not."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float

#: Standard deviation of a learned weight about the critical point that it is close to, relative to the largest feature
#: norm: over twice the 95th percentile of what the default schedule of `tegum train` leaves in runs at rest, measured
#: by `python tests/identification.py` and kept in tests/records/identification.json.  A learning rate that does not
#: fall leaves more: then say so.
TRAINING_NOISE = 0.01
#: Chance that noise alone makes one of a model's vanishing values look otherwise.
SIGNIFICANCE = 1e-4
#: A cut is clear if the least value above it is so many times the noise's reach: the noise of that value itself cannot
#: bring it down into reach.
_CLEAR = 2.0


@dataclass(frozen=True)
class Cut:
    """One place to cut sorted values in two: those that vanish but for noise, and the others.

    Attributes:
        limit: values up to it vanish.
        reach: what noise could make of a vanishing value.
        least: the least value that does not vanish, or the largest that there can be.
        noise: standard deviation of the noise that the vanishing values show; None where there are none.
        margin: the largest vanishing value over the least other, the reach standing in for a side without values.
    """

    limit: float
    reach: float
    least: float
    noise: float | None
    margin: float

    @property
    def clear(self) -> bool:
        """Whether the least value that does not vanish is out of reach of the noise."""
        return self.least >= _CLEAR * self.reach


def known_cut(values: Float[np.ndarray, " values"], limit: float, most: float) -> Cut:
    """The cut at a known limit.

    Args:
        values: sizes, in any order.
        limit: values up to it vanish.
        most: largest size that there can be; it stands in where no value is above the limit.
    """
    zeros, others = values[values <= limit], values[values > limit]
    noise = float(np.sqrt((zeros**2).mean())) if zeros.size else None
    least = float(others.min() if others.size else most)
    return Cut(limit, limit, least, noise, _margin(float(zeros.max(initial=0.0)), zeros.size, others, limit))


def rank(vectors: Float[np.ndarray, "hidden vectors"], noise: float) -> tuple[int, bool]:
    """Dimensions that vectors span but for noise, and whether none of them is in doubt.

    Normal noise alone has no singular value above σ (√m + √k + √(2 ln 1/α)), but with probability α = `SIGNIFICANCE`.

    Args:
        vectors: in units of the largest norm of their model.
        noise: σ.

    Source: Davidson & Szarek, Local operator theory, random matrices and Banach spaces (2001), theorem II.13.
    """
    limit = noise * (sum(np.sqrt(vectors.shape)) + np.sqrt(-2 * np.log(SIGNIFICANCE)))
    sizes = np.linalg.svd(vectors, compute_uv=False)
    least = sizes[sizes > limit].min(initial=np.inf)
    return int((sizes > limit).sum()), bool(least >= _CLEAR * limit)


def _margin(largest: float, zeros: int, others: np.ndarray, reach: float) -> float:
    if not zeros and not others.size:
        return 0.0
    below, above = largest if zeros else reach, float(others.min()) if others.size else reach
    return below / above if above else 0.0


def noise_limit(count: int, freedom: int, noise: float) -> float:
    """The size that the largest of ``count`` values exceeds with probability `SIGNIFICANCE` at most, by noise alone.

    A value of d degrees of freedom has the size σ √(χ²_d / d).
    """
    return noise * _quantile(count, freedom)


@lru_cache(maxsize=1024)
def _quantile(count: int, freedom: int) -> float:
    from scipy.special import chdtri

    return float(np.sqrt(chdtri(freedom, SIGNIFICANCE / max(count, 1)) / freedom))


@lru_cache(maxsize=256)
def _ratios(together: int, freedom: int, count: int) -> Float[np.ndarray, " zeros"]:
    """√F of one value against 1, 2, ... ``together`` pooled ones, at the significance of one among ``count``."""
    from scipy.special import fdtri

    pooled = freedom * np.arange(1, together + 1)
    return np.concatenate([[0.0], np.sqrt(fdtri(freedom, pooled, 1 - SIGNIFICANCE / max(count, 1)))])


@lru_cache(maxsize=256)
def _squares(together: int, freedom: int) -> Float[np.ndarray, " zeros"]:
    """What the squares of 0, 1, ... ``together`` values of unit noise add up to at most, at the significance."""
    from scipy.special import chdtri

    return np.concatenate([[0.0], chdtri(freedom * np.arange(1, together + 1), SIGNIFICANCE) / freedom])


def cuts(
    values: Float[np.ndarray, " values"], freedom: int, most: float, noise: float = TRAINING_NOISE
) -> tuple[Cut, ...]:
    """The places at which noise of unknown size could cut values into vanishing ones and others, likeliest first.

    Vanishing values are noise: each is σ √(χ²_d / d), with one σ ≤ ``noise`` for all.  Cutting after the j least,

        σ_j² = (x_1² + ... + x_j²) / j,    reach_j = max(x_j, min(F_j σ_j, q noise)),

    where F_j² is the quantile of Fisher's F(d, j d), and q² that of χ²_d / d, at the chance `SIGNIFICANCE` among all
    values.  A cut is possible if the j values are no larger, singly and together, than the noise allows.  First come
    the clear ones, x_{j+1} ≥ 2 reach_j, most vanishing values first: what training could have left counts as left by
    training.  Where none is clear, the one with the largest x_{j+1} / reach_j comes first.  Last comes j = 0.

    Args:
        values: sizes in units in which all noise is alike.
        freedom: d, degrees of freedom of each.
        most: largest size that there can be; it stands in for x_{j+1} where all values vanish.
        noise: upper bound of σ.

    Returns:
        At least one cut.

    Validity: normal noise, alike for all weights.  What breaks: the values of one model are not independent; σ_j
    stays right, its degrees of freedom are overstated where j exceeds the number of weights.

    Source: x_{j+1} / σ_j is an outward test for outliers, Hawkins, Identification of Outliers (1980), chapter 5.
    """
    x = np.sort(values)
    j = _possible(x, freedom, noise)
    below, above = np.concatenate([[0.0], x])[j], np.append(x, max(most, x.max(initial=0.0)))[j]
    pooled = np.sqrt(np.concatenate([[0.0], np.cumsum(x[: j[-1]] ** 2)])[j] / np.maximum(j, 1))
    by_jump = _ratios(_power_of_two(int(j[-1])), freedom, x.size)[j] * pooled
    by_jump[0] = np.inf  # where nothing vanishes, nothing is known of the noise but its bound
    reach = np.maximum(below, np.minimum(by_jump, noise_limit(x.size, freedom, noise)))
    reach = np.maximum(reach, np.finfo(float).tiny)
    return tuple(
        Cut(
            float(min(reach[k], (below[k] + above[k]) / 2)),
            float(reach[k]),
            float(above[k]),
            float(pooled[k]) if j[k] else None,
            _margin(float(below[k]), int(j[k]), x[j[k] : j[k] + 1], float(reach[k])),
        )
        for k in _preferred(above / reach)
    )


def _power_of_two(number: int) -> int:
    return 1 << max(number - 1, 0).bit_length()


def _possible(x: np.ndarray, freedom: int, noise: float) -> np.ndarray:
    """Numbers of least values that noise up to a level could have left."""
    singly = int(np.searchsorted(x, noise_limit(x.size, freedom, noise), side="right"))
    together = np.concatenate([[0.0], np.cumsum(x[:singly] ** 2)])
    return np.flatnonzero(together <= noise**2 * _squares(_power_of_two(singly), freedom)[: singly + 1])


def _preferred(jumps: np.ndarray) -> list[int]:
    """Places in order of preference; where nothing vanishes is among them in any case."""
    clear = np.flatnonzero(jumps >= _CLEAR)[::-1].tolist()
    return list(dict.fromkeys([*(clear or [int(np.argmax(jumps))]), 0]))
