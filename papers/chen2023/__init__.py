"""Chen et al. 2023: polygons as critical points of the one-hot loss, and the transitions between them."""
