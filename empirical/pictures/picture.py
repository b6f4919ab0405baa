"""Picture: one figure as the bytes of its two files, with the words that go with it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from io import BytesIO
from pathlib import Path

from markupsafe import escape
from matplotlib.axes import Axes
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from tegum.empirical.pictures.style import THEME
from tegum.theory.files.atomic import write_atomically


@dataclass(frozen=True)
class Picture:
    """A drawn figure.

    Attributes:
        name: of its files, without suffix.
        svg, pdf: their bytes; equal figures give equal bytes.
        alt: what it shows, for those who cannot see it.
        caption: what it means, for those who can.
    """

    name: str
    svg: bytes
    pdf: bytes
    alt: str
    caption: str


def picture(figure: Figure, name: str, alt: str, caption: str) -> Picture:
    """Save a figure in both formats, with nothing in the files that changes from day to day."""
    creator = f"tegum {version('tegum')}"
    svg, pdf = BytesIO(), BytesIO()
    FigureCanvasSVG(figure).print_svg(svg, metadata={"Date": None, "Creator": creator, "Title": alt})
    FigureCanvasPdf(figure).print_pdf(pdf, metadata={"CreationDate": None, "Creator": creator, "Title": alt})
    return Picture(name, svg.getvalue(), pdf.getvalue(), alt, caption)


def write_pictures(folder: str | Path, pictures: Sequence[Picture]) -> list[Path]:
    """Write the two files of each picture into a folder, and say where they are.

    Raises:
        InputError: a file cannot be written there.
    """
    written = []
    for one in pictures:
        for suffix, data in (("svg", one.svg), ("pdf", one.pdf)):
            written.append(Path(folder) / f"{one.name}.{suffix}")
            write_atomically(written[-1], data)
    return written


def inches_axes(figure: Figure) -> Axes:
    """Axes without a frame over a whole figure, their units inches."""
    width, height = figure.get_size_inches()
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set_xlim(0, width)
    ax.set_ylim(0, height)
    ax.set_axis_off()
    return ax


def inline_svg(one: Picture) -> str:
    """The figure's SVG element for a page: identifiers of its own, the page's colours, references to itself only."""
    text = one.svg.decode()
    text = text[text.index("<svg") :]
    text = re.sub(r"<(metadata|title)>.*?</\1>", "", text, flags=re.DOTALL)
    text = re.sub(r' xmlns(:\w+)?="[^"]*"', "", text)
    text = text.replace("xlink:href", "href")
    text = re.sub(r'\bid="', f'id="{one.name}-', text)
    text = re.sub(r'href="#|url\(#', lambda found: f"{found[0]}{one.name}-", text)
    for color, name in THEME.items():
        text = text.replace(color, f"var(--{name})")
    return _labelled(text, one)


def _labelled(text: str, one: Picture) -> str:
    """Give the outermost element a role and a label; its size is the page's business, its proportions stay."""
    start, end = text.index("<svg"), text.index(">")
    opening = re.sub(r' (width|height|version)="[^"]*"', "", text[start:end])
    return f'{opening} role="img" aria-label="{escape(one.alt)}"{text[end:]}'
