"""Henighan et al. 2023: features or examples as polygons, and double descent."""
