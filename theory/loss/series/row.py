"""A row of overlaps with its law, its features at one scale, and the memory that harmonics are summed in."""

from __future__ import annotations

from collections import namedtuple

import numpy as np
from numba import njit

#: A row of overlaps and its law.  The half loss is E U_q(z) - E y U_{q-1}(z), U_q(t) = t_+^q / q!, with q = ``power``
#: and y = x_own, or |x_own| if ``absolute``; own = -1 leaves the second term out.  Block B has the features
#: member[start[B]:start[B+1]], is on together if joint[B], and is off with probability off[B].
Row = namedtuple("Row", "power own g b p signed absolute off start member block joint")
#: What becomes of them: half losses, their slopes by (g, b), and bounds on twice either.
Halves = namedtuple("Halves", "value slope error slope_error")
#: What the features are at one scale: alive (still to be treated), large, and single[j], the probability that the
#: large feature j of an exclusive block is on and nothing else is.  ``weight``: probability that the blocks without
#: live members are off.
Scale = namedtuple("Scale", "weight alive large live single")
#: Harmonics that are summed side by side.
LANES = 32
#: Memory for one block of harmonics is one array of rows of lanes, real and imaginary parts apart: these rows, …
(
    OWN_R, OWN_I, PRODUCT_R, PRODUCT_I, REST_R, REST_I, OTHER_R, OTHER_I, ALONE_R, ALONE_I,
    OF_ALL_R, OF_ALL_I, OF_SLOPE_R, OF_SLOPE_I, OF_PAIR_R, OF_PAIR_I, INVERSE, SHARED,
) = range(18)  # fmt: skip
#: … then, for each member, block, or member of a block, these.
(
    TURN, TABLE_R, TABLE_I, SLOPE_R, SLOPE_I, FACTOR_R, FACTOR_I, BEFORE_R, BEFORE_I,
    VALUE_R, VALUE_I, SMALL_R, SMALL_I, TILT_R, TILT_I, EACH,
) = range(16)  # fmt: skip
#: Sums over lanes may be taken in any order, and products fused with sums.
ANY_ORDER = {"contract", "reassoc", "nsz"}


class Rows(Row):
    """Many rows of one structure: own, g, b, p and off have a leading axis, the rest is common to all."""

    __slots__ = ()


class Scales(Scale):
    """One scale of each of many rows."""

    __slots__ = ()


@njit(cache=True, nogil=True)
def lane_row(at, kind):
    """Row of lanes of that kind of a member, a block or a member of a block."""
    return SHARED + EACH * at + kind


@njit(cache=True, nogil=True)
def row_at(rows, r):
    return Row(
        rows.power, rows.own[r], rows.g[r], rows.b[r], rows.p[r], rows.signed, rows.absolute, rows.off[r],
        rows.start, rows.member, rows.block, rows.joint,
    )  # fmt: skip


def rows_in(rows, part):
    """Some of the rows."""
    return rows._replace(own=rows.own[part], g=rows.g[part], b=rows.b[part], p=rows.p[part], off=rows.off[part])


@njit(cache=True, nogil=True)
def scale_at(scales, r):
    return Scale(scales.weight[r], scales.alive[r], scales.large[r], scales.live[r], scales.single[r])


@njit(cache=True, nogil=True)
def off_probabilities(p, start, member, joint):
    """Probability that no member of a block is on, of each model."""
    off = np.empty((p.shape[0], joint.size))
    for block in range(joint.size):
        off[:, block] = 1.0 - p[:, member[start[block]]]
        if not joint[block]:
            for at in range(start[block] + 1, start[block + 1]):
                off[:, block] -= p[:, member[at]]
    return np.maximum(off, 0.0)


@njit(cache=True, nogil=True)
def blocks_of(start, member):
    block = np.empty(member.size, dtype=np.int64)
    for index in range(start.size - 1):
        block[member[start[index] : start[index + 1]]] = index
    return block
