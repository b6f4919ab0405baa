"""What is installed is what the checkout holds, all of it, light to import, with imports that go one way."""

import inspect
import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from jaxtyping import TypeCheckError

import tegum

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
SETUPTOOLS = PROJECT["tool"]["setuptools"]
FOLDERS = {name: ROOT / folder for name, folder in SETUPTOOLS["package-dir"].items()}
HEAVY = ("numpy", "torch", "matplotlib", "sympy", "numba", "scipy", "networkx", "jinja2")


def run(*command: str | Path, cwd: Path = ROOT, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | variables
    return subprocess.run([*map(str, command)], cwd=cwd, env=environment, capture_output=True, text=True)


def python(code: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, "-W", "error", "-c", code, cwd=cwd)


def dotted(package: str, path: Path) -> str:
    """The import name of a module's file, or of a folder, inside the folder of a listed package."""
    return ".".join([package, *path.relative_to(FOLDERS[package]).parts]).removesuffix(".py")


def packages_on_disk() -> list[str]:
    inits = ((name, init) for name, folder in FOLDERS.items() for init in folder.rglob("__init__.py"))
    return sorted(dotted(name, init.parent) for name, init in inits)


def modules() -> list[str]:
    files = ((name, file) for name, folder in FOLDERS.items() for file in folder.rglob("*.py"))
    names = {dotted(name, file).removesuffix(".__init__") for name, file in files}
    return sorted(names - {"tegum.__main__"})


def test_every_package_on_disk_is_listed():
    assert sorted(SETUPTOOLS["packages"]) == packages_on_disk()


def test_the_type_checkers_tree_is_the_imported_tree():
    links = ROOT / ".types" / "tegum"
    expected = {"commands", "theory", "empirical", "compare", "papers", "py.typed"}
    expected |= {file.name for file in (ROOT / "tegum").glob("*.py")}
    assert {link.name for link in links.iterdir() if link.name != "__pycache__"} == expected
    assert all(link.exists() for link in links.iterdir())


@pytest.mark.parametrize("folder", ["theory", "empirical", "compare", "papers"])
def test_a_folder_cannot_be_imported_by_its_own_name(folder):
    done = python(f"import {folder}")
    assert done.returncode == 1
    assert f"ImportError: import tegum.{folder};" in done.stderr


@pytest.mark.parametrize("module", ["tegum", "tegum.cli"])
def test_the_door_opens_without_heavy_libraries(module):
    done = python(f"import sys, {module}; print(sorted({set(HEAVY)} & set(sys.modules)))")
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


def test_every_public_name_is_there_and_stays_what_it_is():
    first = {name: getattr(tegum, name) for name in tegum.HOME}
    for module in modules():
        import_module(module)
    assert all(getattr(tegum, name) is value for name, value in first.items())
    assert all(callable(value) for value in first.values())
    assert callable(tegum.compare)
    assert set(tegum.__all__) == set(dir(tegum))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'sparsity'"):
        tegum.sparsity  # noqa: B018


def test_the_citation_names_this_version():
    cited = re.findall(r"^version: (\S+)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)
    assert cited == [PROJECT["project"]["version"]] == [tegum.__version__]


def test_calls_are_held_to_their_annotations():
    with pytest.raises(TypeCheckError):
        tegum.population_loss("no weights", "no setting")


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    command = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return run(sys.executable, "-c", command, "--config", "../pyproject.toml", "--no-cache", cwd=root / ".types")


def copy_of_the_tree(destination: Path) -> Path:
    """The checkout without what is built, cached or hidden in it, but with the links of .types."""
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, destination)
    for name in ("tegum", "theory", "empirical", "compare", "papers", ".types"):
        leave_out = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, destination / name, symlinks=True, ignore=leave_out)
    return destination


def test_imports_go_one_way():
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout
    assert "1 kept, 0 broken" in done.stdout


def test_an_import_against_the_direction_is_found(tmp_path):
    copy = copy_of_the_tree(tmp_path)
    (copy / "theory" / "wayward.py").write_text("def verdict():\n    import tegum.compare.report\n")
    done = lint_imports(copy)
    assert done.returncode == 1
    assert "tegum.theory.wayward -> tegum.compare.report" in done.stdout


# In a process of its own: functions that the jaxtyping hook wraps look foreign to doctest, which skips them.
DOCTESTS = """
import doctest, importlib, sys
results = [doctest.testmod(importlib.import_module(name)) for name in sys.argv[1:]]
print(sum(result.attempted for result in results), "attempted")
sys.exit(sum(result.failed for result in results) > 0)
"""


def test_the_examples_in_docstrings_run():
    done = run(sys.executable, "-W", "error", "-c", DOCTESTS, *modules())
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout.split()[-2]) > 0


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """A fresh environment with the built wheel, and the libraries of the present one behind it."""
    home = tmp_path_factory.mktemp("installed")
    copy = copy_of_the_tree(tmp_path_factory.mktemp("copy"))
    pip = (sys.executable, "-m", "pip")
    built = run(*pip, "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", home, copy)
    assert built.returncode == 0, built.stderr
    venv.create(home / "venv", symlinks=True)
    (site,) = (home / "venv" / "lib").glob("python*/site-packages")
    # Folders named in a .pth file are searched last, and their own .pth files, the editable install's among
    # them, are not read.
    (site / "libraries.pth").write_text("\n".join(path for path in sys.path if "site-packages" in path))
    (wheel,) = home.glob("tegum-*.whl")
    put = run(*pip, "--python", home / "venv" / "bin" / "python", "install", "-q", "--no-deps", wheel)
    assert put.returncode == 0, put.stderr
    return home / "venv"


def test_the_wheel_holds_every_file(installed):
    (site,) = (installed / "lib").glob("python*/site-packages")
    where = run(installed / "bin" / "python", "-c", "import tegum; print(tegum.__file__)", cwd=installed)
    assert Path(where.stdout.strip()) == site / "tegum" / "__init__.py", where.stderr
    for module in modules():
        path = site.joinpath(*module.split("."))
        assert path.with_suffix(".py").exists() or (path / "__init__.py").exists(), module
    templates, styles = ROOT.glob("compare/*/templates/*"), ROOT.glob("empirical/pictures/*.mplstyle")
    for file in [*templates, *styles]:
        assert (site / "tegum" / file.relative_to(ROOT)).read_bytes() == file.read_bytes()
    assert (site / "tegum" / "py.typed").exists()


def test_the_installed_command_works_away_from_the_checkout(installed, tmp_path):
    command = installed / "bin" / "tegum"
    version = run(command, "--version", cwd=tmp_path)
    assert (version.returncode, version.stdout.split()[-1:]) == (0, [tegum.__version__]), version.stderr

    (tmp_path / "setting.toml").write_text("[features]\ncount = 2\ndensity = 0.5\n[model]\nhidden = 2\n[objective]\n")
    np.savez(tmp_path / "weights.npz", W=np.zeros((2, 2)), b=np.zeros(2))
    loss = run(command, "loss", "setting.toml", "--weights", "weights.npz", "--json", cwd=tmp_path)
    assert loss.returncode == 0, loss.stderr
    assert '"loss"' in loss.stdout


@pytest.mark.parametrize("verb", [name for name in tegum.HOME if not inspect.isclass(getattr(tegum, name))])
def test_every_public_verb_says_what_it_takes_gives_and_refuses_and_where_it_is_from(verb):
    said = inspect.getdoc(getattr(tegum, verb))
    assert [part for part in ("Args:", "Returns:", "Raises:", "Validity", "Source") if part not in said] == []
