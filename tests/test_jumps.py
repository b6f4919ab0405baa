"""Jumps are found where a loss has them, where they are and no more of them, and noise alone has none."""

import numpy as np
import pytest

from tegum.empirical.dynamics.jumps import largest_rise, staircase
from tegum.empirical.dynamics.taut import taut_string

CLOCK = np.arange(200.0)
#: Where the synthetic staircase falls, by how much, and how fast.
FALLS = ((60.0, 0.5, 4.0), (140.0, 0.3, 2.0))


def stairs(falls=FALLS):
    """A decay into the first level, and a sigmoid for each fall to the next."""
    return np.exp(-CLOCK / 5) + sum(size / (1 + np.exp((CLOCK - at) / width)) for at, size, width in falls)


def fluctuations(random, length, count):
    """Stationary Gaussian noise of unit variance whose memory lasts so many snapshots (Ornstein-Uhlenbeck)."""
    kept = np.exp(-1 / length) if length else 0.0
    noise = random.normal(size=(count, len(CLOCK)))
    for k in range(1, len(CLOCK)):
        noise[:, k] = kept * noise[:, k - 1] + np.sqrt(1 - kept**2) * noise[:, k]
    return noise


@pytest.mark.parametrize("noise", [0.0, 0.005, 0.01])
def test_known_jumps_are_found_where_they_are(noise):
    random, true = np.random.default_rng(3), stairs()
    for _ in range(20):
        found = staircase(CLOCK, true + noise * random.normal(size=200), error=1e-12)
        assert len(found.jumps) == 2
        for jump, (at, size, _) in zip(found.jumps, FALLS, strict=True):
            assert jump.steepest[0] - 4 <= at <= jump.steepest[1] + 4
            assert size / 3 < jump.least <= true[jump.first] - true[jump.last]
        before, between, after = found.plateaus
        assert before.last <= 60 <= between.first
        assert between.last <= 140 <= after.first


@pytest.mark.parametrize("memory", [0, 3, 10, 30])
def test_noise_alone_has_no_jumps(memory):
    noise = fluctuations(np.random.default_rng(memory), memory, 500 if memory else 2000)
    assert sum(bool(staircase(CLOCK, one).jumps) for one in noise) == 0


@pytest.mark.parametrize("decay", [np.exp(-CLOCK / 20), (1 + CLOCK) ** -0.5, np.exp(-CLOCK / 3) + np.exp(-CLOCK / 60)])
@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_relaxation_into_one_level_has_no_jumps(decay, noise):
    random = np.random.default_rng(5)
    for _ in range(50):
        assert not staircase(CLOCK, decay + noise * random.normal(size=200), error=1e-12).jumps


def test_jumps_within_the_noise_are_not_claimed():
    random = np.random.default_rng(6)
    small = ((60.0, 0.02, 2.0),)
    assert not any(staircase(CLOCK, stairs(small) + 0.02 * random.normal(size=200)).jumps for _ in range(50))


def test_a_rise_is_noise_and_a_fall_is_not():
    assert largest_rise(np.array([3.0, 2.0, 2.5, 1.0, 1.25])) == 0.5
    assert largest_rise(np.array([3.0, 2.0, 1.0])) == 0.0


def test_plateaus_do_not_depend_on_units_of_loss_or_time():
    loss = stairs() + 0.01 * np.random.default_rng(1).normal(size=200)
    one, other = staircase(CLOCK, loss), staircase(7.0 * CLOCK + 3, 1000 * loss)
    assert one.plateaus == other.plateaus
    np.testing.assert_allclose([jump.least for jump in other.jumps], [1000 * jump.least for jump in one.jumps])


@pytest.mark.parametrize("seed", range(20))
def test_the_string_is_the_shortest_curve_through_the_tube(seed):
    """Against a second route: the lengths of curves between its knots, by quadratic programming on the same tube."""
    from scipy.optimize import minimize

    random = np.random.default_rng(seed)
    t = np.cumsum(random.uniform(0.5, 2, size=12))
    middle = np.cumsum(random.normal(size=12))
    lower, upper = middle - random.uniform(0.1, 1, size=12), middle + random.uniform(0.1, 1, size=12)
    string = taut_string(t, lower, upper)
    heights = np.where(string.above, upper[string.knots], lower[string.knots])
    drawn = np.interp(t, t[string.knots], heights)
    assert (drawn >= lower - 1e-12).all()
    assert (drawn <= upper + 1e-12).all()
    ends = [(upper[0], upper[0]), *zip(lower[1:-1], upper[1:-1], strict=True), (lower[-1], lower[-1])]

    def length(y):
        return float(np.hypot(np.diff(t), np.diff(y)).sum())

    best = minimize(length, np.clip(middle, lower, upper), bounds=ends, options={"maxiter": 2000, "ftol": 1e-14})
    assert length(drawn) <= best.fun + 1e-9


def test_every_curve_through_the_tube_has_the_jumps_that_are_reported():
    """The claim itself: curves drawn at random inside the tube fall slowly, fast and slowly there, on average."""
    random = np.random.default_rng(2)
    loss = stairs() + 0.005 * random.normal(size=200)
    found = staircase(CLOCK, loss)
    assert found.jumps
    for _ in range(200):
        curve = loss + found.noise * random.uniform(-1, 1, size=200)
        for k, jump in enumerate(found.jumps):
            spans = [(p.first, p.last) for p in found.plateaus[k : k + 2]]
            before, after = (fall(curve, *span) for span in spans)
            assert fall(curve, *jump.steepest) > max(before, after)
            assert curve[jump.first] - curve[jump.last] >= jump.least


def fall(curve, first, last):
    """Mean rate at which a curve falls."""
    return (curve[first] - curve[last]) / (last - first)
