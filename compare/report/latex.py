"""LaTeX and BibTeX from templates, everything that is not the template's own escaped."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from tegum.empirical.pictures.numerals import brief, exact, percent, span

_SPECIAL = {
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    "–": "--",
    "−": "$-$",
    "×": r"$\times$",
    "±": r"$\pm$",
    "≠": r"$\neq$",
    "…": r"\ldots{}",
    "λ": r"$\lambda$",
    "ᵀ": r"\textsuperscript{T}",
    **{lowered: rf"\textsubscript{{{digit}}}" for digit, lowered in enumerate("₀₁₂₃₄₅₆₇₈₉")},
}
_RAISED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
#: What is more than its characters: powers of ten, the first of two hyphens, an apostrophe within a word.
_TOKEN = re.compile(r"×10(?P<power>[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)|(?P<hyphen>-(?=-))|(?P<apostrophe>(?<=\w)'(?=\w))|.", re.DOTALL)


def latex(template: str, content: Mapping[str, Any]) -> bytes:
    """The text of a template, by its name without the suffix `.j2`; delimiters are ((% %)) and (* *)."""
    environment = Environment(
        loader=PackageLoader("tegum.compare.report"),
        block_start_string="((%",
        block_end_string="%))",
        variable_start_string="(*",
        variable_end_string="*)",
        comment_start_string="((#",
        comment_end_string="#))",
        undefined=StrictUndefined,
        finalize=_escaped_value,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals.update(broken=broken, brief=brief, exact=exact, percent=percent, span=span)
    return environment.get_template(f"{template}.j2").render(content).encode()


def escaped(text: str) -> str:
    """Text that LaTeX prints as it is; a character it may not know appears as its code point, `(U+1F600)`."""
    return _TOKEN.sub(_escaped_token, text)


@dataclass(frozen=True)
class Source:
    """LaTeX that is not escaped again."""

    text: str

    def __str__(self) -> str:
        return self.text


def broken(text: str) -> Source:
    """Text without words in the sense of LaTeX, such as a command or a digest: a line may end after any character."""
    return Source(r"\allowbreak{}".join(escaped(character) for character in text))


def _escaped_value(value: Any) -> Any:
    # Jinja hands every printed value to this function.
    return escaped(value) if isinstance(value, str) else value


def _escaped_token(token: re.Match[str]) -> str:
    character = token[0]
    if token["power"]:
        return rf"$\times10^{{{token['power'].translate(_RAISED)}}}$"
    if token["hyphen"]:
        return "-{}"
    if token["apostrophe"]:
        return "'"
    if character.isspace():
        return " "
    if character in _SPECIAL:
        return _SPECIAL[character]
    return character if character.isascii() and character.isprintable() else f"(U+{ord(character):04X})"
