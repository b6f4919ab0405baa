"""Hänni et al. 2024: universal ANDs in superposition, and bounds on crosstalk."""
