"""The page as one file: its data, its style and its program inside, and a policy that lets nothing else in."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from markupsafe import Markup

from tegum.compare.explorer.sliders import Sliders
from tegum.compare.report.document import html_environment
from tegum.empirical.pictures.style import UNIDENTIFIED, is_named, looks
from tegum.theory.setting import Setting, content_id, setting_tables

_SCRIPTS = ("position.js", "chart.js", "arrangement.js", "explorer.js")
#: Identity, label, symbol and help of each slider.
_SLIDERS = (
    ("density", "density", "p", "probability that a feature is on"),
    ("ratio", "importance", "Iₙ/I₁", "of the last feature over the first one’s"),
    ("l1", "L1 weight", "λ", "of the term λ E‖h‖₁"),
    ("count", "features", "n", "of one density"),
    ("hidden", "dimensions", "m", "of the hidden space"),
)


def page(sliders: Sliders, data: Mapping[str, Any], command: str, runs: int) -> bytes:
    """The page, complete.

    Args:
        sliders: of the page, for its title and its setting.
        data: what `page_data` gives.
        command: what was typed.
        runs: how many were given, shown or not.
    """
    environment = html_environment("tegum.compare.explorer")
    style = _file("tegum.compare.report", "style.css") + _file("tegum.compare.explorer", "explorer.css")
    program = "".join(_file("tegum.compare.explorer", name) for name in _SCRIPTS)
    script = f'(() => {{\n"use strict";\n{program}}})();\n'
    setting = sliders.setting
    content = {
        "title": f"{setting.count} features in {setting.hidden} dimension{'s' if setting.hidden > 1 else ''}",
        "sliders": [dict(zip(("id", "label", "symbol", "help"), row, strict=True)) for row in _SLIDERS],
        "style": Markup(style),
        "style_hash": Markup(_hash(style)),
        "script": Markup(script),
        "script_hash": Markup(_hash(script)),
        "data": Markup(_inert(data)),
        "given": runs,
        "shown": len(data["runs"]),
        "positions": len(sliders.densities),
        "decimals": data["decimals"],
        "command": _printable(command),
        "setting": _toml(setting),
        "setting_id": content_id(setting),
        "version": version("tegum"),
    }
    return environment.get_template("explorer.html.j2").render(content).encode()


def page_data(
    sliders: Sliders, panels: Sequence[Mapping[str, Any]], runs: Sequence[Mapping[str, Any]], decimals: int
) -> dict[str, Any]:
    """All that the page's program reads."""
    start = {"panel": sliders.slices.index(sliders.start), "point": sliders.densities.index(sliders.setting.density[0])}
    known = looks(_coloured(sliders, panels, runs))
    return {
        "decimals": decimals,
        "densities": sliders.densities,
        "start": start,
        "panels": panels,
        "runs": runs,
        "looks": {name: vars(look) for name, look in known.items()},
    }


def _coloured(sliders: Sliders, panels: Sequence[Mapping[str, Any]], runs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Geometries that bear a colour: first, as in a report, those that win along the start's density or are learned."""
    start = panels[sliders.slices.index(sliders.start)]
    learned = [run["geometry"] for run in runs if is_named(run["geometry"])]
    order = sorted(panels, key=lambda panel: (panel is not start, abs(panel["count"] - start["count"]), panel["l1"]))
    names = [_winning(start), learned, *map(_winning, order)]
    return [name for name in dict.fromkeys(name for part in names for name in part) if name != UNIDENTIFIED]


def _winning(panel: Mapping[str, Any]) -> list[str]:
    return [panel["branches"][place]["geometry"] for place in panel["best"]]


def _toml(setting: Setting) -> str:
    """The setting as its file would spell it, every key present; its values are spelt alike in JSON."""
    tables = setting_tables(setting).items()
    return "\n".join(
        f"[{name}]\n" + "\n".join(f"{key} = {json.dumps(value)}" for key, value in table.items())
        for name, table in tables
    )


def _inert(data: Mapping[str, Any]) -> str:
    """JSON that cannot end the element it stands in, nor open another."""
    return json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def _hash(text: str) -> str:
    """The source of a policy that admits exactly this text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _file(package: str, name: str) -> str:
    return (files(package) / "templates" / name).read_text(encoding="utf-8")


def _printable(text: str) -> str:
    """Bytes of a file name that are no UTF-8 are written out."""
    return text.encode("utf-8", "backslashreplace").decode()
