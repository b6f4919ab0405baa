"""A Setting in; trained ensembles and their dynamics out. Knows no polytopes."""

if __name__ != "tegum.empirical":  # a second copy of every module would break isinstance and caches
    raise ImportError("import tegum.empirical; the folder empirical/ is not a package of its own")
