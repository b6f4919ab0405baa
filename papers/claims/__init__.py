"""The engine: a claim is a data file; what it says is computed, judged, kept as a record and recomputed at will."""
