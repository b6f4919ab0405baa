"""The sources: one folder per paper, named by its key (`elhage2022`, `chen2023`, ...).

A folder holds what that paper claims (each claim with an id, the number or statement as printed and
where it is printed), the settings it used, the function of this project that recomputes it, any
deviation from print, and the verdict `tegum reproduce` last reached. The engine that runs claims is
written once and shared; a folder adds data and, where a claim needs it, a short module. This is the
outer layer of the computing packages: it may import theory, empirical and compare, and nothing
imports it but the command line.
"""

if __name__ != "tegum.papers":  # a second copy of every module would break isinstance and caches
    raise ImportError("import tegum.papers; the folder papers/ is not a package of its own")
