"""Weights in files, in the layouts that are known by name."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np

from tegum.theory.checks import choice, shown
from tegum.theory.errors import InputError, located
from tegum.theory.files.atomic import StrPath, claim_folder, file_place, write_atomically
from tegum.theory.files.elhage2022 import elhage2022_arrays
from tegum.theory.files.npz import npz_arrays
from tegum.theory.files.safetensor import safetensors_arrays
from tegum.theory.weights import Weights

Arrays = dict[str, np.ndarray]

_TEGUM_NAMES = (("W", "b"), ("W_in", "W_out", "b"))


def check_weights_path(path: StrPath) -> None:
    """See that weights could be written there, before work goes into them.

    Raises:
        InputError: another suffix than those of weights files, or a folder that cannot be written to.
    """
    with located(file_place(path)):
        _suffix(path)
        if Path(path).is_dir():
            raise InputError("cannot be written: is not a regular file")
    claim_folder(Path(path).resolve().parent)


def read_weights(path: StrPath, layout: str = "tegum") -> Weights:
    """Weights from a file, converted to double precision; nothing in the file can run.

    Args:
        path: for "tegum", a .npz or .safetensors file with `W` [hidden, features] and `b` [features], or with
            `W_in`, `W_out` [features, hidden] and `b`; one more leading axis makes an ensemble. For
            "elhage2022", a PyTorch file of `W` [instance, feature, hidden] and `b_final` [instance, feature].
        layout: one of `LAYOUTS`; never guessed.

    Raises:
        InputError: the file cannot be read, is damaged, or holds anything else.

    Returns:
        `Weights`, of one model or of an ensemble.

    Validity: exactly what the file holds; no layout is guessed, no array is transposed silently.

    Source: elhage2022: the notebook published with Elhage et al. 2022.
    """
    read = _READERS[choice("layout", layout, LAYOUTS)]
    with located(file_place(path)):
        arrays = read(path)
        return Weights(W=arrays["W"], b=arrays["b"], W_out=arrays.get("W_out"))


def write_weights(path: StrPath, weights: Weights) -> None:
    """Write `W` and `b`, or `W_in`, `W_out` and `b`, to a .npz or .safetensors file; same weights, same bytes.

    Raises:
        InputError: another suffix, or the file cannot be written there.

    Args:
        path: ends in .npz or .safetensors; replaced as a whole or not at all.
        weights: one model, or an ensemble.

    Returns:
        Nothing; `read_weights` gives back the same numbers.

    Validity: float64, nothing rounded.

    Source: the formats of NumPy and of safetensors.
    """
    with located(file_place(path)):
        suffix = _suffix(path)
    arrays = {"W": weights.W, "b": weights.b}
    if weights.W_out is not None:
        arrays = {"W_in": weights.W, "W_out": weights.W_out, "b": weights.b}
    write_atomically(path, _BYTES[suffix](arrays))


def _suffix(path: StrPath) -> str:
    suffix = Path(path).suffix.lower()
    if suffix not in _BYTES:
        raise InputError(f"suffix {shown(suffix)} is unknown; allowed: {', '.join(_BYTES)}")
    return suffix


def _tegum_arrays(path: StrPath) -> Arrays:
    arrays = _FORMATS[_suffix(path)](path, _TEGUM_NAMES)
    return arrays if "W" in arrays else _from_untied(**arrays)


def _from_untied(W_in: np.ndarray, W_out: np.ndarray, b: np.ndarray) -> Arrays:
    """Two matrices that are each other's transpose are tied weights, written in the other manner."""
    if W_in.ndim >= 2 and np.array_equal(W_out, np.swapaxes(W_in, -1, -2)):
        return {"W": W_in, "b": b}
    return {"W": W_in, "W_out": W_out, "b": b}


def _npz_bytes(arrays: Arrays) -> bytes:
    buffer = BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def _safetensors_bytes(arrays: Arrays) -> bytes:
    from safetensors.numpy import save

    return save(arrays)


_FORMATS = {".npz": npz_arrays, ".safetensors": safetensors_arrays}
_BYTES: dict[str, Callable[[Arrays], bytes]] = {".npz": _npz_bytes, ".safetensors": _safetensors_bytes}
_READERS: dict[str, Callable[[StrPath], Arrays]] = {"tegum": _tegum_arrays, "elhage2022": elhage2022_arrays}
LAYOUTS = tuple(_READERS)
