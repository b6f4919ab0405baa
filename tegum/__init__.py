"""Toy models of superposition: exact theory, training, and the comparison of the two.

Names and folders are loaded on first use, so that `import tegum` costs milliseconds:

>>> import tegum
>>> "population_loss" in dir(tegum)
True
"""

from importlib import import_module
from importlib.metadata import version
from typing import Any

FOLDERS = ("theory", "empirical", "compare", "papers")  # `tegum.compare` is a folder that can be called

HOME = {
    "Setting": "tegum.theory.setting",
    "read_setting": "tegum.theory.setting",
    "Weights": "tegum.theory.weights",
    "overlap_matrix": "tegum.theory.weights",
    "read_weights": "tegum.theory.files.weights",
    "write_weights": "tegum.theory.files.weights",
    "population_loss": "tegum.theory.loss.population",
    "optimum": "tegum.theory.search.optimum",
    "candidates": "tegum.theory.candidates.candidates",
    "candidate": "tegum.theory.candidates.candidates",
    "breaking": "tegum.theory.candidates.breaking",
    "formula": "tegum.theory.formula",
    "formula_pieces": "tegum.theory.formula",
    "algebraic_optimum": "tegum.theory.formula.optimum",
    "algebraic_boundary": "tegum.theory.formula.crossing",
    "dimensionality": "tegum.theory.diagnostics",
    "loss_split": "tegum.theory.diagnostics",
    "boundary": "tegum.theory.phases",
    "certify": "tegum.theory.certify",
    "stability_limit": "tegum.theory.stability.limit",
    "branch_stability": "tegum.theory.stability.catalogue",
    "catalogue_stability": "tegum.theory.stability.catalogue",
    "phase_diagram": "tegum.theory.diagram.diagram",
    "factor_table": "tegum.theory.table.shipped",
    "mixture": "tegum.theory.mixture.mixture",
    "train": "tegum.empirical.training",
    "sweep": "tegum.empirical.sweep.sweep",
    "identify": "tegum.theory.geometry.identify",
    "symmetry": "tegum.theory.geometry.symmetry",
    "symmetric_ansatz": "tegum.theory.candidates.ansatz",
    "derived": "tegum.compare.derivation.derivation",
    "study": "tegum.compare.study",
    "explore": "tegum.compare.explorer.explorer",
    "sliders_around": "tegum.compare.explorer.sliders",
    "reproduce": "tegum.papers.claims.reproduce",
    "read_dictionary": "tegum.theory.files.dictionaries",
    "survey": "tegum.compare.dictionary.survey",
    "atlas": "tegum.compare.atlas.shipped",
    "discoveries": "tegum.compare.atlas.learned",
    "merge_atlases": "tegum.compare.atlas.merge",
    "read_atlas": "tegum.compare.atlas.file",
    "write_atlas": "tegum.compare.atlas.file",
}

__all__ = ["__version__", *FOLDERS, *HOME]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return version("tegum")
    if name in FOLDERS:
        return import_module(f"tegum.{name}")
    if name in HOME:
        return getattr(import_module(HOME[name]), name)
    raise AttributeError(f"module 'tegum' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
