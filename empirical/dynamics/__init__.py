"""Dynamics: snapshots of training, exact loss and dimensionality along it, jumps between energy levels."""
