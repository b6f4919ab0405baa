"""A Setting in; exact losses, candidates, optima and phase boundaries out. Nothing here trains."""

if __name__ != "tegum.theory":  # a second copy of every module would break isinstance and caches
    raise ImportError("import tegum.theory; the folder theory/ is not a package of its own")
