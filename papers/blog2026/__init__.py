"""A blog of 2026: a sparsity penalty as the knob of superposition."""
