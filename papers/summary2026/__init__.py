"""A summary page on superposition, read in 2026."""
