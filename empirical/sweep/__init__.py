"""Sweeps: a plan's runs, trained shard by shard into a folder that survives anything."""
