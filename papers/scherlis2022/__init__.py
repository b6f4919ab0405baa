"""Scherlis et al. 2022: capacity, its bound and its allocation."""
