"""The primes of an elimination: with roots of unity of an order, and with all conjugates of a number field."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flint import fmpz, fmpz_poly, nmod_poly

from tegum.theory.formula.modular.residues import BITS


@dataclass(frozen=True)
class Prime:
    """A prime q, and what stands for a root of unity and for a field's generator modulo q.

    Attributes:
        q: the prime; order: of the root of unity, a power of two; root: that root.
        generators: the roots of the field's minimal polynomial, as many as its degree; (0,) over the rationals.
    """

    q: int
    order: int
    root: int
    generators: tuple[int, ...]

    def root_of(self, order: int) -> int:
        """A root of unity of an order that divides the prime's."""
        return pow(self.root, self.order // order, self.q)


def splitting_primes(order: int, minimal: fmpz_poly | None) -> Iterator[Prime]:
    """Primes of `BITS` bits, falling, with roots of unity of that order, modulo which the minimal polynomial splits.

    Raises:
        ArithmeticError: there are no more of them.
    """
    for q in range(2**BITS - order + 1, 2 ** (BITS - 1), -order):
        generators = _roots(minimal, q) if fmpz(q).is_prime() else ()
        if generators:
            yield Prime(q, order, _root_of_unity(order, q), generators)
    raise ArithmeticError(f"no more primes of {BITS} bits with roots of unity of order {order}")


def _roots(minimal: fmpz_poly | None, q: int) -> tuple[int, ...]:
    """All roots modulo q; none unless they are simple and as many as the degree."""
    if minimal is None:
        return (0,)
    image = nmod_poly([int(a) % q for a in minimal.coeffs()], q)
    roots = [int(root) for root, power in image.roots() if power == 1]
    return tuple(roots) if len(roots) == minimal.degree() else ()


def _root_of_unity(order: int, q: int) -> int:
    """x^((q-1)/order) of the first x whose power of half that order is -1."""
    if order == 1:
        return 1
    powers = (pow(x, (q - 1) // order, q) for x in range(2, q))
    return next(root for root in powers if pow(root, order // 2, q) == q - 1)
