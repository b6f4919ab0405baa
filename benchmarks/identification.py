"""Identification against what one would use instead, in one run: python benchmarks/identification.py

Seconds of processor time, the least of three, each on a labelling of its own, with the target, and how many times as
long networkx takes to match the same overlap graph to a relabelled copy: `is_isomorphic` with the signs of the edges,
`vf2pp_is_isomorphic` without, since it takes none.  Unlike identification, both are told which graph to look for.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from functools import partial

import networkx
import numpy as np

from tegum.compare.polish import polish
from tegum.empirical.training import train
from tegum.theory.geometry.critical import CRITICAL_TOLERANCE
from tegum.theory.geometry.factor import regular_vectors
from tegum.theory.geometry.identify import identify, identify_ensemble
from tegum.theory.geometry.overlap import networkx_graph, overlap_graph
from tegum.theory.geometry.tegum import parse_geometry
from tegum.theory.loss.law import law_of
from tegum.theory.setting import Setting

SETTING = Setting(count=5, hidden=2, density=0.1)
MODELS = 1000
NOISE = 0.005
LARGE = ("10*square-antiprism + 320*dropped", "30*digon + 340*dropped", "600-cell")
TARGETS = (1.0, 1.0, 2.0)
PATIENCE = 20.0


def seconds(*runs: Callable[[], object]) -> float:
    """Processor time, the least of the runs'."""
    times = []
    for run in runs:
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return min(times)


def ratio(match: Callable[..., bool], graphs: list[networkx.Graph], taken: float) -> str:
    """How many times as long a match takes, in a process that is ended when patience is."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    other = multiprocessing.get_context("fork").Process(
        target=lambda: sender.send(seconds(lambda: match(*graphs))), daemon=True
    )
    other.start()
    found = receiver.recv() if receiver.poll(PATIENCE) else None
    other.kill()
    return f"over {PATIENCE / taken:.0f}" if found is None else f"{found / taken:.1f}"


def weights(geometry: str, random: np.random.Generator) -> np.ndarray:
    """A tegum product, permuted, with training noise."""
    factors = parse_geometry(geometry).factors
    W = np.zeros((sum(one.dimension for one in factors), sum(one.vertices for one in factors)))
    row = column = 0
    for factor in factors:
        W[row : row + factor.dimension, column : column + factor.vertices] = regular_vectors(factor)
        row, column = row + factor.dimension, column + factor.vertices
    return (W + NOISE * random.normal(size=W.shape))[:, random.permutation(W.shape[1])]


def line(what: str, taken: float, target: float, others: str = "") -> None:
    print(f"{what:60s} {taken:10.4f} s   target {target:g} s   {others}", flush=True)


def ensemble() -> None:
    """A thousand learned models, without and with polishing."""
    learned = train(SETTING, runs=MODELS, steps=1000, device="cpu").weights
    law = law_of(SETTING, MODELS)
    line(f"{MODELS} models of n = 5 identified", seconds(*[lambda: identify_ensemble(learned.W)] * 3), 2)
    whole = lambda: identify_ensemble(polish(learned, law).weights.W, tolerance=CRITICAL_TOLERANCE)  # noqa: E731
    polished = seconds(*[whole] * 3)
    line(f"{MODELS} models of n = 5 polished and identified", polished, 20)


def large(geometry: str, target: float, random: np.random.Generator) -> None:
    """One large model, and networkx on its overlap graph and a relabelling of it."""
    W = weights(geometry, random)
    found = identify(W)
    if (found.geometry, found.status) != (geometry, "identified"):
        raise AssertionError(f"{geometry} was read as {found.geometry}, {found.status}")
    again = [W[:, random.permutation(W.shape[1])] for _ in range(3)]
    taken = seconds(*[lambda one=one: identify(one) for one in again])
    graphs = [networkx_graph(overlap_graph(one)) for one in again[:2]]
    signed = ratio(partial(networkx.is_isomorphic, edge_match=lambda a, b: a["sign"] == b["sign"]), graphs, taken)
    unsigned = ratio(networkx.vf2pp_is_isomorphic, graphs, taken)
    line(geometry, taken, target, f"is_isomorphic {signed} times, vf2pp {unsigned} times")


if __name__ == "__main__":
    ensemble()
    for geometry, target in zip(LARGE, TARGETS, strict=True):
        large(geometry, target, np.random.default_rng(0))
