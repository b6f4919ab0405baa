"""Elhage et al.'s learning dynamics: the loss of a run, and below it the dimensionalities of its features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from tegum.empirical.pictures.picture import Picture, picture
from tegum.empirical.pictures.style import GUIDE, INK, MUTED, PAGE, drawing, palette

_GUIDES = {0: "0", 1 / 3: "1/3", 1 / 2: "1/2", 1: "1"}
#: The loss has a logarithmic axis where it falls by more than this factor.
_WIDE = 5
#: Words stand on white where a band passes under them.
_CLEAR = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}


def learning(digons: Mapping[str, Any], sets: Mapping[str, Any]) -> Picture:
    """A column for each run: features that end in digons, and two correlated sets."""
    with drawing():
        figure = Figure(figsize=(PAGE, 3.6))
        panels = figure.subplots(2, 2, sharex="col")
        _column(panels[:, 0], digons, palette(6) + palette(6), "ten features in three dimensions")
        _column(panels[:, 1], sets, [palette(2)[0]] * 3 + [palette(2)[1]] * 3, "two correlated sets of three")
        words = ("gathered", "open", "turned")
        for step, word in zip(sets["stages"], words, strict=True):
            if step is not None:
                panels[0, 1].axvline(step, color=MUTED, lw=0.7, ls=(0, (1, 1.5)))
                over: dict[str, Any] = {"transform": panels[0, 1].get_xaxis_transform(), "bbox": _CLEAR}
                panels[0, 1].text(step + 20, 1.0, word, size=6, color=MUTED, va="top", **over)
        panels[0, 0].set_ylabel("exact loss")
        panels[1, 0].set_ylabel("dimensionality $D_i$")
        figure.tight_layout()
        return picture(
            figure,
            "learning",
            "Loss and dimensionalities of features over training, in two settings.",
            "Runs along the exact gradient. Bands: where the loss falls fastest between two plateaus. Right: features "
            "in the colour of their set, and when the sets were gathered apart, open, and turned into an antiprism.",
        )


def _column(panels: np.ndarray, run: Mapping[str, Any], colors: Sequence[str], title: str) -> None:
    above, below = panels
    above.plot(run["steps"], run["loss"], color=INK, lw=1.1)
    above.set_yscale("log" if run["loss"][0] > _WIDE * run["loss"][-1] else "linear")
    above.set_title(title, size=8, color=INK)
    for value in _GUIDES:
        below.axhline(value, color=GUIDE, lw=0.7, zorder=0)
    for share, color in zip(np.array(run["dimensionality"]).T, colors, strict=False):
        below.plot(run["steps"], share, color=color, lw=0.9)
    for first, last in run["jumps"]:
        for ax in panels:
            ax.axvspan(first, last, color=palette(5)[4], alpha=0.35, lw=0, zorder=0)
    below.set_yticks(list(_GUIDES), list(_GUIDES.values()))
    below.set(ylim=(-0.03, 1.03), xlabel="step", xlim=(0, run["steps"][-1]))
