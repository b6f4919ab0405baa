"""What is exported opens in xarray along the plan's axes, holds every run where it belongs, or is not there."""

import errno
import json
import os
import sys
from dataclasses import replace

import numpy as np
import pytest
from sweeps import SMALL

from tegum.empirical.plan import Axis
from tegum.empirical.sweep.boxes import boxes
from tegum.empirical.sweep.export import export
from tegum.empirical.sweep.sealed import read_shard
from tegum.empirical.sweep.shards import Sweep
from tegum.empirical.sweep.sweep import sweep
from tegum.theory.errors import InputError

xarray = pytest.importorskip("xarray")

PLAN = replace(SMALL, axes=(Axis("density", (0.1, 0.5)), Axis("importance[1]", (1.0, 2.0, 3.0))))
SIZE = 7  # spans cells of 5 runs, and rows of the grid
SPOILED = replace(SMALL, axes=(Axis("importance", (1.0, 1e39)),))


def opened(path):
    if path.suffix == ".nc":
        return xarray.open_dataset(path, engine="h5netcdf")
    return xarray.open_zarr(path, chunks=None)  # arrays, not tasks for whatever scheduler is set


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweep")
    sweep(PLAN, folder, size=SIZE)
    return folder


@pytest.fixture(params=["all.nc", "all.zarr"])
def path(request, tmp_path):
    return tmp_path / request.param


@pytest.mark.parametrize("shape", [(7,), (3, 4), (2, 3, 4), (4, 1, 3), (1, 1, 5)], ids=str)
def test_boxes_are_the_neighbours_in_their_order(shape):
    size = int(np.prod(shape))
    places = np.arange(size).reshape(shape)
    for start in range(size):
        for stop in range(start + 1, size + 1):
            found = list(boxes(start, stop, shape))
            assert [place for first, last, _ in found for place in range(first, last)] == list(range(start, stop))
            for first, last, box in found:
                np.testing.assert_array_equal(places[box].ravel(), np.arange(first, last))
            assert len(found) <= 2 * len(shape) - 1


def test_every_run_is_where_it_belongs(folder, path):
    export(folder, path)
    cut = Sweep(PLAN, SIZE)
    parts = [read_shard(folder, cut, index) for index in range(cut.shards)]
    with opened(path) as data:
        assert dict(data.sizes) == {"density": 2, "importance[1]": 3, "run": 5, "hidden": 2, "feature": 3}
        assert set(data.data_vars) == {*parts[0], "diverged"}
        assert not data["diverged"].any()
        for name in parts[0]:
            flat = np.concatenate([part[name] for part in parts])
            np.testing.assert_array_equal(data[name].values.reshape(flat.shape), flat)
        assert data["W"].dims == ("density", "importance[1]", "run", "hidden", "feature")
        assert data["W"].dtype == np.float32
        assert data["loss"].sel({"density": 0.5, "importance[1]": 3.0}).sizes == {"run": 5}
        assert json.loads(data.attrs["plan"])["features"]["count"] == 3
        assert data.attrs["sweep"] == cut.id


def test_what_could_not_be_trained_is_nan(path, tmp_path):
    sweep(SPOILED, tmp_path / "out", size=5)
    export(tmp_path / "out", path)
    with opened(path) as data:
        assert np.isfinite(data["W"].sel(importance=1.0)).all()
        assert np.isnan(data["W"].sel(importance=1e39)).all()
        assert np.isnan(data["steps"].sel(importance=1e39)).all()


def test_an_unfinished_sweep_is_not_exported(path, tmp_path):
    sweep(SMALL, tmp_path / "out", size=3)
    next((tmp_path / "out" / "shards").glob("*-000002.json")).unlink()
    with pytest.raises(InputError, match="1 of 4 shards are missing"):
        export(tmp_path / "out", path)
    assert not path.exists()


def test_a_damaged_shard_is_not_exported(path, tmp_path):
    sweep(SMALL, tmp_path / "out", size=3)
    next((tmp_path / "out" / "shards").glob("*-000002.safetensors")).write_bytes(b"")
    with pytest.raises(InputError, match="SHA-256 differs"):
        export(tmp_path / "out", path)
    assert [one.name for one in tmp_path.iterdir()] == ["out"]


def test_a_full_disk_leaves_nothing_behind(folder, path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("tegum.empirical.sweep.export._copy", full)
    with pytest.raises(InputError, match=f"{path.name}: cannot be written: No space left on device"):
        export(folder, path)
    assert not list(path.parent.iterdir())


@pytest.mark.parametrize(("module", "name"), [("h5netcdf", "a.nc"), ("h5py", "a.nc"), ("zarr", "a.zarr")])
def test_a_missing_library_is_asked_for_by_its_command(folder, monkeypatch, tmp_path, module, name):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match=rf'needs {module}, .* pip install "tegum\[export\]"$'):
        export(folder, tmp_path / name)


def test_an_export_that_is_there_is_replaced_if_it_is_a_file_and_refused_if_a_folder(folder, tmp_path):
    (tmp_path / "all.nc").write_text("old")
    export(folder, tmp_path / "all.nc")
    opened(tmp_path / "all.nc").close()
    export(folder, tmp_path / "all.zarr")
    with pytest.raises(InputError, match="is there already"):
        export(folder, tmp_path / "all.zarr")


def test_the_command_exports(run, refused, tmp_path):
    plan = tmp_path / "plan.toml"
    plan.write_text(
        "features.count = 2\nmodel.hidden = 1\naxes.density.values = [0.1, 0.2]\n"
        'training = { runs = 3, steps = 2, batch_size = 4, device = "cpu" }\n'
    )
    arguments = ("sweep", str(plan), "--out", str(tmp_path / "out"), "--export", str(tmp_path / "all.nc"))
    assert run(*arguments)["done"] == 6
    with opened(tmp_path / "all.nc") as data:
        assert data["loss"].shape == (2, 3)
    assert "leave it out" in refused(*arguments, "--status")
