"""Arrays of a .npz file that may be hostile: never unpickled, sizes checked before memory is spent."""

import os
import zipfile
from collections.abc import Sequence
from io import BytesIO

import numpy as np
from numpy.lib import format as npy

from tegum.theory.errors import InputError
from tegum.theory.files.array_checks import array_names, array_shape

_LONGEST_HEADER = 2**14  # bytes; NumPy itself refuses headers beyond 10,000 characters
_HEADER_READERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def npz_arrays(path: str | os.PathLike[str], allowed: Sequence[Sequence[str]]) -> dict[str, np.ndarray]:
    """The arrays of a .npz file, by name, as stored (floats of at most 8 bytes, or integers).

    Raises:
        InputError: the file cannot be read or is damaged, its names are not one of the `allowed` lists, or an
            array is of another type, above `LARGEST_ARRAY` numbers, or declares other bytes than it has.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = {member.filename: member for member in archive.infolist()}
            array_names((member.filename.removesuffix(".npy") for member in archive.infolist()), allowed)
            return {name.removesuffix(".npy"): _array(archive, members[name]) for name in members}
    except InputError:
        raise
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}") from error
    except Exception as error:  # damage makes the zip, deflate and header parsers raise almost anything
        raise InputError(f"is not an intact .npz file: {error}") from error


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    name = member.filename.removesuffix(".npy")
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
