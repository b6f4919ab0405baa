"""The look of the figures: one palette, one colour and marker for each geometry, reproducible bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import as_file, files
from typing import Any

import matplotlib
from matplotlib.colors import to_hex, to_rgb

#: Widths in inches: one column of a journal, and the page.
COLUMN, PAGE = 3.5, 7.2

#: Text and axes, secondary text, the prediction drawn behind what was learned, guides, background.  The page replaces
#: them by its own colours of the same names, which differ in the dark.
INK, MUTED, GHOST, GUIDE, PAPER = "#1b1f24", "#68707a", "#c3c9d1", "#e5e8ec", "#ffffff"
THEME = {INK: "ink", MUTED: "muted", GHOST: "ghost", GUIDE: "guide", PAPER: "paper"}

#: Okabe and Ito's palette, told apart by readers with any colour vision, without the yellow that vanishes on white.
_PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
_MARKERS = ("o", "s", "D", "^", "v", "P")
_UNKNOWN = "unknown-"
#: Name under which geometries of no catalogue share one colour.
UNIDENTIFIED = "unidentified"


@dataclass(frozen=True)
class Look:
    """Colour and marker of one geometry, the same in every figure of a report."""

    color: str
    marker: str


@contextmanager
def drawing() -> Iterator[None]:
    """Settings under which figures are made and saved, whatever the user's own matplotlibrc says."""
    with as_file(files("tegum.empirical.pictures") / "tegum.mplstyle") as style:
        rc = matplotlib.rc_params_from_file(style, use_default_template=True)
    settings: Any = {key: value for key, value in rc.items() if key != "backend"}  # figures are saved here, never shown
    settings |= dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), INK)
    settings |= dict.fromkeys(("figure.facecolor", "savefig.facecolor"), PAPER)
    with matplotlib.rc_context(settings):
        yield


def looks(geometries: Iterable[str]) -> dict[str, Look]:
    """A look for each geometry, in the order given: six colours with a marker each, then the colours again."""
    names = list(dict.fromkeys(geometries))
    shown = [name for name in names if name != UNIDENTIFIED]
    found = {
        name: Look(_PALETTE[k % len(_PALETTE)], _MARKERS[(k + k // len(_PALETTE)) % len(_MARKERS)])
        for k, name in enumerate(shown)
    }
    return found | {UNIDENTIFIED: Look(MUTED, "X")}


def palette(count: int) -> list[str]:
    """So many colours, told apart by readers with any colour vision; after six they come again."""
    return [_PALETTE[k % len(_PALETTE)] for k in range(count)]


def shown_name(geometry: str, known: Mapping[str, Look]) -> str:
    """The name under which a geometry is drawn: its own if it has a look, else `UNIDENTIFIED`."""
    return geometry if geometry in known else UNIDENTIFIED


def is_named(geometry: str) -> bool:
    """Whether every factor is in the catalogue."""
    return _UNKNOWN not in geometry


def tint(color: str, place: int) -> str:
    """A colour for the factor at a place of a geometry: the geometry's own, then lighter, then darker."""
    towards, share = ((0.0, 0.0), (1.0, 0.5), (0.0, 0.35))[place % 3]
    red, green, blue = ((1 - share) * part + share * towards for part in to_rgb(color))
    return to_hex((red, green, blue))
