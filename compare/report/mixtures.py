"""Mixtures over density, drawn: dimensions per feature with its plateaus, and the hulls of the limit n → ∞."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tegum.compare.versions import versions
from tegum.empirical.pictures.picture import Picture, picture
from tegum.empirical.pictures.style import GUIDE, INK, MUTED, PAGE, drawing, looks
from tegum.theory.checks import number, whole
from tegum.theory.errors import InputError
from tegum.theory.files.atomic import claim_folder, write_atomically, write_json
from tegum.theory.files.seal import sealed
from tegum.theory.limits import gaussian_mean_field
from tegum.theory.mixture.beside import dense_beside
from tegum.theory.mixture.hull import Hull, hull
from tegum.theory.mixture.mixture import Mixture, mixture, predicted_dimensionality
from tegum.theory.setting import Setting, content_id, setting_tables

#: Shares of a dimension at which guides are drawn: digon, triangle, pentagon, square antiprism and icosahedron.
_PLATEAUS = ((1, 2), (2, 3), (2, 5), (3, 8), (1, 4))
_HULLS = 3


@dataclass(frozen=True)
class Place:
    """What is known at one density: the best mixture, a dense code beside it, and the hull of very many features."""

    density: float
    mixture: Mixture
    dense: dict[str, float] | None
    hull: Hull


def write_mixture_pictures(
    folder: str | Path,
    setting: Setting,
    start: float,
    stop: float,
    count: int,
    command: str,
    progress: Callable[[str, int, int], object] = lambda stage, done, total: None,
) -> list[Path]:
    """Draw a setting's mixtures over density: ``dimensionality.svg``, ``hull.svg``, and their numbers in one JSON file.

    Args:
        folder: of the files.
        setting: like features of importance 1; its density is not used.
        start, stop, count: densities, in even steps of the logarithm.
        command: that makes the files, kept with the numbers.
        progress: told the stage, the densities done and those there are.

    Raises:
        InputError: features of several importances, densities outside (0, 1], or a folder that cannot be written to.
    """
    if set(setting.importance) != {1.0}:
        raise InputError("importance: mixtures are drawn over density for features of importance 1 only")
    number("from", start, 1e-9, 1)
    number("to", stop, start, 1)
    whole("count", count, 2, 10_000)
    place = claim_folder(folder)
    densities = np.geomspace(start, stop, count).tolist()
    found = []
    for done, density in enumerate(densities):
        progress("densities", done, count)
        here = replace(setting, density=density)
        found.append(place_at(here))
    progress("densities", count, count)
    pictures = _pictures(found, setting)
    for one in pictures:
        write_atomically(place / f"{one.name}.svg", one.svg)
    head = {"command": command, "versions": versions()}
    write_json(place / "mixtures.json", sealed("mixtures", head | mixtures_data(setting, found)))
    return [place / f"{one.name}.svg" for one in pictures]


def place_at(setting: Setting) -> Place:
    """The mixture of a setting's like features, and what stands beside it."""
    density = setting.density[0]
    return Place(density, mixture(setting), dense_beside(setting), hull(density))


def mixtures_data(setting: Setting, found: Sequence[Place]) -> dict[str, Any]:
    """All numbers of the pictures as plain data; the setting is the first one's."""
    first = replace(setting, density=found[0].density)
    densities = [_numbers(one) for one in found]
    return {"id": content_id(first), "setting": setting_tables(first), "densities": densities}


def _numbers(one: Place) -> dict[str, Any]:
    _, overall = predicted_dimensionality(one.mixture)
    return {
        "density": one.density,
        "geometry": one.mixture.geometry,
        "loss": one.mixture.loss,
        "error": one.mixture.error,
        "dimensions_per_feature": overall,
        "dense": one.dense,
        "hull": [{"name": piece.name, "dimensions": x, "loss": y} for x, y, piece in one.hull.vertices],
    }


def _pictures(found: Sequence[Place], setting: Setting) -> list[Picture]:
    n, m = setting.count, setting.hidden
    low, high = found[0].density, found[-1].density
    with drawing():
        return [
            picture(
                _dimensionality_figure(found, setting),
                "dimensionality",
                alt=f"Loss, dimensions per feature of {n} features in {m} dimensions; densities {low:g}-{high:g}.",
                caption=f"The best tegum mixture of n = {n} features in m = {m} dimensions beside a dense code.",
            ),
            picture(
                _hull_figure(found),
                "hull",
                alt=f"Which factors are optimal for very many features, densities {low:g} to {high:g}.",
                caption="Vertices of the lower convex hull of loss over dimensions per feature.",
            ),
        ]


def _dimensionality_figure(found: Sequence[Place], setting: Setting) -> Figure:
    figure = Figure(figsize=(PAGE, 4.2), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    density = np.array([one.density for one in found])
    losses = np.array([one.mixture.loss for one in found]) / setting.count / density
    above.plot(density, losses, color=looks(["mixture"])["mixture"].color, marker="o", ms=2.5, label="tegum mixture")
    if found[0].dense is not None:
        _draw_dense(above, found, setting.count)
    above.set(ylabel="loss per feature / density", xscale="log")
    above.legend(frameon=False)
    for share, (d, k) in sorted((d / k, (d, k)) for d, k in _PLATEAUS):
        below.axhline(share, color=GUIDE, lw=0.8, zorder=0)
        below.text(density[-1] * 1.03, share, f"{d}/{k}", size=6, color=MUTED, va="center")
    for one in found:
        shares, _ = predicted_dimensionality(one.mixture)
        for share, number_of in Counter(np.round(shares, 4).tolist()).items():
            below.scatter(one.density, share, s=4 + 60 * number_of / setting.count, color=MUTED, alpha=0.5, lw=0)
    overall = [predicted_dimensionality(one.mixture)[1] for one in found]
    below.step(density, overall, where="mid", color=INK, label=r"$D^* = m / \|W\|_F^2$")
    below.scatter([], [], s=12, color=MUTED, alpha=0.5, lw=0, label=r"$D_i$, area: how many features")
    below.set(xlabel="density", ylabel="dimensions per feature", ylim=(-0.03, 1.03))
    below.legend(frameon=False)
    return figure


def _draw_dense(ax: Axes, found: Sequence[Place], count: int) -> None:
    with_dense = [(one.density, one.dense) for one in found if one.dense is not None]
    density = np.array([p for p, _ in with_dense])
    for key, label, style in (("loss", "harmonic code", "-"), ("mean_field", "Gaussian mean field", ":")):
        color = looks(["mixture", "loss", "mean_field"])[key].color
        ax.plot(
            density, np.array([one[key] for _, one in with_dense]) / count / density, style, color=color, label=label
        )


def _hull_figure(found: Sequence[Place]) -> Figure:
    figure = Figure(figsize=(PAGE, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.5))
    names = list(dict.fromkeys(piece.name for one in found for *_, piece in one.hull.vertices))
    known = looks(names)
    picked = [found[k] for k in np.linspace(0, len(found) - 1, _HULLS + 2).round().astype(int)[1:-1]]
    for one, style in zip(picked, ("-", "--", ":"), strict=True):
        x, y = (np.array([point[k] for point in one.hull.vertices], dtype=float) for k in (0, 1))
        left.plot(x, y / one.density, style, color=INK, label=f"p = {one.density:.2g}")
        others = np.array([point[:2] for point in one.hull.points])
        left.scatter(others[:, 0], others[:, 1] / one.density, s=2, color=MUTED)
        ratios = np.geomspace(0.02, 1, 30)
        field = [gaussian_mean_field(one.density, float(ratio)).loss / one.density for ratio in ratios]
        left.plot(ratios, field, style, color=GUIDE, zorder=0)
    left.set(xlabel="dimensions per feature", ylabel="loss per feature / density", xlim=(0, 1), ylim=(0, 0.36))
    left.legend(frameon=False)
    for name in names:
        places = [(one.density, x) for one in found for x, _, piece in one.hull.vertices if piece.name == name]
        look = known[name]
        right.plot(*zip(*places, strict=True), look.marker, color=look.color, ms=3, label=name)
    right.set(xlabel="density", ylabel="dimensions per feature", xscale="log")
    right.legend(frameon=False, fontsize=5, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure
