"""The schema of each kind of report, by its name."""

from __future__ import annotations

from tegum.compare.report.schema.comparison import COMPARISON, STUDY
from tegum.compare.report.schema.shapes import Table
from tegum.compare.report.schema.theory import FACTORS, MIXTURES, PHASES

SCHEMAS: dict[str, Table] = {table.name: table for table in (COMPARISON, STUDY, MIXTURES, PHASES, FACTORS)}
