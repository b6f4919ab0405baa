"""Learned models as a source: weights, the runs of a sweep's folder, the critical points in a report."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from tegum.compare.atlas.chart import Charted, charted
from tegum.compare.atlas.entry import Atlas, Source
from tegum.compare.atlas.sighting import sightings
from tegum.compare.polish import Polished, polish, polished_at
from tegum.compare.report.provenance import versions
from tegum.empirical.ensemble import Ensemble
from tegum.empirical.exact import rows_by_setting
from tegum.empirical.models import rows_of
from tegum.empirical.pictures.numerals import counted
from tegum.empirical.plan import Plan, plan_id
from tegum.empirical.sweep.ensembles import sweep_ensemble
from tegum.empirical.sweep.folder import sweep_in
from tegum.theory.errors import located
from tegum.theory.files.seal import digest
from tegum.theory.files.tables import tables_id
from tegum.theory.loss.law import law_of, require_basic
from tegum.theory.loss.population import check_shape
from tegum.theory.search.scope import require_enumerable
from tegum.theory.setting import Setting, content_id
from tegum.theory.weights import Weights

#: A critical point of a sweep is entered if so many runs of one cell, and this share of them, came to rest there, or
#: the cell's best run did: most of the others are met once.
RECURRING, SHARE = 2, 1 / 16


def discoveries(weights: Weights, setting: Setting) -> Atlas:
    """The atlas of what learned weights hold and no catalogue names.

    Weights are polished to the critical points of their basins; each uncatalogued factor of like features is an entry,
    with its derivation there (see `derived`).

    Args:
        weights: one model, or an ensemble, trained for this setting.
        setting: the objective.

    Returns:
        `Atlas`, empty where every factor is in the catalogue; `merge_atlases` joins it to another.

    Raises:
        InputError: weights of another shape, or a setting without an exact route here.

    Validity: as `compare`.  Factors of unlike features, and models that polishing does not bring to rest, are passed
    over.

    Source: computed here; names by canonical form, McKay & Piperno 2014.

    >>> import numpy as np
    >>> from tegum import Setting, Weights, discoveries
    >>> found = discoveries(Weights(np.array([[0.8, 0.5, -1.0]]), np.zeros(3)), Setting(3, 1, 0.05))
    >>> [entry.description for entry in found.entries]
    ['digon with a doubled vertex']
    """
    check_setting(setting)
    check_shape(weights, setting)
    models = weights if weights.W.ndim == 3 else Weights(weights.W[None], weights.b[None])
    name = tables_id({"setting": content_id(setting), "W": models.W.tolist(), "b": models.b.tolist()})
    source = learned_source(f"weights {name}", counted(len(models.b), "model"), "tegum atlas --add")
    return charted(_charted(polish(models, law_of(setting, len(models.b))), setting), source)


def check_setting(setting: Setting) -> None:
    """Refuse a setting without an exact route here."""
    require_basic(setting, "the atlas")
    require_enumerable(setting)


def learned_source(name: str, description: str, command: str) -> Source:
    """A source made now, by the libraries that are installed."""
    return Source(name, description, command, tuple(sorted(versions().items())))


def sweep_source(plan: Plan, command: str) -> Source:
    """A sweep by its plan's content id."""
    training, setting = plan.training, plan.setting
    axes = ", ".join(f"{len(axis.values)} values of {axis.key}" for axis in plan.axes)
    return learned_source(
        f"sweep {plan_id(plan)}",
        f"{setting.count} features in {setting.hidden} hidden units, {axes}; {training.runs} runs of {training.steps} "
        f"steps each, seed {training.seed}",
        command,
    )


def ensemble_charted(
    ensemble: Ensemble, advance: Callable[[int, int], object] = lambda done, total: None
) -> Iterator[Charted]:
    """What the runs of each setting came to rest in, if it recurs (see `RECURRING`); diverged runs are left out."""
    ensemble, done = ensemble[np.flatnonzero(~ensemble.diverged).tolist()], 0
    for setting, rows in rows_by_setting(ensemble.settings).items():
        check_setting(setting)
        rest = polish(rows_of(ensemble.weights, rows), law_of(setting, len(rows)))
        yield from _recurring(_charted(rest, setting))
        done += len(rows)
        advance(done, len(ensemble.runs))


def sweep_atlas(
    folder: str | os.PathLike[str], command: str, advance: Callable[[int, int], object] = lambda done, total: None
) -> Atlas:
    """The atlas of what the runs in a sweep's folder came to rest in.

    Raises:
        InputError: no sweep, one that is not finished, or a setting without an exact route here.
    """
    cut = sweep_in(folder)
    found = ensemble_charted(sweep_ensemble(folder, cut), advance)
    return charted(found, sweep_source(cut.plan, command))


def report_atlas(path: str | os.PathLike[str]) -> Atlas:
    """The atlas of the critical points in a comparison's or a study's report.json.

    Raises:
        InputError: no report, or a damaged one.
    """
    from tegum.compare.verify.file import read_data
    from tegum.compare.verify.inputs import inputs_of

    with located(Path(path)):
        data, _ = read_data(path)
        inputs = inputs_of(data)
        found: list[Charted] = []
        for cell in inputs.cells:
            check_setting(cell.setting)
            law = law_of(cell.setting, len(cell.polished.b))
            found += _charted(polished_at(cell.polished, cell.learned, law), cell.setting)
        described = f"{data['kind']} of {counted(len(inputs.cells), 'setting')}"
        return charted(found, learned_source(f"report {digest(data)[:16]}", described, inputs.command))


def _charted(rest: Polished, setting: Setting) -> list[Charted]:
    return [Charted(one, setting.count, setting.hidden, len(rest.loss)) for one in sightings(rest, setting)]


def _recurring(found: Iterable[Charted]) -> Iterator[Charted]:
    return (one for one in found if one.sighting.best or len(one.sighting.models) >= max(RECURRING, SHARE * one.models))
