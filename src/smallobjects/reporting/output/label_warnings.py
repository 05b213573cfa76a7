"""What the report says of labels that are bad."""

from collections.abc import Sequence

from smallobjects.pseudo_labels.labels.recorded_warnings import recorded_warnings, without_remedy
from smallobjects.reporting.output.html_page import SortableTable, table_page
from smallobjects.reporting.panels.parameters import LabelSource

NOTHING = "none: no label source has labels that the rules call bad"


def warning_lines(source: LabelSource) -> list[str]:
    """Return what is wrong with a label source's labels, a line each, for below its pictures."""
    found = recorded_warnings(source.folder / "manifest.json")
    return [f"WARNING: {without_remedy(warning['message'])}" for warning in found]


def warnings_page(sources: Sequence[LabelSource], dataset_title: str, note: str) -> str:
    """Return a page of HTML: every warning of some label sources, with its remedy.

    Args:
        sources: whose labels are made.
        dataset_title: of the dataset that they label.
        note: said first, such as the scale of the results.
    """
    rows = [
        [source.labels_title, warning["kind"].replace("_", " "), warning["message"]]
        for source in sources
        for warning in recorded_warnings(source.folder / "manifest.json")
    ]
    table = SortableTable(
        dataset_title, ["Labels", "Kind", "What is wrong"], rows or [["–", "–", NOTHING]]
    )
    return table_page("Warnings of bad labels", [table], note)
