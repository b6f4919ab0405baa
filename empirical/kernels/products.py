"""Matrix products of the compiled kernel: rows long and contiguous, four by four of them in registers at a time.

They run in the calling thread, need no library, and sum in an order that depends on the shapes alone. Sums may be taken
in any order and a product joined with an addition, which makes the compiler use vectors; nothing else is relaxed, so
infinities and NaNs come out as they should.
"""

from numba import float32, njit

FAST = {"reassoc", "contract", "nsz"}


@njit(cache=True, nogil=True, fastmath=FAST)
def add_product(A, B, C):
    """C += A B, with A [rows, inner], B [inner, length], C [rows, length]."""
    rows, inner = A.shape
    row_blocks, inner_blocks = rows - rows % 4, inner - inner % 4
    for r in range(0, row_blocks, 4):
        for s in range(0, inner_blocks, 4):
            _four_by_four(A, B, C, r, s)
        for s in range(inner_blocks, inner):
            _four_by_one(A, B, C, r, s)
    for r in range(row_blocks, rows):
        for s in range(0, inner_blocks, 4):
            _one_by_four(A, B, C, r, s)
        for s in range(inner_blocks, inner):
            _one_by_one(A, B, C, r, s)


@njit(cache=True, nogil=True, fastmath=FAST)
def add_outer(A, B, C):
    """C += A Bᵀ, with A [rows, length], B [columns, length], C [rows, columns]."""
    rows, columns = A.shape[0], B.shape[0]
    row_blocks, column_blocks = rows - rows % 4, columns - columns % 4
    for r in range(0, row_blocks, 4):
        for s in range(0, column_blocks, 4):
            _four_by_four_sums(A, B, C, r, s)
    for r in range(rows):
        for s in range(column_blocks if r < row_blocks else 0, columns):
            _one_sum(A, B, C, r, s)


@njit(cache=True, nogil=True, fastmath=FAST, inline="always")
def _four_by_four(A, B, C, r, s):
    a00, a01, a02, a03 = A[r, s], A[r, s + 1], A[r, s + 2], A[r, s + 3]
    a10, a11, a12, a13 = A[r + 1, s], A[r + 1, s + 1], A[r + 1, s + 2], A[r + 1, s + 3]
    a20, a21, a22, a23 = A[r + 2, s], A[r + 2, s + 1], A[r + 2, s + 2], A[r + 2, s + 3]
    a30, a31, a32, a33 = A[r + 3, s], A[r + 3, s + 1], A[r + 3, s + 2], A[r + 3, s + 3]
    b0, b1, b2, b3 = B[s], B[s + 1], B[s + 2], B[s + 3]
    c0, c1, c2, c3 = C[r], C[r + 1], C[r + 2], C[r + 3]
    for t in range(B.shape[1]):
        v0, v1, v2, v3 = b0[t], b1[t], b2[t], b3[t]
        c0[t] += a00 * v0 + a01 * v1 + a02 * v2 + a03 * v3
        c1[t] += a10 * v0 + a11 * v1 + a12 * v2 + a13 * v3
        c2[t] += a20 * v0 + a21 * v1 + a22 * v2 + a23 * v3
        c3[t] += a30 * v0 + a31 * v1 + a32 * v2 + a33 * v3


@njit(cache=True, nogil=True, fastmath=FAST, inline="always")
def _four_by_one(A, B, C, r, s):
    a0, a1, a2, a3 = A[r, s], A[r + 1, s], A[r + 2, s], A[r + 3, s]
    b, c0, c1, c2, c3 = B[s], C[r], C[r + 1], C[r + 2], C[r + 3]
    for t in range(B.shape[1]):
        c0[t] += a0 * b[t]
        c1[t] += a1 * b[t]
        c2[t] += a2 * b[t]
        c3[t] += a3 * b[t]


@njit(cache=True, nogil=True, fastmath=FAST, inline="always")
def _one_by_four(A, B, C, r, s):
    a0, a1, a2, a3 = A[r, s], A[r, s + 1], A[r, s + 2], A[r, s + 3]
    b0, b1, b2, b3, c = B[s], B[s + 1], B[s + 2], B[s + 3], C[r]
    for t in range(B.shape[1]):
        c[t] += a0 * b0[t] + a1 * b1[t] + a2 * b2[t] + a3 * b3[t]


@njit(cache=True, nogil=True, fastmath=FAST, inline="always")
def _one_by_one(A, B, C, r, s):
    a, b, c = A[r, s], B[s], C[r]
    for t in range(B.shape[1]):
        c[t] += a * b[t]


@njit(cache=True, nogil=True, fastmath=FAST, inline="always")
def _four_by_four_sums(A, B, C, r, s):
    s00 = s01 = s02 = s03 = s10 = s11 = s12 = s13 = float32(0.0)
    s20 = s21 = s22 = s23 = s30 = s31 = s32 = s33 = float32(0.0)
    a0, a1, a2, a3 = A[r], A[r + 1], A[r + 2], A[r + 3]
    b0, b1, b2, b3 = B[s], B[s + 1], B[s + 2], B[s + 3]
    for t in range(A.shape[1]):
        u0, u1, u2, u3 = a0[t], a1[t], a2[t], a3[t]
        v0, v1, v2, v3 = b0[t], b1[t], b2[t], b3[t]
        s00, s01, s02, s03 = s00 + u0 * v0, s01 + u0 * v1, s02 + u0 * v2, s03 + u0 * v3
        s10, s11, s12, s13 = s10 + u1 * v0, s11 + u1 * v1, s12 + u1 * v2, s13 + u1 * v3
        s20, s21, s22, s23 = s20 + u2 * v0, s21 + u2 * v1, s22 + u2 * v2, s23 + u2 * v3
        s30, s31, s32, s33 = s30 + u3 * v0, s31 + u3 * v1, s32 + u3 * v2, s33 + u3 * v3
    _add_row(C, r, s, s00, s01, s02, s03)
    _add_row(C, r + 1, s, s10, s11, s12, s13)
    _add_row(C, r + 2, s, s20, s21, s22, s23)
    _add_row(C, r + 3, s, s30, s31, s32, s33)


@njit(cache=True, nogil=True, fastmath=FAST, inline="always")
def _one_sum(A, B, C, r, s):
    a, b, total = A[r], B[s], float32(0.0)
    for t in range(A.shape[1]):
        total += a[t] * b[t]
    C[r, s] += total


@njit(cache=True, nogil=True, fastmath=FAST, inline="always")
def _add_row(C, r, s, s0, s1, s2, s3):
    C[r, s] += s0
    C[r, s + 1] += s1
    C[r, s + 2] += s2
    C[r, s + 3] += s3
