"""What uses all dimensions at once, beside a mixture: so that the better of the two is seen."""

from __future__ import annotations

from tegum.theory.codes import fitted_code, harmonic_code
from tegum.theory.limits import gaussian_mean_field
from tegum.theory.setting import Setting


def dense_beside(setting: Setting) -> dict[str, float] | None:
    """Loss of a harmonic code for the setting, and of the Gaussian mean field.

    Args:
        setting: like features; None is returned for others, and where there is no such code.

    Returns:
        Of all features together: ``loss`` of `codes.harmonic_code` with one gain and one bias, exact, ``error`` its
        bound, ``gain``, ``bias``, and ``mean_field``, the limit of codes with Gaussian overlaps.
    """
    alike = len(set(zip(setting.density, setting.importance, strict=True))) == 1
    density, importance = setting.density[0], setting.importance[0]
    if not alike or density == 0 or setting.hidden > 2 * ((setting.count - 1) // 2):
        return None
    fitted = fitted_code(harmonic_code(setting.count, setting.hidden), density)
    field = gaussian_mean_field(density, setting.hidden / setting.count)
    return {
        "loss": importance * fitted.loss,
        "error": importance * fitted.error,
        "gain": fitted.gain,
        "bias": fitted.bias,
        "mean_field": importance * setting.count * field.loss,
    }
