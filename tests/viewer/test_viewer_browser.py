"""The viewer in a real browser: from a row of the table to the images behind it."""

import pandas as pd
import pytest
from tool_server import open_browser, serving, until


@pytest.fixture
def server(scored):
    with serving("view", "--dataset", scored.dataset.root, "--predictions", scored.predictions,
                 "--scores", scored.scores) as running:  # fmt: skip
        yield running


@pytest.fixture
def browser():
    opened = open_browser()
    yield opened
    opened.quit()


@pytest.fixture
def table(scored):
    rows = pd.read_parquet(scored.scores)
    rows = rows[rows["class_id"] > 0].reset_index(drop=True)
    return rows.assign(name=[scored.dataset.class_names[k] for k in rows["class_id"]])


def shown(browser):
    """Wait until the images of the chosen row are there, and return its id and the words of it."""

    def settled():
        return browser.execute_script(
            "const row = document.querySelector('tr[aria-selected=true]');"
            "const id = document.getElementById('image-id').textContent;"
            "return row && row.cells[0].textContent === id &&"
            " [id, document.getElementById('chosen').textContent];"
        )

    return until(settled, "the images of the row")


def press(browser, *keys):
    from selenium.webdriver.common.by import By

    browser.find_element(By.TAG_NAME, "body").send_keys(*keys)


def words(row):
    return [row["image"], f"{row['name']}, {row['size']}, {row['area']:,} px, IoU {row['iou']:.3f}"]


def test_a_row_leads_to_its_images(server, browser, table):
    from selenium.webdriver.common.keys import Keys

    browser.get(server.address)
    expected = table.sort_values("iou", kind="stable")
    for index in range(6):
        assert shown(browser) == words(expected.iloc[index])
        press(browser, Keys.ARROW_DOWN)
        until(lambda i=index: browser.execute_script(
            "return document.querySelectorAll('tbody tr')[arguments[0]].ariaSelected", i + 1
        ) == "true", "the next row")  # fmt: skip
    layers = browser.execute_script(
        "return ['image', 'truth', 'prediction'].map(name => [...document.querySelectorAll("
        "`#pane-${name} img`)].map(image => new URL(image.src).pathname.split('/').slice(1, -1)"
        ".join('/')))"
    )
    assert layers == [["images"], ["images", "masks/truth"], ["images", "masks/prediction"]]
    labels = browser.execute_script(
        "const texts = document.querySelectorAll('#pane-truth .box.asked text');"
        "return [...texts].map(text => text.textContent)"
    )
    assert labels == [f"{expected.iloc[6]['name']} {expected.iloc[6]['iou']:.2f}"]
    log = [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
    assert log == []


def test_a_filter_stays_after_a_reload(server, browser, table):
    from selenium.webdriver.common.by import By

    browser.get(server.address)
    shown(browser)
    browser.find_element(By.CSS_SELECTOR, "input[value=small]").click()
    browser.find_element(By.CSS_SELECTOR, "[data-order=area]").click()
    browser.find_element(By.CSS_SELECTOR, "[data-order=area]").click()
    small = table[table["size"] == "small"]
    total = "return document.getElementById('total').textContent"
    until(lambda: browser.execute_script(total) == f"{len(small)} instances", "the small ones")
    expected = words(small.sort_values("area", kind="stable", ascending=False).iloc[0])
    until(lambda: shown(browser) == expected, "the largest of them")
    browser.refresh()
    until(lambda: browser.execute_script(total) == f"{len(small)} instances", "the same again")
    assert shown(browser) == expected


def test_a_click_on_an_object_chooses_its_row(server, browser, table):
    """A click into the middle of the smallest box of an image, in the pane of the prediction."""
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.by import By

    browser.get(server.address)
    image, _ = shown(browser)
    rect = browser.execute_script(
        "const boxes = [...document.querySelectorAll('#pane-prediction .box:not(.asked) .line')];"
        "boxes.sort((a, b) => a.width.baseVal.value * a.height.baseVal.value"
        " - b.width.baseVal.value * b.height.baseVal.value);"
        "const pane = document.getElementById('pane-prediction').getBoundingClientRect();"
        "const r = boxes[0].getBoundingClientRect();"
        "return [r.x + r.width / 2 - pane.x - pane.width / 2,"
        " r.y + r.height / 2 - pane.y - pane.height / 2, boxes[0].width.baseVal.value]"
    )
    pane = browser.find_element(By.ID, "pane-prediction")
    before = browser.execute_script("return document.getElementById('chosen').textContent")
    x, y = map(round, rect[:2])
    ActionChains(browser).move_to_element_with_offset(pane, x, y).click().perform()
    chosen = until(lambda: browser.execute_script(
        "const text = document.getElementById('chosen').textContent;"
        "return text !== arguments[0] && text", before), "another instance")  # fmt: skip
    assert [image, chosen] in [words(row) for _, row in table.iterrows()]


def test_empty_panes_say_that_their_images_are_on_the_way(server, browser):
    browser.execute_cdp_cmd("Network.enable", {})
    browser.get(server.address)
    shown(browser)
    slow = {"offline": False, "latency": 1500, "downloadThroughput": -1, "uploadThroughput": -1}
    browser.execute_cdp_cmd("Network.emulateNetworkConditions", slow)
    browser.get(server.address)
    told = "return getComputedStyle(document.querySelector('#pane-image'), '::after').content"
    assert "loading" in until(
        lambda: (text := browser.execute_script(told)) != "none" and text, "the word"
    )
    shown(browser)
    assert browser.execute_script(told) == "none"
