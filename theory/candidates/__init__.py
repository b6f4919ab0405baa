"""Candidates: named geometries with their free scalars optimised, judged in the full space of weights."""
