"""What the figures of the probes share: colours, bars of error over runs, the axis of densities, the files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Num
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullLocator

from tegum.empirical.pictures.picture import Picture
from tegum.theory.files.atomic import write_atomically, write_json

#: Okabe and Ito's colours, as in the reports.
BLUE, RED, GREEN, PINK = "#0072b2", "#d55e00", "#009e73", "#cc79a7"
SERIES = (BLUE, RED, GREEN, PINK, "#e69f00", "#56b4e9")


def over_runs(
    ax: Axes, x: Sequence[float], runs: Sequence[Num[np.ndarray, " runs"]], label: str, color: str, **style: Any
) -> None:
    """Mean over runs with its standard error; a lone run has no bar."""
    mean = [float(np.mean(one)) for one in runs]
    error = [float(np.std(one, ddof=1) / np.sqrt(len(one))) if len(one) > 1 else 0.0 for one in runs]
    look: dict[str, Any] = {"marker": "o", "ms": 3, "capsize": 1.5, "elinewidth": 0.7, **style}
    ax.errorbar(x, mean, error, label=label, color=color, **look)


def density_axis(ax: Axes, densities: Sequence[float]) -> None:
    """Density along x, logarithmic where it spans more than a factor of ten above zero."""
    ax.set_xlabel("density $p$")
    if min(densities) > 0 and max(densities) > 10 * min(densities):
        ax.set_xscale("log")
        ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.xaxis.set_major_formatter("{x:g}")
        ax.xaxis.set_minor_locator(NullLocator())


def legend(ax: Axes, columns: int = 2) -> None:
    """Above the frame, where it hides nothing."""
    ax.legend(frameon=False, fontsize=6, ncols=columns, loc="lower left", bbox_to_anchor=(0, 1.0), borderaxespad=0.2)


def write_probe(folder: str | Path, one: Picture, answer: Mapping[str, Any]) -> list[Path]:
    """Write the figure as SVG and PDF, and last the numbers it shows."""
    place = Path(folder)
    paths = [place / f"{one.name}.{suffix}" for suffix in ("svg", "pdf", "json")]
    write_atomically(paths[0], one.svg)
    write_atomically(paths[1], one.pdf)
    write_json(paths[2], {"caption": one.caption, **answer})
    return paths
