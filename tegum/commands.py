"""What each command of the command line does: from its arguments to its JSON object and its text."""

from __future__ import annotations

import shlex
import sys
from argparse import Namespace
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

import numpy as np

from tegum.theory.errors import InputError
from tegum.theory.files.atomic import claim_folder
from tegum.theory.files.weights import check_weights_path, read_weights, write_weights
from tegum.theory.setting import Setting, read_setting
from tegum.theory.weights import Weights

#: The JSON object and the text of one answer.
Answer = tuple[dict[str, Any], str]


def loss(arguments: Namespace) -> Answer:
    from tegum.theory.loss.population import population_loss

    setting = read_setting(arguments.setting)
    weights = read_weights(arguments.weights, arguments.layout)
    found = population_loss(weights, setting, arguments.method, device=arguments.device)
    answer = {
        "loss": _plain(found.loss),
        "error": _plain(found.error),
        "per_feature": _plain(found.per_feature),
        "penalty": _plain(found.penalty),
        "method": found.method,
    }
    models = zip(np.atleast_1d(found.loss), np.atleast_1d(found.error), strict=True)
    return answer, "\n".join(f"loss {value:.15g}  ± {error:.1e}  ({found.method})" for value, error in models)


def optimum(arguments: Namespace) -> Answer:
    from tegum.theory.search.optimum import optimum as search
    from tegum.theory.search.optimum import require_searchable

    setting = _searchable(arguments.setting, require=require_searchable)
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
        "hessian_error": best.hessian_error,
        "converged": best.converged,
        "abandoned": best.abandoned,
        "structured": best.structured,
        "structured_hits": best.structured_hits,
        "exchanges": best.exchanges,
        **_written(best.weights),
    }
    text = (
        f"{best.geometry}\n"
        f"loss            {best.loss:.15g} ± {best.error:.1e}\n"
        f"gradient norm   {best.gradient_norm:.1e}\n"
        f"least curvature {best.hessian_min:.6g}{f' ± {best.hessian_error:.1e}' if best.hessian_error else ''}\n"
        f"found by        {best.hits} of {best.starts} starts ({best.structured_hits} of {best.structured} structured)"
        f"{f', then {best.exchanges} exchanges of features' if best.exchanges else ''}"
    )
    if arguments.certify is not None:
        proved = _certified(best, setting, arguments.certify)
        answer["certificate"] = proved
        text += (
            f"\nproved          {proved['kind']}, loss {proved['decimal']}"
            f"\nenclosed in     [{proved['lower']!r}, {proved['upper']!r}]"
            f"\nsignature       {proved['positive']} +, {proved['negative']} -, {proved['zero']} rotations"
        )
    return answer, text


def _certified(best: Any, setting: Setting, digits: int) -> dict[str, Any]:
    from tegum.theory.certify import certify

    proved = certify(best, setting, digits)
    return {key: list(value) if isinstance(value, tuple) else value for key, value in vars(proved).items()}


def candidates(arguments: Namespace) -> Answer:
    from tegum.theory.candidates.candidates import candidates as ranked

    setting = read_setting(arguments.setting)
    found = ranked(setting)
    keys = ("geometry", "loss", "gradient_norm", "hessian_min", "stable")
    answer = {"candidates": [{key: getattr(one, key) for key in keys} for one in found]}
    rows = [("geometry", "loss", "least curvature", "")]
    for one, entry in zip(found, answer["candidates"], strict=True):
        stability = "stable" if one.stable else "not a minimum"
        if arguments.breaking:
            broken = entry["breaking"] = _breaking(one, setting)
            stability += f"; breaks to {broken['breaks_to']}, loss {broken['loss']:.12g}" if broken else ""
        rows.append((one.geometry, f"{one.loss:.12g}", f"{one.hessian_min:.4g}", stability))
    return answer, _table(rows)


def _breaking(candidate: Any, setting: Setting) -> dict[str, Any] | None:
    """How a candidate breaks; None if it does not."""
    from tegum.theory.candidates.breaking import breaking

    found = breaking(candidate, setting)
    if found is None:
        return None
    return {
        "curvature": found.curvature,
        "direction": {"W": _plain(found.W), "b": _plain(found.b)},
        "breaks_to": found.breaks_to,
        "loss": found.loss,
        **_written(found.weights),
    }


def formula(arguments: Namespace) -> Answer:
    from sympy import latex

    from tegum.theory.formula import formula as derived
    from tegum.theory.formula import formula_pieces

    exact = None if arguments.at_density is None else _fraction("--at-density", arguments.at_density)
    density = arguments.density if exact is None else [float(exact)]
    choice = density[0] if len(density) == 1 else density
    found = derived(arguments.geometry, arguments.importance, choice)
    answer: dict[str, Any] = {
        "geometry": found.geometry,
        "loss_latex": latex(found.loss),
        "loss_sympy": str(found.loss),
        "valid_when": [str(condition) for condition in found.valid_when],
        "stationarity": [str(expression) for expression in found.stationarity],
        "reduced": [_reduced(one) for one in found.reduced],
    }
    text = (
        f"loss of {found.geometry}:\n{found.loss}\nvalid when {', '.join(answer['valid_when']) or 'always'}\n"
        + "\n".join(f"0 = {expression}" for expression in answer["stationarity"])
    )
    for one in answer["reduced"]:
        low, high = one["interval"]
        text += f"\nthe norm eliminated, {low} <= {one['ratio']} <= {high}:\n0 = {one['stationarity']}"
    if arguments.pieces:
        pieces = formula_pieces(arguments.geometry, arguments.importance, choice)
        answer["pieces"] = [[_piece(one) for one in group] for group in pieces]
        for group in answer["pieces"]:
            text += "\npieces:" + "".join(f"\n{' and '.join(one['valid_when'])}: {one['loss']}" for one in group)
    if exact is not None:
        text += _add_optimum(answer, arguments, exact)
    return answer, text


def _fraction(option: str, text: str) -> Fraction:
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError) as error:
        raise InputError(f"{option} {text!r} is no number such as 1/10 or 0.1") from error


def _reduced(one: Any) -> dict[str, Any]:
    keys = ("ratio", "stationarity", "norm", "loss")
    return {key: str(getattr(one, key)) for key in keys} | {"interval": [str(end) for end in one.interval]}


def _piece(one: Any) -> dict[str, Any]:
    return {"loss": str(one.loss), "valid_when": [str(condition) for condition in one.valid_when]}


def _add_optimum(answer: dict[str, Any], arguments: Namespace, density: Fraction) -> str:
    from tegum.theory.formula.optimum import algebraic_optimum

    found = algebraic_optimum(arguments.geometry, density, arguments.importance)
    keys = ("ratio", "norm", "bias", "loss")
    answer["optimum"] = {
        "density": str(density),
        "loss": _algebraic(found.loss),
        "decimal": found.decimal,
        "factors": [
            {"factor": one.factor, "copies": one.copies} | {key: _algebraic(getattr(one, key)) for key in keys}
            for one in found.factors
        ],
    }
    rows = [("factor", "number", "digits", "degree")]
    for one in found.factors:
        for key in keys:
            number = getattr(one, key)
            if number is not None:
                rows.append((one.factor, key, number.decimal, str(len(number.polynomial) - 1)))
    return f"\noptimum at density {density}: loss {found.decimal}\n{_table(rows)}"


def _algebraic(number: Any) -> dict[str, Any] | None:
    """Coefficients as strings: they outgrow what other readers of JSON hold."""
    if number is None:
        return None
    return {
        "polynomial": [str(a) for a in number.polynomial],
        "index": number.index,
        "decimal": number.decimal,
        "closed": str(number.expression()) if len(number.polynomial) <= 3 else None,
    }


def boundary(arguments: Namespace) -> Answer:
    from tegum.theory.phases import boundary as crossing

    setting = read_setting(arguments.setting)
    found = crossing(
        setting,
        tuple(arguments.between),
        arguments.over,
        arguments.start,
        arguments.stop,
        arguments.digits,
    )
    keys = ("value", "lower", "upper", "order", "decimal", "digits", "below", "above")
    answer = {key: getattr(found, key) for key in keys}
    text = (
        f"{found.axis} = {found.decimal}\n"
        f"enclosed in     [{found.lower!r}, {found.upper!r}]\n"
        f"order           {found.order}\n"
        f"below / above   {found.below} / {found.above}"
    )
    if arguments.algebraic:
        from tegum.theory.formula.crossing import algebraic_boundary

        root = algebraic_boundary(setting, found)
        eliminated = None if root.eliminated is None else [str(a) for a in root.eliminated]
        answer["algebraic"] = {
            "eliminated": eliminated,
            "decimal": root.decimal,
            "system": list(root.system),
            "degree_bound": root.degree_bound,
        }
        shown = (
            "too large to eliminate; it solves" if eliminated is None else f"root of degree {len(eliminated) - 1}; of"
        )
        text += f"\nalgebraic       {shown} the system" + "".join(f"\n0 = {one}" for one in root.system)
    return answer, text


def stability(arguments: Namespace) -> Answer:
    named = [arguments.setting, arguments.geometry, arguments.start, arguments.stop]
    if arguments.catalogue is not None:
        if any(one is not None for one in named):
            raise InputError("stability takes either --catalogue or SETTING --geometry NAME --from X --to Y")
        return _catalogue_stability(arguments.catalogue, arguments.digits)
    if any(one is None for one in named):
        raise InputError("stability needs SETTING --geometry NAME --from X --to Y, or --catalogue")
    from tegum.theory.stability.limit import stability_limit

    found = stability_limit(
        arguments.geometry,
        read_setting(arguments.setting),
        arguments.over,
        arguments.start,
        arguments.stop,
        arguments.digits,
    )
    text = (
        f"{found.axis} = {found.decimal}\n"
        f"enclosed in     [{found.lower!r}, {found.upper!r}]\n"
        f"stable          {found.stable}\n"
        f"negative modes  {found.negative[0]} below, {found.negative[1]} above"
    )
    return _limit(found), text


def _limit(found: Any) -> dict[str, Any]:
    keys = ("value", "lower", "upper", "decimal", "digits", "stable", "kind")
    return {key: getattr(found, key) for key in keys} | {
        "negative": list(found.negative),
        "W": _plain(found.weights.W),
        "b": _plain(found.weights.b),
        "direction_W": _plain(found.direction.W),
        "direction_b": _plain(found.direction.b),
    }


def _catalogue_stability(vertices: int, digits: int) -> Answer:
    from tegum.theory.stability.catalogue import catalogue_stability

    with _Progress() as progress:
        found = catalogue_stability(
            vertices, vertices - 1, digits, lambda done, total: progress("catalogue entries", done, total)
        )
    answer = [
        {
            "geometry": one.factor.name,
            "vertices": one.factor.vertices,
            "dimension": one.factor.dimension,
            "verdict": one.verdict,
            "reason": one.reason,
            "stable": [list(span) for span in one.stable],
            "limits": [
                _limit(limit)
                | {
                    "broken": {
                        "value": broken.value,
                        "symmetric": broken.symmetric,
                        "loss": broken.broken,
                        "error": broken.error,
                        "geometry": broken.geometry,
                        "distortion": broken.distortion,
                        "confirmed": broken.confirmed,
                    }
                }
                for limit, broken in one.limits
            ],
        }
        for one in found
    ]
    rows = [("geometry", "verdict", "limit", "stable", "just beyond", "lower by")]
    for one in found:
        if not one.limits:
            spans = ", ".join(f"{low:.4g} to {high:.4g}" for low, high in one.stable)
            seen = f"a minimum where scanned: {spans or 'nowhere'}" if one.reason else ""
            rows.append((one.factor.name, one.verdict, "", "", seen, ""))
        for limit, broken in one.limits:
            won = f"{broken.symmetric - broken.broken:.3g}" + ("" if broken.confirmed else " (not confirmed)")
            rows.append((one.factor.name, one.verdict, limit.decimal, limit.stable, broken.geometry, won))
    return {"catalogue": answer}, _table(rows)


def phases(arguments: Namespace) -> Answer:
    from tegum.compare.diagram.folder import write_phase_diagram

    setting = _searchable(arguments.setting)
    with _Progress() as progress:
        answer = write_phase_diagram(
            setting, arguments.x, arguments.y, arguments.out, arguments.starts, arguments.seed, progress
        )
    rows = [("kind", "between", "", "points", "from", "to")]
    for one in answer["boundaries"]:
        ends = [_place(end["point"], 5) for end in one["ends"]]
        rows.append((one["kind"], *one["between"], str(len(one["points"])), *ends))
    meetings = "".join(
        f"\nequal losses at {_place(one['point'], 10)}: {' | '.join(one['geometries'])}"
        for one in answer["triple_points"]
    )
    return answer, f"{_table(rows)}{meetings}\nwritten: {arguments.out}/phases.json, phases.svg, phases.pdf"


def _place(point: Iterable[float], digits: int) -> str:
    return "(" + ", ".join(f"{value:.{digits}g}" for value in point) + ")"


def table(arguments: Namespace) -> Answer:
    from tegum.theory.table.search import TablePlan
    from tegum.theory.table.shipped import differences, entry, factor_table
    from tegum.theory.table.shipped import table as computed

    keys = ("most_vertices", "most_dimensions", "densities", "starts", "seed")
    given = {key: getattr(arguments, key) for key in keys if getattr(arguments, key) is not None}
    if given and not arguments.out:
        raise InputError(f"{next(iter(given))} is taken with --out only")
    if "densities" in given:
        given["densities"] = tuple(given["densities"])
    with _Progress() as progress:
        shown = computed(TablePlan(**given), arguments.out, progress) if arguments.out else factor_table()
    entries = [entry(cell) for cell in shown.cells]
    answer: dict[str, Any] = {"plan": vars(shown.plan), "versions": shown.versions, "cells": entries}
    rows = [("k", "d", "density", "geometry", "loss", "hits", "")]
    for one in entries:
        stability = "stable" if one["stable"] else "not a minimum"
        found = f"{one['hits']}/{one['starts']}"
        size = str(one["vertices"]), str(one["dimensions"]), f"{one['density']:g}"
        rows.append((*size, one["geometry"], f"{one['loss']:.12g}", found, stability))
    text = _table(rows)
    if arguments.figure:
        from tegum.compare.report.factor_table import write_factor_table

        write_factor_table(arguments.figure, shown)
    if arguments.check:
        failed = [one for one in differences(shown.cells) if not one.holds]
        answer |= {"checked": len(entries), "differences": [vars(one) for one in failed]}
        text = "\n".join([f"{len(entries)} entries evaluated again, {len(failed)} differ", *map(str, failed)])
    return answer, text


def mixture(arguments: Namespace) -> Answer:
    from tegum.theory.mixture.beside import dense_beside
    from tegum.theory.mixture.mixture import mixture as mixed
    from tegum.theory.mixture.mixture import predicted_dimensionality

    setting = read_setting(arguments.setting)
    found = mixed(setting)
    dimensionality, overall = predicted_dimensionality(found)
    parts = [
        {
            "name": part.piece.name,
            "vertices": part.piece.vertices,
            "dimension": part.piece.dimension,
            "copies": part.copies,
            "loss": part.piece.loss,
            "error": part.piece.error,
            "features": [list(features) for features in part.features],
        }
        for part in found.parts
    ]
    answer = {
        "geometry": found.geometry,
        "loss": found.loss,
        "error": found.error,
        "gap": found.gap,
        "parts": parts,
        "dimensionality": _plain(dimensionality),
        "dimensions_per_feature": overall,
        "restriction": found.restriction,
        "dense": dense_beside(setting),
    }
    rows = [("copies", "factor", "vertices", "dimensions", "loss of one")]
    for part in found.parts:
        size = str(part.piece.vertices), str(part.piece.dimension)
        rows.append((str(part.copies), part.piece.name, *size, f"{part.piece.loss:.9g}"))
    lines = [
        _table(rows),
        f"loss {found.loss:.9g} ± {found.error:.1e}, the least of all such mixtures; m/|W|² {overall:.6g}",
    ]
    if answer["dense"]:
        dense = answer["dense"]
        lines.append(f"dense code {dense['loss']:.8g} ± {dense['error']:.1e}, its mean field {dense['mean_field']:.6g}")
    if found.restriction:
        lines.append(f"where {found.restriction}")
    if arguments.out:
        from tegum.compare.report.mixtures import write_mixture_pictures

        with _Progress() as progress:
            sweep = arguments.start, arguments.stop, arguments.count
            lines += map(str, write_mixture_pictures(arguments.out, setting, *sweep, _command_line(), progress))
    return answer, "\n".join(lines)


def train(arguments: Namespace) -> Answer:
    from tegum.compare.polish import polish
    from tegum.empirical.ensemble import save_ensemble
    from tegum.empirical.training import train as trained
    from tegum.theory.geometry.identify import identify_ensemble
    from tegum.theory.loss.law import law_of
    from tegum.theory.loss.population import population_loss
    from tegum.theory.search.optimum import CRITICAL_TOLERANCE

    setting = _searchable(arguments.setting, "train")
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


def diagnose(arguments: Namespace) -> Answer:
    from tegum.theory.diagnostics import dimensionality, dimensions_per_feature, loss_split, superposition

    setting, weights = read_setting(arguments.setting), read_weights(arguments.weights, arguments.layout)
    ensemble = weights.W.ndim == 3
    if arguments.out and (ensemble or not arguments.out.endswith((".svg", ".pdf"))):
        raise InputError(f"--out {arguments.out!r} takes one model, and a file that ends in .svg or .pdf")
    models = [Weights(W, b) for W, b in zip(weights.W, weights.b, strict=True)] if ensemble else [weights]
    splits = [loss_split(one, setting) for one in models]
    keys = ("loss", "representation", "received", "caused", "interference", "error")
    found = {
        "dimensionality": [dimensionality(one.W) for one in models],
        "capacity": [dimensionality(one.W) for one in models],
        "dimensions_per_feature": [dimensions_per_feature(one.W) for one in models],
        "superposition": [superposition(one.W) for one in models],
    } | {key: [getattr(split, key) for split in splits] for key in keys}
    if arguments.out:
        from tegum.compare.report.diagnosis import write_diagnosis

        write_diagnosis(arguments.out, weights, splits[0])
    answer = {key: [_plain(one) for one in values] for key, values in found.items()}
    answer["dimensions_per_feature"] = [x if np.isfinite(x) else None for x in answer["dimensions_per_feature"]]
    text = "\n\n".join(_split_table(one, split) for one, split in zip(models, splits, strict=True))
    return (answer if ensemble else {key: values[0] for key, values in answer.items()}), text


def _split_table(weights: Weights, split: Any) -> str:
    from tegum.theory.diagnostics import dimensionality, superposition

    rows: list[tuple[str, ...]] = [
        ("feature", "dimensionality", "superposition", "loss", "representation", "received", "caused")
    ]
    columns = (
        dimensionality(weights.W),
        superposition(weights.W),
        split.loss,
        split.representation,
        split.received,
        split.caused,
    )
    for feature, values in enumerate(zip(*columns, strict=True)):
        rows.append((str(feature), *(f"{value:.6g}" for value in values)))
    sums = (split.loss, split.representation, split.received, split.caused)
    rows.append(("sum", f"{columns[0].sum():.6g}", "", *(f"{one.sum():.6g}" for one in sums)))
    return _table(rows)


def compare(arguments: Namespace) -> Answer:
    from tegum.compare.report import write_comparison_report
    from tegum.compare.verdict import VERDICTS
    from tegum.compare.verdict import compare as compared
    from tegum.empirical.ensemble import load_ensemble
    from tegum.theory.loss.population import check_shape

    if (arguments.weights is None) == (arguments.runs is None):
        raise InputError("compare takes either --weights FILE or --runs DIR")
    setting = _searchable(arguments.setting, "compare")
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


def _searchable(path: str, only_basic: str = "", require: Callable[[Setting], None] | None = None) -> Setting:
    """A setting that the command takes; refused before anything is written or computed for one that it does not.

    ``only_basic`` names the command if it takes independent uniform features and tied weights only; ``require`` is
    `search.require_enumerable` unless given.
    """
    from tegum.theory.loss.law import require_basic
    from tegum.theory.search.optimum import require_enumerable

    setting = read_setting(path)
    if only_basic:
        require_basic(setting, only_basic)
    (require or require_enumerable)(setting)
    return setting


def _command_line() -> str:
    """The command as the user typed it, for the report."""
    return "tegum " + shlex.join(sys.argv[1:])


def _written(weights: Weights) -> dict[str, Any]:
    """The arrays of a weights file."""
    if weights.W_out is None:
        return {"W": _plain(weights.W), "b": _plain(weights.b)}
    return {"W_in": _plain(weights.W), "W_out": _plain(weights.W_out), "b": _plain(weights.b)}


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
