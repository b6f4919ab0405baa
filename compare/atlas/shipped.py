"""The atlas that comes with the package."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from tegum.compare.atlas.entry import Atlas
from tegum.compare.atlas.file import read_atlas

FILE = "atlas.json"


@lru_cache(maxsize=1)
def atlas() -> Atlas:
    """The atlas that comes with the package.

    Uncatalogued geometries of n <= 12 like features in m <= 4 dimensions: those of the shipped table of factors, and
    those in which the runs of the sweeps of `sweeps.shipped_plans` came to rest.  Made by ``make atlas``.

    Args:
        None.

    Returns:
        `Atlas`, read once.

    Raises:
        InputError: the installed data are damaged.

    Validity: what was searched and trained, no proof that there is nothing else; every point says whether it is
    certified.  ``tegum atlas --check`` evaluates every one again.

    Source: computed here.

    >>> atlas().entry("unknown-beec5514").description
    'digon with a doubled vertex'
    """
    return read_atlas(str(files("tegum.compare.atlas") / "data" / FILE))
