"""A sweep's results as one ensemble."""

from dataclasses import replace

from tegum.empirical.ensemble import Ensemble, concatenated
from tegum.empirical.sweep.sealed import read_maker, read_shard
from tegum.empirical.sweep.shards import Sweep, shard
from tegum.theory.files.atomic import StrPath
from tegum.theory.weights import Weights


def shard_ensemble(folder: StrPath, sweep: Sweep, index: int) -> Ensemble:
    """The runs of a finished shard; the options' device and kernel are those that were used.

    Raises:
        InputError: the shard is not finished, or damaged.
    """
    part, arrays = shard(sweep, index), read_shard(folder, sweep, index)
    weights = Weights(arrays["W"], arrays["b"], arrays.get("W_out"))
    options = replace(part.training, **read_maker(folder, sweep, index))
    return Ensemble(part.settings, part.runs, weights, arrays["batch_loss"], options, arrays["steps"])


def sweep_ensemble(folder: StrPath, sweep: Sweep) -> Ensemble:
    """All runs of a finished sweep, cell after cell; for sweeps that fit in memory."""
    return concatenated([shard_ensemble(folder, sweep, index) for index in range(sweep.shards)])
