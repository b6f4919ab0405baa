"""The critical points of whole ensembles, polished many settings at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np

from tegum.compare.polish import Polished, polish, polished_at
from tegum.theory.files.kept import Keep, unkept
from tegum.theory.loss.law import joined, law_of
from tegum.theory.setting import Setting, content_id
from tegum.theory.weights import Weights

#: Models polished side by side: enough to keep the vectors long, few enough that an interruption costs seconds.
_TOGETHER = 512


def batches(counts: Sequence[int]) -> Iterator[slice]:
    """Neighbouring ensembles of about `_TOGETHER` models together, from the number of models in each."""
    first, models = 0, 0
    for place, count in enumerate(counts):
        models += count
        if models >= _TOGETHER or place == len(counts) - 1:
            yield slice(first, place + 1)
            first, models = place + 1, 0


def critical_points(settings: Sequence[Setting], models: Sequence[Weights], keep: Keep = unkept) -> list[Polished]:
    """Polish ensembles of one shape in one batch and hand each its part.

    Args:
        settings, models: ensembles and their objectives.
        keep: keeps the points, by the content of what led to them.
    """
    law = joined([law_of(setting, len(weights.b)) for setting, weights in zip(settings, models, strict=True)])
    together = Weights(np.concatenate([one.W for one in models]), np.concatenate([one.b for one in models]))
    found = keep(f"polished-{_content(settings, together)}", lambda: _arrays(polish(together, law).weights))
    rest = polished_at(Weights(np.array(found["W"]), np.array(found["b"])), together, law)
    ends = np.cumsum([len(one.b) for one in models])
    return [_part(rest, slice(end - len(one.b), end)) for one, end in zip(models, ends, strict=True)]


def _arrays(weights: Weights) -> dict[str, list]:
    return {"W": weights.W.tolist(), "b": weights.b.tolist()}


def _content(settings: Sequence[Setting], weights: Weights) -> str:
    """16 hexadecimal digits of the settings and every bit of the weights."""
    words = " ".join(content_id(setting) for setting in settings)
    return hashlib.sha256(words.encode() + weights.W.tobytes() + weights.b.tobytes()).hexdigest()[:16]


def _part(rest: Polished, part: slice) -> Polished:
    scalars = (rest.loss, rest.moved, rest.gradient_norm, rest.hessian_min, rest.converged)
    return Polished(Weights(rest.weights.W[part], rest.weights.b[part]), *(values[part] for values in scalars))
