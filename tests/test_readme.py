"""What the README shows is what the commands in it print."""

import re
import shlex
from pathlib import Path

import pytest

from tegum.cli import main

README = (Path(__file__).parent.parent / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def console_examples() -> list[tuple[str, str]]:
    (block,) = blocks("console")
    return re.findall(r"^\$ tegum (.*)\n((?:(?!\$ ).*\n)*)", block, flags=re.MULTILINE)


@pytest.mark.parametrize(("command", "output"), console_examples(), ids=[c.split()[0] for c, _ in console_examples()])
def test_console_examples_print_what_is_shown(command, output, capsys, monkeypatch):
    monkeypatch.chdir(Path(__file__).parent.parent)
    assert main(shlex.split(command)) == 0
    assert capsys.readouterr().out == output


def test_python_example_runs(capsys):
    (block,) = blocks("python")
    exec(compile(block, "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert printed.startswith("pentagon 0.0263")
    assert "0.224875449363658" in printed
    assert "pentagon optimum" in printed
    assert len(block.strip().splitlines()) <= 12


def test_files_that_it_links_exist():
    root = Path(__file__).parent.parent
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert len(links) >= 4
    assert all((root / link).exists() for link in links)


def test_two_commands_are_make_targets():
    makefile = (Path(__file__).parent.parent / "Makefile").read_text()
    (block,) = [block for block in blocks("sh") if "make report" in block]
    for target in re.findall(r"^make (\w+)", block, flags=re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE)
