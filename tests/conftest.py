"""What the jaxtyping hook of pyproject.toml must leave as it is written, and commands run as a user runs them."""

import json
import re
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

import jaxtyping
import pytest

# These records refuse values of a wrong type or shape themselves, in the one line that users read.
REFUSES_ITSELF = {"tegum.theory.setting", "tegum.theory.weights", "tegum.empirical.axes", "tegum.empirical.plan"}

# Recursions over single values, called millions of times: the wrapper would take most of the tests' time, and no array
# passes through them.
RECURSES = {"tegum.theory.balls.tree", "tegum.compare.report.schema.structure"}

# The hook puts its wrapper under `@njit` or `@triton.jit`, and neither can compile the wrapper.
COMPILED = re.compile(r"^@((numba|triton)\.)?(njit|jit|vectorize|guvectorize)\b", re.MULTILINE)


class AsWritten(MetaPathFinder):
    """Finds these modules before the hook does, so that they are loaded without it."""

    def find_spec(self, fullname, path=None, target=None) -> ModuleSpec | None:
        if not fullname.startswith("tegum."):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        return spec if spec is not None and left_out(fullname, spec.origin) else None


def left_out(name: str, origin: str | None) -> bool:
    return name in REFUSES_ITSELF | RECURSES or (origin is not None and bool(COMPILED.search(Path(origin).read_text())))


sys.meta_path.insert(0, AsWritten())


@pytest.fixture
def shapes_unchecked():
    """For long computations whose parts other tests hold to their shapes: the checks would take most of the time."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.fixture
def run(capsys):
    """Run one command with --json and return what it printed, having seen that nothing else is there."""

    from tegum.cli import main  # not before the hook stands

    def run(*arguments: str):
        capsys.readouterr()
        assert main([*arguments, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return run


@pytest.fixture
def refused(capsys):
    """Run one command that must end with exit status 2 and one line, and return the line."""

    from tegum.cli import main

    def refused(*arguments: str) -> str:
        capsys.readouterr()
        assert main(list(arguments)) == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        assert printed.err.count("\n") == 1
        assert "Traceback" not in printed.err
        return printed.err

    return refused
