"""The global search: starts, minimisers, and what is settled part by part; the best point with its certificate."""
