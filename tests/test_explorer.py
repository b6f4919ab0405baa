"""The page of `tegum explore`, in a real Chromium: it needs nothing but itself and shows what is computed."""

import json
import random
import re
import shutil
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from explore_picture import CALM

from tegum.compare.explorer.branches import branches
from tegum.compare.explorer.explorer import explore
from tegum.compare.explorer.frames import in_one_frame
from tegum.compare.explorer.panels import panel
from tegum.compare.explorer.sliders import Slice, setting_at, sliders_around
from tegum.empirical.ensemble import save_ensemble
from tegum.empirical.plan import Training
from tegum.empirical.training import train_cells
from tegum.theory.candidates.candidates import candidates
from tegum.theory.errors import InputError
from tegum.theory.loss.population import population_loss
from tegum.theory.phases import boundary
from tegum.theory.setting import Setting, with_axis
from tegum.theory.weights import Weights

SETTING = Setting(3, 2, 0.1)
SLIDERS = sliders_around(SETTING, points=4, ratios=(1.0,), l1=(0.0, 0.02), features=(3, 4), hidden=(1, 3))
HOSTILE = "</script><script>fetch('http://a.invalid')</script><img src=x onerror=alert(1)>&\"' {{ 7*7 }}"
CHROMIUM = shutil.which("chromium")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (tests/tools.sh installs it)")


@pytest.fixture(scope="module")
def runs():
    settings = [with_axis(SETTING, "density", p) for p in (0.05, 0.3)] + [Setting(3, 2, 0.1, [1.0, 0.7, 1.0])]
    return train_cells(settings, Training(runs=2, steps=400, batch_size=64, seed=3, device="cpu"))


@pytest.fixture(scope="module")
def page(tmp_path_factory, runs) -> Path:
    return explore(SLIDERS, tmp_path_factory.mktemp("page") / "p.html", runs=runs, command=HOSTILE)


@pytest.fixture(scope="module")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CALM)
        yield browser
        browser.close()


@contextmanager
def opened(browser, page, **options):
    """The page from the disk, offline; it must ask for nothing and raise nothing while it is used."""
    context = browser.new_context(offline=True, **({"reduced_motion": "reduce"} | options))
    tab = context.new_page()
    asked, said = [], []
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.on("console", lambda message: said.append(message.text))
    tab.goto(page.as_uri())
    yield tab
    context.close()
    assert (asked, said) == ([page.as_uri()], [])


def shown(tab) -> list[dict[str, str]]:
    """The rows of the table of candidates."""
    script = """rows => rows.map(row => Object.fromEntries([["geometry", row.querySelector("button").textContent],
        ["kind", row.lastChild.textContent],
        ...[...row.querySelectorAll("[data-key]")].map(cell => [cell.dataset.key, cell.textContent])]))"""
    return tab.eval_on_selector_all("#candidates tbody tr", script)


def place(tab, key: str, value: float) -> None:
    """Take a slider to a value by the keyboard alone."""
    for press in ["Home"] + ["ArrowRight"] * 50:
        if abs(float(tab.text_content(f"#{key}-value")) - value) <= 5e-4 * value:
            return
        tab.focus(f"#{key}:enabled")
        tab.keyboard.press(press)
    raise AssertionError(f"{key} has no stop {value}")


def go_to(tab, where: Slice, density: float) -> None:
    for key in ("count", "hidden", "ratio", "l1"):
        place(tab, key, getattr(where, key))
    place(tab, "density", density)


@needs_chromium
def test_numbers_on_the_page_are_those_of_the_theory(browser, page):
    chosen = random.Random(4)
    with opened(browser, page) as tab:
        for where in [SLIDERS.start, Slice(3, 2, 1.0, 0.02), *chosen.sample(SLIDERS.slices, 3)]:
            density = chosen.choice(SLIDERS.densities)
            go_to(tab, where, density)
            computed = candidates(setting_at(SETTING, where, density))
            rows = shown(tab)
            by_name = {one.geometry: one for one in computed}
            assert rows[0]["geometry"] == computed[0].geometry
            assert len(rows) >= min(len(computed), 3)
            for row in rows:
                one = by_name[row["geometry"]]
                exact = population_loss(one.weights, setting_at(SETTING, where, density))
                assert float(row["loss"]) == pytest.approx(exact.loss, rel=1e-11)
                assert (row["kind"] == "local minimum") == one.stable
            assert tab.text_content("#status b") == computed[0].geometry
            assert rows[0]["loss"] in tab.text_content("#status")


@needs_chromium
def test_the_winner_changes_where_the_theory_says(browser, page):
    crossing = boundary(SETTING, ("digon + dedicated", "triangle"), "density", 0.05, 0.6, 12)
    with opened(browser, page) as tab:
        assert crossing.decimal in tab.text_content("#losses")
        assert f"at p = {crossing.decimal}, proved" in tab.text_content("#boundaries")
        for density in SLIDERS.densities[1:-1]:
            go_to(tab, SLIDERS.start, density)
            assert tab.text_content("#status b") == (crossing.below if density < crossing.value else crossing.above)


def test_a_geometry_that_wins_only_between_two_densities_is_found():
    sliders = sliders_around(Setting(5, 3, 0.45), densities=(0.45, 0.75), points=2)
    found = panel(sliders, Slice(5, 3, 1.0, 0.0))
    assert [found["branches"][place]["geometry"] for place in found["best"]] == [
        "2*digon + dedicated",
        "tetrahedron + dropped",
    ]
    changes = [(one["below"], one["above"]) for one in found["boundaries"]]
    middle = "triangle + digon"
    assert changes == [("2*digon + dedicated", middle), (middle, "tetrahedron + dropped")]
    assert found["boundaries"][0]["value"] < found["boundaries"][1]["value"]


@needs_chromium
def test_dots_are_the_runs(browser, page, runs):
    exact = [population_loss(Weights(W, b), setting).loss
             for W, b, setting in zip(runs.weights.W, runs.weights.b, runs.settings, strict=True)]  # fmt: skip
    with opened(browser, page) as tab:
        tab.click("#runs-details summary")
        rows = tab.eval_on_selector_all("#runs tbody tr", "rows => rows.map(r => [...r.cells].map(c => c.textContent))")
        assert sorted(float(row[2]) for row in rows) == pytest.approx(sorted(exact[:4]), rel=1e-11)  # two are elsewhere
        assert {float(row[0]) for row in rows} == {0.05, 0.3}
        assert "2 runs of other settings are not shown" in tab.text_content("main")
        dots = tab.locator(".dot")
        assert dots.count() == 4
        labels = [dots.nth(k).get_attribute("aria-label") for k in range(4)]
        assert all(f"loss {row[2]}, {row[4]}" in label for row, label in zip(rows, labels, strict=True))
        go_to(tab, Slice(3, 1, 1.0, 0.0), 0.1)
        assert dots.count() == 0


@needs_chromium
def test_dots_can_be_read_and_chosen_by_the_keyboard(browser, page):
    with opened(browser, page) as tab:
        tab.focus(".dot[tabindex='0']")
        assert tab.locator("#tip").is_visible()
        first = tab.text_content("#tip")
        assert first == tab.evaluate("document.activeElement.getAttribute('aria-label')")
        tab.keyboard.press("End")
        assert tab.text_content("#tip") != first
        tab.keyboard.press("Enter")
        assert tab.evaluate("document.activeElement.getAttribute('aria-selected')") == "true"
        assert "a learned run is laid over it" in tab.get_attribute("#arrangement", "aria-label")
        tab.keyboard.press("Escape")
        assert not tab.locator("#tip").is_visible()


@needs_chromium
def test_a_candidate_that_does_not_win_can_be_drawn(browser, page):
    with opened(browser, page) as tab:
        winner = tab.text_content("#arrangement-caption b")
        other = tab.locator("#candidates button").nth(1)
        other.focus()
        tab.keyboard.press("Enter")
        assert tab.text_content("#arrangement-caption b") == other.text_content() != winner
        assert tab.locator("#candidates button").nth(1).get_attribute("aria-pressed") == "true"
        tab.keyboard.press("Enter")
        assert tab.text_content("#arrangement-caption b") == winner


def test_drawn_overlaps_are_those_of_the_weights():
    settings = [with_axis(Setting(4, 2, 0.1, [1.0, 1.0, 1.0, 0.5]), "density", p) for p in (0.05, 0.2, 0.5, 0.7)]
    plain = branches(settings)
    for before, after in zip(plain, in_one_frame(plain, settings[0].importance, turnable=True), strict=True):
        assert before.geometry == after.geometry
        for point, setting in enumerate(settings):
            if np.isfinite(after.loss[point]):
                loss = population_loss(Weights(after.W[point], after.b[point]), setting).loss
                assert loss == pytest.approx(before.loss[point], rel=1e-12)


def test_under_an_l1_term_axes_are_kept():
    settings = [Setting(3, 2, p, l1=0.02) for p in (0.05, 0.3)]
    for branch in in_one_frame(branches(settings), settings[0].importance, turnable=False):
        for point, setting in enumerate(settings):
            if np.isfinite(branch.loss[point]):
                loss = population_loss(Weights(branch.W[point], branch.b[point]), setting).loss
                assert loss == pytest.approx(branch.loss[point], rel=1e-12)


@needs_chromium
def test_a_screen_reader_is_told_names_roles_and_values(browser, page):
    with opened(browser, page) as tab:
        place(tab, "density", 0.1)
        nodes = tab.context.new_cdp_session(tab).send("Accessibility.getFullAXTree")["nodes"]
        told = [(n["role"]["value"], n.get("name", {}).get("value", ""), n) for n in nodes if not n["ignored"]]
        sliders = {name: node for role, name, node in told if role == "slider"}
        assert [*sliders] == ["density p", "importance Iₙ/I₁", "L1 weight λ", "features n", "dimensions m"]
        described = [node["description"]["value"] for node in sliders.values()]
        assert described[0] == "probability that a feature is on"
        # What is spoken for a value: the protocol tells the number of the stop only.
        assert [node["value"]["value"] for node in sliders.values()][3:] == [0, 1]
        words = [tab.get_attribute(f"#{key}", "aria-valuetext") for key in ("density", "count", "hidden")]
        assert words == ["density 0.1", "3 features", "2 dimensions"]
        assert ("button", "Play") in [(role, name) for role, name, _ in told]
        (image,) = [name for role, name, _ in told if role == "image"]
        assert image.startswith("digon + dedicated: 3 features in 2 dimensions")
        assert [role for role, _, _ in told].count("option") == 4
        assert any(role == "status" for role, _, _ in told)
        headers = [name for role, name, _ in told if role == "columnheader"]
        assert {"geometry", "exact loss", "error below", "b"} <= set(headers)
        assert all(name for role, name, _ in told if role in ("slider", "button", "option", "image", "listbox", "link"))


@needs_chromium
@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_motion_is_interpolated_only_where_it_is_welcome(browser, page, motion):
    with opened(browser, page, reduced_motion=motion) as tab:
        tab.evaluate("""() => { window.frames_seen = 0; const plain = requestAnimationFrame;
            window.requestAnimationFrame = step => { window.frames_seen += 1; return plain(step); }; }""")
        tab.focus("#density")
        tab.keyboard.press("End")
        tab.wait_for_timeout(200)
        assert (tab.evaluate("window.frames_seen") > 0) == (motion == "no-preference")


@needs_chromium
def test_playing_goes_through_the_transition_and_stops(browser, page):
    with opened(browser, page) as tab:
        place(tab, "density", SLIDERS.densities[-3])
        tab.clock.install()
        tab.focus("#play")
        tab.keyboard.press("Enter")
        assert tab.text_content("#play") == "Stop"
        tab.clock.run_for(10_000)
        assert tab.text_content("#play") == "Play"
        assert float(tab.text_content("#density-value")) == pytest.approx(SLIDERS.densities[-1])
        tab.keyboard.press("Enter")  # from the start again
        tab.clock.run_for(100)
        assert float(tab.text_content("#density-value")) == pytest.approx(SLIDERS.densities[0])
        tab.keyboard.press("Escape")
        tab.clock.run_for(10_000)
        assert float(tab.text_content("#density-value")) == pytest.approx(SLIDERS.densities[0])


@needs_chromium
@pytest.mark.parametrize("width", [400, 800, 1280])
def test_nothing_runs_over_the_edge(browser, page, width):
    with opened(browser, page, viewport={"width": width, "height": 800}) as tab:
        for where in (SLIDERS.start, Slice(4, 3, 1.0, 0.0)):
            go_to(tab, where, 0.1)
            assert tab.evaluate("document.documentElement.scrollWidth") <= width


@needs_chromium
def test_hostile_words_stay_words(browser, page):
    with opened(browser, page) as tab:
        assert HOSTILE in tab.text_content("main")
        assert tab.locator("img").count() == 0
        assert tab.locator("script").count() == 2


def test_hostile_geometry_names_cannot_end_the_data():
    from tegum.compare.explorer.page import _inert

    assert "<" not in _inert({"geometry": HOSTILE, "<!--": ["<script>"]})
    assert json.loads(_inert({"geometry": HOSTILE})) == {"geometry": HOSTILE}


def test_the_policy_admits_the_page_s_own_program_and_nothing_else(page):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page.read_text())[1]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert "http" not in policy


def test_the_command_writes_the_page_with_the_runs_of_a_folder(tmp_path, run, runs):
    save_ensemble(tmp_path / "a<b>&'", runs)
    (tmp_path / "s.toml").write_text("[features]\ncount = 3\ndensity = 0.1\n[model]\nhidden = 2\n")
    few = "--points 2 --ratios 1 --l1 0 --features 3 --hidden 2 --workers 1".split()
    out = tmp_path / "deep" / "page.html"
    answer = run("explore", str(tmp_path / "s.toml"), "--out", str(out), "--runs", str(tmp_path / "a<b>&'"), *few)
    assert answer["page"] == str(out)
    assert answer["positions"] == 3
    assert out.stat().st_size == answer["bytes"]


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        (Setting(3, 2, 0.1, values="signed"), "values = 'signed'"),
        (Setting(3, 2, 0.1, tied=False), "tied = False"),
        (Setting(3, 2, [0.1, 0.1, 0.2]), "density differs"),
        (Setting(9, 2, 0.1), "count = 9"),
        (Setting(5, 4, 0.1), "hidden = 4"),
        (Setting(3, 2, 0.1, [0.0, 1.0, 1.0]), "importance of the first feature is 0"),
    ],
)
def test_what_candidates_or_sliders_do_not_take_is_refused_by_name(setting, named):
    with pytest.raises(InputError, match=re.escape(named)):
        sliders_around(setting)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--density", "0.5", "0.1"], "density from 0.5 to 0.1"),
        (["--points", "1"], "points = 1"),
        (["--features", "4-5"], "features from 4 to 5 leaves out"),
        (["--features", "x"], "no range such as 4-6"),
        (["--ratios", "-1"], "ratios[0] = -1"),
        (["--runs", "nowhere"], "nowhere holds no runs"),
        (["--runs", "a", "--train", "3"], "either --runs DIR or --train N"),
        (["--out", "."], "is a folder"),
    ],
)
def test_bad_options_end_in_one_line(tmp_path, refused, monkeypatch, options, named):
    monkeypatch.chdir(tmp_path)
    Path("s.toml").write_text("[features]\ncount = 3\ndensity = 0.1\n[model]\nhidden = 2\n")
    assert named in refused("explore", "s.toml", "--out", "p.html", *options)
    assert not Path("p.html").exists()


def test_importances_of_a_list_are_kept_and_the_last_one_varies():
    setting = Setting(4, 2, 0.1, {"geometric": 0.5})
    sliders = sliders_around(setting)
    assert sliders.start == Slice(4, 2, 0.125, 0.0)
    assert {where.count for where in sliders.slices} == {3, 4}  # a fifth feature's importance is unknown
    assert setting_at(setting, sliders.start, 0.1) == setting
    assert setting_at(setting, Slice(3, 2, 2.0, 0.0), 0.3).importance == (1.0, 0.5, 2.0)
