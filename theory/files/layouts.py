"""Other people's weights files, by the name of their layout: what each array is called there, and its axes.

Sources, a layout a line:
elhage2022: the notebook published with Elhage et al. 2022, "Toy Models of Superposition".
arena: ARENA_3.0, chapter1_transformer_interp/exercises, part4_superposition_and_saes/solutions.py (`Model`) and later
    part31_superposition_and_saes (`ToyModel`; `NeuronComputationModel` has `W1`, `W2`).
tms-kit: version 0.4.1 on PyPI, tms_kit/model.py (`Model`).
devinterp: timaeus-research/devinterp, examples/zoo/tms/model.py (`ToyAutoencoder`, after `Net` of JakeMendel/TMS-zoo).
persianrug: KfirD/PersianRug, model.py (`Model`), of Cowsik et al. 2024.
"""

from typing import NamedTuple


class Stored(NamedTuple):
    """An array of a file: its name and its axes, in the file's own order."""

    name: str
    axes: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.name} [{', '.join(self.axes)}]"


Form = dict[str, Stored]
"""Where `W`, and `W_out` and `b` if the file has them, are in one kind of file."""

#: The axes of `Weights`, in its order; a file without instances is one model.
PARTS = {
    "W": ("instance", "hidden", "feature"),
    "W_out": ("instance", "feature", "hidden"),
    "b": ("instance", "feature"),
}

_BIAS = Stored("b_final", PARTS["b"])
_NOTEBOOK: Form = {"W": Stored("W", ("instance", "feature", "hidden")), "b": _BIAS}
_HIDDEN_FIRST: Form = {"W": Stored("W", PARTS["W"]), "b": _BIAS}
_COMPUTATION: Form = {"W": Stored("W1", PARTS["W"]), "W_out": Stored("W2", PARTS["W_out"]), "b": _BIAS}


def _linear_layers(inward: str, outward: str) -> tuple[Form, Form]:
    """Two `torch.nn.Linear`, whose weight is [outputs, inputs]; the second one with a bias, and without."""
    matrices: Form = {
        "W": Stored(f"{inward}.weight", ("hidden", "feature")),
        "W_out": Stored(f"{outward}.weight", ("feature", "hidden")),
    }
    return {**matrices, "b": Stored(f"{outward}.bias", ("feature",))}, matrices


FORMS: dict[str, tuple[Form, ...]] = {
    "elhage2022": (_NOTEBOOK,),
    "arena": (_HIDDEN_FIRST, _COMPUTATION),
    "tms-kit": (_HIDDEN_FIRST,),
    "devinterp": _linear_layers("embedding", "unembedding"),
    "persianrug": _linear_layers("initial_layer", "final_layer"),
}


def described(layout: str) -> str:
    """The arrays of a layout in words, for a reader of --help."""
    return " or ".join(", ".join(map(str, form.values())) for form in FORMS[layout])
