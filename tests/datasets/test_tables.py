import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from smallobjects.datasets import tables


@pytest.mark.parametrize(
    ("area", "size"),
    [(1, "small"), (1023, "small"), (1024, "medium"), (9215, "medium"), (9216, "large")],
)
def test_limits_belong_to_the_larger_size(area, size):
    assert tables.size_name(area, (1024, 9216)) == size


@given(arrays(np.uint16, (5, 6), elements=st.sampled_from([0, 1, 2, 5, 254, 255, 256, 700])))
def test_instance_rows(instances):
    expected = []
    for instance_id in sorted(set(instances.flat) - {0, 255}):
        pixels = [(y, x) for y in range(5) for x in range(6) if instances[y, x] == instance_id]
        ys, xs = [y for y, _ in pixels], [x for _, x in pixels]
        size = "small" if len(pixels) < 2 else "medium" if len(pixels) < 5 else "large"
        box = (min(xs), min(ys), max(xs) + 1, max(ys) + 1)
        expected.append(("007", instance_id, 1 + instance_id % 4, len(pixels), size, *box))
    classes = {int(value): 1 + int(value) % 4 for value in np.unique(instances)}
    assert tables.instance_rows("007", instances, classes, (2, 5)) == expected


def test_tables_are_deterministic_and_keep_leading_zeros(tmp_path):
    rows = [("007", 1, 2, 30, "small", 0, 1, 5, 6), ("2007_000032", 1, 2, 3, "large", 0, 0, 1, 3)]
    for name in ("a", "b"):
        tables.write_table(tmp_path / name, rows, tables.INSTANCES)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    frame = pd.read_parquet(tmp_path / "a")
    assert [tuple(row) for row in frame.itertuples(index=False)] == rows
    assert frame.dtypes[["instance_id", "area", "x0"]].map(str).tolist() == [
        "int32",
        "int64",
        "int32",
    ]


@pytest.mark.parametrize("schema", [tables.INSTANCES, tables.BOXES, tables.LABELS])
def test_empty_table_has_its_columns(schema, tmp_path):
    tables.write_table(tmp_path / "t.parquet", [], schema)
    frame = pd.read_parquet(tmp_path / "t.parquet")
    assert list(frame.columns) == schema.names
    assert len(frame) == 0
