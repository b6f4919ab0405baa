"""Kernels trained to the end against the reference: python tests/distributions.py --record FILE

The runs of every kernel have indices of their own, so that nothing is drawn twice. Exact losses are compared by the
two-sample test of Kolmogorov and Smirnov, geometries of the critical points that runs lead to by the chi-square test of
their counts. The negative control trains with a tenth of the learning rate, which both tests must tell apart.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import asdict, dataclass, replace

import numpy as np
from scipy.stats import chi2_contingency, ks_2samp

from tegum.compare.polish import polish
from tegum.empirical.kernels import PREFERRED
from tegum.empirical.plan import Training
from tegum.empirical.training import train_runs
from tegum.theory.files.atomic import write_json
from tegum.theory.geometry.critical import CRITICAL_TOLERANCE
from tegum.theory.geometry.identify import identify_ensemble
from tegum.theory.loss.law import law_of
from tegum.theory.loss.population import population_loss
from tegum.theory.setting import Setting

#: Here runs end in several basins, so that there is a distribution to compare.
SETTING = Setting(count=6, hidden=2, density=0.1)
TRAINING = Training(steps=2000, batch_size=128, learning_rate=0.02, device="cpu", kernel="reference")


@dataclass(frozen=True)
class Sample:
    """Where the runs of one kernel ended: exact losses, and how many in each geometry."""

    losses: np.ndarray
    geometries: Counter[str]


def trained(training: Training, runs: range) -> Sample:
    """Runs of these indices to their end."""
    weights = train_runs([SETTING] * len(runs), list(runs), training).weights
    rest = polish(weights, law_of(SETTING, len(runs)))
    found = identify_ensemble(rest.weights.W, tolerance=CRITICAL_TOLERANCE)
    return Sample(np.asarray(population_loss(weights, SETTING).loss), Counter(one.geometry for one in found))


def agreement(one: Sample, other: Sample) -> dict[str, float]:
    """The p-values of both tests; geometries seen fewer than ten times in all are counted together."""
    both = one.geometries + other.geometries
    common = sorted(name for name, count in both.items() if count >= 10)
    counts = [[each.geometries[name] for name in common] for each in (one, other)]
    rest = [each.geometries.total() - sum(row) for each, row in zip((one, other), counts, strict=True)]
    table = np.array([[*row, left] for row, left in zip(counts, rest, strict=True)])
    table = table[:, table.sum(axis=0) > 0]
    return {
        "losses": float(ks_2samp(one.losses, other.losses).pvalue),
        "geometries": float(chi2_contingency(table).pvalue) if table.shape[1] > 1 else 1.0,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--record")
    chosen = parser.parse_args()
    reference = trained(TRAINING, range(chosen.runs))
    record = {"setting": asdict(SETTING), "training": asdict(TRAINING), "runs": chosen.runs, "kernels": {}}
    record["reference"] = {"geometries": dict(reference.geometries), "median_loss": float(np.median(reference.losses))}
    for place, kernel in enumerate(PREFERRED["cpu"], start=1):
        runs = range(place * chosen.runs, (place + 1) * chosen.runs)
        fast = trained(replace(TRAINING, kernel=kernel), runs)
        control = trained(replace(TRAINING, kernel=kernel, learning_rate=TRAINING.learning_rate / 10), runs)
        found = {"p_values": agreement(reference, fast), "control": agreement(reference, control)}
        record["kernels"][kernel] = found | {"geometries": dict(fast.geometries)}
        print(kernel, found, dict(fast.geometries), flush=True)
    if chosen.record:
        write_json(chosen.record, record)


if __name__ == "__main__":
    main()
