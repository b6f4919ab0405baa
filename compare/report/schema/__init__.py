"""Schemas: what stands where in a report, checked by `tegum verify` and published as JSON Schema."""

from tegum.compare.report.schema.kinds import SCHEMAS as SCHEMAS
