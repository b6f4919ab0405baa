"""Lecomte et al. 2023: incidental polysemanticity."""
