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
    """A PNG in 192 colours, without dithering: drawings have few, and it keeps the file small."""
    from playwright.sync_api import sync_playwright  # the arguments above are also for tests where it may be missing

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CALM)
        tab = browser.new_context(offline=True, viewport={"width": 1200, "height": 1060}).new_page()
        tab.goto(page.resolve().as_uri())
        shot = tab.screenshot()
        browser.close()
    small = io.BytesIO()
    palette = Image.open(io.BytesIO(shot)).convert("RGB").quantize(192, dither=Image.Dither.NONE)
    palette.save(small, "PNG", optimize=True)
    return small.getvalue()


if __name__ == "__main__":
    write_atomically(sys.argv[2], picture(Path(sys.argv[1])))
