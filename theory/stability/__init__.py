"""Stability limits: the densities at which a symmetric branch stops being a local minimum, with proved digits."""
