"""Arrays of the notebook of Elhage et al. 2022, "Toy Models of Superposition", saved with PyTorch."""

import os
import zipfile
from typing import Any, BinaryIO

import numpy as np

from tegum.theory.errors import InputError
from tegum.theory.files.array_checks import LARGEST_ARRAY, array_names


def elhage2022_arrays(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """`W` [instance, hidden, feature] and `b` [instance, feature] from a PyTorch file of the notebook.

    The file holds a dict (or state_dict) of `W` [instance, feature, hidden] and `b_final` [instance,
    feature]; loaded with weights_only, no code in it can run.

    Raises:
        InputError: the file cannot be read or holds something else.
    """
    tensors = _loaded(path)
    if not isinstance(tensors, dict):
        raise InputError(f"holds a {type(tensors).__name__}; a dict of W and b_final is needed")
    array_names(map(str, tensors), [("W", "b_final")])
    W, b = _array("W", tensors["W"], 3), _array("b_final", tensors["b_final"], 2)
    if b.shape != W.shape[:2]:
        raise InputError(f"b_final has shape {b.shape}; W of shape {W.shape} needs {W.shape[:2]}")
    return {"W": np.swapaxes(W, 1, 2), "b": b}


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
        raise InputError(f"is not a PyTorch file of plain tensors ({type(error).__name__})") from error


def _refuse_compressed(file: BinaryIO) -> None:
    # PyTorch never compresses; a compressed member could unpack to any size before a tensor is seen.
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            if any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist()):
                raise InputError("is compressed; PyTorch writes its files uncompressed")


def _array(name: str, tensor: Any, axes: int) -> np.ndarray:
    import torch

    if not isinstance(tensor, torch.Tensor) or not tensor.dtype.is_floating_point:
        raise InputError(f"{name} is not a tensor of floats")
    if tensor.layout != torch.strided or tensor.device.type != "cpu":
        raise InputError(f"{name} is not a plain tensor with its numbers in the file")
    # A few stored numbers can be strided into a tensor of any size.
    if tensor.ndim != axes or tensor.numel() > LARGEST_ARRAY:
        shape = tuple(tensor.shape)
        raise InputError(f"{name} has shape {shape}; allowed: {axes} axes, at most {LARGEST_ARRAY} numbers")
    return tensor.detach().to(torch.float64).numpy()
