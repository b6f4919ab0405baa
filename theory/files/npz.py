"""Arrays of a .npz file that may be hostile: never unpickled, sizes checked before memory is spent."""

import os
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO

import numpy as np
from numpy.lib import format as npy

from tegum.theory.errors import InputError
from tegum.theory.files.array_checks import array_name, array_names, array_shape
from tegum.theory.files.reading import opened

_LONGEST_HEADER = 2**14  # bytes; NumPy itself refuses headers beyond 10,000 characters
_SMALL = 2**24  # bytes that may come from any fewer
_MOST_SHRUNK = 20  # times that larger arrays may be compressed: trained weights shrink by a tenth, zeros 1000 times
_HEADER_READERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def npz_arrays(path: str | os.PathLike[str], allowed: Sequence[Sequence[str]]) -> dict[str, np.ndarray]:
    """The arrays of a .npz file, by name, as stored (floats of at most 8 bytes, or integers).

    Raises:
        InputError: the file cannot be read or is damaged, its names are not one of the `allowed` lists, or an
            array is of another type, above `LARGEST_ARRAY` numbers, or declares other bytes than it has.
    """
    with _opened(path) as archive:
        members = {member.filename.removesuffix(".npy"): member for member in archive.infolist()}
        array_names((member.filename.removesuffix(".npy") for member in archive.infolist()), allowed)
        return {name: _array(archive, member) for name, member in members.items()}


def npz_array(path: str | os.PathLike[str], wanted: Sequence[str]) -> tuple[str, np.ndarray]:
    """Name and numbers of the one array that has a wanted name, alone unpacked of a file of any size.

    Raises:
        InputError: as `npz_arrays`, or not exactly one wanted name is there.
    """
    with _opened(path) as archive:
        members = {member.filename.removesuffix(".npy"): member for member in archive.infolist()}
        name = array_name((member.filename.removesuffix(".npy") for member in archive.infolist()), wanted)
        return name, _array(archive, members[name])


@contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[zipfile.ZipFile]:
    try:
        with opened(path) as file, zipfile.ZipFile(file) as archive:
            yield archive
    except InputError:
        raise
    except Exception as error:  # damage makes the zip, deflate and header parsers raise almost anything
        raise InputError(f"is not an intact .npz file: {error}") from error


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    name = member.filename.removesuffix(".npy")
    if member.file_size > max(_SMALL, _MOST_SHRUNK * member.compress_size):
        raise InputError(
            f"{name} unpacks {member.compress_size} bytes to {member.file_size}; weights do not shrink so far"
        )
    with archive.open(member) as stream:
        head = stream.read(_LONGEST_HEADER)
        header = BytesIO(head)
        shape, fortran_order, dtype = _declared(name, header)
        array_shape(name, shape, dtype.itemsize, member.file_size - header.tell())
        content = head[header.tell() :] + stream.read(member.file_size)
    return np.frombuffer(content, dtype).reshape(shape, order="F" if fortran_order else "C")


def _declared(name: str, header: BytesIO) -> tuple[tuple[int, ...], bool, np.dtype]:
    version = npy.read_magic(header)
    if version not in _HEADER_READERS:
        raise InputError(f"{name} is written in .npy version {version}; only 1.0 and 2.0 hold plain numbers")
    shape, fortran_order, dtype = _HEADER_READERS[version](header)
    if dtype.kind not in "fiu" or dtype.itemsize > 8:
        raise InputError(f"{name} holds {dtype} values; floats of at most 64 bits are needed")
    return shape, fortran_order, dtype
