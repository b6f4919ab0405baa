"""Figure of the activations: what the hidden layer and the outputs do when one feature alone is on."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from tegum.empirical.pictures.style import COLUMN, GHOST, MUTED, palette
from tegum.empirical.pictures.subject import Subject
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

#: Features with a panel of their own, and panels side by side; hidden units that get a colour each.
MOST_PANELS, _ACROSS, _UNITS = 24, 8, 6
_POINTS = 101
#: Inches: a panel with the room around it, its two parts, the margins, and an entry of the legend.
_SLOT, _OUT, _IN, _LEFT, _HEAD, _FOOT, _BETWEEN, _ENTRY = 0.84, 0.62, 0.42, 0.42, 0.2, 0.34, 0.16, 1.05
_OWN, _OTHERS = "#0072b2", "#d55e00"
_DASHES: tuple = ("-", (0, (3, 1)), (0, (1, 1)))


def activations_figure(one: Subject) -> Figure:
    """For each feature i a panel of the outputs x̂_j(t) and one of the hidden units h_a(t) at x = t e_i."""
    features = one.order[:MOST_PANELS]
    columns = min(_ACROSS, len(features))
    rows = -(-len(features) // columns)
    tall = _OUT + _IN + _BETWEEN + 0.3
    width = max(_LEFT + columns * _SLOT + 0.1, COLUMN)
    legend = _legend(one)
    in_a_row = min(len(legend), int(width / _ENTRY))
    head = _HEAD + 0.13 * -(-len(legend) // in_a_row)
    height = head + rows * tall + _FOOT - 0.2
    figure = Figure(figsize=(width, height))
    t = inputs(one.setting)
    responses = [(feature, *response(one.weights, one.setting, feature, t)) for feature in features]
    out = max(1.0, max(float(np.abs(x_hat).max()) for _, _, x_hat in responses)) * 1.05
    into = max(1e-12, max(float(np.abs(h).max()) for _, h, _ in responses)) * 1.1
    for k, (feature, h, x_hat) in enumerate(responses):
        row, column = divmod(k, columns)
        left, top = _LEFT + column * _SLOT, height - head - row * tall
        above = figure.add_axes((left / width, (top - _OUT) / height, (_SLOT - 0.12) / width, _OUT / height))
        below = figure.add_axes(
            (left / width, (top - _OUT - _BETWEEN - _IN) / height, (_SLOT - 0.12) / width, _IN / height), sharex=above
        )
        _draw_outputs(above, t, x_hat, feature, out, one)
        _draw_hidden(below, t, h, into)
        if column:
            above.tick_params(labelleft=False)
            below.tick_params(labelleft=False)
        else:
            above.set_ylabel("output $\\hat x_j$")
            below.set_ylabel("hidden $h_a$")
        below.set_xlabel("$x_i$" if row == rows - 1 or k + columns >= len(features) else "")
    figure.legend(
        handles=legend,
        ncols=in_a_row,
        columnspacing=1.2,
        frameon=False,
        loc="upper left",
        fontsize=5.8,
        borderaxespad=0.2,
    )
    return figure


def inputs(setting: Setting) -> Float[np.ndarray, " points"]:
    """Values that a feature takes: [0, 1], or [-1, 1] if it is signed."""
    return np.linspace(-1.0 if setting.values == "signed" else 0.0, 1.0, _POINTS)


def response(
    weights: Weights, setting: Setting, feature: int, t: Float[np.ndarray, " points"]
) -> tuple[Float[np.ndarray, "hidden points"], Float[np.ndarray, "features points"]]:
    """h = activation(W e_i t) and x̂ = readout(W_out h + b), one feature alone being on."""
    h = weights.W[:, [feature]] * t
    h = np.maximum(h, 0.0) if setting.activation == "relu" else h
    z = weights.outward @ h + weights.b[:, None]
    return h, np.maximum(z, 0.0) if setting.readout == "relu" else z


def _draw_outputs(ax: Axes, t: np.ndarray, x_hat: np.ndarray, feature: int, largest: float, one: Subject) -> None:
    wanted = np.abs(t) if one.setting.target == "abs" else t
    ax.plot(t, wanted, color=GHOST, lw=0.8, ls=(0, (2, 1.5)), zorder=1)
    for other, line in enumerate(x_hat):
        if other != feature:
            ax.plot(t, line, color=_OTHERS, lw=0.7, zorder=2)
    ax.plot(t, x_hat[feature], color=_OWN, lw=1.4, zorder=3)
    low = -0.05 * largest if one.setting.readout == "relu" else -largest
    ax.set_ylim(low, largest)
    ax.set_title(f"feature {feature}", pad=2, size=6)
    ax.tick_params(labelbottom=False)


def _draw_hidden(ax: Axes, t: np.ndarray, h: np.ndarray, largest: float) -> None:
    colors = palette(_UNITS)
    for unit, line in enumerate(h):
        ax.plot(t, line, color=colors[unit] if len(h) <= _UNITS else MUTED, lw=0.8, ls=_DASHES[unit % len(_DASHES)])
    ax.set_ylim(-largest, largest)
    ax.set_xlim(t[0], t[-1])
    ax.set_xticks([t[0], t[-1]] if t[0] == 0 else [t[0], 0, t[-1]])
    ax.xaxis.set_major_formatter("{x:g}")


def _legend(one: Subject) -> list[Line2D]:
    hidden = one.weights.W.shape[0]
    handles = [
        Line2D([], [], color=_OWN, lw=1.4, label="own output"),
        Line2D([], [], color=_OTHERS, lw=0.7, label="other outputs"),
        Line2D([], [], color=GHOST, lw=0.8, ls=(0, (2, 1.5)), label="target"),
    ]
    if hidden > _UNITS:
        return [*handles, Line2D([], [], color=MUTED, lw=0.8, label=f"{hidden} hidden units")]
    colors = palette(_UNITS)
    units = [
        Line2D([], [], color=colors[a], lw=0.8, ls=_DASHES[a % len(_DASHES)], label=f"hidden unit {a}")
        for a in range(hidden)
    ]
    return [*handles, *units]
