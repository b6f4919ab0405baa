"""Weights in files, in the layouts that are known by name."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np

from tegum.theory.checks import choice, shown
from tegum.theory.errors import InputError, located
from tegum.theory.files.atomic import StrPath, claim_folder, file_place, write_atomically
from tegum.theory.files.layouts import FORMS, PARTS, Form
from tegum.theory.files.npz import npz_arrays
from tegum.theory.files.safetensor import safetensors_arrays
from tegum.theory.files.state_dict import state_dict_arrays
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
            `W_in`, `W_out` [features, hidden] and `b`; one more leading axis makes an ensemble. For the others,
            the arrays that `files.layouts` lists, in a .npz, a .safetensors or, with any other suffix, a PyTorch
            file: a state_dict saved by `torch.save`.
        layout: one of `LAYOUTS`; never guessed.

    Raises:
        InputError: the file cannot be read, is damaged, or holds anything else.

    Returns:
        `Weights`, of one model or of an ensemble; tied where the two matrices are each other's transpose, b = 0
        where a layout has no bias.

    Validity: exactly the numbers that the file holds, each axis where the layout says it is: a file of as many
    features as hidden dimensions, read under another's layout, gives the transpose. Normalisation at each forward
    pass (`unit_weights` of devinterp) and activations are not in the file: they are the setting's.

    Source: the libraries and files that `files.layouts` names.
    """
    choice("layout", layout, LAYOUTS)
    with located(file_place(path)):
        arrays = _tegum_arrays(path) if layout == "tegum" else _imported_arrays(path, FORMS[layout])
        return Weights(**arrays)


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
    write_atomically(path, _BYTES[suffix](named_arrays(weights)))


def named_arrays(weights: Weights) -> dict[str, np.ndarray]:
    """Arrays by the names that files and reports give them: `W` and `b`, or `W_in`, `W_out` and `b`."""
    if weights.W_out is None:
        return {"W": weights.W, "b": weights.b}
    return {"W_in": weights.W, "W_out": weights.W_out, "b": weights.b}


def _suffix(path: StrPath) -> str:
    suffix = Path(path).suffix.lower()
    if suffix not in _BYTES:
        raise InputError(f"suffix {shown(suffix)} is unknown; allowed: {', '.join(_BYTES)}")
    return suffix


def format_of(path: StrPath) -> str:
    """The format of a file by its suffix: ".npz", ".safetensors", or "" for PyTorch's, which has many."""
    suffix = Path(path).suffix.lower()
    return suffix if suffix in _BYTES else ""


def _tegum_arrays(path: StrPath) -> Arrays:
    arrays = _FORMATS[_suffix(path)](path, _TEGUM_NAMES)
    if "W_in" in arrays:
        arrays["W"] = arrays.pop("W_in")
    return _tied_if_transposed(arrays)


def _imported_arrays(path: StrPath, forms: tuple[Form, ...]) -> Arrays:
    arrays = _FORMATS[format_of(path)](path, [[stored.name for stored in form.values()] for form in forms])
    form = next(form for form in forms if {stored.name for stored in form.values()} == set(arrays))
    _check_axes(arrays, form)
    found = {part: _turned(arrays[stored.name], stored.axes, PARTS[part]) for part, stored in form.items()}
    no_bias = np.zeros(found["W"].shape[:-2] + found["W"].shape[-1:])
    return _tied_if_transposed({"b": no_bias} | found)


def _check_axes(arrays: Arrays, form: Form) -> None:
    """See that every array has its axes, each as long as W's of the same name."""
    whole = form["W"]
    W = arrays[whole.name]
    if W.ndim != len(whole.axes):
        raise InputError(f"{whole.name} has shape {W.shape}; needed is {whole}")
    lengths = dict(zip(whole.axes, W.shape, strict=True))
    for name, axes in form.values():
        needed = tuple(lengths[axis] for axis in axes)
        if arrays[name].shape != needed:
            raise InputError(f"{name} has shape {arrays[name].shape}; {whole} of shape {W.shape} needs {needed}")


def _turned(array: np.ndarray, axes: tuple[str, ...], wanted: tuple[str, ...]) -> np.ndarray:
    return array.transpose([axes.index(axis) for axis in wanted if axis in axes])


def _tied_if_transposed(arrays: Arrays) -> Arrays:
    """Two matrices that are each other's transpose are tied weights, written in the other manner."""
    W, W_out = arrays["W"], arrays.get("W_out")
    if W_out is not None and W.ndim >= 2 and np.array_equal(W_out, np.swapaxes(W, -1, -2)):
        return {"W": W, "b": arrays["b"]}
    return arrays


def _npz_bytes(arrays: Arrays) -> bytes:
    buffer = BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def _safetensors_bytes(arrays: Arrays) -> bytes:
    from safetensors.numpy import save

    return save(arrays)


_FORMATS = {".npz": npz_arrays, ".safetensors": safetensors_arrays, "": state_dict_arrays}
_BYTES: dict[str, Callable[[Arrays], bytes]] = {".npz": _npz_bytes, ".safetensors": _safetensors_bytes}
LAYOUTS = ("tegum", *FORMS)
