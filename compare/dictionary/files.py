"""The files of a survey: the numbers, the graph and the features as arrays, the picture."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from tegum.compare.dictionary.figure import survey_picture
from tegum.compare.dictionary.survey import Survey
from tegum.empirical.pictures.picture import write_pictures
from tegum.theory.files.atomic import write_atomically, write_json


def write_survey(folder: str | Path, found: Survey, data: Mapping[str, Any]) -> Path:
    """Write graph.npz, features.npz, the picture and last dictionary.json; the path of the last.

    Raises:
        InputError: a file cannot be written there.
    """
    target = Path(folder)
    graph = found.edges.cosines.tocoo()
    features = found.given.features
    write_atomically(
        target / "graph.npz",
        _npz(one=features[graph.row], other=features[graph.col], cosine=graph.data.astype(np.float32)),
    )
    write_atomically(
        target / "features.npz",
        _npz(
            feature=features,
            norm=found.given.norms,
            dimensionality=found.statistics.dimensionality,
            nearest=found.statistics.nearest,
            partner=features[found.statistics.partner],
            component=found.labels,
        ),
    )
    write_pictures(target, [survey_picture(found)])
    write_json(target / "dictionary.json", dict(data))
    return target / "dictionary.json"


def _npz(**arrays: np.ndarray) -> bytes:
    buffer = BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()
