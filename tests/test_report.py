"""A report says what its study found, escapes what it quotes, needs nothing but itself, and is the same every time."""

import json
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tegum.compare.agreement import agreement
from tegum.compare.report import write_comparison_report, write_study_report
from tegum.compare.report.files import write_report
from tegum.compare.study import Curve, Study
from tegum.compare.verdict import compare_all
from tegum.empirical.ensemble import Ensemble
from tegum.empirical.pictures.picture import Picture
from tegum.empirical.plan import Axis, Plan, Training, cells, plan_id
from tegum.theory.candidates.candidates import candidate
from tegum.theory.phases import boundary
from tegum.theory.search.optimum import optimum
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

PENTAGON, DIGONS = "pentagon", "2*digon + dropped"
HOSTILE = (
    "tegum study '<script>alert(1)</script>' --out \"50%_$x$\" \\input{/etc/passwd} & ünï😀 ((% x %)) {{ 7*7 }} --json "
    "`x` # ^ ~ \\ { } < > | </code><img src=x onerror=alert(2)>/" + "long" * 60
)
#: Characters that turn the direction of text, cannot be seen, or are bytes of a file name that is no text.
UNSEEN = "\u202e\u2066\u200b\x1b\udcff"
RUNS = 3
FILES = (
    "report.html report.json report.tex report.bib tables/agreement.tex tables/boundaries.tex "
    "figures/overview.svg figures/overview.pdf figures/losses.svg figures/losses.pdf figures/arrangements.svg "
    "figures/arrangements.pdf figures/basins.svg figures/basins.pdf"
).split()


def learned(geometries, setting, seed):
    """Models as training leaves them: critical points of named geometries, turned, relabelled and slightly off."""
    random = np.random.default_rng(seed)
    models = []
    for geometry in geometries:
        weights = candidate(geometry, setting).weights
        turn, order = np.linalg.qr(random.normal(size=(2, 2)))[0], random.permutation(5)
        W = turn @ weights.W[:, order] + 0.003 * random.normal(size=(2, 5))
        models.append((W, weights.b[order] + 0.003 * random.normal(size=5)))
    return Weights(*(np.array(parts) for parts in zip(*models, strict=True)))


PLAN = Plan(Setting(count=5, hidden=2, density=0.1), (Axis("density", (0.3, 0.05, 0.22)),), Training(runs=RUNS))


@cache
def theory():
    """Optima, curves and the boundary of the plan, the first curve with a hole in it."""
    curves, values = [], (0.05, 0.1, 0.2, 0.3)
    for name in (PENTAGON, DIGONS, "triangle + 2*dropped"):
        fitted = [candidate(name, Setting(count=5, hidden=2, density=value)) for value in values]
        losses = (float("nan"), *(one.loss for one in fitted[1:]))
        curves.append(Curve(name, values, losses, tuple(one.stable for one in fitted)))
    crossing = boundary(PLAN.setting, (PENTAGON, DIGONS), "density", 0.2, 0.25, digits=12)
    return [optimum(setting, 16) for setting in cells(PLAN)], tuple(curves), (crossing,)


def made_study(geometries):
    """A study of five features in two dimensions at three densities, with these geometries learned at each."""
    optima, curves, boundaries = theory()
    settings = cells(PLAN)
    weights = [learned(*cell) for cell in zip(geometries, settings, range(len(settings)), strict=True)]
    ensemble = Ensemble(
        settings=tuple(setting for setting in settings for _ in range(RUNS)),
        runs=tuple(range(RUNS)) * len(settings),
        weights=Weights(np.concatenate([one.W for one in weights]), np.concatenate([one.b for one in weights])),
        batch_loss=np.linspace(0.01, 0.02, RUNS * len(settings)),
        options=PLAN.training,
        steps=np.full(RUNS * len(settings), PLAN.training.steps),
    )
    return Study(PLAN, tuple(compare_all(settings, weights, optima)), curves, boundaries, ensemble)


@pytest.fixture(scope="module")
def failing() -> Study:
    """In the last cell no run finds the pentagon; in the others the best run is the optimum."""
    return made_study([[DIGONS, PENTAGON, DIGONS], [PENTAGON, PENTAGON, PENTAGON], [DIGONS, DIGONS, DIGONS]])


@pytest.fixture(scope="module")
def agreeing() -> Study:
    return made_study([[DIGONS] * 3, [PENTAGON] * 3, [PENTAGON] * 3])


@pytest.fixture(scope="module")
def folder(failing, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    assert write_study_report(failing, folder, HOSTILE) == folder / "report.html"
    return folder


class Page(HTMLParser):
    """Tags with their attributes, and the text, of a page whose every element is closed."""

    VOID = ("meta", "path", "use", "br", "rect", "image")

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] not in ("style", "path"):
            self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def words(self) -> str:
        return " ".join("".join(self.text).split())


def page_of(folder: Path) -> Page:
    page = Page((folder / "report.html").read_text())
    assert not page.open
    return page


def strict_json(path: Path):
    def refuse(name):
        raise AssertionError(f"{name} in {path}")

    return json.loads(path.read_text(), parse_constant=refuse)


def test_every_file_is_there(folder):
    assert all((folder / name).stat().st_size > 100 for name in FILES)


def test_the_page_refers_to_nothing_outside_itself(folder):
    page = page_of(folder)
    assert not {"script", "link", "img", "iframe", "image"} & {tag for tag, _ in page.tags}
    for tag, attributes in page.tags:
        for name, value in attributes.items():
            if name in ("src", "srcset", "data", "action") or "url(" in (value or "").replace("url(#", ""):
                pytest.fail(f"<{tag} {name}={value}>")
            if name in ("href", "xlink:href") and re.match(r"\w+:|//", value or ""):
                assert tag == "a", (tag, value)
    assert "@import" not in (folder / "report.html").read_text()
    policies = [one["content"] for one in page.all("meta") if one.get("http-equiv") == "Content-Security-Policy"]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'"]


def test_identifiers_are_unique_and_references_within_the_page_are_met(folder):
    page = page_of(folder)
    names = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(names) == len(set(names))
    text = (folder / "report.html").read_text()
    assert set(re.findall(r'href="#([^"]+)"', text) + re.findall(r"url\(#([^)]+)\)", text)) <= set(names)


def test_figures_and_tables_can_be_read_aloud(folder):
    page = page_of(folder)
    figures = page.all("svg")
    assert len(figures) == 4
    assert all(one["role"] == "img" and len(one["aria-label"] or "") > 40 for one in figures)
    assert len(page.all("caption")) == len(page.all("table")) > 2
    assert all(one.get("scope") in ("col", "row") for one in page.all("th"))


def test_headings_are_in_order_and_colour_never_speaks_alone(folder):
    page = page_of(folder)
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    swatches = [one for one in page.all("span") if one.get("class") == "swatch"]
    assert swatches
    assert all(one.get("aria-hidden") == "true" for one in swatches)
    assert re.search(rf"{re.escape(DIGONS)}\s+\(local optimum\)", page.words)


def test_a_hostile_command_is_quoted_not_obeyed(folder):
    page = page_of(folder)
    assert HOSTILE in page.words
    html = (folder / "report.html").read_text().lower()
    assert "<script" not in html
    assert "<img" not in html
    tex = (folder / "report.tex").read_text()
    command = tex.split("Command:")[1].split("\\par")[0].replace(r"\allowbreak{}", "")
    assert "49" not in command
    assert r"\input{/etc" not in tex
    assert r"50\%\_\$x\$" in command
    assert "(U+1F600)" in command
    assert tex.isascii()


def test_what_cannot_be_seen_in_a_name_is_spelt_out(failing, tmp_path):
    write_comparison_report(failing.comparisons[2], tmp_path, f"tegum compare {UNSEEN}")
    spelt = "tegum compare (U+202E)(U+2066)(U+200B)(U+001B)(U+DCFF)"
    assert spelt in page_of(tmp_path).words
    assert spelt in (tmp_path / "report.tex").read_text().replace(r"\allowbreak{}", "")
    assert strict_json(tmp_path / "report.json")["command"] == f"tegum compare {UNSEEN}"


@pytest.mark.parametrize("name", ["report.tex", "tables/agreement.tex", "tables/boundaries.tex"])
def test_latex_is_balanced(folder, name):
    text = re.sub(r"\\[\\{}%$&_#]", "", (folder / name).read_text())
    text = re.sub(r"%.*", "", text)
    assert text.count("{") == text.count("}")
    assert text.count("$") % 2 == 0
    opened = []
    for kind, environment in re.findall(r"\\(begin|end)\{([^}]*)\}", text):
        if kind == "begin":
            opened.append(environment)
        else:
            assert opened.pop() == environment
    assert not opened
    for figure in re.findall(r"\\includegraphics\{([^}]*)\}", text):
        assert (folder / figure).is_file()


@pytest.mark.skipif(not {"pdflatex", "bibtex"} <= set(filter(shutil.which, ("pdflatex", "bibtex"))), reason="no LaTeX")
@pytest.mark.parametrize("kind", ["study", "comparison"])
def test_latex_compiles_within_its_margins(kind, failing, folder, tmp_path):
    """With hostile names, all references met, no box wider than the page by more than a point, and fonts for all."""
    if kind == "study":
        shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    else:
        write_comparison_report(failing.comparisons[2], tmp_path, HOSTILE + UNSEEN)
    latex = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "report.tex"]
    for command in (latex, ["bibtex", "report"], latex, latex):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True)
        assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]
    log = (tmp_path / "report.log").read_text(errors="replace")
    too_wide = [float(points) for points in re.findall(r"Overfull \\hbox \(([\d.]+)pt too wide", log)]
    assert all(points <= 1 for points in too_wide), too_wide
    assert "undefined references" not in log
    assert "Missing character" not in log
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")


def test_bibtex_cites_the_report_itself(folder):
    data, bib = strict_json(folder / "report.json"), (folder / "report.bib").read_text()
    assert f"@misc{{tegum-{data['id'][:8]}," in bib
    assert data["id"] in bib
    assert data["sha256"] in bib
    assert data["versions"]["tegum"] in bib


def test_a_report_that_is_killed_has_the_old_numbers_or_the_new(tmp_path, monkeypatch):
    """Killed at each file in turn: the numbers come last, whole, and no half of a file is left."""

    def write(word):
        pictures = [Picture(name, word.encode(), word.encode(), "", "") for name in ("a", "b")]
        texts = {"report.html": word.encode(), "tables/runs.tex": word.encode()}
        write_report(tmp_path, pictures, texts, {"word": word})

    def killed_at(place):
        replaced = []

        def replace(source, target):
            if len(replaced) == place:
                raise KeyboardInterrupt
            replaced.append(Path(target).name)
            rename(source, target)

        monkeypatch.setattr(os, "replace", replace)
        return replaced

    rename = os.replace
    written = killed_at(-1)
    write("old")
    assert written[-1] == "report.json"
    assert len(written) == 7
    for place in range(7):
        killed_at(place)
        with pytest.raises(KeyboardInterrupt):
            write("new")
        assert strict_json(tmp_path / "report.json") == {"word": "old"}
        assert {path.read_bytes() for path in tmp_path.rglob("*.*") if path.suffix != ".json"} <= {b"old", b"new"}
        assert not list(tmp_path.rglob(".*.tmp"))
    killed_at(-1)
    write("new")
    assert strict_json(tmp_path / "report.json") == {"word": "new"}


def test_json_holds_every_number_exactly(failing, folder):
    data = strict_json(folder / "report.json")
    assert (data["kind"], data["id"], data["command"]) == ("study", plan_id(failing.plan), HOSTILE)
    assert {"tegum", "python", "numpy", "scipy", "numba", "torch"} <= set(data["versions"])
    assert [cell["at"] for cell in data["cells"]] == [{"density": value} for value in (0.3, 0.05, 0.22)]
    for cell, comparison in zip(data["cells"], failing.comparisons, strict=True):
        assert cell["optimum"]["W"] == comparison.optimum.weights.W.tolist()
        assert cell["optimum"]["loss"] == comparison.optimum.loss
        assert [run["loss"] for run in cell["runs"]] == [one.loss for one in comparison.verdicts]
        assert [run["W"] for run in cell["runs"]] == comparison.weights.W.tolist()
        assert [run["polished"]["b"] for run in cell["runs"]] == comparison.polished.b.tolist()
    batches = [run["batch_loss"] for cell in data["cells"] for run in cell["runs"]]
    assert batches == failing.ensemble.batch_loss.tolist()
    assert data["curves"][0]["losses"][0] is None
    assert data["boundaries"][0]["decimal"] == failing.boundaries[0].decimal
    assert data["agreement"] == agreement(failing)


def test_a_failing_cell_is_named_with_its_verdict(folder):
    words = page_of(folder).words
    assert "Where the best run is not the optimum" in words
    assert f"predicted {PENTAGON}, but the best of 3 runs is {DIGONS}" in words
    assert "Verdict: local optimum" in words
    assert "In 2 of 3 cells" in words
    assert f"but the best of 3 runs is {DIGONS}" in " ".join((folder / "report.tex").read_text().split())


def test_a_study_without_failure_claims_none(agreeing, tmp_path):
    write_study_report(agreeing, tmp_path, "tegum study plan.toml")
    words = page_of(tmp_path).words
    assert "In all 3 cells" in words
    assert "Where the best run is not the optimum" not in words
    assert "but the best of" not in (tmp_path / "report.tex").read_text()


def test_the_boundary_is_given_with_all_its_digits(failing, folder):
    digits = failing.boundaries[0].decimal
    assert digits.startswith("0.2248754493")
    assert digits in page_of(folder).words
    assert digits in (folder / "tables" / "boundaries.tex").read_text()


def test_the_same_study_gives_the_same_bytes(failing, folder, tmp_path):
    write_study_report(failing, tmp_path, HOSTILE)
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes(), name


def test_figures_hold_no_pixels(folder):
    for file in (folder / "figures").glob("*.svg"):
        assert b"<image" not in file.read_bytes()


@pytest.mark.parametrize("one", [True, False])
def test_a_comparison_begins_with_its_verdict(failing, tmp_path, one):
    comparison = failing.comparisons[2]
    if one:
        first = Weights(comparison.weights.W[0], comparison.weights.b[0])
        comparison = compare_all([comparison.setting], [first], [comparison.optimum])[0]
    write_comparison_report(comparison, tmp_path, HOSTILE)
    page = page_of(tmp_path)
    expected = "The learned model is" if one else "0 of 3 runs (0%) are the predicted optimum, pentagon"
    assert expected in page.words
    assert f"{DIGONS} where {PENTAGON} was predicted (local optimum" in page.words
    assert len(page.all("svg")) == (2 if one else 3)
    data = strict_json(tmp_path / "report.json")
    assert [run["loss"] for run in data["runs"]] == [verdict.loss for verdict in comparison.verdicts]
    assert data["runs"][0]["batch_loss"] is None


def test_agreement_needs_no_matplotlib():
    code = "import sys, tegum.compare.agreement; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
