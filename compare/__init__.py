"""Weights in; overlap graph, geometry, verdict and report out: where learned meets predicted."""

import sys
from types import ModuleType
from typing import Any

if __name__ != "tegum.compare":  # a second copy of every module would break isinstance and caches
    raise ImportError("import tegum.compare; the folder compare/ is not a package of its own")


class _Folder(ModuleType):
    """The verb bears the folder's name and would be hidden by the folder: so the folder is the verb too."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        from tegum.compare.verdict import compare

        return compare(*args, **options)


sys.modules[__name__].__class__ = _Folder
