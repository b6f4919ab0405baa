"""Elimination by modular images: the resultants of exact arithmetic, bounded by proof, and no wrong image unnoticed."""

from fractions import Fraction
from itertools import islice

import numpy as np
import pytest
from flint import arb, fmpq, fmpz_poly, nmod_mat, nmod_poly

from tegum.theory.formula.algebraic import (
    RING,
    C,
    R,
    V,
    X,
    constant,
    in_one_variable,
    norm,
)
from tegum.theory.formula.branch import Branch, branch, eliminated, least_stationary_point
from tegum.theory.formula.modular import eliminant as modular
from tegum.theory.formula.modular.bounds import degree_range, height_bits
from tegum.theory.formula.modular.chinese import integers_of
from tegum.theory.formula.modular.eliminant import TooLargeError, eliminant, elimination
from tegum.theory.formula.modular.irreducible import is_proved_irreducible
from tegum.theory.formula.modular.primes import splitting_primes
from tegum.theory.formula.modular.residues import BITS, power, reciprocal, resultants, transform
from tegum.theory.formula.modular.sheet import sheet
from tegum.theory.geometry.factor import factor_named

FIFTH = constant(Fraction(1, 5))
#: Minimal polynomials of cos 72° and of cos(360°/7).
FIELDS = [None, 4 * C**2 + 2 * C - 1, 8 * C**3 + 4 * C**2 - 4 * C - 1]


def on_branch(name: str, density) -> Branch:
    return branch(least_stationary_point(factor_named(name), FIFTH).branch.profile, density)


def random_pair(over, seed):
    """Two polynomials in c, v, x and r, with denominators."""
    rng, fields = np.random.default_rng(seed), 1 if over is None else over.degrees()[0]
    exponents = [(c, v, x, r) for c in range(fields) for v in range(3) for x in range(4) for r in range(3)]
    return [
        RING.from_dict({place: fmpq(int(rng.integers(-9, 10)), int(rng.integers(1, 5))) for place in exponents})
        for _ in range(2)
    ]


def in_ring(columns, kept):
    return sum((RING.from_dict({(0, i, 0, 0): fmpq(a) for i, a in enumerate(column.coeffs()) if a}) * kept**j
                for j, column in enumerate(columns)), 0 * V)  # fmt: skip


def are_proportional(one, other) -> bool:
    (powers, a), *_ = one.terms()
    b = other.to_dict().get(powers)
    return b is not None and one * b == other * a


@pytest.mark.parametrize("over", FIELDS, ids=["rationals", "pentagon", "heptagon"])
@pytest.mark.parametrize(("variable", "kept"), [("x", R), ("r", X)])
def test_eliminants_are_the_norms_of_resultants(variable, kept, over):
    f, g = random_pair(over, 1)
    found = in_ring(eliminant(elimination(f, g, variable, over)), kept)
    assert are_proportional(found, norm(f.resultant(g, variable), over))


@pytest.mark.parametrize(("name", "density"), [("digon", V), ("triangle", V), ("pentagon", FIFTH)])
def test_gains_are_eliminated_as_by_resultants(name, density):
    """The old way: FLINT's resultant of multivariate polynomials, then its factors that hold r."""
    one = on_branch(name, density)
    whole = norm(one.S.resultant(one.dB * R - one.A * one.dA, "x"), one.over)
    factors = [factor for factor, _ in whole.factor()[1] if factor.degrees()[3] > 0]
    (gain,) = [factor for factor, _ in eliminated(one, one.A * one.dA, one.dB).factor()[1]]
    assert any(are_proportional(gain, factor) for factor in factors)
    assert len(factors) == 1


def test_a_broken_image_is_caught(monkeypatch):
    what, images = elimination(*random_pair(None, 2), "x", None), []

    def broken(elimination, prime, image=modular.image):
        images.append(image(elimination, prime))
        if len(images) == 2:
            images[-1][3] ^= 1
        return images[-1]

    monkeypatch.setattr(modular, "image", broken)
    with pytest.raises(ArithmeticError, match="contradict"):
        eliminant(what)


def test_what_takes_too_long_is_not_begun(monkeypatch):
    what = elimination(*random_pair(None, 2), "x", None)
    monkeypatch.setattr(modular, "MOST_WORK", what.work - 1)
    with pytest.raises(TooLargeError):
        eliminant(what)


@pytest.mark.parametrize("name", ["digon", "triangle", "tetrahedron"])
def test_bounds_hold_and_are_not_far_off(name):
    one = on_branch(name, V)
    f, g = (sheet(part, (2, 0, 1, 3)) for part in (one.S, one.dB * R - one.A * one.dA))
    exact = one.S.resultant(one.dB * R - one.A * one.dA, "x")
    degrees = [int(powers[1]) for powers, _ in exact.terms()]
    least, most = degree_range(f, g, 2)
    assert least <= min(degrees) <= max(degrees) <= most <= 1.1 * max(degrees)
    columns = eliminant(elimination(one.S, one.dB * R - one.A * one.dA, "x", None))
    largest = max(int(column.height_bits()) for column in columns)
    assert largest <= height_bits(f, g, arb(0)) <= 1.7 * largest


def test_a_resultant_that_vanishes_identically_is_refused():
    with pytest.raises(ArithmeticError, match="vanished"):
        eliminant(elimination((X - V) * (X + 1), (X - V) * (X - R), "x", None))


def test_prime_arithmetic_is_that_of_integers():
    rng = np.random.default_rng(3)
    (prime,) = islice(splitting_primes(64, in_one_variable(FIELDS[1], 0)), 1)
    q = prime.q
    assert q.bit_length() == BITS
    assert pow(prime.root, 32, q) == q - 1 == prime.root_of(2)
    assert len(set(prime.generators)) == 2
    assert all((4 * c * c + 2 * c - 1) % q == 0 for c in prime.generators)
    for a in [1, q - 1, *rng.integers(1, q, 200).tolist()]:
        assert power(a, 5, q) == pow(a, 5, q)
        assert reciprocal(a, q) == pow(a, -1, q)


def test_transforms_evaluate_at_roots_of_unity():
    (prime,) = islice(splitting_primes(64, None), 1)
    rows = np.random.default_rng(4).integers(0, prime.q, (3, 64))
    expected = [[int(nmod_poly(row, prime.q)(pow(prime.root, k, prime.q))) for k in range(64)] for row in rows.tolist()]
    transform(rows, prime.root, prime.q)
    assert rows.tolist() == expected


@pytest.mark.parametrize(("n", "m"), [(0, 3), (3, 0), (2, 5), (6, 2), (4, 4)])
@pytest.mark.parametrize("zeros", [(0, 0), (1, 0), (0, 2), (1, 1), (9, 0)])
def test_resultants_are_determinants_whatever_leading_zeros(n, m, zeros):
    (prime,) = islice(splitting_primes(2, None), 1)
    rng, q = np.random.default_rng(5), prime.q
    f, g = rng.integers(0, q, (20, n + 1)), rng.integers(0, q, (20, m + 1))
    f[:, max(n + 1 - zeros[0], 0) :], g[:, max(m + 1 - zeros[1], 0) :] = 0, 0
    expected = [_determinant(a, b, q) for a, b in zip(f[:, ::-1].tolist(), g[:, ::-1].tolist(), strict=True)]
    found = np.empty(20, np.int64)
    resultants(f, g, q, found)
    assert found.tolist() == expected


def _determinant(f, g, q) -> int:
    n, m = len(f) - 1, len(g) - 1
    rows = [[0] * k + f + [0] * (m - 1 - k) for k in range(m)] + [[0] * k + g + [0] * (n - 1 - k) for k in range(n)]
    return int(nmod_mat(rows, q).det())


def test_integers_come_back_from_their_residues():
    values = [0, -1, 2**150, -(3**90), 12345]
    primes = [prime.q for prime in islice(splitting_primes(2, None), 5)]
    images = np.array([[a % q for a in values] for q in primes])
    assert integers_of(images, primes, 150.5) == values
    with pytest.raises(ArithmeticError, match="contradict"):
        integers_of(images[:2], primes[:2], 60.0)  # two primes do not hold 150 bits


def test_irreducibility_is_proved_where_it_holds_only():
    assert is_proved_irreducible(fmpz_poly([-2, *[0] * 40, 3, 1]))
    assert not is_proved_irreducible(fmpz_poly([-2, 0, 1]) * fmpz_poly([-3, 0, 0, 0, 1]))
    assert not is_proved_irreducible(fmpz_poly([1, 0, 0, 0, 1]))  # irreducible, yet reducible modulo every prime
    assert not is_proved_irreducible(fmpz_poly([1, 1]) ** 2)
