"""A report's page in a real browser, offline: it asks the network for nothing, runs nothing, and fits a telephone."""

import shutil

import numpy as np
import pytest

from tegum.compare.report import write_comparison_report
from tegum.compare.verdict import compare_all
from tegum.theory.candidates.candidates import candidate
from tegum.theory.search.optimum import optimum
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

CHROMIUM = shutil.which("chromium")
CALM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HOSTILE = (
    "tegum compare '<script>document.title=1</script>' \"><img src=http://127.0.0.1:9/x onerror=alert(1)>"
    "</code></pre><style>*{display:none}</style> javascript:alert(2) \u202egnp.exe /" + "long" * 100
)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (tests/tools.sh installs it)")


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    setting = Setting(count=3, hidden=2, density=0.1)
    best, other = optimum(setting, 8), candidate("triangle", setting).weights
    weights = Weights(np.stack([best.weights.W, other.W]), np.stack([best.weights.b, other.b]))
    folder = tmp_path_factory.mktemp("a folder <b>&'\"#?%41 ünï")
    return write_comparison_report(compare_all([setting], [weights], [best])[0], folder, HOSTILE)


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CALM)
        yield browser
        browser.close()


@pytest.fixture
def opened(browser, report):
    """The page on a narrow screen, what it asked for, and what the browser complained of."""
    context = browser.new_context(offline=True, viewport={"width": 390, "height": 800})
    page, asked, said = context.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.goto(report.as_uri(), wait_until="load")
    yield page, asked, said
    context.close()


def test_the_page_asks_for_nothing_but_itself_and_runs_nothing(opened, report):
    page, asked, said = opened
    assert asked == [report.as_uri()]
    assert said == []
    assert page.title().endswith("· tegum")
    assert page.locator("script, img, iframe, link").count() == 0


def test_a_hostile_command_is_text_on_the_page(opened):
    page = opened[0]
    shown = page.locator("section[aria-labelledby=how] pre code")
    assert shown.is_visible()
    assert shown.inner_text() == HOSTILE.replace("\u202e", "(U+202E)")


def test_the_page_fits_a_narrow_screen_and_its_figures_are_drawn(opened):
    page = opened[0]
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    boxes = [one.bounding_box() for one in page.locator("figure svg").all()]
    assert len(boxes) == 3
    assert all(box["width"] > 100 and box["height"] > 20 for box in boxes)


def test_a_screen_reader_finds_headings_figures_and_tables_by_name(opened):
    page = opened[0]
    assert page.get_by_role("heading", level=1).count() == 1
    assert page.get_by_role("img").count() == 3
    assert all(one.get_attribute("aria-label") for one in page.get_by_role("img").all())
    assert page.get_by_role("table").count() == page.locator("caption").count() > 0
    assert page.get_by_role("rowheader").count() > 0
    assert page.get_by_role("main").count() == 1
