"""Tensors of a PyTorch file that may be hostile: loaded with weights_only, so that no code in it can run."""

import os
import re
import zipfile
from collections.abc import Sequence
from pickletools import genops
from typing import Any, BinaryIO

import numpy as np

from tegum.theory.errors import InputError
from tegum.theory.files.array_checks import LARGEST_ARRAY, array_name, array_names
from tegum.theory.files.reading import opened

_LARGEST_FILE = 2**33  # bytes: all tensors of a file are read, to get at one
_LARGEST_PICKLE = 2**22  # bytes; a tensor takes some hundreds, its numbers lie in files of their own
#: What describes tensors.  PyTorch itself allows more, such as a bytearray that says how long it is.
_TENSOR_WORDS = re.compile(
    r"collections OrderedDict|torch\._utils _rebuild_\w+|torch\.nn\.parameter Parameter"
    r"|torch(\.storage)? \w*Storage|torch\.serialization _get_layout|torch (Size|device|\w+\d\w*)"
)


def state_dict_arrays(path: str | os.PathLike[str], allowed: Sequence[Sequence[str]]) -> dict[str, np.ndarray]:
    """The tensors of a state_dict, or of a dict of tensors, saved by `torch.save`; by name, in double precision.

    Raises:
        InputError: the file cannot be read or holds something else, its names are not one of the `allowed` lists,
            or a tensor is not of floats of 16 to 64 bits, has its numbers elsewhere, or more than `LARGEST_ARRAY`.
    """
    tensors = _loaded(path)
    array_names(map(str, tensors), allowed)
    return {name: _tensor(name, tensor).double().numpy() for name, tensor in tensors.items()}


def state_dict_array(path: str | os.PathLike[str], wanted: Sequence[str]) -> tuple[str, np.ndarray]:
    """Name and numbers of the one tensor that has a wanted name, among others.

    Raises:
        InputError: as `state_dict_arrays`, or not exactly one wanted name is there.

    Returns:
        The name, and the numbers in single precision, or in double where they are stored so.
    """
    import torch

    tensors = _loaded(path)
    name = array_name(map(str, tensors), wanted)
    tensor = _tensor(name, tensors[name])
    return name, (tensor if tensor.dtype == torch.float64 else tensor.float()).numpy()


def _loaded(path: str | os.PathLike[str]) -> dict[Any, Any]:
    import torch

    try:
        with opened(path) as file:
            _check_archive(file)
            file.seek(0)
            # Not mapped into memory: there a tensor may declare more numbers than the file has for it.
            found = torch.load(file, weights_only=True, map_location="cpu")
    except InputError:
        raise
    except Exception as error:  # damage makes the loader raise almost anything, in messages of many lines
        raise InputError(
            f"is not a PyTorch file of plain tensors ({type(error).__name__}); save the state_dict alone"
        ) from error
    if not isinstance(found, dict):
        raise InputError(f"holds a {type(found).__name__}; a state_dict is needed")
    return found


def _check_archive(file: BinaryIO) -> None:
    """Refuse what would spend memory, or run, before a tensor is seen."""
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        # PyTorch never compresses; a compressed member could unpack to any size.
        if any(member.compress_type != zipfile.ZIP_STORED for member in members):
            raise InputError("is compressed; PyTorch writes its files uncompressed")
        if len({member.filename for member in members}) < len(members):
            raise InputError("holds two files of one name")
        held, declared = os.fstat(file.fileno()).st_size, sum(member.file_size for member in members)
        if not declared <= held <= _LARGEST_FILE:  # members that lie over each other are more than the file
            raise InputError(f"has {held} bytes and declares {declared}; allowed are {_LARGEST_FILE} and no overlaps")
        for member in members:
            if member.filename.endswith("/data.pkl"):
                _check_pickle(archive, member)


def _check_pickle(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    if member.file_size > _LARGEST_PICKLE:
        raise InputError(f"describes its tensors in {member.file_size} bytes, more than {_LARGEST_PICKLE}")
    for code, argument, _ in genops(archive.read(member)):
        # The only ways to a name: torch.save writes GLOBAL, and the loader knows no other.
        if code.name == "GLOBAL" and not _TENSOR_WORDS.fullmatch(str(argument)):
            raise InputError(
                f"is not a PyTorch file of plain tensors (it asks for {argument}); save the state_dict alone"
            )


def _tensor(name: str, tensor: Any) -> Any:
    """A tensor of floats whose numbers, all of them, lie in the file."""
    import torch

    floats = (torch.float64, torch.float32, torch.float16, torch.bfloat16)
    if not isinstance(tensor, torch.Tensor) or tensor.dtype not in floats:
        raise InputError(f"{name} is not a tensor of floats of 16, 32 or 64 bits")
    if tensor.layout != torch.strided or tensor.device.type != "cpu":
        raise InputError(f"{name} is not a plain tensor with its numbers in the file")
    # A few stored numbers can be strided into a tensor of any size.
    most = min(LARGEST_ARRAY, tensor.untyped_storage().nbytes() // tensor.itemsize)
    if tensor.numel() > most:
        raise InputError(f"{name} has shape {tuple(tensor.shape)}, more than {most} numbers")
    return tensor.detach().resolve_neg()
