"""The randomised campaign on error bounds: python tests/campaign.py --cases 10000 --out tests/records/bounds.json

Every case is a random setting of the contract with random weights, near-degenerate ones included.  Every exact route
that takes it is held against the definition in rational numbers, within the route's own bound; gradients of any two
routes must agree within the sum of their bounds.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from pathlib import Path

import numpy as np
from cases import KINDS, degenerate
from definition import defined_losses, random_setting, random_weights

from tegum.theory.loss.law import empty_loss, law_of
from tegum.theory.loss.population import PopulationLoss, methods, population_loss
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

EXACT = ("moments", "enumeration", "meet-in-the-middle", "transform")


@dataclass(frozen=True)
class Outcome:
    """One route on one case.

    Attributes:
        kind: of weights; setting: in short.
        route: the method.
        used: |loss - exact| over the bound; above 1 the bound is broken.
        relative: |loss - exact| over the exact loss, or a thousandth of the empty model's where that is larger.
    """

    kind: str
    setting: str
    route: str
    used: float
    relative: float


def random_case(random: np.random.Generator) -> tuple[str, Weights, Setting]:
    """A setting of any kind with weights of any kind."""
    pick = lambda *choices: choices[random.integers(len(choices))]  # noqa: E731
    values = pick("uniform", "signed", "binary")
    kind = {
        "values": values,
        "law": pick("independent", "correlated", "anticorrelated", "one-hot"),
        "tied": pick(True, False),
        "bias": pick(True, True, False),
        "activation": pick("none", "none", "none", "relu"),
        "readout": pick("relu", "relu", "linear"),
        "target": pick("identity", "abs"),
    }
    features = int(random.integers(2, 4 if values == "signed" else 6))
    setting = random_setting(random, features, **kind)
    weights, shape = random_weights(random, setting), pick(*KINDS)
    if setting.activation == "none":
        W, b = degenerate(random, weights.W, weights.b, shape)
        weights = Weights(W, b * setting.bias, weights.W_out)
    return shape, weights, setting


def outcomes(cases: int, seed: int) -> Iterator[Outcome]:
    """The campaign, case by case."""
    for random in np.random.default_rng(seed).spawn(cases):
        kind, weights, setting = random_case(random)
        losses, penalty = defined_losses(weights, setting)
        exact = sum(losses) + penalty
        found = {
            route: population_loss(weights, setting, route)
            for route in methods(setting, weights.W[None])
            if route in EXACT
        }
        if weights.b.all() and not setting.l1 or setting.values != "binary" and weights.W.all():
            check_gradients(found, setting)
        label = f"{setting.values} {setting.law} {setting.readout} {setting.activation} {setting.target}"
        for route, result in found.items():
            wrong = abs(Fraction(result.loss) - exact)
            used = float(wrong / Fraction(result.error)) if result.error else float(wrong > 0) * np.inf
            scale = max(float(exact), 1e-3 * float(empty_loss(law_of(setting))[0]))
            yield Outcome(kind, label, route, used, float(wrong) / scale)


# Without a bias, a vanishing overlap or weight, and binary features that cancel, put z or h on its kink with positive
# probability, where there is no gradient to agree on.
def check_gradients(found: dict[str, PopulationLoss], setting: Setting) -> None:
    for one, other in combinations(found.values(), 2):
        for name in ("W", "b", "W_out"):
            slopes = getattr(one.gradient, name), getattr(other.gradient, name)
            if slopes[0] is not None:
                apart = np.abs(slopes[0] - slopes[1]).max()
                assert apart <= one.gradient_error + other.gradient_error, (setting, one.method, other.method, name)


def record(cases: int, seed: int) -> dict:
    """What the campaign found, route by route."""
    kept = list(outcomes(cases, seed))
    routes = sorted({one.route for one in kept})
    return {
        "command": f"python tests/campaign.py --cases {cases} --seed {seed}",
        "cases": cases,
        "seed": seed,
        "evaluations": len(kept),
        "bounds_broken": sum(one.used > 1 for one in kept),
        "kinds": dict(Counter(one.kind for one in kept)),
        "routes": {
            route: {
                "evaluations": sum(one.route == route for one in kept),
                "largest_share_of_bound": max(one.used for one in kept if one.route == route),
                "largest_relative_error": max(one.relative for one in kept if one.route == route),
            }
            for route in routes
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    found = record(arguments.cases, arguments.seed)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
