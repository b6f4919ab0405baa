"""Reproduce: claims computed, judged, and kept, one after another; what is kept already is not computed again."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

from tegum.papers.claims.claim import Claim, Recipe, read_claims, records_folder, sources
from tegum.papers.claims.predicate import CONTRADICTED, REPRODUCED, judged
from tegum.papers.claims.quantity import computed
from tegum.papers.claims.record import Judged, Outcome, outcome_data, read_record, write_record
from tegum.theory.checks import shown
from tegum.theory.errors import InputError, located

#: Told the claim, how many are done and how many there are.
Progress = Callable[[str, int, int], object]


def reproduce(
    source: str,
    claim: str | None = None,
    quick: bool = False,
    out: str | os.PathLike[str] | None = None,
    progress: Progress = lambda name, done, total: None,
) -> list[dict[str, Any]]:
    """Compute what a source claims, and say whether it holds.

    A claim is reproduced if every value within the error of the computed quantity satisfies its predicate, contradicted
    if none does, and undecided if some do and some do not.  The predicate is also put to a deliberately wrong setting,
    where it must fail.

    Args:
        source: a source's key, "elhage2022", or "all".
        claim: id of one claim; None for all.
        quick: at the reduced size that a claim names, if it does.
        out: folder for the records, a folder for each source; a claim whose record stands there already, computed from
            the same tables at the same size, is not computed again.  None keeps nothing.
        progress: told the claim's id, how many are done, how many there are.

    Returns:
        The claims' records, in the order of sources and ids (see `record.outcome_data`).

    Raises:
        InputError: an unknown source or claim, or a claim's file that is not as it should be.
        ArithmeticError: a quantity could not be computed to its accuracy.

    Validity: each quantity says in its `method` what its error bounds; training has statistical errors only.

    Source: the claims' own; see papers/README.md.
    """
    chosen = chosen_claims(source, claim)
    records = []
    for done, one in enumerate(chosen):
        progress(one.id, done, len(chosen))
        records.append(_kept_or_computed(one, "quick" if quick and one.quick else "full", out))
        progress(one.id, done + 1, len(chosen))
    return records


def chosen_claims(source: str, claim: str | None = None) -> list[Claim]:
    """The claims of a source, or of all, or one of them.

    Raises:
        InputError: an unknown source or claim.
    """
    claims = [one for key in (sources() if source == "all" else [source]) for one in read_claims(key)]
    if claim is None:
        return claims
    found = [one for one in claims if one.id == claim]
    if not found:
        raise InputError(f"claim {shown(claim)} is unknown; allowed: {', '.join(one.id for one in claims)}")
    return found


def outcome_of(claim: Claim, mode: str) -> Outcome:
    """Compute and judge one claim, its control, its second route, and where it holds."""
    started = perf_counter()
    with located(f"{claim.source} {claim.id}"):
        return Outcome(
            claim=claim,
            mode=mode,
            result=_judged(claim, claim.quick if mode == "quick" and claim.quick else claim.recipe),
            control=_judged(claim, claim.control),
            second=_judged(claim, claim.second) if claim.second else None,
            holds=_judged(claim, claim.holds) if claim.holds else None,
            seconds=round(perf_counter() - started, 2),
        )


def doubts(records: Sequence[dict[str, Any]]) -> list[str]:
    """What is wrong with outcomes, a line each; none where every verdict can be relied on.

    A claim may be contradicted: that is a finding.  It must not be decided by a check that could not have come out the
    other way: its predicate fails on the control, and a contradicted one holds somewhere and falls by two routes.
    """
    return [line for record in records for line in _doubts_of(record)]


def _doubts_of(record: dict[str, Any]) -> Iterator[str]:
    name, verdict = f"{record['source']} {record['id']}", record["verdict"]
    second, holds = record["second"], record["holds"]
    if record["control"]["verdict"] != CONTRADICTED:
        yield f"{name}: {record['control']['verdict']} on the deliberately wrong setting too"
    if second is not None and second["verdict"] != verdict:
        yield f"{name}: {verdict}, but {second['verdict']} by the second route"
    if verdict == CONTRADICTED and (second is None or holds is None):
        yield f"{name}: contradicted without a second route and a case in which it holds"
    if holds is not None and holds["verdict"] != REPRODUCED:
        yield f"{name}: {holds['verdict']} where it should hold"
    shipped = records_folder(record["source"]) / f"{record['id']}.json"
    if shipped.exists() and (known := read_record(shipped)["verdict"]) != verdict:
        yield f"{name}: {verdict}, but {known} in the shipped record"


def _judged(claim: Claim, recipe: Recipe) -> Judged:
    quantity = computed(claim.source, recipe.quantity, recipe.setting_record(), recipe.arguments)
    return Judged(quantity, judged(quantity, claim.predicate))


def _kept_or_computed(claim: Claim, mode: str, out: str | os.PathLike[str] | None) -> dict[str, Any]:
    if out is None:
        return outcome_data(outcome_of(claim, mode))
    path = Path(out) / claim.source / "records" / f"{claim.id}.json"
    if path.exists():
        kept = read_record(path)
        if (kept["claim_id"], kept["mode"]) == (claim.content_id, mode):
            return kept
    write_record(path, outcome_of(claim, mode))
    return read_record(path)
