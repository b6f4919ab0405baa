"""A picture of the page of `tegum explore`: `python tests/explore_picture.py PAGE.html PICTURE.png`."""

import io
import shutil
import sys
from pathlib import Path

from PIL import Image

from tegum.theory.files.atomic import write_atomically

#: Chromium as a test needs it: it neither looks for updates nor calls anybody.
CALM = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()


def picture(page: Path) -> bytes:
    """A PNG in 256 colours, chosen to cover all there are: rare ones are those of curves, and must stay."""
    from playwright.sync_api import sync_playwright  # the arguments above are also for tests where it may be missing

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CALM)
        tab = browser.new_context(offline=True, viewport={"width": 1200, "height": 1060}).new_page()
        tab.goto(page.resolve().as_uri())
        shot = tab.screenshot()
        browser.close()
    packed = io.BytesIO()
    image = Image.open(io.BytesIO(shot)).convert("RGB")
    covered = image.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    covered.save(packed, "PNG", optimize=True)
    return packed.getvalue()


if __name__ == "__main__":
    write_atomically(sys.argv[2], picture(Path(sys.argv[1])))
