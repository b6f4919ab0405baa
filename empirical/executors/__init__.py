"""Executors: how independent pieces of work get done; each takes a function and its arguments, and yields results."""
