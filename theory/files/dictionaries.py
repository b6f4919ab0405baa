"""Dictionaries in files: the one array, among many, whose rows or columns are feature vectors.

Sources, a layout a line:
sae-decoder: SAELens (`sae_weights.safetensors`), Gemma Scope (`params.npz`; `w_dec` in its first files), EleutherAI's
    sparsify (`sae.safetensors`), `JumpReluAutoEncoder` of dictionary_learning.
linear-decoder: a `torch.nn.Linear`, whose weight is [outputs, inputs]: OpenAI's sparse_autoencoder, dictionary_learning
    (`ae.pt`), Llama Scope; Goodfire's calls it `decoder_linear`.
embedding: token embeddings of Hugging Face models: BERT and its kin, with and without the model's prefix, GPT-2, Llama.
"""

from typing import NamedTuple

import numpy as np

from tegum.theory.checks import choice
from tegum.theory.errors import InputError, located
from tegum.theory.files.atomic import StrPath, file_place
from tegum.theory.files.layouts import Stored
from tegum.theory.files.npz import npz_array
from tegum.theory.files.safetensor import safetensors_array
from tegum.theory.files.state_dict import state_dict_array
from tegum.theory.files.weights import format_of

ROWS, COLUMNS = ("feature", "hidden"), ("hidden", "feature")


def _stored(axes: tuple[str, str], *names: str) -> tuple[Stored, ...]:
    return tuple(Stored(name, axes) for name in names)


#: What each layout's array may be called, and its axes.
DICTIONARIES: dict[str, tuple[Stored, ...]] = {
    "sae-decoder": _stored(ROWS, "W_dec", "w_dec"),
    "linear-decoder": _stored(COLUMNS, "decoder.weight", "decoder_linear.weight"),
    "embedding": _stored(
        ROWS,
        "embeddings.word_embeddings.weight",
        "bert.embeddings.word_embeddings.weight",
        "roberta.embeddings.word_embeddings.weight",
        "wte.weight",
        "transformer.wte.weight",
        "model.embed_tokens.weight",
    ),
    "tegum": _stored(COLUMNS, "W", "W_in"),
}


class Dictionary(NamedTuple):
    """Feature vectors, as they were stored.

    Attributes:
        vectors: a feature a row; a view of the stored array, in its own precision.
        key: name of the array in the file.
    """

    vectors: np.ndarray
    key: str


def read_dictionary(path: StrPath, layout: str | None = None, key: str | None = None) -> Dictionary:
    """The feature vectors of a dictionary: a sparse autoencoder's decoder, an embedding, any matrix.

    Args:
        path: a .npz, a .safetensors or, with any other suffix, a PyTorch file; of it one array is read.
        layout: one of `DICTIONARIES`: what the array is called and which axis is the features'. None only with a
            key: then features come first.
        key: name of the array, where it is not one of the layout's.

    Raises:
        InputError: the file cannot be read or is damaged, has no such array, or it is no matrix of finite floats.

    Returns:
        `Dictionary`, vectors [features, hidden].

    Validity: exactly the numbers that the file holds, which may be hostile: sizes are checked before memory is
    spent. A square matrix read under the wrong axes gives the transpose; no axis is guessed.

    Source: the libraries and files that this module names.
    """
    with located(file_place(path)):
        names, axes = _wanted(layout, key)
        found, array = _READERS[format_of(path)](path, names)
        if array.ndim != 2 or 0 in array.shape:
            raise InputError(f"{found} has shape {array.shape}; needed is {Stored(found, axes)}")
        if array.dtype.kind != "f":
            raise InputError(f"{found} holds {array.dtype} values; floats are needed")
        return Dictionary(array if axes == ROWS else array.T, found)


def _wanted(layout: str | None, key: str | None) -> tuple[list[str], tuple[str, ...]]:
    if layout is None and key is None:
        raise InputError(f"needs a layout ({', '.join(DICTIONARIES)}) or the key of an array [feature, hidden]")
    choices = DICTIONARIES[choice("layout", layout, DICTIONARIES)] if layout else _stored(ROWS, "")
    return [key] if key else [stored.name for stored in choices], choices[0].axes


_READERS = {".npz": npz_array, ".safetensors": safetensors_array, "": state_dict_array}
