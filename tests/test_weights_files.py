"""Weights come back from a file as they went in, and a damaged or hostile file costs one line, not memory or trust."""

import io
import json
import os
import pickle
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest
import safetensors.numpy
import torch

from tegum.theory.errors import InputError
from tegum.theory.files.atomic import write_atomically
from tegum.theory.files.weights import LAYOUTS, read_weights, write_weights
from tegum.theory.weights import Weights, overlap_matrix

HIDDEN, FEATURES = 2, 5
SUFFIXES = (".npz", ".safetensors")


def random_arrays(*ensemble, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(*ensemble, HIDDEN, FEATURES)), rng.normal(size=(*ensemble, FEATURES))


W, B = random_arrays()


def refusal(path, layout="tegum"):
    with pytest.raises(InputError) as caught:
        read_weights(path, layout=layout)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert message.isprintable()
    return message.removeprefix(f"{path}: ")


def npy(array, **replaced):
    """A .npy file of the array, with entries of its header replaced."""
    header = io.BytesIO()
    described = np.lib.format.header_data_from_array_1_0(array) | replaced
    np.lib.format.write_array_header_1_0(header, described)
    return header.getvalue() + array.tobytes()


def zipped(path, compression=zipfile.ZIP_STORED, **members):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return path


def tensors(path, header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


# Weights


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ">f8", np.int32, np.uint8])
def test_weights_are_kept_in_double_precision(dtype):
    given = np.asfortranarray(np.abs(W).astype(dtype))
    weights = Weights(W=given, b=B.astype(np.float32))
    assert weights.W.dtype == weights.b.dtype == np.float64
    assert weights.W.flags.c_contiguous
    np.testing.assert_array_equal(weights.W, given.astype(np.float64))


def test_weights_do_not_change_with_the_array_they_came_from():
    given = W.copy()
    weights = Weights(W=given, b=B)
    given[0, 0] = 99.0
    assert weights.W[0, 0] == W[0, 0]


BAD_WEIGHTS = [
    (W[0], B, "W has shape (5,)"),
    (W[None, None], B, "W has shape (1, 1, 2, 5)"),
    (W, B[:-1], "b has shape (4,)"),
    (W, B[None], "b has shape (1, 5)"),
    (W[None], B, "b has shape (5,)"),
    (W[:0], B, "W has shape (0, 5)"),
    (W > 0, B, "W holds bool"),
    (W.astype(complex), B, "W holds complex128"),
    (W.astype(object), B, "W holds object"),
    (W.astype(str), B, "W holds <U"),
    (np.where(W == W[1, 1], np.nan, W), B, "W has an entry that is not a finite number"),
    (W, np.where(B == B[1], -np.inf, B), "b has an entry that is not a finite number"),
    (np.array([[0x7FA00000] * 5], dtype="<u4").view("<f4"), B, "W has an entry"),  # signalling NaN
    (np.full((2, 5), np.finfo(np.longdouble).max), B, "W has an entry"),  # infinite in double precision
    ([[1.0], [1.0, 2.0]], B, "W is no array"),
]


@pytest.mark.parametrize(("W", "b", "named"), BAD_WEIGHTS)
def test_bad_weights_are_named(W, b, named):
    with pytest.raises(InputError) as caught:
        Weights(W=W, b=b)
    assert str(caught.value).startswith(named)


@pytest.mark.parametrize("ensemble", [(), (3,)])
def test_overlap_matrix_is_every_inner_product(ensemble):
    weights = Weights(*random_arrays(*ensemble))
    expected = np.einsum("...hi,...hj->...ij", weights.W, weights.W)
    np.testing.assert_allclose(overlap_matrix(weights), expected, rtol=0, atol=1e-14)
    angle = 0.7
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turned = Weights(W=turn @ weights.W, b=weights.b)
    np.testing.assert_allclose(overlap_matrix(turned), expected, rtol=0, atol=1e-14)


# There and back


@pytest.mark.parametrize("ensemble", [(), (1,), (3,)])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_weights_go_round_exactly(tmp_path, suffix, ensemble):
    weights = Weights(*random_arrays(*ensemble))
    path = tmp_path / "new" / f"weights{suffix}"
    write_weights(path, weights)
    back = read_weights(path)
    np.testing.assert_array_equal(back.W, weights.W, strict=True)
    np.testing.assert_array_equal(back.b, weights.b, strict=True)
    first = path.read_bytes()
    write_weights(path, back)
    assert path.read_bytes() == first


def test_written_files_are_read_by_the_libraries(tmp_path):
    for suffix in SUFFIXES:
        write_weights(tmp_path / f"w{suffix}", Weights(W, B))
    with np.load(tmp_path / "w.npz", allow_pickle=False) as theirs:
        np.testing.assert_array_equal(theirs["W"], W, strict=True)
        np.testing.assert_array_equal(theirs["b"], B, strict=True)
    theirs = safetensors.numpy.load_file(tmp_path / "w.safetensors")
    np.testing.assert_array_equal(theirs["W"], W, strict=True)
    np.testing.assert_array_equal(theirs["b"], B, strict=True)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("dtype", ["<f8", ">f8", "<f4", "<f2", "<i4"])
def test_every_numpy_writing_is_read(tmp_path, save, dtype):
    given = np.asfortranarray((8 * W).astype(dtype))
    save(tmp_path / "w.npz", W=given, b=B)
    np.testing.assert_array_equal(read_weights(tmp_path / "w.npz").W, given.astype(np.float64), strict=True)


def test_array_longer_than_its_header_buffer_is_read(tmp_path):
    wide = np.random.default_rng(1).normal(size=(3, 7000))
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "w.npz", W=wide, b=wide[0])
        np.testing.assert_array_equal(read_weights(tmp_path / "w.npz").W, wide)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int16])
def test_every_safetensors_number_is_read(tmp_path, dtype):
    import safetensors.torch

    given = torch.tensor(8 * W).to(dtype)
    safetensors.torch.save_file({"W": given, "b": torch.tensor(B)}, tmp_path / "w.safetensors", {"by": "torch"})
    back = read_weights(tmp_path / "w.safetensors")
    np.testing.assert_array_equal(back.W, given.to(torch.float64).numpy(), strict=True)


@pytest.mark.parametrize("ensemble", [(), (3,)])
def test_untied_files_are_read_when_they_are_tied_in_fact(tmp_path, ensemble):
    W, b = random_arrays(*ensemble)
    np.savez(tmp_path / "w.npz", W_in=W, W_out=np.swapaxes(W, -1, -2), b=b)
    np.testing.assert_array_equal(read_weights(tmp_path / "w.npz").W, W)


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
@pytest.mark.parametrize("ensemble", [(), (3,)])
def test_untied_weights_come_back_as_written(tmp_path, suffix, ensemble):
    W, b = random_arrays(*ensemble)
    given = Weights(W, b, np.swapaxes(W, -1, -2) + 0.25)
    write_weights(tmp_path / f"w{suffix}", given)
    back = read_weights(tmp_path / f"w{suffix}")
    for name in ("W", "b", "W_out"):
        np.testing.assert_array_equal(getattr(back, name), getattr(given, name), strict=True)


@pytest.mark.parametrize("W_out", [W, W.T[:-1], W.T[None]])
def test_output_weights_of_another_shape_are_refused(tmp_path, W_out):
    np.savez(tmp_path / "w.npz", W_in=W, W_out=W_out, b=B)
    assert "W_out has shape" in refusal(tmp_path / "w.npz")


@pytest.mark.parametrize("path", ["weights", "weights.npy", "weights.pt"])
def test_unknown_suffix_is_refused(tmp_path, path):
    assert "allowed: .npz, .safetensors" in refusal(tmp_path / path)
    with pytest.raises(InputError, match=r"allowed: \.npz, \.safetensors"):
        write_weights(tmp_path / path, Weights(W, B))
    assert os.listdir(tmp_path) == []


def test_unknown_layout_is_refused(tmp_path):
    assert LAYOUTS == ("tegum", "elhage2022", "arena", "tms-kit", "devinterp", "persianrug")
    with pytest.raises(InputError, match='layout = "torch" is unknown; allowed: "tegum", "elhage2022", "arena"'):
        read_weights(tmp_path / "w.npz", layout="torch")


# Files that are not what they should be


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_missing_file_and_folder_are_refused(tmp_path, suffix, layout):
    assert refusal(tmp_path / f"none{suffix}", layout).startswith("cannot be read: No such file")
    (tmp_path / f"folder{suffix}").mkdir()
    assert refusal(tmp_path / f"folder{suffix}", layout).startswith("cannot be read: Is a directory")


@pytest.mark.parametrize("content", [b"", b"PK", b"W = 1", bytes(1000), b"\xff" * 1000, pickle.dumps({"W": W})])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_other_content_is_refused(tmp_path, suffix, layout, content):
    (tmp_path / f"w{suffix}").write_bytes(content)
    assert "file" in refusal(tmp_path / f"w{suffix}", layout)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_truncation_is_refused(tmp_path, suffix):
    write_weights(tmp_path / f"whole{suffix}", Weights(W, B))
    whole = (tmp_path / f"whole{suffix}").read_bytes()
    for length in [*range(0, len(whole), 7), len(whole) - 1]:
        (tmp_path / f"w{suffix}").write_bytes(whole[:length])
        assert refusal(tmp_path / f"w{suffix}")


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_damage_is_never_more_than_one_line(tmp_path, save):
    save(tmp_path / "whole.npz", W=W, b=B)
    whole = (tmp_path / "whole.npz").read_bytes()
    rng = np.random.default_rng(2)
    refusals = []
    for position in rng.choice(len(whole), 150, replace=False):
        damaged = bytearray(whole)
        damaged[position] ^= rng.integers(1, 256)
        (tmp_path / "w.npz").write_bytes(damaged)
        try:
            back = read_weights(tmp_path / "w.npz")
        except InputError as error:
            refusals.append(str(error))
        else:  # a byte that says nothing, such as a date: the checksum vouches for the numbers
            np.testing.assert_array_equal(back.W, W)
            np.testing.assert_array_equal(back.b, B)
    assert len(refusals) > 75
    assert all(message.isprintable() for message in refusals)


WRONG_NAMES = [
    {"W": W},
    {"b": B},
    {"w": W, "b": B},
    {"W": W, "b": B, "extra": B},
    {"W": W, "W_in": W, "W_out": W.T, "b": B},
    {"W_in": W, "b": B},
    {},
]


@pytest.mark.parametrize("arrays", WRONG_NAMES)
@pytest.mark.parametrize(("suffix", "save"), [(".npz", np.savez), (".safetensors", None)])
def test_other_names_are_refused_with_the_allowed_ones(tmp_path, suffix, save, arrays):
    path = tmp_path / f"w{suffix}"
    save(path, **arrays) if save else safetensors.numpy.save_file(arrays, path)
    message = refusal(path)
    assert message.endswith("needed are W, b or W_in, W_out, b")
    assert all(f"'{name}'" in message for name in arrays)


def test_array_given_twice_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "w.npz", "w") as archive:
        archive.writestr("W.npy", npy(W))
        archive.writestr("b.npy", npy(B))
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("W.npy", npy(W))
    assert "needed are" in refusal(tmp_path / "w.npz")


class Bomb:
    """Unpickled, it would make a folder: the sign that code in a file has run."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_pickled_objects_are_refused_unseen(tmp_path):
    trap = tmp_path / "exploded"
    objects = np.full((HIDDEN, FEATURES), Bomb(trap), dtype=object)
    np.savez(tmp_path / "w.npz", W=objects, b=B)
    assert refusal(tmp_path / "w.npz").startswith("W holds object values")
    (tmp_path / "raw.npz").write_bytes(pickle.dumps(Bomb(trap)))
    refusal(tmp_path / "raw.npz")
    torch.save({"W": Bomb(trap), "b_final": torch.tensor(B)}, tmp_path / "w.pt")
    for layout in set(LAYOUTS) - {"tegum"}:
        assert refusal(tmp_path / "w.pt", layout).startswith("is not a PyTorch file of plain tensors")
    assert not trap.exists()
    pickle.loads((tmp_path / "raw.npz").read_bytes())
    assert trap.exists()  # the trap works


@pytest.mark.parametrize("dtype", ["?", "c16", "U3", "S3", "M8[s]", "(2,)f8", [("a", "f8")], "f16"])
def test_arrays_of_other_types_are_refused(tmp_path, dtype):
    np.savez(tmp_path / "w.npz", W=W, b=np.zeros(FEATURES, dtype=dtype))
    assert refusal(tmp_path / "w.npz").startswith(("b holds", "b declares", "b has"))


FORGED = [
    ({"shape": (10**12,)}, "W declares shape (1000000000000,), more than"),
    ({"shape": (10**6, 10**6)}, "W declares shape (1000000, 1000000), more than"),
    ({"shape": (2**27,)}, "W declares 1073741824 bytes; the file holds 80"),
    ({"shape": (9,)}, "W declares 72 bytes"),
    ({"shape": (11,)}, "W declares 88 bytes"),
    ({"shape": (-2, -5)}, "W declares shape (-2, -5), which is not"),
    ({"shape": (True, 10)}, "W declares shape (True, 10), which is not"),
    ({"descr": "<f4"}, "W declares 40 bytes"),
    ({"descr": "|O"}, "W holds object"),
    ({"descr": "nonsense"}, "is not an intact .npz file"),
    ({"more": 1}, "is not an intact .npz file"),
]


@pytest.mark.parametrize(("replaced", "named"), FORGED)
@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_forged_header_costs_no_memory(tmp_path, compression, replaced, named):
    path = zipped(tmp_path / "w.npz", compression, W=npy(W, **replaced), b=npy(B))
    tracemalloc.start()
    message = refusal(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert message.startswith(named)
    assert peak < 2**21


def test_member_that_unpacks_to_much_is_refused_unpacked(tmp_path):
    # 100 MB of zeros behind an honest header of ten numbers, and the same as one header of 100 MB.
    zeros = bytes(10**8)
    for content in (npy(W) + zeros, b"\x93NUMPY\x02\x00" + struct.pack("<I", 10**8) + zeros):
        path = zipped(tmp_path / "w.npz", zipfile.ZIP_DEFLATED, W=content, b=npy(B))
        tracemalloc.start()
        refusal(path)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 2**21


@pytest.mark.parametrize("header", [b"(" * 9000, b"-" * 9000 + b"1", b"{'shape': " + b"9" * 9000, b"\xff" * 50])
def test_headers_that_choke_a_parser_are_refused(tmp_path, header):
    content = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header
    assert "intact" in refusal(zipped(tmp_path / "w.npz", W=content, b=npy(B)))


def test_npy_version_of_structured_arrays_is_refused(tmp_path):
    content = npy(W).replace(b"\x01\x00", b"\x03\x00", 1)
    assert ".npy version (3, 0)" in refusal(zipped(tmp_path / "w.npz", W=content, b=npy(B)))


GOOD_W = {"dtype": "F64", "shape": [2, 5], "data_offsets": [0, 80]}
GOOD_B = {"dtype": "F64", "shape": [5], "data_offsets": [80, 120]}
FORGED_TENSORS = [
    ({"shape": [10**12], "data_offsets": [0, 8 * 10**12]}, "W declares shape [1000000000000], more than"),
    ({"shape": [2**27], "data_offsets": [0, 2**30]}, "has arrays that overlap"),
    ({"shape": [10**4000]}, "W declares shape [1000"),
    ({"shape": [10**4000] * 2}, "W declares shape [1000"),
    ({"shape": [3, 5]}, "W declares 120 bytes; the file holds 80"),
    ({"shape": [-2, -5]}, "W declares shape [-2, -5], which is not"),
    ({"shape": [2.0, 5]}, "W declares shape [2.0, 5], which is not"),
    ({"shape": [True, 10]}, "W declares shape [True, 10], which is not"),
    ({"shape": 10}, "W declares shape 10, which is not"),
    ({"dtype": "F32"}, "W declares 40 bytes"),
    ({"dtype": "BOOL"}, 'W holds "BOOL" values; allowed: F64'),
    ({"dtype": ["F64"]}, "W holds ['F64'] values"),
    ({"data_offsets": [8, 88]}, "has arrays that overlap or leave a gap at byte 0"),
    ({"data_offsets": [-80, 0]}, "has arrays that overlap"),
    ({"data_offsets": [0]}, "W declares data_offsets [0]"),
    ({"data_offsets": [False, 80]}, "W declares data_offsets [False, 80]"),
    ({"data_offsets": None}, "W declares data_offsets None"),
    ({"more": 1}, "W is declared as"),
]


@pytest.mark.parametrize(("replaced", "named"), FORGED_TENSORS)
def test_forged_tensor_is_refused(tmp_path, replaced, named):
    path = tensors(tmp_path / "w.safetensors", {"W": GOOD_W | replaced, "b": GOOD_B}, bytes(120))
    assert refusal(path).startswith(named)


def test_unforged_tensor_is_read(tmp_path):
    header = {"b": GOOD_B, "W": GOOD_W, "__metadata__": {"format": "np"}}
    assert not read_weights(tensors(tmp_path / "w.safetensors", header, bytes(120))).W.any()


BAD_HEADERS = [
    (b"[" * 100_000, "is not an intact .safetensors file"),
    (b'{"W": ' + b"9" * 9000 + b"}", "is not an intact .safetensors file"),
    (b"{'W': 1}", "is not an intact .safetensors file"),
    (b"\xff{}", "is not an intact .safetensors file"),
    (b"[]", "is not a .safetensors file"),
    (b"{}", "holds the arrays []"),
    (b'{"W": 1, "b": 2}', "W is declared as 1"),
    (b'{"\\u001b[2J\\n": 1}', "holds the arrays ['\\x1b[2J\\n']"),
]


@pytest.mark.parametrize(("header", "named"), BAD_HEADERS)
def test_bad_header_is_refused(tmp_path, header, named):
    assert refusal(tensors(tmp_path / "w.safetensors", header)).startswith(named)


def test_header_of_any_length_costs_no_memory(tmp_path):
    (tmp_path / "w.safetensors").write_bytes(b"\xff\xff\xff\xff\xff\x00\x00\x00{}")
    assert "a header of 1099511627775 bytes" in refusal(tmp_path / "w.safetensors")


@pytest.mark.parametrize("held", [0, 119, 121])
def test_data_of_another_length_is_refused(tmp_path, held):
    path = tensors(tmp_path / "w.safetensors", {"W": GOOD_W, "b": GOOD_B}, bytes(held))
    assert refusal(path) == f"declares 120 bytes of data and holds {held}"


# Atomic writes


def test_content_is_replaced_whole_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "a" / "b" / "report.json"
    for content in (b"old", b"", b"new" * 10**5):
        write_atomically(path, content)
        assert path.read_bytes() == content
        assert os.listdir(path.parent) == ["report.json"]


def test_file_gets_the_permissions_of_any_new_file(tmp_path):
    write_atomically(tmp_path / "written", b"")
    (tmp_path / "plain").write_bytes(b"")
    assert (tmp_path / "written").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("old", [None, b"old"])
@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_failure_leaves_the_old_content(tmp_path, monkeypatch, failure, step, old):
    path = tmp_path / "report.json"
    if old is not None:
        path.write_bytes(old)

    def fail(*_):
        raise failure

    monkeypatch.setattr(os, step, fail)
    with pytest.raises((InputError, KeyboardInterrupt)) as caught:
        write_atomically(path, b"new")
    monkeypatch.undo()
    if isinstance(failure, OSError):
        assert str(caught.value) == f"{path}: cannot be written: No space left on device"
    assert os.listdir(tmp_path) == ([] if old is None else ["report.json"])
    assert old is None or path.read_bytes() == old


def test_content_is_on_disk_before_it_takes_the_name(tmp_path, monkeypatch):
    steps = []
    real_fsync, real_replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda descriptor: (steps.append("fsync"), real_fsync(descriptor)))
    monkeypatch.setattr(os, "replace", lambda *paths: (steps.append("replace"), real_replace(*paths)))
    write_atomically(tmp_path / "report.json", b"new")
    assert steps == ["fsync", "replace", "fsync"]  # the file, the name, the folder


def test_symbolic_link_is_written_through(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "target")
    for content in (b"old", b"new"):
        write_atomically(tmp_path / "link", content)
        assert (tmp_path / "link").is_symlink()
        assert (tmp_path / "target").read_bytes() == content


@pytest.mark.parametrize("name", ["", "folder", "file/below", "device"])
def test_place_that_cannot_be_written_is_refused(tmp_path, name):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"old")
    os.mkfifo(tmp_path / "device")
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(InputError, match="cannot be written: ") as caught:
        write_atomically(f"{tmp_path}/{name}", b"new")
    assert str(caught.value).isprintable()
    assert sorted(os.listdir(tmp_path)) == before
    assert (tmp_path / "file").read_bytes() == b"old"


def test_zero_character_in_a_path_is_refused(tmp_path):
    for use in (
        read_weights,
        lambda path: write_atomically(path, b""),
        lambda path: write_weights(path, Weights(W, B)),
    ):
        with pytest.raises(InputError, match=r"w\\x00.npz: cannot be a path"):
            use(f"{tmp_path}/w\0.npz")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_unwritable_folder_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="cannot be written: Permission denied"):
        write_atomically(tmp_path / "report.json", b"new")
    tmp_path.chmod(0o700)
