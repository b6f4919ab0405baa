"""Files in and out: atomic writes, and weights in the layouts that are known by name."""

import json
import os
import secrets
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import numpy as np

from tegum.theory.checks import choice, shown
from tegum.theory.elhage2022 import elhage2022_arrays
from tegum.theory.errors import InputError, located
from tegum.theory.npz import npz_arrays
from tegum.theory.safetensor import safetensors_arrays
from tegum.theory.weights import Weights

StrPath = str | os.PathLike[str]
Arrays = dict[str, np.ndarray]

_TEGUM_NAMES = (("W", "b"), ("W_in", "W_out", "b"))


def write_atomically(path: StrPath, data: bytes) -> None:
    """Put `data` at `path` so that a reader, or a crash at any moment, leaves all of the old or the new.

    Missing folders are made; a symbolic link is written through.

    Raises:
        InputError: the file cannot be written there.
    """
    with located(_place(path)):
        try:
            target = Path(os.path.realpath(path))
            if target.exists() and not target.is_file():
                raise InputError("cannot be written: is not a regular file")
            target.parent.mkdir(parents=True, exist_ok=True)
            _replace(target, data)
        except OSError as error:
            raise InputError(f"cannot be written: {error.strerror or error}") from error


def write_json(path: StrPath, content: Any) -> None:
    """Write plain data as JSON, atomically; numbers keep full double precision, NaN and infinities are refused."""
    write_atomically(path, json.dumps(content, indent=1, allow_nan=False).encode())


def claim_folder(path: StrPath) -> Path:
    """Make a folder that files can be written to, before hours of work go into what belongs there.

    Raises:
        InputError: it cannot be made or written to.
    """
    with located(_place(path)):
        try:
            folder = Path(path)
            folder.mkdir(parents=True, exist_ok=True)
            with TemporaryFile(dir=folder):
                return folder
        except OSError as error:
            raise InputError(f"cannot be written to: {error.strerror or error}") from error


def check_weights_path(path: StrPath) -> None:
    """See that weights could be written there, before work goes into them.

    Raises:
        InputError: another suffix than those of weights files, or a folder that cannot be written to.
    """
    with located(_place(path)):
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
    """
    read = _READERS[choice("layout", layout, LAYOUTS)]
    with located(_place(path)):
        arrays = read(path)
        return Weights(W=arrays["W"], b=arrays["b"], W_out=arrays.get("W_out"))


def write_weights(path: StrPath, weights: Weights) -> None:
    """Write `W` and `b`, or `W_in`, `W_out` and `b`, to a .npz or .safetensors file; same weights, same bytes.

    Raises:
        InputError: another suffix, or the file cannot be written there.
    """
    with located(_place(path)):
        suffix = _suffix(path)
    arrays = {"W": weights.W, "b": weights.b}
    if weights.W_out is not None:
        arrays = {"W_in": weights.W, "W_out": weights.W_out, "b": weights.b}
    write_atomically(path, _BYTES[suffix](arrays))


def _replace(target: Path, data: bytes) -> None:
    temporary = target.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":  # elsewhere folders cannot be opened
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _place(path: StrPath) -> str:
    place = os.fspath(path)
    if "\0" in place:  # no file system has such names, and each function has its own way of saying so
        raise InputError(f"{place}: cannot be a path: it holds a zero character")
    return place


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
