"""Versions of what computes."""

from __future__ import annotations

import platform
from importlib.metadata import version

_PACKAGES = ("tegum", "numpy", "scipy", "numba", "torch", "canonaut", "python-flint", "matplotlib")


def versions() -> dict[str, str]:
    """Exact versions of Python and of every library that had a part in the numbers."""
    return {"python": platform.python_version()} | {package: version(package) for package in _PACKAGES}
