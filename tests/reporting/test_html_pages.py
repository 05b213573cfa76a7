"""Pages of tables and settings: complete in one file, and sorted in a real browser."""

import json
import re

import pandas as pd
import pytest
from click.testing import CliRunner
from tool_server import open_browser

from smallobjects.cli import main
from smallobjects.config.experiment import load
from smallobjects.reporting.output.html_page import Number, SortableTable, table_page
from smallobjects.reporting.tables.instance_counts import COLUMNS as INSTANCE_COLUMNS
from smallobjects.reporting.tables.intervals import COLUMNS as INTERVAL_COLUMNS
from smallobjects.reporting.tables.runtimes import COLUMNS as RUNTIME_COLUMNS
from smallobjects.reporting.tables.scores import COLUMNS as SCORE_COLUMNS


@pytest.fixture(scope="module")
def browser():
    opened = open_browser()
    yield opened
    opened.quit()


@pytest.fixture
def files(tmp_path):
    """The csv files of every table, one with a name that HTML would take for its own."""
    instances = [("V&<b>", size, n, 50.0, None, None) for size, n in (("small", 3), ("total", 3))]
    scores = []
    for labels, loss, value in (("irn", "ce", 40), ("irn", "sb", 44.5), ("x<i>", "ce", 50)):
        names = ("image", labels, "net", "voc", loss, "0")
        scores.append((*names, value, value - 5, value - 20, value, None, 7, None))
    runs = [
        ("predict", "voc", "irn", 2, 30.0, 20.5, 900.0),
        ("score", "voc", "", 1, 2.0, None, 5.0),
    ]
    tables = {
        "table1": pd.DataFrame(instances, columns=list(INSTANCE_COLUMNS)),
        "table2": pd.DataFrame(scores, columns=list(SCORE_COLUMNS)),
        "runtimes": pd.DataFrame(runs, columns=list(RUNTIME_COLUMNS)),
    }
    for name, table in tables.items():
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    return {name: tmp_path / f"{name}.csv" for name in tables}


def run(*arguments):
    return CliRunner().invoke(main, list(map(str, arguments)))


def cells(browser, path):
    browser.get(path.as_uri())
    return browser.execute_script(
        "return [...document.querySelectorAll('table')].map(table =>"
        " [...table.rows].map(row => [...row.cells].map(cell => cell.innerText)))"
    )


def test_every_table_has_its_numbers(files, browser):
    result = run("html-tables", *files.values(), "--scale", "demo")
    assert result.exit_code == 0, result.output
    pages = {name: cells(browser, path.with_suffix(".html")) for name, path in files.items()}
    assert pages["table1"][0][1] == ["V&<b>", "small", "3", "50.0", "–", "–"]
    irn, other = pages["table2"][0][1:]
    assert irn[:7] == ["Image labels", "irn", "net", "40.0", "+4.5", "35.0", "+4.5"]
    assert other[1:5] == ["x<i>", "net", "50.0", "–"]
    assert pages["runtimes"][0][1:] == [
        ["predict", "2", "30", "20", "900"],
        ["score", "1", "2", "0", "5"],
    ]
    assert len(pages["runtimes"]) == 2
    text = browser.find_element("tag name", "body").text
    assert "demo scale" in text


def test_a_page_loads_nothing(files):
    run("html-tables", *files.values(), "--scale", "paper")
    for path in files.values():
        page = path.with_suffix(".html").read_text()
        assert not re.search(r"https?:|src=|@import|<link", page)
        assert "demo scale" not in page


def test_a_heading_sorts_by_its_column(tmp_path, browser):
    rows = [
        [name, Number(text, value)]
        for name, text, value in (
            ("b", "9", 9),
            ("c", "–", None),
            ("a", "−10", -10),
            ("d", "80", 80),
        )
    ]
    page = tmp_path / "page.html"
    page.write_text(table_page("Page", [SortableTable("T", ["Name", "Value"], rows)]))
    browser.get(page.as_uri())

    def press(column):
        browser.find_elements("css selector", "th button")[column].click()
        return [cell.text for cell in browser.find_elements("css selector", "td:first-child")]

    assert press(1) == ["d", "b", "a", "c"], "numbers by value, the largest first"
    assert press(1) == ["a", "b", "d", "c"], "the other way; what is missing stays last"
    assert press(0) == ["a", "b", "c", "d"]
    headings = browser.find_elements("css selector", "th")
    assert [each.get_attribute("aria-sort") for each in headings] == ["ascending", None]
    from selenium.webdriver.common.keys import Keys

    headings[0].find_element("tag name", "button").send_keys(Keys.ENTER)
    names = [cell.text for cell in browser.find_elements("css selector", "td:first-child")]
    assert names == ["d", "c", "b", "a"], "with the keyboard too"
    assert not [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]


def test_intervals_stand_below_their_values(tmp_path, browser):
    row = ("image", "irn", "net", "voc", "sb", "0", 44.0, 40.0, 20.0, 50.0, 60.0, 7, None)
    ends = [0.95, *[1.0, 2.0] * 10]
    baseline = ("image", "irn", "net", "voc", "ce", "0", 40.0, 40.0, 20.0, 50.0, 60.0, 7, None)
    columns = [*SCORE_COLUMNS, *INTERVAL_COLUMNS]
    table = pd.DataFrame([(*baseline, *ends), (*row, *ends)], columns=columns)
    table.to_csv(tmp_path / "table2.csv", index=False)
    assert run("html-tables", tmp_path / "table2.csv", "--scale", "demo").exit_code == 0
    shown = cells(browser, tmp_path / "table2.html")[0][1]
    assert shown[3] == "40.0\n[1.0,2.0]"
    assert shown[4] == "+4.0\n[+1.0,+2.0]"


def test_another_csv_file_is_refused(tmp_path):
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    result = run("html-tables", tmp_path / "other.csv", "--scale", "demo")
    assert result.exit_code != 0
    assert "other.csv: its columns are those of no known table" in result.output
    assert not (tmp_path / "other.html").exists()


def test_the_settings_are_those_that_are_run(repository, tmp_path, browser):
    experiment = load(repository / "config/config.yaml")
    values = experiment.config.model_dump_json()
    output = tmp_path / "configuration.html"
    result = run(
        *("resolved-settings", "--values", values, "--folder", repository / "config"),
        *("--output", output),
    )
    assert result.exit_code == 0, result.output
    browser.get(output.as_uri())
    folded = browser.execute_script(
        "return Object.fromEntries([...document.querySelectorAll('details')].map(each =>"
        " [each.querySelector('summary').textContent, each.querySelector('pre').textContent]))"
    )
    assert "seeds:\n- 0" in folded["The experiment: config.yaml with what was changed"]
    dataset = experiment.config.datasets[0]
    limits = experiment.dataset(dataset).size_limits
    assert f"size_limits:\n- {limits[0]}\n- {limits[1]}" in folded[f"Dataset: {dataset}"]
    for source in experiment.sources:
        assert any(heading.startswith(f"Labels: {source} (") for heading in folded)


def test_settings_that_cannot_be_run_are_refused(repository, tmp_path):
    experiment = load(repository / "config/config.yaml")
    values = json.loads(experiment.config.model_dump_json()) | {"scale": "absent"}
    arguments = ["resolved-settings", "--values", json.dumps(values)]
    arguments += ["--folder", repository / "config", "--output", tmp_path / "page.html"]
    result = run(*arguments)
    assert result.exit_code != 0
    assert "absent" in result.output
    assert not (tmp_path / "page.html").exists()
