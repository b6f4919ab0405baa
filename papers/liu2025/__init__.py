"""Liu et al. 2025: loss against width in weak and strong superposition."""
