"""Wattenberg's notebook on superposition: closed forms of fixed weights, and the boundaries between them."""
