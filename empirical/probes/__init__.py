"""Probes: what else a model with superposition does, each measured beside a case whose answer is known."""
