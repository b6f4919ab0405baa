"""Arrays of a .safetensors file that may be hostile: sizes are checked before memory is spent."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from tegum.theory.checks import shown
from tegum.theory.errors import InputError
from tegum.theory.files.array_checks import array_name, array_names, array_shape
from tegum.theory.files.reading import opened

_LARGEST_HEADER = 2**20  # bytes; an array takes about a hundred
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
    with _opened(path) as (file, header):
        array_names(header, allowed)
        return _read(file, header, header)


def safetensors_array(path: str | os.PathLike[str], wanted: Sequence[str]) -> tuple[str, np.ndarray]:
    """Name and numbers of the one array that has a wanted name, alone read of a file of any size.

    Raises:
        InputError: as `safetensors_arrays`, or not exactly one wanted name is there.
    """
    with _opened(path) as (file, header):
        name = array_name(header, wanted)
        return name, _read(file, header, [name])[name]


@contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[tuple[BinaryIO, dict[str, Any]]]:
    """The file at the beginning of its data, and its header."""
    with opened(path) as file:
        yield file, _header(file)


def _read(file: BinaryIO, header: Mapping[str, Any], names: Iterable[str]) -> dict[str, np.ndarray]:
    start = file.tell()
    entries = {name: _entry(name, header[name]) for name in names}
    spans = [_span(name, _declared(name, header[name])) for name in header]
    _check_tiling(spans, os.fstat(file.fileno()).st_size - start)
    return {name: _numbers(file, start, entry) for name, entry in entries.items()}


def _header(file: BinaryIO) -> dict[str, Any]:
    length = int.from_bytes(file.read(8), "little")
    if length > _LARGEST_HEADER:
        raise InputError(f"is not a .safetensors file: a header of {length} bytes is not plausible")
    try:
        header = json.loads(file.read(length).decode(), object_pairs_hook=_once_each)
    except (ValueError, RecursionError) as error:
        raise InputError(f"is not an intact .safetensors file: header: {error}") from error
    if not isinstance(header, dict):
        raise InputError("is not a .safetensors file: its header is no table")
    header.pop("__metadata__", None)
    return header


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is given twice")
    return found


def _entry(name: str, given: Any) -> _Entry:
    declared = _declared(name, given)
    dtype = declared["dtype"]
    if not isinstance(dtype, str) or dtype not in _DTYPES:
        raise InputError(f"{name} holds {shown(dtype)} values; allowed: {', '.join(_DTYPES)}")
    begin, end = _span(name, declared)
    shape = array_shape(name, declared["shape"], np.dtype(_DTYPES[dtype]).itemsize, end - begin)
    return _Entry(begin, end, dtype, shape)


def _declared(name: str, declared: Any) -> dict[str, Any]:
    if not isinstance(declared, dict) or set(declared) != {"dtype", "shape", "data_offsets"}:
        raise InputError(f"{name} is declared as {shown(declared)}; dtype, shape and data_offsets are needed")
    return declared


def _span(name: str, declared: dict[str, Any]) -> tuple[int, int]:
    offsets = declared["data_offsets"]
    if not isinstance(offsets, list) or [type(offset) for offset in offsets] != [int, int]:
        raise InputError(f"{name} declares data_offsets {shown(offsets)}; two whole numbers are needed")
    begin, end = offsets
    return begin, end


def _check_tiling(spans: list[tuple[int, int]], held: int) -> None:
    """See that the arrays, whichever are wanted, cover the file's data once and wholly."""
    reached = 0
    for begin, end in sorted(spans):
        if begin != reached:
            raise InputError(f"has arrays that overlap or leave a gap at byte {shown(reached)} of its data")
        reached = end
    if reached != held:
        raise InputError(f"declares {shown(reached)} bytes of data and holds {held}")


def _numbers(file: BinaryIO, start: int, entry: _Entry) -> np.ndarray:
    file.seek(start + entry.begin)
    stored = np.frombuffer(file.read(entry.end - entry.begin), _DTYPES[entry.dtype]).reshape(entry.shape)
    if entry.dtype == "BF16":  # the upper half of a float32
        return (stored.astype("<u4") << 16).view("<f4")
    return stored
