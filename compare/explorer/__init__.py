"""The interactive page: exact losses of competing geometries at every position of a few sliders, in one file."""
