"""Integers from their residues: the Chinese remainder theorem for all coefficients of a polynomial at once."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from flint import fmpz_mod_ctx, fmpz_mod_poly_ctx, fmpz_poly
from jaxtyping import Int


def integers_of(images: Int[np.ndarray, "primes coefficients"], primes: Sequence[int], bits: float) -> list[int]:
    """The integers that have these residues, the product of the primes well above what their size allows.

    Args:
        images: residues of each integer.
        primes: below 2^63.
        bits: log2 of a bound on the integers' magnitudes.

    Raises:
        ArithmeticError: an integer beyond the bound, as one wrong residue makes nearly all of them.
    """
    found, modulus = _whole(images, primes), prod(primes)
    least = [a - modulus if 2 * a > modulus else a for a in found]
    if max(map(abs, least)).bit_length() > bits + 1:
        raise ArithmeticError("images modulo primes contradict each other")
    return least


def _whole(images: Int[np.ndarray, "primes coefficients"], primes: Sequence[int]) -> list[int]:
    """From 0 on; parts are paired off until one is left, so that long numbers meet only long ones."""
    parts = [(fmpz_poly(image.tolist()), q) for image, q in zip(images, primes, strict=True)]
    while len(parts) > 1:
        pairs = zip(parts[::2], parts[1::2], strict=False)
        parts = [_joined(*pair) for pair in pairs] + parts[len(parts) // 2 * 2 :]
    found = [int(a) for a in parts[0][0].coeffs()]
    return found + [0] * (images.shape[1] - len(found))


def _joined(one: tuple[fmpz_poly, int], other: tuple[fmpz_poly, int]) -> tuple[fmpz_poly, int]:
    """Modulo M N: a + M [(b - a)/M mod N]."""
    (a, M), (b, N) = one, other
    multiple = fmpz_mod_poly_ctx(fmpz_mod_ctx(N))(b - a) * pow(M, -1, N)
    return a + M * fmpz_poly([int(x) for x in multiple.coeffs()]), M * N
