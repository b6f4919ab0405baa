"""HTML: one self-contained page from a template, everything that is not the template's own escaped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from tegum.empirical.pictures.numerals import brief, exact, percent, span
from tegum.empirical.pictures.picture import Picture, inline_svg
from tegum.empirical.pictures.style import UNIDENTIFIED, Look


def page(template: str, known: Mapping[str, Look], content: Mapping[str, Any]) -> bytes:
    """The page of a template.

    Args:
        template: its name without the suffix `.html.j2`.
        known: looks of the geometries, for the swatches beside their names.
        content: what the template asks for; a name that is missing is an error.
    """
    environment = Environment(
        loader=PackageLoader("tegum.compare.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )

    def color_of(geometry: str) -> str:
        return known.get(geometry, known[UNIDENTIFIED]).color

    def drawing(picture: Picture) -> Markup:
        return Markup(inline_svg(picture))

    environment.globals.update(
        brief=brief, exact=exact, percent=percent, span=span, color_of=color_of, inline_svg=drawing
    )
    return environment.get_template(f"{template}.html.j2").render(content).encode()
