"""The pictures of a whole run, and its report in a real browser without a network."""

import json

import pandas as pd
import pytest
from tool_server import click, open_browser, until

CATEGORIES = ("Configuration", "Datasets", "Panels", "Plots", "Pseudo-labels", "Runtimes", "Tables")


@pytest.fixture(scope="module")
def report(finished):
    finished.run("--report", "report.html")
    return finished.folder / "report.html"


@pytest.fixture(scope="module")
def browser(report):
    opened = open_browser(1500, 950)
    opened.execute_cdp_cmd("Network.enable", {})
    nothing = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
    opened.execute_cdp_cmd("Network.emulateNetworkConditions", nothing)
    opened.get(report.as_uri())
    yield opened
    opened.quit()


def press(browser, text):
    """Press the entry of the menu that has this text."""
    click(browser, f"//nav//*[normalize-space(text())={json.dumps(text)}]", index=-1)


def open_result(browser, *places, row):
    """Go through the menu and show the result in the row with these cells."""
    browser.refresh()
    for place in places:
        press(browser, place)
    cells = "".join(f"[td[normalize-space()={json.dumps(cell)}]]" for cell in row)
    click(browser, f"//tr{cells}//a[@iconname='eye']")


def test_every_model_has_a_page(finished):
    figures = finished.folder / "results/figures"
    for dataset in ("voc", "coco", "pascal_b"):
        folder = figures / "panels" / dataset
        pages = {path.stem for path in folder.glob("*.png")}
        assert pages == {path.stem for path in folder.glob("*.pdf")}
        assert pages == {"irn.deeplabv2", "full.deeplabv2", "all"}
        chosen = pd.read_csv(folder / "images.csv", dtype={"image": str})
        images = (finished.folder / f"results/demo/datasets/{dataset}/splits/val.txt").read_text()
        assert set(chosen["image"]) <= set(images.split())
    for dataset in ("voc", "coco"):
        pages = {path.stem for path in (figures / "labels" / dataset).glob("*.png")}
        assert pages == {"irn", "all"}


def test_panels_make_the_predictions_that_they_need(finished, tmp_path):
    for name in ("demo/predictions/voc/irn/deeplabv2/ce/seed0", "figures/panels/voc"):
        (finished.folder / "results" / name).rename(tmp_path / name.replace("/", "-"))
    try:
        planned = finished.planned("results/figures/panels/voc")
        assert planned["predict"] == planned["panels"] == 1
        assert not planned["train_arm"]
    finally:
        for name in ("demo/predictions/voc/irn/deeplabv2/ce/seed0", "figures/panels/voc"):
            (tmp_path / name.replace("/", "-")).rename(finished.folder / "results" / name)


def test_runtimes_are_of_every_stage(finished):
    table = pd.read_csv(finished.folder / "results/tables/runtimes.csv")
    jobs = table.groupby("rule")["jobs"].sum()
    assert jobs["predict"] == jobs["score"] == jobs["train_arm"] + 4 == 12
    assert (table["seconds"] > 0).all()


def test_everything_in_the_report_says_what_it_is(browser):
    results = until(lambda: browser.execute_script("return results"), "the results")
    assert len(results) > 20
    for path, result in results.items():
        assert "smallobjects" in result["caption"], path
        assert "Made at demo scale" in result["caption"], path


def test_the_report_has_its_categories_and_loads_nothing(browser):
    browser.refresh()
    for category in CATEGORIES:
        press(browser, category)
        browser.refresh()
    loaded = browser.execute_script(
        "return performance.getEntriesByType('resource').map(each => each.name)"
    )
    assert not [name for name in loaded if name.startswith("http")]
    assert not [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]


@pytest.mark.parametrize(
    ("category", "dataset", "row"),
    [("Panels", "PASCAL VOC", ["IRN, DeepLabV2"]), ("Pseudo-labels", "MS COCO", ["IRN"])],
)
def test_a_page_is_seen_from_its_top(browser, category, dataset, row):
    open_result(browser, category, dataset, row=row)
    width, top = until(
        lambda: browser.execute_script(
            "const image = [...document.images].find(each => each.naturalWidth > 1000);"
            "return image && [image.naturalWidth, image.getBoundingClientRect().top];"
        ),
        "the page",
    )
    assert width == 1380
    assert top >= 0, "what is taller than the window begins at its top"


@pytest.mark.parametrize(
    "matrix",
    [
        [{"labels": ["full"], "segmentors": ["deeplabv2"]}],
        [{"labels": ["irn", "full"], "segmentors": ["deeplabv2"]}],
    ],
    ids=["one model", "two models"],
)
def test_a_report_of_one_dataset_shows_something_in_every_category(workflow, matrix):
    run = workflow({"datasets": ["voc"], "losses": ["ce"]})
    run.changes["matrix"] = matrix
    run.run()
    run.run("--report", "report.html")
    opened = open_browser(1500, 950)
    try:
        opened.get((run.folder / "report.html").as_uri())
        categories = until(lambda: opened.execute_script("return categories"), "the results")
        assert {"Panels", "Plots", "Tables"} <= set(categories)
        for category, parts in categories.items():
            assert len(parts) == 1, "one dataset has no choice between datasets"
            opened.refresh()
            press(opened, category)
            rows = until(lambda: opened.find_elements("xpath", "//tbody/tr"), category)
            assert len(rows) == len(*parts.values()), category
            assert opened.find_elements("xpath", "//tr//a[@iconname='eye']"), category
        severe = [entry for entry in opened.get_log("browser") if entry["level"] == "SEVERE"]
        assert not severe
    finally:
        opened.quit()


def test_a_table_sorts_in_the_report(browser):
    open_result(browser, "Tables", row=["Table 2: scores", "sortable"])
    frame = until(lambda: browser.find_elements("tag name", "iframe"), "the table")[0]
    browser.switch_to.frame(frame)
    try:
        button = until(lambda: browser.find_elements("css selector", "th button"), "a heading")[3]
        button.click()
        cells = browser.find_elements("css selector", "table:first-of-type td:nth-child(4)")
        column = [float(cell.get_attribute("data-value")) for cell in cells][:2]
        assert column == sorted(column, reverse=True)
        heading = browser.find_elements("css selector", "th")[3]
        assert heading.get_attribute("aria-sort") == "descending"
    finally:
        browser.switch_to.default_content()
