"""What each command of the command line does: from its arguments to its JSON object and its text."""

from __future__ import annotations

import shlex
import sys
from argparse import Namespace
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tegum.theory.errors import InputError
from tegum.theory.files import check_weights_path, claim_folder, read_weights, write_weights
from tegum.theory.setting import Setting, read_setting

#: The JSON object and the text of one answer.
Answer = tuple[dict[str, Any], str]


def loss(arguments: Namespace) -> Answer:
    from tegum.theory.loss.population import population_loss

    setting = read_setting(arguments.setting)
    found = population_loss(read_weights(arguments.weights, arguments.layout), setting, arguments.method)
    answer = {
        "loss": _plain(found.loss),
        "error": _plain(found.error),
        "per_feature": _plain(found.per_feature),
        "method": found.method,
    }
    models = zip(np.atleast_1d(found.loss), np.atleast_1d(found.error), strict=True)
    return answer, "\n".join(f"loss {value:.15g}  ± {error:.1e}  ({found.method})" for value, error in models)


def optimum(arguments: Namespace) -> Answer:
    from tegum.theory.search import optimum as search

    setting = _searchable(arguments.setting)
    if arguments.out:
        check_weights_path(arguments.out)
    with _Progress() as progress:
        best = search(
            setting, arguments.starts, arguments.seed, lambda done, total: progress("starts at rest", done, total)
        )
    if arguments.out:
        write_weights(arguments.out, best.weights)
    answer = {
        "loss": best.loss,
        "error": best.error,
        "geometry": best.geometry,
        "gradient_norm": best.gradient_norm,
        "hessian_min": best.hessian_min,
        "starts": best.starts,
        "hits": best.hits,
        "converged": best.converged,
        "W": _plain(best.weights.W),
        "b": _plain(best.weights.b),
    }
    text = (
        f"{best.geometry}\n"
        f"loss            {best.loss:.15g} ± {best.error:.1e}\n"
        f"gradient norm   {best.gradient_norm:.1e}\n"
        f"least curvature {best.hessian_min:.6g}\n"
        f"found by        {best.hits} of {best.starts} starts"
    )
    return answer, text


def candidates(arguments: Namespace) -> Answer:
    from tegum.theory.candidates import candidates as ranked

    found = ranked(read_setting(arguments.setting))
    keys = ("geometry", "loss", "gradient_norm", "hessian_min", "stable")
    answer = {"candidates": [{key: getattr(one, key) for key in keys} for one in found]}
    rows = [("geometry", "loss", "least curvature", "")]
    for one in found:
        stability = "stable" if one.stable else "not a minimum"
        rows.append((one.geometry, f"{one.loss:.12g}", f"{one.hessian_min:.4g}", stability))
    return answer, _table(rows)


def formula(arguments: Namespace) -> Answer:
    from sympy import latex

    from tegum.theory.formula import formula as derived

    found = derived(arguments.geometry, arguments.importance, arguments.density)
    answer = {
        "geometry": found.geometry,
        "loss_latex": latex(found.loss),
        "loss_sympy": str(found.loss),
        "valid_when": [str(condition) for condition in found.valid_when],
        "stationarity": [str(expression) for expression in found.stationarity],
    }
    text = (
        f"loss of {found.geometry}:\n{found.loss}\nvalid when {', '.join(answer['valid_when']) or 'always'}\n"
        + "\n".join(f"0 = {expression}" for expression in answer["stationarity"])
    )
    return answer, text


def boundary(arguments: Namespace) -> Answer:
    from tegum.theory.phases import boundary as crossing

    found = crossing(
        read_setting(arguments.setting),
        tuple(arguments.between),
        arguments.over,
        arguments.start,
        arguments.stop,
        arguments.digits,
    )
    keys = ("value", "lower", "upper", "order", "decimal", "digits", "below", "above")
    text = (
        f"{found.axis} = {found.decimal}\n"
        f"enclosed in     [{found.lower!r}, {found.upper!r}]\n"
        f"order           {found.order}\n"
        f"below / above   {found.below} / {found.above}"
    )
    return {key: getattr(found, key) for key in keys}, text


def train(arguments: Namespace) -> Answer:
    from tegum.compare.polish import polish
    from tegum.empirical.ensemble import save_ensemble
    from tegum.empirical.training import train as trained
    from tegum.theory.geometry.identify import identify_ensemble
    from tegum.theory.loss.law import law_of
    from tegum.theory.loss.population import population_loss
    from tegum.theory.search import CRITICAL_TOLERANCE

    setting = _searchable(arguments.setting)
    claim_folder(arguments.out)
    options = ("runs", "seed", "steps", "batch_size", "optimizer", "learning_rate", "schedule", "device")
    given = {key: getattr(arguments, key) for key in options if getattr(arguments, key) is not None}
    with _Progress() as progress:
        ensemble = trained(setting, **given, progress=lambda done, total: progress("training", done, total))
    save_ensemble(arguments.out, ensemble)
    exact = population_loss(ensemble.weights, setting)
    settled = polish(ensemble.weights, law_of(setting, len(ensemble.runs)))
    names = [one.geometry for one in identify_ensemble(settled.weights.W, tolerance=CRITICAL_TOLERANCE)]
    answer = {
        "runs": len(ensemble.runs),
        "batch_loss": _plain(ensemble.batch_loss),
        "loss": _plain(exact.loss),
        "error": _plain(exact.error),
        "geometry": names,
    }
    rows = [("run", "loss", "batch loss", "geometry")]
    for run, (value, batch, name) in enumerate(zip(answer["loss"], answer["batch_loss"], names, strict=True)):
        rows.append((str(run), f"{value:.9g}", f"{batch:.4g}", name))
    return answer, _table(rows)


def identify(arguments: Namespace) -> Answer:
    from tegum.theory.geometry.identify import identify_ensemble

    W = read_weights(arguments.weights, arguments.layout).W
    found = identify_ensemble(W.reshape(-1, *W.shape[-2:]), tolerance=arguments.tolerance)
    geometries = [one.geometry for one in found]
    factors = [[_factor(factor) for factor in one.factors] for one in found]
    ensemble = W.ndim == 3
    answer = {
        "geometry": geometries if ensemble else geometries[0],
        "factors": factors if ensemble else factors[0],
    }
    return answer, "\n".join(_described(one) for one in found)


def _factor(factor: Any) -> dict[str, Any]:
    return {
        "name": factor.name,
        "dimension": factor.dimension,
        "features": list(factor.features),
        "distortion": factor.distortion,
    }


def _described(identity: Any) -> str:
    rows = [("  factor", "dimension", "features", "distortion")]
    for one in identity.factors:
        features = " ".join(map(str, one.features))
        rows.append((f"  {one.name}", str(one.dimension), features, f"{one.distortion:.2g}"))
    return f"{identity.geometry}\n{_table(rows)}"


def compare(arguments: Namespace) -> Answer:
    from tegum.compare.report import write_comparison_report
    from tegum.compare.verdict import VERDICTS
    from tegum.compare.verdict import compare as compared
    from tegum.empirical.ensemble import load_ensemble
    from tegum.theory.loss.population import check_shape

    if (arguments.weights is None) == (arguments.runs is None):
        raise InputError("compare takes either --weights FILE or --runs DIR")
    setting = _searchable(arguments.setting)
    if arguments.weights is not None:
        weights = read_weights(arguments.weights, arguments.layout)
    else:
        weights = load_ensemble(arguments.runs).weights
    check_shape(weights, setting)
    claim_folder(arguments.out)
    found = compared(weights, setting, arguments.starts, arguments.seed)
    report = write_comparison_report(found, arguments.out, _command_line())
    one = weights.W.ndim == 2

    def each(key: str) -> Any:
        values = [getattr(verdict, key) for verdict in found.verdicts]
        return values[0] if one else values

    answer = {
        "geometry": each("geometry"),
        "predicted": found.optimum.geometry,
        "matches": each("matches"),
        "loss": each("loss"),
        "optimum": found.optimum.loss,
        "gap": each("gap"),
        "verdict": each("kind"),
        "report": str(report),
    }
    rows = [("run", "geometry", "loss", "gap", "verdict")]
    for run, verdict in enumerate(found.verdicts):
        rows.append((str(run), verdict.geometry, f"{verdict.loss:.9g}", f"{verdict.gap:.3g}", verdict.kind))
    kinds = "\n".join(f"{kind}: {VERDICTS[kind]}" for kind in sorted({verdict.kind for verdict in found.verdicts}))
    return answer, (
        f"predicted: {found.optimum.geometry}, loss {found.optimum.loss:.12g} ± {found.optimum.error:.1e}\n"
        f"{_table(rows)}\n{kinds}\nreport: {report}"
    )


def study(arguments: Namespace) -> Answer:
    from tegum.compare.agreement import agreement
    from tegum.compare.report import write_study_report
    from tegum.compare.study import study as studied
    from tegum.empirical.plan import read_plan

    plan = read_plan(arguments.plan)
    with _Progress() as progress:
        found = studied(plan, arguments.out, progress)
    report = write_study_report(found, arguments.out, _command_line())
    cells = agreement(found)
    answer = {
        "boundaries": [
            {
                "between": list(one.between),
                "axis": one.axis,
                "value": one.value,
                "lower": one.lower,
                "upper": one.upper,
                "decimal": one.decimal,
                "order": one.order,
            }
            for one in found.boundaries
        ],
        "agreement": cells,
        "report": str(report),
    }
    rows = [(plan.axes[0].key, "predicted", "best learned", "share", "gap")]
    for cell in cells:
        rows.append(
            (f"{cell['value']:.4g}", cell["predicted"], cell["best"], f"{cell['fraction']:.2f}", f"{cell['gap']:.2g}")
        )
    crossings = "\n".join(f"{one.below} | {one.above} at {one.axis} = {one.decimal}" for one in found.boundaries)
    return answer, f"{_table(rows)}\n{crossings}\nreport: {report}"


def _searchable(path: str) -> Setting:
    """A setting that the search takes; refused before anything is written or computed for one that it does not."""
    from tegum.theory.loss.law import require_supported
    from tegum.theory.search import require_enumerable

    setting = read_setting(path)
    require_supported(setting)
    require_enumerable(setting)
    return setting


def _command_line() -> str:
    """The command as the user typed it, for the report."""
    return "tegum " + shlex.join(sys.argv[1:])


def _plain(value: Any) -> Any:
    """Nested lists and floats instead of arrays."""
    return value.tolist() if isinstance(value, np.ndarray) else float(value)


def _table(rows: Iterable[tuple[str, ...]]) -> str:
    rows = list(rows)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


class _Progress:
    """One bar on standard error for each stage of a long command; silent where that is no terminal."""

    def __init__(self) -> None:
        self._bars: dict[str, Any] = {}

    def __enter__(self) -> Callable[[str, int, int], None]:
        return self._advance

    def __exit__(self, *_: object) -> None:
        for bar in self._bars.values():
            bar.close()

    def _advance(self, stage: str, done: int, total: int) -> None:
        from tqdm import tqdm

        if stage not in self._bars:
            self._bars[stage] = tqdm(total=total, desc=stage, file=sys.stderr, disable=None, unit="", leave=False)
        self._bars[stage].update(done - self._bars[stage].n)
