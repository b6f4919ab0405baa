"""What the pages of docs/ show is what the code on them prints."""

import doctest
import re
import shlex
from pathlib import Path

import pytest

from tegum.cli import main

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
