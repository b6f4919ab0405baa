"""Every command that takes a file refuses every hostile one in one line, runs nothing in it and spends no memory."""

import io
import json
import os
import pickle
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from tegum.empirical.dynamics.history import read_manifest
from tegum.empirical.ensemble import load_ensemble, save_ensemble
from tegum.empirical.plan import Plan, Training
from tegum.empirical.snapshots import load_snapshot
from tegum.empirical.sweep.folder import sweep_in
from tegum.empirical.sweep.sealed import read_shard
from tegum.empirical.sweep.sweep import sweep
from tegum.empirical.training import train
from tegum.theory.errors import InputError
from tegum.theory.files.reading import opened, require_inside
from tegum.theory.setting import Setting

SETTING = "[features]\ncount = 5\ndensity = 0.1\n[model]\nhidden = 2\n"
W, B = np.random.default_rng(0).normal(size=(1, 2, 5)), np.zeros((1, 5))
HUGE = 10**9
MOST_ADDED = 2**25  # bytes: a quarter of what the least of these files asks for


class Trap:
    """Unpickled, it would make a folder."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


class Long:
    """Unpickled, it would be a gigabyte of zeros: what PyTorch itself lets a file ask for."""

    def __reduce__(self):
        return bytearray, (HUGE,)


def npy(array, **replaced):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, np.lib.format.header_data_from_array_1_0(array) | replaced)
    return header.getvalue() + array.tobytes()


def npz(path, W, compression=zipfile.ZIP_DEFLATED, bias=B[0]):
    """Members from bytes, those of W once or several times."""
    with zipfile.ZipFile(path, "w", compression, compresslevel=1) as archive:
        archive.writestr("b.npy", npy(bias))
        for one in W if isinstance(W, list) else [W]:
            with archive.open("W.npy", "w", force_zip64=True) as member:
                for chunk in [one] if isinstance(one, bytes) else one:
                    member.write(chunk)


def zeros(count):
    """A .npy file of so many zeros, in pieces."""
    yield npy(np.zeros(0), shape=(2, count // 2))
    for _ in range(0, 8 * count, 2**24):
        yield bytes(2**24)


def npz_files(folder):
    good, matrix = {"W": W[0], "b": B[0]}, W[0]
    np.savez(folder / "pickle.npz", **good | {"W": np.full((2, 5), Trap(folder / "exploded"), dtype=object)})
    np.savez(folder / "complex.npz", **good | {"W": matrix.astype(complex)})
    np.savez(folder / "string.npz", **good | {"W": matrix.astype(str)})
    np.savez(folder / "nan.npz", **good | {"W": matrix * np.nan})
    np.savez(folder / "infinite.npz", **good | {"W": matrix * np.inf})
    npz(folder / "bomb.npz", zeros(2**25))  # 256 MiB of zeros behind an honest header
    npz(folder / "shape.npz", npy(matrix, shape=(2, HUGE // 2)))
    npz(folder / "overflow.npz", npy(matrix, shape=(2**62, 8)))
    npz(folder / "long.npz", [[npy(matrix), *[bytes(2**24)] * 8]])
    with pytest.warns(UserWarning, match="Duplicate"):
        npz(folder / "twice.npz", [npy(matrix), npy(matrix)])
    npz(folder / "whole.npz", npy(matrix))
    (folder / "truncated.npz").write_bytes((folder / "whole.npz").read_bytes()[:-40])
    (folder / "whole.npz").unlink()


def safetensors_files(folder):
    good = {"dtype": "F64", "shape": [2, 5], "data_offsets": [0, 80]}
    bias = {"dtype": "F64", "shape": [5], "data_offsets": [80, 120]}

    def write(name, W, data=bytes(120), text=None):
        text = text or json.dumps({"W": good | W, "b": bias}).encode()
        (folder / f"{name}.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)

    write("shape", {"shape": [2, HUGE // 2]})
    write("sized", {"shape": [2, HUGE // 2], "data_offsets": [0, 8 * HUGE]})
    write("overflow", {"shape": [2**62, 8], "data_offsets": [0, 2**68]})
    write("overlap", {"data_offsets": [40, 120]})
    write("backwards", {"data_offsets": [80, 0]})
    write("beyond", {"data_offsets": [2**64, 2**64 + 80]})
    write("complex", {"dtype": "C64"})
    write("truncated", {}, bytes(100))
    write("nan", {}, np.full(15, np.nan).tobytes())
    write("infinite", {}, np.full(15, -np.inf).tobytes())
    write("twice", {}, text=json.dumps({"W": good, "b": bias}).replace('"b"', '"W"').encode())
    write("pickle", {}, text=pickle.dumps(Trap(folder / "exploded")))
    (folder / "header.safetensors").write_bytes(struct.pack("<Q", 2**40) + bytes(1000))


def torch_files(folder):
    weights, bias = torch.tensor(W), torch.tensor(B)

    def write(name, W):
        torch.save({"W": W, "b_final": bias}, folder / f"{name}.pt")

    write("pickle", Trap(folder / "exploded"))
    write("long", Long())
    write("nan", weights * torch.nan)
    write("infinite", weights / 0)
    write("complex", weights.to(torch.complex64))
    write("whole", weights.long())
    write("text", "W")
    write("strided", torch.zeros(1, dtype=torch.float64).expand(1, 2, HUGE // 2))
    write("meta", torch.empty(1, 2, HUGE // 2, device="meta"))
    write("sparse", torch.sparse_coo_tensor([[0], [0], [0]], [1.0], (1, 2, HUGE // 2), check_invariants=True))
    write("good", weights)
    members = {}
    with zipfile.ZipFile(folder / "good.pt") as stored:
        members = {name: stored.read(name) for name in stored.namelist()}
    (folder / "truncated.pt").write_bytes((folder / "good.pt").read_bytes()[:-40])
    (folder / "good.pt").unlink()
    with zipfile.ZipFile(folder / "bomb.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, bytes(2**27) if name.endswith("data/0") else content)
    (folder / "legacy.pt").write_bytes(pickle.dumps(Trap(folder / "exploded")))


COMMANDS = {
    "loss": ("loss", "SETTING"),
    "identify": ("identify",),
    "diagnose": ("diagnose", "SETTING"),
    "draw": ("draw", "--out", "OUT"),
    "compare": ("compare", "SETTING", "--out", "OUT"),
    **{f"probe {one}": ("probe", one, "SETTING") for one in ("autoencoder", "adversarial", "computation", "steering")},
    "probe penalty": ("probe", "penalty", "SETTING", "--penalties", "0.1"),
    "dictionary": ("dictionary",),
}
#: Runs every command on every file, and says what each answered, and how much the peak of memory rose.
DRIVER = """
import contextlib, io, json, sys
from tegum.cli import main
files, commands, out = json.load(open(sys.argv[1]))
def peak():
    (line,) = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024
def answer(command):
    with contextlib.redirect_stderr(io.StringIO()) as said, contextlib.redirect_stdout(io.StringIO()) as printed:
        status = main(command)
    return status, said.getvalue(), printed.getvalue()
found = []
import torch, tegum.empirical.pictures.draw, tegum.compare.report, tegum.theory.geometry.identify
import tegum.compare.dictionary.data, tegum.compare.dictionary.files
for place, (path, layout) in enumerate(files):
    for name, command in commands.items():
        chosen = "tegum" if name == "dictionary" else layout
        before = peak()
        status, said, printed = answer([*command, "--weights", path, "--layout", chosen])
        found.append((path, name, status, said, printed, peak() - before))
json.dump(found, open(out, "w"))
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """What every command said of every hostile file, in a process of their own."""
    folder = tmp_path_factory.mktemp("hostile")
    npz_files(folder)
    safetensors_files(folder)
    torch_files(folder)
    files = sorted(path for path in folder.iterdir())
    for suffix in (".npz", ".safetensors", ".pt"):
        os.mkfifo(folder / f"pipe{suffix}")
        files.append(folder / f"pipe{suffix}")
    home = tmp_path_factory.mktemp("home")
    (home / "setting.toml").write_text(SETTING)
    words = {"SETTING": str(home / "setting.toml"), "OUT": str(home / "out")}
    commands = {name: [words.get(word, word) for word in command] for name, command in COMMANDS.items()}
    layouts = [(str(path), "tms-kit" if path.suffix == ".pt" else "tegum") for path in files]
    (home / "asked.json").write_text(json.dumps([layouts, commands, str(home / "found.json")]))
    subprocess.run([sys.executable, "-c", DRIVER, str(home / "asked.json")], check=True, timeout=300)
    return folder, json.loads((home / "found.json").read_text())


def test_every_command_refuses_every_hostile_file_in_one_line(answers):
    _, found = answers
    assert len(found) == len(COMMANDS) * 40
    for path, name, status, said, printed, _ in found:
        assert (status, printed, said.count("\n")) == (2, "", 1), (path, name, status, said)
        assert said.startswith("tegum: ")
        assert said.strip().isprintable()
        assert os.path.basename(path) in said


def test_nothing_in_a_hostile_file_runs(answers):
    folder, _ = answers
    assert not (folder / "exploded").exists()
    pickle.loads((folder / "legacy.pt").read_bytes())
    assert (folder / "exploded").exists()  # the trap works


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells a process's own peak")
def test_no_memory_is_spent_on_a_hostile_file(answers):
    _, found = answers
    for path, name, _, _, _, added in found:
        assert added < MOST_ADDED, (path, name, added)


# Folders


def out_of(folder, path):
    """The file moved elsewhere, and a link to it in its place."""
    elsewhere = folder.parent / f"elsewhere-{folder.name}" / path.name
    elsewhere.parent.mkdir(exist_ok=True)
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


@pytest.fixture(scope="module")
def trained():
    return train(Setting(3, 2, 0.1), runs=1, steps=1, batch_size=8, device="cpu")


def test_an_ensemble_does_not_lead_out_of_its_folder(tmp_path, trained, refused):
    (tmp_path / "setting.toml").write_text(SETTING.replace("5", "3"))
    for name in ("ensemble.json", "tensors"):
        folder = tmp_path / name
        save_ensemble(folder, trained)
        path = folder / name if name.endswith("json") else next(folder.glob("*.safetensors"))
        out_of(folder, path)
        with pytest.raises(InputError, match=f"{path.name}: is a link that leads out of its folder"):
            load_ensemble(folder)
        for command in (["compare", str(tmp_path / "setting.toml")], ["draw"]):
            line = refused(*command, "--runs", str(folder), "--out", str(tmp_path / "out"))
            assert "leads out of its folder" in line


def test_links_that_stay_in_the_folder_and_to_the_folder_are_followed(tmp_path, trained):
    save_ensemble(tmp_path / "runs", trained)
    manifest = tmp_path / "runs" / "ensemble.json"
    manifest.rename(tmp_path / "runs" / "kept.json")
    manifest.symlink_to("kept.json")
    (tmp_path / "alias").symlink_to(tmp_path / "runs")
    np.testing.assert_array_equal(load_ensemble(tmp_path / "alias").weights.W, trained.weights.W)


def test_a_sweep_does_not_lead_out_of_its_folder(tmp_path):
    plan = Plan(Setting(3, 2, 0.1), (), Training(runs=1, steps=1, batch_size=8, device="cpu"))
    for part in ("sweep.json", ".json", ".safetensors"):
        folder = tmp_path / part.strip(".")
        sweep(plan, folder)
        held = sweep_in(folder)
        (path,) = [folder / part] if part == "sweep.json" else (folder / "shards").glob(f"*{part}")
        read_shard(folder, held, 0)
        out_of(folder, path)
        with pytest.raises(InputError, match="is a link that leads out of its folder"):
            read_shard(folder, sweep_in(folder), 0)


def test_a_history_does_not_lead_out_of_its_folder(tmp_path, run, refused):
    (tmp_path / "setting.toml").write_text(SETTING.replace("5", "3"))
    folder = tmp_path / "dynamics"
    asked = ("dynamics", str(tmp_path / "setting.toml"), "--runs", "1", "--steps", "4", "--batch-size", "8")
    run(*asked, "--device", "cpu", "--out", str(folder))
    setting, options, steps = read_manifest(folder)
    (snapshot,) = folder.glob(f"snapshots/step-{steps[-1]:010d}-*.safetensors")
    there = folder / "snapshots"
    assert load_snapshot(there, steps[-1], setting, options) is not None
    out_of(there, snapshot)
    assert load_snapshot(there, steps[-1], setting, options) is None  # as if it were missing: it is recorded again
    out_of(folder, folder / "dynamics.json")
    assert "leads out of its folder" in refused("draw", "--runs", str(folder), "--out", str(tmp_path / "out"))


@pytest.mark.parametrize("name", ["ensemble.json", "sweep.json", "dynamics.json"])
def test_a_manifest_that_is_a_pipe_or_vast_is_refused(tmp_path, name):
    read = {"ensemble.json": load_ensemble, "sweep.json": sweep_in, "dynamics.json": read_manifest}[name]
    os.mkfifo(tmp_path / name)
    with pytest.raises(InputError, match=f"{name}: cannot be read: is not a regular file"):
        read(tmp_path)
    (tmp_path / name).unlink()
    with open(tmp_path / name, "wb") as file:
        file.truncate(2**28 + 1)  # a hole: no disk is spent on it
    with pytest.raises(InputError, match=f"{name}: is larger than [0-9]+ bytes"):
        read(tmp_path)


def test_what_is_inside_and_what_is_not(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "file").write_bytes(b"")
    require_inside(tmp_path / "in", tmp_path / "in" / "file")
    for path in (tmp_path / "file", tmp_path / "in" / ".." / "file", tmp_path / "inner"):
        with pytest.raises(InputError, match="leads out"):
            require_inside(tmp_path / "in", path)
    with pytest.raises(InputError, match="No such file"), opened(tmp_path / "none"):
        pass
