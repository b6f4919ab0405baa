"""HTML: one self-contained page from a template, everything that is not the template's own escaped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from unicodedata import category

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from tegum.compare.atlas.link import with_links
from tegum.empirical.pictures.numerals import brief, exact, percent, span
from tegum.empirical.pictures.picture import Picture, inline_svg
from tegum.empirical.pictures.style import UNIDENTIFIED, Look

#: Categories of characters that are not seen: controls, formats such as a change of direction, halves of surrogate
#: pairs (which stand for the bytes of a file name that is no text), separators of lines and paragraphs.
_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")


def page(template: str, known: Mapping[str, Look], content: Mapping[str, Any]) -> bytes:
    """The page of a template.

    Args:
        template: its name without the suffix `.html.j2`.
        known: looks of the geometries, for the swatches beside their names.
        content: what the template asks for; a name that is missing is an error.
    """
    environment = html_environment("tegum.compare.report")

    def color_of(geometry: str) -> str:
        return known.get(geometry, known[UNIDENTIFIED]).color

    def drawing(picture: Picture) -> Markup:
        return Markup(inline_svg(picture))

    environment.globals.update(
        brief=brief, exact=exact, percent=percent, span=span, color_of=color_of, inline_svg=drawing, linked=with_links
    )
    return environment.get_template(f"{template}.html.j2").render(content).encode()


def html_environment(*packages: str) -> Environment:
    """Where pages are made of templates: all that they are given is escaped and visible, and what is missing an error.

    Args:
        packages: whose folders `templates` are looked through, in this order.
    """
    return Environment(
        loader=ChoiceLoader([PackageLoader(package) for package in packages]),
        autoescape=True,
        finalize=_visible_value,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def visible(text: str) -> str:
    """Text in which what cannot be seen, or turns the direction of what can, appears as its code point, `(U+202E)`."""
    return "".join(f"(U+{ord(one):04X})" if category(one) in _UNSEEN and one != "\n" else one for one in text)


def _visible_value(value: Any) -> Any:
    # Jinja hands every printed value to this function; what is Markup already is the page's own.
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
