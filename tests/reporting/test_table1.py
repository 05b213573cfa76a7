"""Table 1: instances by size."""

import json

import pandas as pd
import pytest
from click.testing import CliRunner

from smallobjects.cli import main
from smallobjects.config import load
from smallobjects.reporting.output.instance_latex import instance_latex
from smallobjects.reporting.tables.instance_counts import instance_table

# Supplement, Table 1: counts typed in, strings to come out.
PUBLISHED = {
    "PASCAL VOC": {"large": 1668, "medium": 1118, "small": 621},
    "MS COCO": {"large": 65407, "medium": 86469, "small": 117789},
    "PASCAL-B": {"large": 1283, "medium": 1468, "small": 1245},
}
PRINTED = [
    ["Instance size", "PASCAL VOC", "MS COCO", "PASCAL-B"],
    ["Large", r"1,668 (49.0\%)", r"65,407 (24.3\%)", r"1,283 (32.1\%)"],
    ["Medium", r"1,118 (32.8\%)", r"86,469 (32.1\%)", r"1,468 (36.7\%)"],
    ["Small", r"621 (18.2\%)", r"117,789 (43.7\%)", r"1,245 (31.2\%)"],
    ["Total", "3,407", "269,665", "3,996"],
]


def run(*arguments):
    return CliRunner().invoke(main, ["table1", *map(str, arguments)], catch_exceptions=False)


def test_reproduces_the_supplements_strings(tex_rows, compile_latex, tmp_path):
    table = pd.concat([instance_table(title, counts) for title, counts in PUBLISHED.items()])
    latex = instance_latex(table, "paper")
    assert tex_rows(latex) == PRINTED
    assert "scale" not in latex.lower()
    (tmp_path / "table1.tex").write_text(latex)
    compile_latex(tmp_path / "table1.tex")


def test_counts_the_instances_of_the_split(prepared, tex_rows, compile_latex, tmp_path):
    output = tmp_path / "tables" / "table1.tex"
    columns = [f"A_1 & co={prepared('a', 4, 3, 1)}=val", f"B={prepared('b', 0, 0, 2)}=val"]
    result = run(*(part for c in columns for part in ("--dataset", c)), "--scale", "demo",
                 "--output", output)  # fmt: skip
    assert result.exit_code == 0, result.output
    latex = output.read_text()
    assert tex_rows(latex) == [
        ["Instance size", r"A\_1 \& co", "B"],
        ["Large", r"4 (50.0\%)", r"0 (0.0\%)"],
        ["Medium", r"3 (37.5\%)", r"0 (0.0\%)"],
        ["Small", r"1 (12.5\%)", r"2 (100.0\%)"],
        ["Total", "8", "2"],
    ]
    assert "demo scale: small networks, and synthetic data where no other is named" in latex
    table = pd.read_csv(output.with_suffix(".csv"))
    assert table.iloc[:4, :4].values.tolist() == [
        ["A_1 & co", "large", 4, 50.0],
        ["A_1 & co", "medium", 3, 37.5],
        ["A_1 & co", "small", 1, 12.5],
        ["A_1 & co", "total", 8, 100.0],
    ]
    names = ["dataset", "size", "instances", "share", "published", "published_share"]
    assert list(table.columns) == names
    assert table[["published", "published_share"]].isna().all(axis=None)
    compile_latex(output)


def test_columns_as_json_give_the_same_files(prepared, tmp_path):
    root = prepared("a", 1, 2, 3)
    common = ("--scale", "demo", "--output")
    assert run("--dataset", f"A={root}=val", *common, tmp_path / "one.tex").exit_code == 0
    columns = json.dumps([{"title": "A", "path": str(root), "split": "val"}])
    (tmp_path / "columns.json").write_text(columns)
    assert run("--cells", columns, *common, tmp_path / "two.tex").exit_code == 0
    assert run("--cells", f"@{tmp_path}/columns.json", *common, tmp_path / "3.tex").exit_code == 0
    texts = {(tmp_path / f"{name}.tex").read_text() for name in ("one", "two", "3")}
    assert len(texts) == 1


def test_published_counts_stand_beside_the_counted_ones(
    prepared, tex_rows, compile_latex, tmp_path
):
    output = tmp_path / "table1.tex"
    columns = [
        {"title": "VOC", "path": str(prepared("a", 4, 3, 1)), "split": "val",
         "published": PUBLISHED["PASCAL VOC"]},
        {"title": "Mine", "path": str(prepared("b", 1, 0, 1)), "split": "val", "published": None},
    ]  # fmt: skip
    arguments = ("--cells", json.dumps(columns), "--scale", "paper", "--output", output)
    assert run(*arguments).exit_code == 0
    latex = output.read_text()
    assert tex_rows(latex) == [
        [r"& \multicolumn{2}{c}{VOC}", r"\multicolumn{1}{c}{Mine}"],
        ["Instance size", "counted", "published", "counted"],
        ["Large", r"4 (50.0\%)", r"1,668 (49.0\%)", r"1 (50.0\%)"],
        ["Medium", r"3 (37.5\%)", r"1,118 (32.8\%)", r"0 (0.0\%)"],
        ["Small", r"1 (12.5\%)", r"621 (18.2\%)", r"1 (50.0\%)"],
        ["Total", "8", "3,407", "2"],
    ]
    assert r"\cmidrule(lr){2-3} \cmidrule(lr){4-4}" in latex
    assert "Published: as the paper's supplement counts them." in latex
    table = pd.read_csv(output.with_suffix(".csv"))
    assert table["published"].tolist()[:4] == [1668, 1118, 621, 3407]
    shown = CliRunner().invoke(main, ["show-table", str(output.with_suffix(".csv"))]).output
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert "Instance size VOC VOC (published) Mine" in lines
    assert "Total 8 3,407 2" in lines
    compile_latex(output)


def test_the_datasets_say_what_is_published_and_the_scale_whether_it_is_shown(repository):
    for scale, shown in (("paper", True), ("demo", False)):
        experiment = load(repository / "config/config.yaml", {"scale": scale})
        for dataset in experiment.config.datasets:
            settings = experiment.dataset(dataset)
            if settings.title in PUBLISHED:
                assert settings.published.model_dump() == PUBLISHED[settings.title]
            assert experiment.published(dataset) == (settings.published if shown else None)


def test_a_split_without_instances_has_no_shares(prepared, tex_rows, tmp_path):
    output = tmp_path / "table1.tex"
    result = run("--dataset", f"A={prepared('a', 0, 0, 0)}=val", "--scale", "x", "--output", output)
    assert result.exit_code == 0
    assert tex_rows(output.read_text())[1:] == [
        [size, "0"] for size in ("Large", "Medium", "Small", "Total")
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--dataset", "A={root}=test"], "no split 'test'"),
        (["--dataset", "A={root}/nowhere=val"], "not a prepared dataset"),
        (["--dataset", "A=val"], "not TITLE=FOLDER=SPLIT"),
        (["--dataset", "A={root}=val", "--dataset", "A={root}=train"], "A is named 2 times"),
        (["--cells", "[]"], "at least 1"),
        (["--cells", '[{"title": "A"}]'], "0.path: Field required"),
        (["--cells", "@{root}/none.json"], "cannot be read"),
        ([], "either with --dataset or with --cells"),
        (["--dataset", "A={root}=val", "--output", "x.csv"], "does not end in .tex"),
    ],
)
def test_errors(prepared, tmp_path, arguments, words):
    root = prepared("a", 1, 1, 1)
    output = tmp_path / "table1.tex"
    filled = [argument.replace("{root}", str(root)) for argument in arguments]
    result = run("--scale", "demo", "--output", output, *filled)
    assert result.exit_code in (1, 2)
    assert words in " ".join(result.output.split())
    assert not output.exists()


def test_refuses_unknown_sizes(prepared, tmp_path):
    root = prepared("a", 1, 1, 1)
    pd.DataFrame({"image": ["a"], "size": ["tiny"]}).to_parquet(root / "instances.parquet")
    result = run("--dataset", f"A={root}=val", "--scale", "x", "--output", tmp_path / "t.tex")
    assert result.exit_code == 1
    assert f"{root / 'instances.parquet'}: size 'tiny'" in result.output


def test_the_caption_says_what_was_selected(prepared, compile_latex, tmp_path):
    root = prepared("a", 1, 2, 3)
    path = root / "dataset.json"
    statement = "rebuilt as 5 % of all; not filtered by hand."
    selection = {"selection": {"statement": statement}}
    path.write_text(json.dumps(json.loads(path.read_text()) | selection))
    columns = ("--dataset", f"A={root}=val", "--dataset", f"B={prepared('b', 1, 2, 3)}=val")
    result = run(*columns, "--scale", "paper", "--output", tmp_path / "one.tex")
    assert result.exit_code == 0, result.output
    lines = (tmp_path / "one.tex").read_text().splitlines()
    (caption,) = [line for line in lines if "caption" in line]
    assert r"A: rebuilt as 5 \% of all; not filtered by hand." in caption
    assert "B:" not in caption
    compile_latex(tmp_path / "one.tex")
