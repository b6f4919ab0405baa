"""One run's optimiser steps, from drawing the inputs to the update, in one compiled loop."""

from typing import NamedTuple

import numpy as np
from numba import njit

from tegum.empirical.kernels import overlaps as rows
from tegum.empirical.kernels.drawing import draw_tile
from tegum.empirical.kernels.gaps import Active, active_of, draw_active, scatter
from tegum.empirical.kernels.overlaps import Overlaps, overlaps_of
from tegum.empirical.kernels.tiles import Model, Scratch, add_tile, scratch_of
from tegum.empirical.kernels.updates import update_adam, update_sgd

#: Inputs worked on together: so many that the arrays of a small model stay in the first cache, of others in the second.
_SMALL, _TILE_OF_SMALL, _TILE = 16, 512, 256
_LANES = 64


class Steps(NamedTuple):
    """What is done, the same for all runs: steps from number `first` at these learning rates."""

    first: int
    rates: np.ndarray
    adaptive: bool
    decay: float
    momentum: float
    batch_size: int
    tied: bool
    biased: bool


class Tile(NamedTuple):
    """Inputs of a tile: x [features, width], the words [features, 4, width / 4] from which they are made."""

    x: np.ndarray
    words: np.ndarray


class Work(NamedTuple):
    """Arrays that one thread needs for any run of a shape."""

    tile: Tile
    active: Active
    scratch: Scratch
    overlaps: Overlaps


def work_of(features: int, hidden: int, batch_size: int, by_rows: bool) -> Work:
    """Arrays for tiles of equal width, a whole number of vectors; none for the overlaps unless they are needed."""
    most = _TILE_OF_SMALL if features + hidden <= _SMALL else _TILE
    tiles = -(-batch_size // most)
    width = -(-batch_size // (tiles * _LANES)) * _LANES
    tile = Tile(np.empty((features, width), np.float32), np.empty((features, 4, width // 4), np.uint32))
    return Work(
        tile,
        active_of(features, width),
        scratch_of(features, hidden, width),
        overlaps_of(features if by_rows else 0, hidden),
    )


@njit(cache=True, nogil=True)
def take_steps(theta, moment, square, key, steps, route, work):
    """Take a run's steps in place, its parameters and their moments each in one row; the mean batch_loss."""
    features, hidden = work.scratch.readout.shape
    slope, none = np.zeros_like(theta), np.zeros((2, features), np.float32)
    model = _model(theta, none[0], hidden, features, steps.tied, steps.biased)
    gradient = _model(slope, none[1], hidden, features, steps.tied, steps.biased)
    mean = 0.0
    for i in range(steps.rates.size):
        slope[:] = 0
        if route.by_rows:
            loss = _by_rows(model, gradient, key, steps.first + i, steps.batch_size, route, work)
        else:
            loss = _by_tiles(model, gradient, key, steps.first + i, steps.batch_size, route, work)
        mean += loss / steps.rates.size
        if steps.adaptive:
            update_adam(theta, slope, moment, square, steps.rates[i], steps.decay, steps.first + i)
        else:
            update_sgd(theta, slope, moment, steps.rates[i], steps.momentum)
    return mean


@njit(cache=True, nogil=True)
def fill_inputs(route, key, step, work, x):
    """Fill x [features, batch] with the inputs of a step."""
    width = work.tile.x.shape[1]
    for start in range(0, x.shape[1], width):
        inputs = min(width, x.shape[1] - start)
        _draw(route, key, step, start // width, inputs, work)
        x[:, start : start + inputs] = work.tile.x[:, :inputs]


@njit(cache=True, nogil=True, inline="always")
def _model(theta, none, hidden, features, tied, biased):
    size = hidden * features
    encoder = theta[:size].reshape(hidden, features)
    decoder = encoder if tied else theta[size : 2 * size].reshape(hidden, features)
    return Model(encoder, decoder, theta[theta.size - features :] if biased else none)


@njit(cache=True, nogil=True, inline="always")
def _by_tiles(model, gradient, key, step, batch_size, route, work):
    readout, width = work.scratch.readout, work.tile.x.shape[1]
    for i in range(readout.shape[0]):
        for k in range(readout.shape[1]):
            readout[i, k] = model.decoder[k, i]
    loss = 0.0
    for start in range(0, batch_size, width):
        inputs = min(width, batch_size - start)
        _draw(route, key, step, start // width, inputs, work)
        loss += add_tile(model, route.objective, work.tile.x, inputs, work.scratch, gradient)
    return loss


@njit(cache=True, nogil=True, inline="always")
def _by_rows(model, gradient, key, step, batch_size, route, work):
    width, loss = work.tile.x.shape[1], 0.0
    rows.begin(model, route.objective, work.overlaps)
    for start in range(0, batch_size, width):
        inputs = min(width, batch_size - start)
        draw_active(route.gaps, key, step, start // width, inputs, work.active)
        loss += rows.add_inputs(work.active, inputs, route.objective, work.overlaps, gradient)
    rows.end(model, work.overlaps, gradient)
    return loss


@njit(cache=True, nogil=True, inline="always")
def _draw(route, key, step, tile, inputs, work):
    if route.by_gaps:
        draw_active(route.gaps, key, step, tile, inputs, work.active)
        scatter(work.active, work.tile.x)
    else:
        draw_tile(route.words, key, step, tile, work.tile.words, work.tile.x)
