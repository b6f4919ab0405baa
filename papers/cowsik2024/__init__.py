"""Cowsik et al. 2024: the Gaussian mean field of many features, and Hadamard weights."""
