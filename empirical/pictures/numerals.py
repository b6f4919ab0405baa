"""Numbers as people read them; every digit there is stands in report.json."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, log10

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def brief(value: float | None, digits: int = 3, zeros: bool = False) -> str:
    """A few significant digits: 0.0123, 1.23×10⁻⁶; a dash for a number that does not exist.

    Args:
        zeros: whether zeros at the end are kept, as digits that are known.
    """
    if value is None or value != value:
        return "–"
    if value != 0 and not -4 <= floor(log10(abs(value))) < max(6, digits):
        mantissa, power = f"{value:.{digits - 1}e}".split("e")
        return f"{mantissa}×10{str(int(power)).translate(_RAISED)}".replace("-", "−")
    return f"{value:{'#' if zeros else ''}.{digits}g}".replace("-", "−")


def exact(value: float, error: float) -> str:
    """A number with the digits that its error bound leaves, and the bound: 0.0123456789012346 ± 1.7×10⁻¹⁸."""
    if not error > 0 or value == 0:
        return f"{value:.15g}".replace("-", "−")
    digits = min(max(floor(log10(abs(value))) - floor(log10(error)), 1), 15)
    return f"{brief(value, digits, zeros=True)} ± {brief(error, 2)}"


def percent(share: float | None) -> str:
    """A share in percent: 94%, 3.5%, 0.024%."""
    if share is None:
        return "–"
    return (f"{100 * share:.0f}" if abs(share) >= 0.1 else brief(100 * share, 2)).replace("-", "−") + "%"


def span(interval: Sequence[float]) -> str:
    """An interval of shares: 72–99%."""
    low, high = interval
    return f"{100 * low:.0f}–{100 * high:.0f}%"


def counted(count: int, noun: str) -> str:
    """`1 run`, `16 runs`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
