"""What the pages of docs/ show is what the code on them prints."""

import doctest
import re
import shlex
from pathlib import Path

import pytest

from tegum.cli import main
from tegum.compare.report.stability_page import stability_rows
from tegum.theory.candidates.candidates import candidate
from tegum.theory.setting import Setting
from tegum.theory.stability.catalogue import branch_stability

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "theory.md").read_text()


def console_examples() -> list[tuple[str, str]]:
    blocks = re.findall(r"```console\n(.*?)```", PAGE, flags=re.DOTALL)
    return re.findall(r"^\$ tegum (.*)\n((?:(?!\$ ).*\n)*)", "".join(blocks), flags=re.MULTILINE)


@pytest.mark.parametrize(("command", "output"), console_examples(), ids=[c.split()[0] for c, _ in console_examples()])
def test_console_examples_print_what_is_shown(command, output, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert main(shlex.split(command)) == 0
    assert capsys.readouterr().out == output


@pytest.mark.usefixtures("shapes_unchecked")
def test_python_examples_print_what_is_shown():
    blocks = "\n".join(re.findall(r"```pycon\n(.*?)```", PAGE, flags=re.DOTALL))
    test = doctest.DocTestParser().get_doctest(blocks, {}, "theory.md", "docs/theory.md", 0)
    said: list[str] = []
    result = doctest.DocTestRunner().run(test, out=said.append)
    assert result.failed == 0, "".join(said)
    assert result.attempted > 20


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.name)
def test_files_that_a_page_links_exist(page):
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text())
    assert all((page.parent / link).exists() for link in links)


def page_rows(text: str) -> list[list[str]]:
    """Cells of the rows of a stability table: n, m, geometry, verdict, density, side, …"""
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| ")][1:]


def test_the_stability_page_shows_what_is_computed():
    page = page_rows((ROOT / "docs" / "stability.md").read_text())
    for geometry, shape in (("digon", (2, 1)), ("triangle", (3, 2))):
        found = branch_stability(geometry, Setting(*shape, 0.5))
        computed = [row[:6] for row in page_rows(stability_rows([found]))]
        assert computed == [row[:6] for row in page if row[2] == geometry]


def test_each_limit_of_the_stability_page_separates_a_minimum_from_a_saddle_in_double_precision():
    page = page_rows((ROOT / "docs" / "stability.md").read_text())
    limits = [row for row in page if row[3] == "breaks" and "same branch" not in row[6] and int(row[0]) < 9]
    assert len(limits) > 8
    for n, m, geometry, _, density, side, _, won in limits:
        signs = []
        for step in (-1e-6, 1e-6):
            found = candidate(geometry, Setting(int(n), int(m), float(density) + step))
            assert found is not None
            signs.append(found.hessian_min > 0)
        assert signs == [side == "below", side == "above"], geometry
        lower, error = (float(number) for number in won.split(" ± "))
        assert lower > error
