"""The population loss of any small model from its definition, in rational numbers: the oracle of every setting."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product

import numpy as np

from tegum.theory.loss.boxes import box_expectation
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

#: Which features are on and with which sign (±1), 0 for off.
State = tuple[int, ...]


def states(setting: Setting) -> Iterator[tuple[Fraction, State]]:
    """Every state with its probability, read off the definition of the law, by trying all 2ⁿ or 3ⁿ of them."""
    values = (0, 1, -1) if setting.values == "signed" else (0, 1)
    for state in product(values, repeat=setting.count):
        chance = _chance([value != 0 for value in state], setting)
        signs = sum(value != 0 for value in state) if setting.values == "signed" else 0
        if chance:
            yield chance / 2**signs, state


def _chance(on: list[bool], setting: Setting) -> Fraction:
    p = [Fraction(value) for value in setting.density]
    if setting.law == "one-hot":
        return p[on.index(True)] if sum(on) == 1 else Fraction(0)
    chance, grouped = Fraction(1), set()
    for group in setting.groups:
        grouped |= set(group)
        members = [on[j] for j in group]
        if setting.law == "correlated":
            chance *= p[group[0]] if all(members) else 1 - p[group[0]] if not any(members) else 0
        else:
            one = [p[j] for j in group if on[j]]
            chance *= one[0] if len(one) == 1 else 1 - sum(p[j] for j in group) if not one else 0
    for j in set(range(setting.count)) - grouped:
        chance *= p[j] if on[j] else 1 - p[j]
    return chance


def defined_losses(weights: Weights, setting: Setting) -> tuple[list[Fraction], Fraction]:
    """ℓ_i of every feature, and λ E‖h‖₁; a ReLU hidden layer must be decided in every state, or values binary."""
    W = [[Fraction(w) for w in row] for row in weights.W.tolist()]
    W_out = [[Fraction(w) for w in row] for row in weights.outward.tolist()]
    b = [Fraction(value) for value in weights.b.tolist()]
    losses, norm = [Fraction(0)] * setting.count, Fraction(0)
    for chance, state in states(setting):
        on = [j for j, value in enumerate(state) if value]
        hidden = [_unit([row[j] * state[j] for j in on], setting) for row in W]
        norm += chance * sum(_mean_size(unit, setting) for unit in hidden)
        for i in range(setting.count):
            slopes = [sum(W_out[i][a] * unit[k] for a, unit in enumerate(hidden)) for k in range(len(on))]
            own = on.index(i) if i in on else None
            aim = abs(state[i]) if setting.target == "abs" else state[i]
            losses[i] += chance * _square_error(b[i], slopes, own, aim, setting)
    return [Fraction(weight) * loss for weight, loss in zip(setting.importance, losses, strict=True)], (
        Fraction(setting.l1) * norm
    )


def _unit(pulls: list[Fraction], setting: Setting) -> list[Fraction]:
    """A hidden unit as a linear function of the magnitudes that are on."""
    if setting.activation == "none":
        return pulls
    if setting.values == "binary":  # every magnitude is 1: spread the activation evenly
        return [max(sum(pulls), Fraction(0)) / len(pulls)] * len(pulls) if pulls else []
    assert all(pull >= 0 for pull in pulls) or all(pull <= 0 for pull in pulls)
    return [max(pull, Fraction(0)) for pull in pulls]


def _mean_size(slopes: list[Fraction], setting: Setting) -> Fraction:
    return sum(_mean(Fraction(0), [sign * s for s in slopes], None, 1, setting) for sign in (1, -1))


def _square_error(b: Fraction, slopes: list[Fraction], own: int | None, aim: int, setting: Setting) -> Fraction:
    """E (y - readout(b + Σ slope u))², y = aim u_own."""
    square = Fraction(0) if own is None else Fraction(1, 1 if setting.values == "binary" else 3)
    total = square + _above(b, slopes, own, aim, setting)
    if setting.readout == "linear":
        total += _above(-b, [-s for s in slopes], own, -aim, setting)
    return total


def _above(b: Fraction, slopes: list[Fraction], own: int | None, aim: int, setting: Setting) -> Fraction:
    """E z_+² - 2 E y z_+."""
    cross = Fraction(0) if own is None else aim * _mean(b, slopes, own, 1, setting)
    return 2 * _mean(b, slopes, None, 2, setting) - 2 * cross


def _mean(b: Fraction, slopes: list[Fraction], own: int | None, q: int, setting: Setting) -> Fraction:
    """E u_own z_+^q / q!, magnitudes all on."""
    if setting.values == "binary":
        z = b + sum(slopes)
        return (z if q == 1 else z**2 / 2) if z > 0 else Fraction(0)
    kept = [k for k, s in enumerate(slopes) if s]
    factor = Fraction(1, 2) if own is not None and own not in kept else Fraction(1)
    r = [int(k == own) for k in kept]
    value = box_expectation(b, [slopes[k] for k in kept], [Fraction(1)] * len(kept), r, q, _truncated_power)
    return factor * value


def _truncated_power(t: Fraction, q: int) -> Fraction:
    return t**q if t > 0 else Fraction(0)


def random_setting(random: np.random.Generator, features: int, **kind) -> Setting:
    """A setting of the kind asked for, with unequal densities and importances."""
    law = kind.get("law", "independent")
    density = random.uniform(0.05, 0.9, size=features)
    groups: tuple[tuple[int, ...], ...] = ()
    if law in ("correlated", "anticorrelated"):
        groups = ((0, 1), (2, features - 1)) if features > 4 else ((0, features - 1),)
        for group in groups:
            density[list(group)] = density[group[0]] if law == "correlated" else density[list(group)] / len(group)
    if law == "one-hot":
        density /= density.sum()
    return Setting(
        features,
        int(random.integers(1, 4)),
        tuple(density),
        tuple(random.uniform(0.1, 2.0, size=features)),
        groups=groups,
        l1=float(random.choice([0.0, 0.3])),
        **kind,
    )


def random_weights(random: np.random.Generator, setting: Setting, tiny: bool = False) -> Weights:
    """Weights of a setting's shape, decided where its hidden layer has a ReLU over continuous values."""
    shape = (setting.hidden, setting.count)
    W, W_out = 0.8 * random.normal(size=shape), 0.8 * random.normal(size=shape[::-1])
    if setting.activation == "relu" and setting.values == "uniform" and setting.law != "one-hot":
        W = np.abs(W) * random.choice([-1.0, 1.0], size=(setting.hidden, 1))
    if setting.activation == "relu" and setting.values == "signed":
        W *= np.arange(setting.count) == random.integers(setting.count, size=(setting.hidden, 1))
    if tiny:
        W *= 10.0 ** random.uniform(-9, 0, size=shape)
    b = 0.3 * random.normal(size=setting.count) * setting.bias
    return Weights(W, b, None if setting.tied else W_out)
