import pandas as pd
import pytest

from smallobjects.datasets import tables


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
