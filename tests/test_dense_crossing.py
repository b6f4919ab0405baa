"""A dense code and the best mixture cross where both losses, evaluated again, change places."""

from dataclasses import replace

import pytest

from tegum import Setting, mixture
from tegum.theory.codes import fitted_code, harmonic_code
from tegum.theory.errors import InputError
from tegum.theory.limits import gaussian_mean_field
from tegum.theory.mixture.crossing import crossing


@pytest.mark.slow
def test_the_bracket_holds_the_change_of_places():
    code, setting = harmonic_code(14, 4), Setting(count=14, hidden=4, density=0.1)
    found = crossing(setting, code, 0.01, 0.4)
    assert found.upper / found.lower < 1.001
    for density, sign in ((found.lower, -1), (found.upper, 1)):
        difference = fitted_code(code, density).loss - mixture(replace(setting, density=density)).loss
        assert sign * difference > 0


def test_a_range_without_a_crossing_is_refused():
    with pytest.raises(InputError, match="do not cross"):
        crossing(Setting(count=8, hidden=3, density=0.1), harmonic_code(8, 3), 0.1, 0.4)


def test_the_harmonic_code_of_seven_in_two_dimensions_is_the_heptagon():
    code = fitted_code(harmonic_code(7, 2), 0.01)
    found = mixture(Setting(count=7, hidden=2, density=0.01))
    assert found.geometry == "polygon-7"
    assert abs(code.loss - found.loss) <= code.error + found.error


def test_features_of_several_importances_are_refused():
    with pytest.raises(InputError, match="importance"):
        crossing(Setting(count=6, hidden=2, density=0.1, importance={"geometric": 0.9}), harmonic_code(6, 2), 0.01, 0.2)


@pytest.mark.slow
def test_four_hundred_features_in_thirty_dimensions_at_one_percent():
    field = gaussian_mean_field(0.01, 30 / 400).loss / 0.01
    assert field == pytest.approx(0.1366, abs=1e-4)
    code = fitted_code(harmonic_code(400, 30), 0.01)
    assert field < code.loss / 4 < 0.15
    sparse = mixture(Setting(count=400, hidden=30, density=0.01))
    assert code.loss + code.error < sparse.loss - sparse.error
    assert sparse.loss / 4 < 0.2508  # ten icosahedra and 280 dropped features
