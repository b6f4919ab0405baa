"""Other people's files mean what the library that wrote them computes, whatever it calls its arrays and axes."""

import re
import zipfile
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import pytest
import safetensors.torch
import torch
from torch.nn import functional

from tegum.theory.errors import InputError
from tegum.theory.files.weights import LAYOUTS, read_weights
from tegum.theory.loss.population import population_loss
from tegum.theory.setting import Setting
from tegum.theory.weights import overlap_matrix

MODELS, FEATURES, HIDDEN = 3, 5, 2
DENSITY, IMPORTANCE = 0.3, (1.0, 0.8, 0.6, 0.4, 0.2)
TARGETS = {"identity": lambda x: x, "abs": torch.abs}


def refusal(path, layout):
    with pytest.raises(InputError) as caught:
        read_weights(path, layout=layout)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert message.isprintable()
    return message.removeprefix(f"{path}: ")


def normal(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)), dtype=torch.float64)


class Parameters(torch.nn.Module):
    """A module of some parameters, and the forward pass that its library has."""

    def __init__(self, **arrays):
        super().__init__()
        for name, array in arrays.items():
            self.register_parameter(name, torch.nn.Parameter(array))


class Notebook(Parameters):
    """`W` [instance, feature, hidden], tied."""

    def forward(self, x):
        hidden = torch.einsum("...if,ifh->...ih", x, self.W)
        return functional.relu(torch.einsum("...ih,ifh->...if", hidden, self.W) + self.b_final)


class HiddenFirst(Parameters):
    """`W` [instance, hidden, feature], tied: ARENA, tms-kit."""

    def forward(self, x):
        hidden = torch.einsum("...if,ihf->...ih", x, self.W)
        return functional.relu(torch.einsum("...ih,ihf->...if", hidden, self.W) + self.b_final)


class Computation(Parameters):
    """`W1`, `W2`: ARENA's model of the absolute value."""

    def forward(self, x):
        hidden = functional.relu(torch.einsum("ihf,...if->...ih", self.W1, x))
        return functional.relu(torch.einsum("ifh,...ih->...if", self.W2, hidden) + self.b_final)


class Layers(torch.nn.Module):
    """Two linear layers: devinterp, PersianRug."""

    def __init__(self, inward, outward, tied, bias):
        super().__init__()
        self.inward, self.outward = inward, outward
        self.add_module(inward, torch.nn.Linear(FEATURES, HIDDEN, bias=False, dtype=torch.float64))
        self.add_module(outward, torch.nn.Linear(HIDDEN, FEATURES, bias=bias, dtype=torch.float64))
        getattr(self, inward).weight.data = normal(HIDDEN, FEATURES)
        # Both libraries tie by a transposed view, which a state_dict keeps as two arrays.
        getattr(self, outward).weight.data = getattr(self, inward).weight.data.T if tied else normal(FEATURES, HIDDEN)

    def forward(self, x):
        return functional.relu(getattr(self, self.outward)(getattr(self, self.inward)(x)))


@dataclass(frozen=True)
class Case:
    layout: str
    model: torch.nn.Module
    tied: bool = True
    activation: str = "none"
    target: str = "identity"


def hidden_first():
    return HiddenFirst(W=normal(MODELS, HIDDEN, FEATURES), b_final=normal(MODELS, FEATURES))


CASES = {
    "elhage2022": Case("elhage2022", Notebook(W=normal(MODELS, FEATURES, HIDDEN), b_final=normal(MODELS, FEATURES))),
    "arena": Case("arena", hidden_first()),
    "arena-computation": Case(
        "arena",
        Computation(
            W1=normal(MODELS, HIDDEN, FEATURES), W2=normal(MODELS, FEATURES, HIDDEN), b_final=normal(MODELS, FEATURES)
        ),
        tied=False,
        activation="relu",
        target="abs",
    ),
    "tms-kit": Case("tms-kit", hidden_first()),
} | {
    f"{layout}{'-tied' * tied}{'-bias' * bias}": Case(layout, Layers(*names, tied, bias), tied)
    for layout, names in {
        "devinterp": ("embedding", "unembedding"),
        "persianrug": ("initial_layer", "final_layer"),
    }.items()
    for tied in (True, False)
    for bias in (True, False)
}
EVERY = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


@pytest.fixture
def saved(tmp_path):
    def save(content, name="model.pt"):
        torch.save(content, tmp_path / name)
        return tmp_path / name

    return save


def inputs_for(model, x):
    """Every instance of a model is given the same inputs."""
    return x if isinstance(model, Layers) else x[:, None].expand(-1, MODELS, -1)


def binary_inputs():
    """All inputs of independent binary features [inputs, features], and how probable each is."""
    x = torch.cartesian_prod(*[torch.tensor([0.0, 1.0], dtype=torch.float64)] * FEATURES)
    return x, (x * DENSITY + (1 - x) * (1 - DENSITY)).prod(dim=1)


def test_every_layout_has_a_case():
    assert {case.layout for case in CASES.values()} == set(LAYOUTS) - {"tegum"}


@EVERY
def test_weights_compute_what_the_library_computes(saved, case):
    weights = read_weights(saved(case.model.state_dict()), case.layout)
    assert (weights.W_out is None) == case.tied
    x = normal(7, FEATURES)
    with torch.no_grad():
        theirs = case.model(inputs_for(case.model, x)).numpy()
    hidden = np.einsum("...hf,xf->x...h", weights.W, x.numpy())
    hidden = np.maximum(hidden, 0) if case.activation == "relu" else hidden
    ours = np.maximum(np.einsum("...fh,x...h->x...f", weights.outward, hidden) + weights.b, 0)
    np.testing.assert_allclose(ours, theirs, rtol=1e-13, atol=1e-13)


@EVERY
def test_overlaps_are_what_a_linear_pass_makes_of_each_feature_alone(saved, case, monkeypatch):
    weights = read_weights(saved(case.model.state_dict()), case.layout)
    monkeypatch.setattr(functional, "relu", lambda x: x)
    x = torch.eye(FEATURES, dtype=torch.float64)
    with torch.no_grad():
        passed = case.model(inputs_for(case.model, x)) - case.model(inputs_for(case.model, 0 * x))
    np.testing.assert_allclose(overlap_matrix(weights), np.moveaxis(passed.numpy(), 0, -1), rtol=1e-13, atol=1e-13)


@EVERY
def test_loss_is_the_library_s_expectation_over_all_inputs(saved, case):
    setting = Setting(
        count=FEATURES,
        hidden=HIDDEN,
        density=DENSITY,
        importance=IMPORTANCE,
        values="binary",
        tied=case.tied,
        activation=case.activation,
        target=case.target,
    )
    x, probability = binary_inputs()
    given = inputs_for(case.model, x)
    with torch.no_grad():
        errors = (TARGETS[case.target](given) - case.model(given)) ** 2
    expected = torch.einsum("x,x...f,f->...", probability, errors, torch.tensor(IMPORTANCE, dtype=torch.float64))
    found = population_loss(read_weights(saved(case.model.state_dict()), case.layout), setting)
    np.testing.assert_allclose(found.loss, expected.numpy(), rtol=1e-12)


@EVERY
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_numbers_come_exactly_in_every_format(tmp_path, case, dtype):
    model = deepcopy(case.model).to(dtype)
    tensors = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    torch.save(model.state_dict(), tmp_path / "w")  # PersianRug's files have no suffix
    torch.save(dict(model.named_parameters()), tmp_path / "w.pth")
    safetensors.torch.save_file(tensors, tmp_path / "w.safetensors")
    np.savez(tmp_path / "w.npz", **{name: tensor.float().numpy() for name, tensor in tensors.items()})
    first, *others = (
        read_weights(tmp_path / f"w{suffix}", case.layout) for suffix in ("", ".pth", ".npz", ".safetensors")
    )
    stored = np.concatenate([tensor.double().numpy().ravel() for tensor in tensors.values()])
    held = np.concatenate([first.W.ravel(), first.outward.ravel(), first.b.ravel()])
    assert set(stored) <= set(held) <= set(stored) | {0.0}
    for other in others:
        np.testing.assert_array_equal(other.W, first.W)
        np.testing.assert_array_equal(other.outward, first.outward)
        np.testing.assert_array_equal(other.b, first.b)


def test_negation_that_torch_has_put_off_is_made(saved):
    tensors = CASES["arena"].model.state_dict()
    back = read_weights(saved(tensors | {"W": torch._neg_view(tensors["W"])}), "arena")
    np.testing.assert_array_equal(back.W, -tensors["W"].numpy())


# Files that are not what they should be


@EVERY
@pytest.mark.parametrize("layout", sorted(set(LAYOUTS) - {"tegum"}))
def test_a_file_of_another_layout_is_refused(saved, case, layout):
    path = saved(case.model.state_dict())
    if layout == case.layout or (type(case.model) is HiddenFirst and layout in ("arena", "tms-kit")):
        read_weights(path, layout)
    else:
        assert re.search("; needed are |needs", refusal(path, layout))


@EVERY
def test_a_missing_or_an_added_array_is_refused(saved, case):
    tensors = case.model.state_dict()
    for name in tensors:
        if name.endswith(".bias"):
            continue  # a layer may lack one
        assert "; needed are " in refusal(
            saved({other: tensors[other] for other in tensors if other != name}), case.layout
        )
    for added in ("epoch", "embedding.bias", "scale_factor", "layers.0.weight"):
        assert "; needed are " in refusal(saved({added: normal(1)} | tensors), case.layout)


@EVERY
def test_wrong_shapes_are_named(saved, case):
    tensors = case.model.state_dict()
    for name, tensor in tensors.items():
        for wrong in (tensor[None], tensor[0], tensor[:1], tensor[:0]):
            message = refusal(saved(tensors | {name: wrong}), case.layout)
            assert re.search(r"has shape \(.*\); ", message)
            assert name in message or wrong.numel() == 0


@EVERY
def test_numbers_that_are_none_are_refused(saved, case):
    tensors = case.model.state_dict()
    for name, tensor in tensors.items():
        for wrong in (tensor / 0, tensor * torch.nan):
            assert "has an entry that is not a finite number" in refusal(saved(tensors | {name: wrong}), case.layout)
        tiny = tensor.to(torch.uint8).view(torch.float4_e2m1fn_x2)  # two numbers a byte
        for wrong in (tensor.long(), tensor > 0, tensor.to(torch.complex64), tiny, 0.0, None, "text"):
            message = refusal(saved(tensors | {name: wrong}), case.layout)
            assert message == f"{name} is not a tensor of floats of 16, 32 or 64 bits"
        for wrong in (tensor.to_sparse(), tensor.to("meta")):
            assert refusal(saved(tensors | {name: wrong}), case.layout).startswith(f"{name} is not a plain tensor")
        vast = torch.zeros(1, dtype=torch.float64).expand(2**10, 2**10, 2**10)
        assert refusal(saved(tensors | {name: vast}), case.layout).startswith(
            f"{name} has shape (1024, 1024, 1024), more"
        )


def test_checkpoint_around_a_state_dict_is_refused_with_advice(saved):
    model = CASES["persianrug"].model.state_dict()
    assert refusal(saved({"cfg": Setting(count=2, hidden=1, density=0.1), "state_dict": model}), "persianrug").endswith(
        "; save the state_dict alone"
    )
    assert refusal(saved({"losses": [], "state_dict": model}), "persianrug").startswith("holds the arrays ['losses',")
    assert refusal(saved([model]), "persianrug") == "holds a list; a state_dict is needed"
    assert refusal(saved(model["final_layer.weight"]), "persianrug") == "holds a Tensor; a state_dict is needed"


def test_hidden_dimensions_in_the_place_of_features_are_named(saved):
    message = refusal(saved(CASES["arena"].model.state_dict()), "elhage2022")
    assert message == ("b_final has shape (3, 5); W [instance, feature, hidden] of shape (3, 2, 5) needs (3, 2)")


def test_truncated_or_compressed_file_is_refused(tmp_path, saved):
    whole = saved(CASES["tms-kit"].model.state_dict()).read_bytes()
    for length in range(0, len(whole), 101):
        (tmp_path / "w.pt").write_bytes(whole[:length])
        refusal(tmp_path / "w.pt", "tms-kit")
    with zipfile.ZipFile(tmp_path / "model.pt") as stored:
        with zipfile.ZipFile(tmp_path / "w.pt", "w", zipfile.ZIP_DEFLATED) as compressed:
            for name in stored.namelist():
                compressed.writestr(name, stored.read(name))
    assert refusal(tmp_path / "w.pt", "tms-kit").startswith("is compressed")


def test_more_numbers_declared_than_held_are_refused(tmp_path, saved):
    path = saved({"W": torch.zeros(1, 7, 13), "b_final": torch.zeros(1, 13)})
    with zipfile.ZipFile(path) as stored:
        members = {name: stored.read(name) for name in stored.namelist()}
    for declared in (
        b"K\x5ct",
        b"J\x00\x00\x00\x70t",
        b"\x8a\x07\x00\x00\x00\x00\x00\x00\x01t",
    ):  # 92, 2^31 - 2^28, 2^48
        forged = {name: content.replace(b"K\x5bt", declared) for name, content in members.items()}
        assert forged != members
        with zipfile.ZipFile(tmp_path / "w.pt", "w") as archive:
            for name, content in forged.items():
                archive.writestr(name, content)
        assert refusal(tmp_path / "w.pt", "arena").startswith("is not a PyTorch file of plain tensors")
