"""Tegum mixtures: the best orthogonal sum of small factors for any number of features, as an integer program."""
