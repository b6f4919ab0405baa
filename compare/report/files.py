"""The files of a report, in an order in which the last one says that all are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tegum.empirical.pictures.picture import Picture, write_pictures
from tegum.theory.files.atomic import write_atomically, write_json


def write_report(
    folder: Path, pictures: Sequence[Picture], texts: Mapping[str, bytes], data: Mapping[str, Any]
) -> Path:
    """Write figures, texts by their place in the folder, and last the numbers; the path of the page."""
    write_pictures(folder / "figures", pictures)
    for place, text in texts.items():
        write_atomically(folder / place, text)
    write_json(folder / "report.json", dict(data))
    return folder / "report.html"
