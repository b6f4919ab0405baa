"""Elhage et al. 2022: toy models of superposition, from the demonstration to computation."""
