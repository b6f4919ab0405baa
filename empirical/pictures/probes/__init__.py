"""Figures of the probes, in the look of the reports."""
