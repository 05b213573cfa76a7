"""Layouts are found by their folders."""

import sys
from types import ModuleType

import pytest
from pydantic import ValidationError

from smallobjects.datasets import layouts
from smallobjects.datasets.errors import DatasetError
from smallobjects.datasets.parameters import DatasetParameters


@pytest.mark.parametrize("layout", layouts.known_layouts())
def test_every_folder_has_a_converter(layout):
    assert callable(layouts.converter_of(layout).open_raw)


@pytest.mark.parametrize("layout", ["vok", "parameters", "prepared", "", "voc.converter", "../voc"])
def test_what_is_no_layout_is_refused(layout):
    with pytest.raises(ValidationError, match="no such layout; there are coco, lvis, voc"):
        DatasetParameters(
            title="mine",
            layout=layout,
            num_classes=3,
            raw="raw",
            splits={"val": {"source": "val"}},
            evaluate="val",
        )


def test_a_layout_that_draws_nothing_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "smallobjects.datasets.layouts.mine", ModuleType("mine"))
    with pytest.raises(DatasetError, match=r"layout 'mine': no synthetic data"):
        layouts.synthetic_of("mine")
