"""The table of scored instances: against pandas, and its pages."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smallobjects.viewer.rows import ORDERS, SIZES, InstanceRows, Query, ViewError, read_rows


def frame(count=200, seed=0):
    """Draw a table as `score` writes it, with ties and rows of the background."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "image": rng.choice(["2007_000033", "2008_000002", "2008_000120"], count),
            "class_id": rng.integers(0, 4, count).astype(np.int32),
            "instance_id": np.arange(count, dtype=np.int32),
            "area": rng.integers(1, 9, count) * 700,
            "size": rng.choice(SIZES, count),
            "intersection": 1,
            "charged": 1,
            "iou": rng.integers(0, 11, count) / 10,
        }
    )


def rows_of(table, tmp_path):
    table.to_parquet(tmp_path / "instances.parquet", index=False)
    return read_rows(tmp_path / "instances.parquet")


@given(
    classes=st.sets(st.integers(0, 5), max_size=3),
    sizes=st.sets(st.sampled_from(SIZES)),
    ends=st.tuples(st.integers(0, 10), st.integers(0, 10)),
    image=st.sampled_from(["", "2008", "000120", "none"]),
    order=st.sampled_from(ORDERS),
    descending=st.booleans(),
)
def test_rows_are_those_of_pandas(classes, sizes, ends, image, order, descending):
    table = frame()
    table = table[table["class_id"] > 0].reset_index(drop=True)
    rows = InstanceRows({name: table[name].to_numpy() for name in table if name != "image"}
                | {"image": table["image"].to_numpy().astype(str)})  # fmt: skip
    lowest, highest = min(ends) / 10, max(ends) / 10
    query = Query(frozenset(classes), frozenset(sizes), lowest, highest, image, order, descending)
    kept = table[table["iou"].between(lowest, highest) & table["image"].str.contains(image)]
    if classes:
        kept = kept[kept["class_id"].isin(classes)]
    if sizes:
        kept = kept[kept["size"].isin(sizes)]
    expected = kept.sort_values(order, kind="stable", ascending=not descending)
    found = rows.find(query)
    assert found.tolist() == expected.index.tolist()
    assert sum(rows.histogram(found)) == len(found)


def test_the_histogram_has_ten_parts():
    iou = np.array([0, 0.05, 0.15, 0.15, 0.95, 1])
    assert InstanceRows({"iou": iou}).histogram(np.array([0, 2, 3, 4, 5])) == [1, 2, *[0] * 6, 0, 2]


def test_the_background_is_no_row(tmp_path):
    table = frame()
    rows = rows_of(table, tmp_path)
    assert len(rows) == (table["class_id"] > 0).sum() < len(table)
    first = rows.records(np.array([0]))[0]
    expected = table[table["class_id"] > 0].iloc[0]
    assert {name: first[name] for name in ("image", "area", "size", "iou")} == {
        name: expected[name] for name in ("image", "area", "size", "iou")
    }


def test_other_tables_are_refused(tmp_path):
    with pytest.raises(ViewError, match=r"instances\.parquet: no table of scored instances"):
        rows_of(frame().drop(columns="iou"), tmp_path)
    with pytest.raises(ViewError, match=r"none\.parquet: no table"):
        read_rows(tmp_path / "none.parquet")
    (tmp_path / "text.parquet").write_text("image,class_id\n")
    with pytest.raises(ViewError, match=r"text\.parquet: no table"):
        read_rows(tmp_path / "text.parquet")


@pytest.mark.parametrize("image", ["../secret", "/etc/passwd", "a/b", ".."])
def test_images_are_no_paths(tmp_path, image):
    table = frame()
    table.loc[table["class_id"] > 0, "image"] = image
    with pytest.raises(ViewError, match="is no image id"):
        rows_of(table, tmp_path)
