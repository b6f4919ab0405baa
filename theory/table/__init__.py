"""The table of factors: the best weights of k features in d dimensions at many densities, found by global search."""
