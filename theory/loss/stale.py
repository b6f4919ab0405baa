"""Compiled code of a checkout that has been edited: forgotten, so that no kernel runs an older version of another."""

from pathlib import Path


def forget_stale_kernels(folder: Path) -> list[Path]:
    """Remove numba's indices of compiled functions in a folder of modules that were written before any of its modules.

    Numba compiles a function anew when its own file has changed, but not when a function that it calls, from another
    file, has; the old code would run, without a word.

    Args:
        folder: of modules that call each other's compiled functions.

    Returns:
        The indices removed; what they name is compiled again on first use.

    Raises:
        OSError: an index cannot be removed; running on would risk a stale kernel.

    Validity: caches beside the source, numba's default where the folder can be written to. Elsewhere (an installed
    package) all modules are replaced together, and numba sees that.

    Source: numba's documentation, "Notes on Caching".
    """
    newest = max(module.stat().st_mtime for module in folder.glob("*.py"))
    stale = [index for index in (folder / "__pycache__").glob("*.nbi") if index.stat().st_mtime < newest]
    for index in stale:
        index.unlink(missing_ok=True)
    return stale
