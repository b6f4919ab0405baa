"""Arrays of a .safetensors file that may be hostile: sizes are checked before memory is spent."""

import json
import os
from collections.abc import Sequence
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from tegum.theory.checks import shown
from tegum.theory.errors import InputError
from tegum.theory.files.array_checks import array_names, array_shape

_LARGEST_HEADER = 2**20  # bytes; two or three arrays need some hundreds
_DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BF16": "<u2",  # NumPy has no bfloat16: read as bits, widened in `_numbers`
    **{f"{letter}{8 * size}": f"<{letter.lower()}{size}" for letter in "IU" for size in (1, 2, 4, 8)},
}


class _Entry(NamedTuple):
    begin: int
    end: int
    dtype: str
    shape: tuple[int, ...]


def safetensors_arrays(path: str | os.PathLike[str], allowed: Sequence[Sequence[str]]) -> dict[str, np.ndarray]:
    """The arrays of a .safetensors file, by name, as stored; bfloat16 comes as float32.

    Raises:
        InputError: the file cannot be read or is damaged, its names are not one of the `allowed` lists, or an
            array is of another type, above `LARGEST_ARRAY` numbers, or declares other bytes than it has.

    The format is 8 bytes with the length of a JSON header, the header, and the arrays' data back to back.
    It is read by hand because the library's NumPy side knows no bfloat16.
    """
    try:
        with open(path, "rb") as file:
            header = _header(file)
            array_names(header, allowed)
            start = file.tell()
            entries = {name: _entry(name, declared) for name, declared in header.items()}
            _check_tiling(list(entries.values()), os.fstat(file.fileno()).st_size - start)
            return {name: _numbers(file, start, entry) for name, entry in entries.items()}
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}") from error


def _header(file: BinaryIO) -> dict[str, Any]:
    length = int.from_bytes(file.read(8), "little")
    if length > _LARGEST_HEADER:
        raise InputError(f"is not a .safetensors file: a header of {length} bytes is not plausible")
    try:
        header = json.loads(file.read(length).decode())
    except (ValueError, RecursionError) as error:
        raise InputError(f"is not an intact .safetensors file: header: {error}") from error
    if not isinstance(header, dict):
        raise InputError("is not a .safetensors file: its header is no table")
    header.pop("__metadata__", None)
    return header


def _entry(name: str, declared: Any) -> _Entry:
    if not isinstance(declared, dict) or set(declared) != {"dtype", "shape", "data_offsets"}:
        raise InputError(f"{name} is declared as {shown(declared)}; dtype, shape and data_offsets are needed")
    dtype, offsets = declared["dtype"], declared["data_offsets"]
    if not isinstance(dtype, str) or dtype not in _DTYPES:
        raise InputError(f"{name} holds {shown(dtype)} values; allowed: {', '.join(_DTYPES)}")
    if not isinstance(offsets, list) or [type(offset) for offset in offsets] != [int, int]:
        raise InputError(f"{name} declares data_offsets {shown(offsets)}; two whole numbers are needed")
    begin, end = offsets
    shape = array_shape(name, declared["shape"], np.dtype(_DTYPES[dtype]).itemsize, end - begin)
    return _Entry(begin, end, dtype, shape)


def _check_tiling(entries: list[_Entry], held: int) -> None:
    reached = 0
    for entry in sorted(entries):
        if entry.begin != reached:
            raise InputError(f"has arrays that overlap or leave a gap at byte {shown(reached)} of its data")
        reached = entry.end
    if reached != held:
        raise InputError(f"declares {reached} bytes of data and holds {held}")


def _numbers(file: BinaryIO, start: int, entry: _Entry) -> np.ndarray:
    file.seek(start + entry.begin)
    stored = np.frombuffer(file.read(entry.end - entry.begin), _DTYPES[entry.dtype]).reshape(entry.shape)
    if entry.dtype == "BF16":  # the upper half of a float32
        return (stored.astype("<u4") << 16).view("<f4")
    return stored
