"""Tensors of a PyTorch file that may be hostile: loaded with weights_only, so that no code in it can run."""

import os
import zipfile
from collections.abc import Sequence
from typing import Any, BinaryIO

import numpy as np

from tegum.theory.errors import InputError
from tegum.theory.files.array_checks import LARGEST_ARRAY, array_names


def state_dict_arrays(path: str | os.PathLike[str], allowed: Sequence[Sequence[str]]) -> dict[str, np.ndarray]:
    """The tensors of a state_dict, or of a dict of tensors, saved by `torch.save`; by name, in double precision.

    Raises:
        InputError: the file cannot be read or holds something else, its names are not one of the `allowed` lists,
            or a tensor is not of floats of 16 to 64 bits, has its numbers elsewhere, or more than `LARGEST_ARRAY`.
    """
    tensors = _loaded(path)
    if not isinstance(tensors, dict):
        raise InputError(f"holds a {type(tensors).__name__}; a state_dict is needed")
    array_names(map(str, tensors), allowed)
    return {name: _array(name, tensor) for name, tensor in tensors.items()}


def _loaded(path: str | os.PathLike[str]) -> Any:
    import torch

    try:
        with open(path, "rb") as file:
            _refuse_compressed(file)
            file.seek(0)
            return torch.load(file, weights_only=True, map_location="cpu")
    except InputError:
        raise
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}") from error
    except Exception as error:  # damage makes the loader raise almost anything, in messages of many lines
        raise InputError(
            f"is not a PyTorch file of plain tensors ({type(error).__name__}); save the state_dict alone"
        ) from error


def _refuse_compressed(file: BinaryIO) -> None:
    # PyTorch never compresses; a compressed member could unpack to any size before a tensor is seen.
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            if any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist()):
                raise InputError("is compressed; PyTorch writes its files uncompressed")


def _array(name: str, tensor: Any) -> np.ndarray:
    import torch

    floats = (torch.float64, torch.float32, torch.float16, torch.bfloat16)
    if not isinstance(tensor, torch.Tensor) or tensor.dtype not in floats:
        raise InputError(f"{name} is not a tensor of floats of 16, 32 or 64 bits")
    if tensor.layout != torch.strided or tensor.device.type != "cpu":
        raise InputError(f"{name} is not a plain tensor with its numbers in the file")
    if tensor.numel() > LARGEST_ARRAY:  # a few stored numbers can be strided into a tensor of any size
        raise InputError(f"{name} has shape {tuple(tensor.shape)}, more than {LARGEST_ARRAY} numbers")
    return tensor.detach().resolve_neg().to(torch.float64).numpy()
