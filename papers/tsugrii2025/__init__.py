"""Tsugrii 2025: a textbook chapter on five binary features in two dimensions."""
