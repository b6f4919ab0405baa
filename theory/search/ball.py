"""The quadratic model's minimum in a ball: the step of the trust-region method (compiled)."""

from __future__ import annotations

import numpy as np
from numba import njit

#: Curvatures below this times the largest are treated as flat: the rotations of the hidden space are exactly so.
_FLAT = 1e-9
_HEBDEN_STEPS = 8


@njit(cache=True, nogil=True, error_model="numpy")
def moves_in_ball(gradient, hessian, curvature, modes, radius, move, promised):
    """For each member s = argmin g·s + ½ s·|H|·s, ‖s‖ <= Δ, and the decrease that the model with H promises.

    Args:
        gradient, hessian: g [members, parameters] and H [members, parameters, parameters].
        curvature, modes: eigenvalues and eigenvectors of H.
        radius: Δ [members].
        move, promised: filled with s [members, parameters] and -(g·s + ½ s·H·s) [members].
    """
    members, size = gradient.shape
    slope, stiffness, along = np.empty(size), np.empty(size), np.empty(size)
    for r in range(members):
        slope[:] = 0.0
        for p in range(size):
            for k in range(size):
                slope[k] += modes[r, p, k] * gradient[r, p]
        # Where the function is linear the slope sets the scale, so that the step is as long as the ball allows.
        scale = max(np.abs(curvature[r]).max(), np.sqrt((slope**2).sum()))
        for k in range(size):
            stiffness[k] = max(abs(curvature[r, k]), _FLAT * scale)
        shift = _shift_into_ball(slope, stiffness, radius[r])
        promised[r] = 0.0
        for k in range(size):
            along[k] = -slope[k] / (stiffness[k] + shift)
            promised[r] -= slope[k] * along[k] + 0.5 * curvature[r, k] * along[k] ** 2
        for p in range(size):
            # What the function does not depend on stays put to the last bit: weights held at zero must not drift off.
            move[r, p] = (modes[r, p] * along).sum() if gradient[r, p] != 0 or hessian[r, p].any() else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def _shift_into_ball(slope, stiffness, radius):
    """Least μ >= 0 with ‖slope / (stiffness + μ)‖ <= radius, nearly: Newton's method on the inverse of the length.

    Source: Hebden's iteration (Conn, Gould & Toint, Trust-Region Methods (2000), section 7.3.3).
    """
    shift = 0.0
    for _ in range(_HEBDEN_STEPS):
        length = np.sqrt(((slope / (stiffness + shift)) ** 2).sum())
        if not length > radius:
            break
        steepness = (slope**2 / (stiffness + shift) ** 3).sum()
        shift += (length / radius - 1) * length**2 / steepness
    return shift
