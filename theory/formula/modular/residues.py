"""Arithmetic modulo a prime below 2^50, compiled: powers, transforms between coefficients and values, resultants."""

from __future__ import annotations

import numpy as np
from numba import njit

#: Bits of a modulus: a quotient a b / q taken in double precision is then off by one at most.
BITS = 50


@njit(cache=True, nogil=True)
def product(a, b, q, inverse):
    """a b modulo q, ``inverse`` = 1/q in double precision: the low 64 bits of a b - [a b / q] q are exact."""
    rest = a * b - int(float(a) * float(b) * inverse) * q
    if rest < 0:
        return rest + q
    return rest - q if rest >= q else rest


@njit(cache=True, nogil=True)
def power(a, exponent, q):
    """a^exponent modulo q."""
    inverse, result = 1.0 / q, 1
    while exponent:
        if exponent & 1:
            result = product(result, a, q, inverse)
        a = product(a, a, q, inverse)
        exponent >>= 1
    return result


@njit(cache=True, nogil=True)
def reciprocal(a, q):
    """1/a modulo q, by Euclid's algorithm."""
    before, now, s, t = q, a, 0, 1
    while now:
        quotient = before // now
        before, now = now, before - quotient * now
        s, t = t, s - quotient * t
    return s + q if s < 0 else s


@njit(cache=True, nogil=True)
def multiply(values, factors, q):
    """Each value by its factor modulo q, in place."""
    inverse = 1.0 / q
    for place in range(len(values)):
        values[place] = product(values[place], factors[place], q, inverse)


@njit(cache=True, nogil=True)
def add_terms(grid, powers, residues, generator, q):
    """Add terms t^i c^k u^row w^column to a grid [i, row, column]; powers of u and w count modulo its sizes.

    So they do where u and w are roots of unity of these orders.
    """
    _, rows, columns = grid.shape
    inverse = 1.0 / q
    for term in range(len(residues)):
        i, k, row, column = powers[term]
        value = residues[term]
        for _ in range(k):
            value = product(value, generator, q, inverse)
        total = grid[i, row % rows, column % columns] + value
        grid[i, row % rows, column % columns] = total - q if total >= q else total


@njit(cache=True, nogil=True)
def transform(rows, root, q):
    """Each row of N coefficients becomes its values at 1, w, w², …, w^(N-1), in place; N a power of two, w^N = 1.

    Source: Pollard (1971), The fast Fourier transform in a finite field.
    """
    count, size = rows.shape
    inverse = 1.0 / q
    twiddles = np.ones(max(size // 2, 1), np.int64)
    for k in range(1, size // 2):
        twiddles[k] = product(twiddles[k - 1], root, q, inverse)
    for row in rows:
        _reverse_bits(row)
        half = 1
        while half < size:
            stride = size // (2 * half)
            for start in range(0, size, 2 * half):
                for k in range(half):
                    even = row[start + k]
                    odd = product(row[start + k + half], twiddles[k * stride], q, inverse)
                    row[start + k] = even + odd - q if even + odd >= q else even + odd
                    row[start + k + half] = even - odd + q if even < odd else even - odd
            half *= 2


@njit(cache=True, nogil=True)
def _reverse_bits(row):
    j = 0
    for i in range(1, len(row)):
        bit = len(row) >> 1
        while j & bit:
            j ^= bit
            bit >>= 1
        j ^= bit
        if i < j:
            row[i], row[j] = row[j], row[i]


@njit(cache=True, nogil=True)
def resultants(f, g, q, out):
    """The resultant of each pair of polynomials, one a row, constants first; ``f`` and ``g`` are spent.

    A row's formal degree is its length less one: Sylvester's determinant of that size, leading zeros or not.

    Source: Cohen (1993), A Course in Computational Algebraic Number Theory, algorithm 3.3.7 (over a field: Euclid's).
    """
    for place in range(len(out)):
        out[place] = _resultant(f[place], g[place], q)


@njit(cache=True, nogil=True)
def _resultant(f, g, q):
    """With formal degrees n and m, leading coefficients a and b:

    Res(f, g) = (-1)^{nm} Res(g, f);  = a Res(f, g of formal degree m - 1) where b = 0;
    = ((-1)^m b)^{n-m+1} Res(f mod g of formal degree m - 1, g) otherwise.
    """
    inverse, result, n, m = 1.0 / q, 1, len(f) - 1, len(g) - 1
    while True:
        if n < m:
            f, g, n, m = g, f, m, n
            result = _signed(result, n * m, q)
        while m > 0 and g[m] == 0:
            result, m = product(result, f[n], q, inverse), m - 1
        if m == 0:
            return product(result, power(g[0], n, q), q, inverse)
        _divide(f, n, g, m, q)
        steps = n - m + 1
        result = _signed(product(result, power(g[m], steps, q), q, inverse), m * steps, q)
        n = m - 1


@njit(cache=True, nogil=True)
def _signed(value, sign, q):
    """(-1)^sign value."""
    return q - value if sign & 1 and value else value


@njit(cache=True, nogil=True)
def _divide(f, n, g, m, q):
    """Leave f mod g in f."""
    inverse, lead = 1.0 / q, reciprocal(g[m], q)
    for k in range(n - m, -1, -1):
        multiple = product(f[m + k], lead, q, inverse)
        for i in range(m):
            rest = f[i + k] - product(multiple, g[i], q, inverse)
            f[i + k] = rest + q if rest < 0 else rest
