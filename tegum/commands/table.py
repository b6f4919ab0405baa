"""`tegum table`: the table of factors: shown, checked, drawn, or computed anew (run again to resume)."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any

from tegum.commands.answers import Answer, Progress, aligned
from tegum.theory.errors import InputError


def options(command: ArgumentParser) -> None:
    command.add_argument("--check", action="store_true", help="evaluate every entry again by the exact loss")
    command.add_argument("--figure", metavar="FILE.svg", help="draw the table")
    command.add_argument("--out", metavar="DIR", help="compute a table in this folder")
    command.add_argument("--most-vertices", type=int, metavar="K", help="with --out: largest k (default: 12)")
    command.add_argument("--most-dimensions", type=int, metavar="D", help="with --out: largest d (default: 4)")
    command.add_argument("--densities", type=float, nargs="+", metavar="P", help="with --out: rising (default: 14)")
    command.add_argument("--starts", type=int, metavar="N", help="with --out: starts of each search (default: 128)")
    command.add_argument("--seed", type=int, metavar="S", help="with --out: seed of the starts (default: 0)")


def run(arguments: Namespace) -> Answer:
    from tegum.theory.table.search import TablePlan
    from tegum.theory.table.shipped import differences, entry, factor_table
    from tegum.theory.table.shipped import table as computed

    keys = ("most_vertices", "most_dimensions", "densities", "starts", "seed")
    given = {key: getattr(arguments, key) for key in keys if getattr(arguments, key) is not None}
    if given and not arguments.out:
        raise InputError(f"{next(iter(given))} is taken with --out only")
    if "densities" in given:
        given["densities"] = tuple(given["densities"])
    with Progress() as progress:
        shown = computed(TablePlan(**given), arguments.out, progress) if arguments.out else factor_table()
    entries = [entry(cell) for cell in shown.cells]
    answer: dict[str, Any] = {"plan": vars(shown.plan), "versions": shown.versions, "cells": entries}
    rows = [("k", "d", "density", "geometry", "loss", "hits", "")]
    for one in entries:
        stability = "stable" if one["stable"] else "not a minimum"
        found = f"{one['hits']}/{one['starts']}"
        size = str(one["vertices"]), str(one["dimensions"]), f"{one['density']:g}"
        rows.append((*size, one["geometry"], f"{one['loss']:.12g}", found, stability))
    text = aligned(rows)
    if arguments.figure:
        from tegum.compare.report.factor_table import write_factor_table

        write_factor_table(arguments.figure, shown)
    if arguments.check:
        failed = [one for one in differences(shown.cells) if not one.holds]
        answer |= {"checked": len(entries), "differences": [vars(one) for one in failed]}
        text = "\n".join([f"{len(entries)} entries evaluated again, {len(failed)} differ", *map(str, failed)])
    return answer, text
