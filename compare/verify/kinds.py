"""The kinds of report that can be recomputed, each by a function of its plain data."""

from __future__ import annotations

from collections.abc import Callable

from tegum.compare.report.data import Data
from tegum.compare.verify.factors import recomputed_factors
from tegum.compare.verify.mixtures import recomputed_mixtures
from tegum.compare.verify.phases import recomputed_phases
from tegum.compare.verify.recompute import Recomputed, recomputed_comparisons

#: By the names of their schemas.  What a function leaves out of its answer is taken from the report itself where the
#: schema says that it is an input or given; all else must be in the answer.
KINDS: dict[str, Callable[[Data], Recomputed]] = {
    "comparison": recomputed_comparisons,
    "study": recomputed_comparisons,
    "mixtures": recomputed_mixtures,
    "phases": recomputed_phases,
    "factors": recomputed_factors,
}
