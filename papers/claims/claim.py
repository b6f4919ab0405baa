"""Claims as they stand in their files: what a source says, where, and how this project computes it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from tegum.papers.claims.predicate import Predicate, predicate_from_table
from tegum.theory.checks import number, shown
from tegum.theory.errors import InputError, located
from tegum.theory.files.tables import known_table, read_tables, tables_id
from tegum.theory.setting import Setting, setting_from_tables

_WORDS = ("id", "where", "states", "quantity", "reason", "notes", "nearest", "unit")
_TABLES = ("setting", "arguments", "predicate", "quick", "control", "second", "holds")
_NEEDED = ("id", "where", "states", "quantity", "reason", "seconds", "predicate", "control")
_ID = re.compile(r"[A-Z]{2}[0-9]{2}[a-z]?")


@dataclass(frozen=True)
class Source:
    """A paper, post or page that claims are drawn from.

    Attributes:
        key: its folder, `elhage2022`.
        title, authors, year, url: as it is cited.
        note: what a reader should know of it as a whole; empty where there is nothing.
    """

    key: str
    title: str
    authors: str
    year: int
    url: str
    note: str


@dataclass(frozen=True)
class Recipe:
    """What to compute: a quantity, at a setting where it takes one, with its arguments.

    Attributes:
        quantity: name of the function (see `quantity.quantity_function`).
        setting: tables of a setting file; empty for quantities that take none.
        arguments: of the function, by name.
    """

    quantity: str
    setting: Mapping[str, Any]
    arguments: Mapping[str, Any]

    def setting_record(self) -> Setting | None:
        """The setting, checked."""
        return setting_from_tables(self.setting) if self.setting else None


@dataclass(frozen=True)
class Claim:
    """One claim of a source.

    Attributes:
        source, id: what names it.
        where: section, figure or equation of the source.
        states: what it says, in this project's words.
        recipe: what is computed; `quick`: the same at a reduced size, or None where it is quick as it is.
        predicate: what the claim says of the quantity; `reason`: why with this tolerance.
        control: a deliberately wrong recipe on which the predicate must fail; `control_why`: what is wrong with it.
        second: another route to the same number.
        holds: a recipe on which the predicate does hold.  A contradicted claim needs both: two routes that contradict
            it, and a case that shows that the check could have come out the other way.
        seconds: cost of the full computation on 2 cores, as measured.
        unit: of the value, for tables.
        notes: where print and computation differ.
        nearest: the nearest true statement, where the claim does not hold.
        tables: the file's tables; they stand in the claim's record.
    """

    source: str
    id: str
    where: str
    states: str
    recipe: Recipe
    quick: Recipe | None
    predicate: Predicate
    reason: str
    control: Recipe
    control_why: str
    second: Recipe | None
    holds: Recipe | None
    seconds: float
    unit: str
    notes: str
    nearest: str
    tables: Mapping[str, Any]

    @property
    def content_id(self) -> str:
        """16 hexadecimal digits of what is computed and predicted: prose may change and leave records valid."""
        computed = {key: self.tables[key] for key in ("quantity", *_TABLES) if key in self.tables}
        return tables_id(computed)


def sources() -> list[str]:
    """Folders of all sources, in the order of the alphabet."""
    return sorted(one.name for one in _home().iterdir() if (one / "source.toml").is_file())


def read_source(key: str) -> Source:
    """What is known of a source.

    Raises:
        InputError: no such source; the line lists those there are.
    """
    if key not in sources():
        raise InputError(f"source {shown(key)} is unknown; allowed: {', '.join(sources())}")
    path = _home() / key / "source.toml"
    with located(path):
        tables = known_table("", read_tables(path), ("title", "authors", "year", "url", "note"))
        return Source(key, tables["title"], tables["authors"], tables["year"], tables["url"], tables.get("note", ""))


def read_claims(source: str) -> list[Claim]:
    """All claims of a source, in the order of their ids.

    Raises:
        InputError: an unknown source, or a claim's file that is not as it should be, named.
    """
    read_source(source)
    return [read_claim(source, path) for path in sorted((_home() / source / "claims").glob("*.toml"))]


def records_folder(source: str) -> Path:
    """Where the records of a source's claims are kept and shipped."""
    return _home() / source / "records"


def read_claim(source: str, path: Path) -> Claim:
    """The claim of one file."""
    with located(path):
        claim = claim_from_tables(source, read_tables(path))
        if path.stem != claim.id:
            raise InputError(f"id = {shown(claim.id)} is not the file's name")
        return claim


def claim_from_tables(source: str, tables: Mapping[str, Any]) -> Claim:
    """The claim that a file with these tables makes.

    Raises:
        InputError: a key that is unknown or missing, a control that changes nothing, a bad setting or predicate.
    """
    known_table("", tables, (*_WORDS, *_TABLES, "seconds"))
    for key in _NEEDED:
        if key not in tables:
            raise InputError(f"{key} is missing")
    words = {key: _word(key, tables.get(key, "")) for key in _WORDS}
    if not _ID.fullmatch(words["id"]):
        raise InputError(f"id = {shown(words['id'])} is not two capitals, two digits and at most one letter")
    recipe = Recipe(words["quantity"], tables.get("setting", {}), tables.get("arguments", {}))
    control = changed(recipe, "control", tables["control"])
    if control == recipe:
        raise InputError("control changes nothing; it must be a deliberately wrong recipe")
    recipe.setting_record()
    other = {key: changed(recipe, key, tables[key]) if key in tables else None for key in ("quick", "second", "holds")}
    return Claim(
        source=source,
        id=words["id"],
        where=words["where"],
        states=words["states"],
        recipe=recipe,
        quick=other["quick"],
        predicate=predicate_from_table(tables["predicate"]),
        reason=words["reason"],
        control=control,
        control_why=_word("control.why", tables["control"].get("why", "")),
        second=other["second"],
        holds=other["holds"],
        seconds=number("seconds", tables["seconds"], 0.0),
        unit=words["unit"],
        notes=words["notes"],
        nearest=words["nearest"],
        tables=tables,
    )


def changed(recipe: Recipe, name: str, table: Any) -> Recipe:
    """A recipe with what a table changes: its quantity, keys of its setting's tables, or arguments.

    `setting = false` or `arguments = false` drop what the recipe had, for another quantity that takes none.
    """
    known_table(name, table, ("quantity", "setting", "arguments", "why"))
    setting, arguments = table.get("setting", {}), table.get("arguments", {})
    kept_setting = {} if setting is False else {key: dict(recipe.setting.get(key, {})) for key in recipe.setting}
    for key, entries in (setting or {}).items():
        kept_setting[key] = kept_setting.get(key, {}) | entries
    kept = {} if arguments is False else dict(recipe.arguments)
    return Recipe(
        _word(f"{name}.quantity", table.get("quantity", recipe.quantity)), kept_setting, kept | (arguments or {})
    )


def _word(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise InputError(f"{name} = {shown(value)} is no text")
    return " ".join(value.split())


def _home() -> Path:
    return Path(str(files("tegum.papers")))
