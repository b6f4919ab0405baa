"""The critical points of whole ensembles, polished many settings at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np

from tegum.compare.polish import Polished, polish, polished_at
from tegum.theory.files.kept import Keep, unkept
from tegum.theory.loss.enumeration import MOST_FEATURES
from tegum.theory.loss.law import joined, law_of
from tegum.theory.setting import Setting, content_id
from tegum.theory.weights import Weights, joined_ensembles

#: Models polished side by side: enough to keep the vectors long, few enough that an interruption costs seconds.
_TOGETHER = 512


def batches(settings: Sequence[Setting], models: Sequence[Weights]) -> Iterator[slice]:
    """Neighbouring ensembles of about `_TOGETHER` models: with and without an L1 term apart, wide ones one by one."""
    first, together = 0, 0
    for place, (setting, weights) in enumerate(zip(settings, models, strict=True)):
        alone = setting.count > MOST_FEATURES or (setting.l1 > 0) != (settings[first].l1 > 0)
        if place > first and (alone or together >= _TOGETHER):
            yield slice(first, place)
            first, together = place, 0
        together += len(weights.b)
    yield slice(first, len(settings))


def critical_points(settings: Sequence[Setting], models: Sequence[Weights], keep: Keep = unkept) -> list[Polished]:
    """Polish ensembles of one shape in one batch and hand each its part.

    Args:
        settings, models: ensembles and their objectives.
        keep: keeps the points, by the content of what led to them.
    """
    law = joined([law_of(setting, len(weights.b)) for setting, weights in zip(settings, models, strict=True)])
    together = joined_ensembles(models)
    found = keep(f"polished-{_content(settings, together)}", lambda: _arrays(polish(together, law).weights))
    rest = polished_at(Weights(**{name: np.array(array) for name, array in found.items()}), together, law)
    ends = np.cumsum([len(one.b) for one in models]).tolist()
    return [rest[end - len(one.b) : end] for one, end in zip(models, ends, strict=True)]


def _arrays(weights: Weights) -> dict[str, list]:
    return {name: array.tolist() for name, array in vars(weights).items() if array is not None}


def _content(settings: Sequence[Setting], weights: Weights) -> str:
    """16 hexadecimal digits of the settings and every bit of the weights."""
    found = hashlib.sha256(" ".join(content_id(setting) for setting in settings).encode())
    for array in (weights.W, weights.b, weights.W_out):
        found.update(b"" if array is None else array.tobytes())
    return found.hexdigest()[:16]
