"""The exact population loss: one route per kind of setting, one entry that picks and bounds its error."""
