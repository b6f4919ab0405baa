"""Geometries: the catalogue of factors, the tegum product, names and symmetry."""
