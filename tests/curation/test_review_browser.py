"""The review in a real browser: nothing is lost and nothing doubled, whatever happens."""

import io
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tool_server import open_browser, serving, until

from smallobjects.curation.catalog import Catalog
from smallobjects.datasets.pascal_b.decisions import read_decisions

KEYS = {"a": "accept", "r": "reject", "s": "skip"}


class Page:
    """The page of one reviewer in a browser of their own."""

    def __init__(self, browser, address, reviewer):
        self.browser = browser
        self.address = f"{address}?reviewer={reviewer}"
        self.open()

    def open(self, path=""):
        self.browser.get(self.address.replace("?", f"{path}?"))
        return self.shown()

    def run(self, script, *arguments):
        return self.browser.execute_script(script, *arguments)

    def current(self):
        return self.run("return document.getElementById('stage')?.dataset.image")

    def shown(self, after=None):
        """Wait for an image, other than `after`, and return its id."""

        def other():
            image = self.current()
            return image if image != after else None

        return until(other, f"an image after {after}")

    def press(self, *keys):
        from selenium.webdriver.common.by import By

        self.browser.find_element(By.TAG_NAME, "body").send_keys(*keys)

    def decide(self, key):
        """Decide about the image that is shown, wait for the next, and return the image."""
        image = self.shown()
        self.press(key)
        self.shown(image)
        return image

    def wait_for_saving(self):
        until(lambda: self.run("return document.body.dataset.waiting") == "0", "all saved")

    def wait_for_progress(self, words):
        # The page asks how far the review is once everything is saved.
        read = "return document.getElementById('done').textContent"
        until(lambda: self.run(read) == words, words)


@pytest.fixture
def browsers():
    """Open browsers, and close them at the end."""
    opened = []

    def new(*size):
        opened.append(open_browser(*size))
        return opened[-1]

    yield new
    for browser in opened:
        browser.quit()


@pytest.fixture
def server(candidates, raw, tmp_path):
    folder = ("--folder", tmp_path / "review")
    with serving("curate", "--candidates", candidates, "--raw", raw, *folder) as running:
        yield running


@pytest.fixture
def events(tmp_path):
    """Read what was recorded: reviewer, image and decision, in order."""

    def read(columns="reviewer, image, decision"):
        path = tmp_path / "review" / "decisions.sqlite"
        with sqlite3.connect(path) as connection:
            return connection.execute(f"SELECT {columns} FROM events ORDER BY number").fetchall()

    return read


def test_fifty_images_by_keyboard_with_a_reload(browsers, server, events, images, tmp_path):
    page = Page(browsers(), server.address, "Ada")
    said = []
    for number in range(50):
        if number == 23:
            page.open()
        key = "aara"[number % 4]
        said.append(("Ada", page.decide(key), KEYS[key]))
    page.wait_for_saving()
    assert events() == said
    assert [image for _, image, _ in said] == images[:50]
    page.wait_for_progress(f"50 of {len(images)}")
    assert [entry for entry in page.browser.get_log("browser") if entry["level"] == "SEVERE"] == []
    decisions = tmp_path / "decisions.csv"
    script = "from smallobjects.cli import main; main()"
    subprocess.run(
        [sys.executable, "-c", script, "export-decisions", "--folder", tmp_path / "review",
         "--output", decisions],
        check=True,
    )  # fmt: skip
    accepted = {image: decision == "accept" for _, image, decision in said}
    assert read_decisions(decisions, images) == accepted


def test_an_older_answer_about_the_progress_is_not_shown(browsers, server):
    page = Page(browsers(), server.address, "Ada")
    page.wait_for_progress("0 of 60")
    page.run(
        """
        const { fetch } = window;
        let held = null;
        window.answered = 0;
        window.fetch = async (address, ...rest) => {
          const answer = await fetch(address, ...rest);
          if (!String(address).includes("/api/progress")) return answer;
          if (!held) await new Promise((resolve) => { held = resolve; });
          else setTimeout(held, 200);
          window.answered += 1;
          return answer;
        };
        """
    )
    for _ in range(2):
        page.decide("a")
        page.wait_for_saving()
    until(lambda: page.run("return window.answered") == 2, "both answers")
    page.wait_for_progress("2 of 60")
    page.run("return new Promise((resolve) => setTimeout(resolve, 300))")
    page.wait_for_progress("2 of 60")


def test_two_reviewers_at_once(browsers, server, events, images):
    pages = {name: Page(browsers(), server.address, name) for name in ("Ada", "Bo")}
    said = {name: [] for name in pages}
    for number in range(15):
        for name, page in pages.items():
            key = "ar"[number % 2] if name == "Ada" else "a"
            said[name].append((page.decide(key), KEYS[key]))
    for name, page in pages.items():
        page.wait_for_saving()
        assert [event[1:] for event in events() if event[0] == name] == said[name]
        assert [image for image, _ in said[name]] == images[:15]
    disputed = pages["Ada"].open("disagreements")
    assert disputed == min(images[1:15:2])
    pages["Ada"].press("r")
    second = pages["Ada"].shown(disputed)
    assert second == sorted(images[1:15:2])[1]


def test_a_killed_server_loses_and_doubles_nothing(browsers, server, events, images):
    page = Page(browsers(), server.address, "Ada")
    said = [(page.decide("a"), "accept") for _ in range(5)]
    page.wait_for_saving()
    server.kill()
    # What is decided now is kept in the browser; the images are there already.
    said += [(page.decide("r"), "reject") for _ in range(3)]
    notice = "return document.getElementById('notice').textContent"
    until(lambda: "kept in this browser" in page.run(notice), "a notice")
    assert len(events()) == 5
    server.start()
    page.wait_for_saving()
    said += [(page.decide("a"), "accept")]
    page.wait_for_saving()
    assert [event[1:] for event in events()] == said
    assert [image for image, _ in said] == images[:9]


def test_a_server_killed_at_any_moment_and_a_reload(browsers, server, events, images):
    """Verdicts are on their way when the server is killed, and the page is loaded anew."""
    page = Page(browsers(), server.address, "Ada")
    said = []
    for _ in range(4):
        said += [(page.decide("a"), "accept") for _ in range(3)]
        server.kill()
        server.start()
        page.open()
    page.wait_for_saving()
    assert [event[1:] for event in events()] == said
    assert Counter(image for image, _ in said).most_common(1)[0][1] == 1


def test_back_skip_and_a_change_of_mind(browsers, server, events, images):
    page = Page(browsers(), server.address, "Ada")
    page.decide("s")
    page.decide("a")
    page.wait_for_saving()
    page.press("b")
    assert page.shown(images[2]) == images[1]
    assert "accepted" in page.run("return document.getElementById('said').textContent")
    page.press("r")
    assert page.shown(images[1]) == images[2]
    page.wait_for_saving()
    assert [event[1:] for event in events()] == [
        (images[0], "skip"),
        (images[1], "accept"),
        (images[1], "reject"),
    ]


def test_a_verdict_that_is_refused_stands_in_nobodys_way(browsers, server, events, images):
    """It is told of and put aside; those behind it are written."""
    page = Page(browsers(), server.address, "Ada")
    page.decide("a")
    page.wait_for_saving()
    page.run(
        "return fetch('/api/review').then(r => r.json()).then(({review}) => localStorage.setItem("
        "`verdict/${review}/Ada/000/x`, JSON.stringify({request: 'request-1', reviewer: 'Ada',"
        "image: '000000099999', decision: 'accept'})))"
    )
    second = page.decide("r")
    page.wait_for_saving()
    assert [image for _, image, _ in events()] == [images[0], second]
    notice = page.run("return document.getElementById('notice').textContent")
    assert "000000099999 was refused: Image '000000099999' is no candidate." in notice
    kept = page.run("return Object.keys(localStorage).filter(key => key.startsWith('refused/'))")
    assert len(kept) == 1


def drag(page, start, end):
    """Draw from one point of the image to another, given in its pixels."""
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.by import By

    stage = page.browser.find_element(By.ID, "stage")
    frame = page.run("return document.querySelector('.picture').getBoundingClientRect().toJSON()")
    middle = page.run("const r = arguments[0].getBoundingClientRect();"
                      "return [r.x + r.width / 2, r.y + r.height / 2]", stage)  # fmt: skip
    scale = frame["width"] / 64
    first = [
        frame[axis] + scale * value - at
        for axis, value, at in zip("xy", start, middle, strict=True)
    ]
    way = [scale * (b - a) for a, b in zip(start, end, strict=True)]
    chain = ActionChains(page.browser).move_to_element_with_offset(stage, *map(round, first))
    chain.click_and_hold().move_by_offset(*map(round, way)).release().perform()


def test_missing_objects_and_notes_are_recorded(browsers, server, events, images):
    from selenium.webdriver.common.keys import Keys

    page = Page(browsers(), server.address, "Ada")
    drag(page, (10.5, 20.5), (30.5, 44.5))
    page.browser.switch_to.active_element.send_keys("pott", Keys.ENTER)
    until(lambda: page.run("return document.querySelectorAll('#boxes li').length") == 1, "a box")
    page.press("n")
    # Letters are text now, and decide nothing.
    note = '<img src=x onerror="window.hacked=1"> a rose'
    page.browser.switch_to.active_element.send_keys(note, Keys.ENTER)
    page.decide("r")
    page.wait_for_saving()
    ((image, written, boxes),) = events("image, note, boxes")
    assert (image, written) == (images[0], note)
    assert boxes == '[{"class_name": "pottedplant", "x0": 10, "y0": 20, "x1": 31, "y1": 45}]'

    other = Page(page.browser, server.address, "Bo")
    other.decide("a")
    other.wait_for_saving()
    assert other.open("disagreements") == images[0]
    assert note in other.run("return document.getElementById('verdicts').textContent")
    assert other.run("return document.querySelectorAll('#verdicts img').length") == 0
    assert other.run("return window.hacked ?? null") is None
    labels = other.run(
        "return [...document.querySelectorAll('.label text')].map(t => t.textContent)"
    )
    assert labels == ["pottedplant (Ada)"]


def test_two_fingers_zoom_and_draw_nothing(browsers, server):
    page = Page(browsers(), server.address, "Ada")
    width = "return document.querySelector('.picture').getBoundingClientRect().width"
    whole = page.run(width)
    x, y = page.run("const r = document.getElementById('stage').getBoundingClientRect();"
                    "return [r.x + r.width / 2, r.y + r.height / 2]")  # fmt: skip
    kinds = ["touchStart"] + ["touchMove"] * 5
    for apart, kind in zip(range(50, 170, 20), kinds, strict=True):
        points = [{"x": x + side * apart, "y": y, "id": side + 1} for side in (-1, 1)]
        page.browser.execute_cdp_cmd(
            "Input.dispatchTouchEvent", {"type": kind, "touchPoints": points}
        )
    page.browser.execute_cdp_cmd(
        "Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []}
    )
    assert page.run(width) == pytest.approx(3 * whole, rel=0.1)
    assert not page.run("return document.getElementById('class-dialog').open")
    page.press("0")
    assert page.run(width) == pytest.approx(whole)


def test_pixels_are_shown_as_they_are_stored(browsers, catalog, candidates, raw, images, tmp_path):
    """A mark in the file that says how to turn the image has no say: masks do not turn either."""
    folder = tmp_path / "raw"
    shutil.copytree(raw, folder)
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[:32, :, 0] = pixels[32:, :, 2] = 255
    exif = Image.Exif()
    exif[0x0112] = 3
    path: Path = folder / Catalog(catalog.path, raw).read(images[0]).file
    Image.fromarray(pixels).save(path, exif=exif)
    review = ("--folder", tmp_path / "review")
    with serving("curate", "--candidates", candidates, "--raw", folder, *review) as running:
        page = Page(browsers(), running.address, "Ada")
        page.press("o")
        with Image.open(io.BytesIO(page.browser.get_screenshot_as_png())) as screenshot:
            shot = np.asarray(screenshot.convert("RGB")).astype(int)
        box = page.run("return document.querySelector('.picture').getBoundingClientRect().toJSON()")
    column = int(box["x"] + box["width"] / 2)
    upper, lower = (shot[int(box["y"] + box["height"] * part), column] for part in (0.25, 0.75))
    assert upper[0] > 200 > 60 > upper[2]
    assert lower[2] > 200 > 60 > lower[0]


def test_missing_and_damaged_images_are_passed_over(
    browsers, catalog, candidates, raw, images, events, tmp_path
):
    """They are named, and come again when they are there."""
    folder = tmp_path / "raw"
    shutil.copytree(raw, folder)
    paths = [folder / catalog.read(image).file for image in images[:3]]
    paths[1].unlink()
    paths[2].write_bytes(b"no image")
    review = ("--folder", tmp_path / "review")
    notice = "return document.getElementById('notice').textContent"
    with serving("curate", "--candidates", candidates, "--raw", folder, *review) as running:
        page = Page(browsers(), running.address, "Ada")
        page.press("a")
        assert page.shown(images[0]) == images[3]
        until(lambda: f"Passed over {images[2]}" in page.run(notice), "a notice")
        page.decide("a")
        page.wait_for_saving()
        assert [image for _, image, _ in events()] == [images[0], images[3]]
        for path in paths[1:]:
            path.write_bytes(paths[0].read_bytes())
        assert page.open() == images[1]


def test_beyond_loopback_the_printed_address_opens_it(browsers, candidates, raw, events, tmp_path):
    folder = ("--folder", tmp_path / "review", "--host", "0.0.0.0")
    with serving("curate", "--candidates", candidates, "--raw", raw, *folder) as running:
        token = running.address.partition("?token=")[2]
        here = f"http://127.0.0.1:{running.port}/"
        browser = browsers()
        browser.get(f"{here}?reviewer=Ada")
        assert "403 Forbidden" in browser.page_source
        browser.get(f"{here}?token={token}")
        assert browser.current_url == here
        page = Page(browser, here, "Ada")
        page.decide("a")
        page.wait_for_saving()
        assert len(events()) == 1


@pytest.mark.parametrize("size", [(390, 844), (1366, 768), (2560, 1440)])
def test_everything_is_in_sight_in_any_window(browsers, server, size):
    page = Page(browsers(*size), server.address, "Ada")
    page.browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False},
    )
    boxes = page.run(
        "return ['stage', 'accept', 'reject', 'back', 'skip', 'done', 'classes'].map("
        "id => document.getElementById(id).getBoundingClientRect().toJSON())"
    )
    for box in boxes:
        assert box["width"] > 0
        assert box["height"] > 0
        assert 0 <= box["left"] <= box["right"] <= size[0]
        assert 0 <= box["top"] <= box["bottom"] <= size[1]
    assert boxes[0]["width"] * boxes[0]["height"] > 0.3 * size[0] * size[1]
    assert page.run("return document.documentElement.scrollWidth") <= size[0]


def test_what_comes_next_is_there_before_it_is_asked_for(browsers, server, images):
    page = Page(browsers(), server.address, "Ada")
    entries = "return performance.getEntriesByType('resource').map(entry => entry.name)"

    def loaded():
        names = page.run(entries)
        return all(
            any(f"/{kind}/{image}" in name for name in names)
            for kind in ("images", "annotations")
            for image in images[1:5]
        )

    until(loaded, "the next images")
    assert page.current() == images[0]
    assert not any(f"/images/{images[12]}" in name for name in page.run(entries))
