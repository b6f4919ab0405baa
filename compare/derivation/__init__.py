"""Derivations: from learned weights to an exact statement about them, step by step."""

from tegum.compare.derivation.derivation import derived
from tegum.compare.derivation.records import Derivation

__all__ = ["Derivation", "derived"]
