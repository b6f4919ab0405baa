"""Stores that xarray opens, NetCDF-4 and Zarr: laid out at once, filled box by box, there when they are complete."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tegum.empirical.extras import needed
from tegum.theory.errors import InputError
from tegum.theory.files.atomic import StrPath

_CHUNK = 2**20  # numbers


@dataclass(frozen=True)
class Layout:
    """What a store holds.

    Args:
        sizes: length of each dimension.
        coordinates: the values along a dimension, by its name, for those that have values.
        variables: of each its dimensions, its type and what it means; NaN until it is written.
        attributes: of the whole.
    """

    sizes: dict[str, int]
    coordinates: dict[str, np.ndarray]
    variables: dict[str, tuple[tuple[str, ...], np.dtype, str]]
    attributes: dict[str, str]


#: Makes a store and yields it: `store[variable][box] = values`.
Store = Callable[[StrPath, Layout], AbstractContextManager[Any]]


@contextmanager
def netcdf(path: StrPath, layout: Layout) -> Iterator[Any]:
    """A NetCDF-4 file."""
    h5netcdf = needed("h5netcdf", "export", "a .nc file")
    needed("h5py", "export", "a .nc file")
    with _appearing(Path(path)) as temporary, h5netcdf.File(temporary, "w") as file:
        file.dimensions = layout.sizes
        file.attrs.update(layout.attributes)
        for name, values in layout.coordinates.items():
            file.create_variable(name, (name,), data=values)
        for name, (dimensions, dtype, meaning) in layout.variables.items():
            chunks = _chunks([layout.sizes[one] for one in dimensions])
            made = file.create_variable(name, dimensions, dtype, chunks=chunks, fillvalue=dtype.type(np.nan))
            made.attrs["long_name"] = meaning
        yield file


@contextmanager
def zarr(path: StrPath, layout: Layout) -> Iterator[Any]:
    """A Zarr folder of format 2, which older readers know too, with its metadata in one place."""
    library = needed("zarr", "export", "a .zarr folder")
    with _appearing(Path(path)) as temporary:
        group = library.open_group(temporary, mode="w", zarr_format=2)
        group.attrs.update(layout.attributes)
        for name, values in layout.coordinates.items():
            group.create_array(name, data=values, attributes={"_ARRAY_DIMENSIONS": [name]})
        for name, (dimensions, dtype, meaning) in layout.variables.items():
            shape = tuple(layout.sizes[one] for one in dimensions)
            attributes = {"_ARRAY_DIMENSIONS": list(dimensions), "long_name": meaning}
            group.create_array(
                name, shape=shape, dtype=dtype, chunks=_chunks(shape), fill_value=np.nan, attributes=attributes
            )
        yield group
        library.consolidate_metadata(temporary)


STORES: dict[str, Store] = {".nc": netcdf, ".zarr": zarr}
#: What each needs besides its own library.
LIBRARIES = {".nc": ("h5netcdf", "h5py"), ".zarr": ("zarr",)}


def _chunks(shape: Any) -> tuple[int, ...]:
    """Pieces that are stored together: whole in the last dimensions, some `_CHUNK` numbers."""
    chunks: list[int] = []
    room = _CHUNK
    for length in reversed(shape):
        chunks.insert(0, max(1, min(length, room)))
        room //= chunks[0]
    return tuple(chunks)


@contextmanager
def _appearing(path: Path) -> Iterator[Path]:
    """A place beside `path`, for what takes that name once the block ends well."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.unlink(missing_ok=True)
