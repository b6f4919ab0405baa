"""Rows under every feature law in rational numbers, and random cases of each law: the oracle of the transform."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
from cases import random_case

from tegum.theory.loss.boxes import box_expectation
from tegum.theory.loss.law import Structure

GROUPS = {
    "independent": ((), ()),
    "correlated": (((0, 2),), ((0, 1, 2),)),
    "anticorrelated": (((0, 2),), ((0, 1, 2),)),
    "one-hot": ((), ()),
}
KINDS_OF_VALUES = [("uniform", "identity"), ("signed", "identity"), ("signed", "abs")]


def case(random, kind, law, values="uniform", target="identity", features=3):
    """Weights of one kind, densities that the law allows, and its structure."""
    _, weights, setting = random_case(random, features, kind)
    density, groups = np.array(setting.density), GROUPS[law][int(random.integers(2))]
    for group in map(list, groups):
        density[group] = density[group[0]] if law == "correlated" else density[group] * random.uniform(0.2, 1.0) / 3
    if law == "one-hot":
        density /= density.sum()
    return weights, density, Structure(values=values, law=law, groups=groups, target=target)


def states(structure, density):
    """Every set of features that are on together, with its probability, exactly."""
    p = [Fraction(x) for x in density]
    if structure.law == "one-hot":
        return [((j,), p[j]) for j in range(len(p))]
    free = [(j,) for j in range(len(p)) if not any(j in group for group in structure.groups)]
    choices = [[((), 1 - p[j]), ((j,), p[j])] for (j,) in free]
    for group in structure.groups:
        if structure.law == "correlated":
            choices.append([((), 1 - p[group[0]]), (group, p[group[0]])])
        else:
            choices.append([((), 1 - sum(p[j] for j in group)), *(((j,), p[j]) for j in group)])
    joined = []
    for parts in product(*choices):
        probability = Fraction(1)
        for _, share in parts:
            probability *= share
        joined.append((tuple(j for on, _ in parts for j in on), probability))
    return joined


def exact_expectations(structure, g, b, density, wanted):
    """Σ over states and signs of their probability × ``wanted(E, sign)``, given that the on features are uniform."""
    total = 0
    for on, probability in states(structure, density):
        for signs in product((1, -1), repeat=len(on)) if structure.values == "signed" else [(1,) * len(on)]:
            sign = dict(zip(on, signs, strict=True))
            part = np.array(wanted(box(g, b, sign), sign), dtype=object)
            total = total + probability / (2 ** len(on) if structure.values == "signed" else 1) * part
    return total


def box(g, b, sign):
    """E Π_k u_k U_q(b + Σ sign g u) for magnitudes u uniform on [0, 1]; 0 where one of them is off."""
    kept = [j for j in sign if g[j] != 0]

    def expectation(q, *indices):
        if not set(indices) <= set(sign):
            return Fraction(0)
        alone = Fraction(1)
        for j in set(indices) - set(kept):
            alone /= indices.count(j) + 1
        slopes = [sign[j] * Fraction(g[j]) for j in kept]
        exponents = [indices.count(j) for j in kept]
        return alone * box_expectation(Fraction(b), slopes, [1] * len(kept), exponents, q, truncated_power)

    return expectation


def truncated_power(t, q):
    return t**q if t > 0 else Fraction(0)


def exact_row(structure, g, b, density, own, slopes=True):
    """ℓ_own at unit importance, then its derivatives by (g, b)."""

    def wanted(expectation, sign):
        y = 1 if structure.target == "abs" else sign.get(own, 0)
        value = [(Fraction(1, 3) if own in sign else 0) - 2 * y * expectation(1, own) + 2 * expectation(2)]
        if not slopes:
            return value
        for k in range(len(g)):
            s = sign.get(k, 0)
            value.append(2 * s * (expectation(1, k) - y * expectation(0, own, k)))
        return [*value, 2 * (expectation(1) - y * expectation(0, own))]

    return exact_expectations(structure, g, b, density, wanted)


def exact_norm(structure, w, density):
    """E |Σ_j w_j x_j| and its derivatives: |h| = 2 h_+ - h."""

    def wanted(expectation, sign):
        mean = sum((Fraction(w[j]) * sign[j] / 2 for j in sign), Fraction(0))
        slopes = [sign.get(k, 0) * (2 * expectation(0, k) - Fraction(1, 2)) for k in range(len(w))]
        return [2 * expectation(1) - mean, *slopes]

    return exact_expectations(structure, w, 0.0, density, wanted)
