"""What is exported is what the selection reads."""

import csv
import io
import json

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from smallobjects.cli import main
from smallobjects.curation.errors import CurationError
from smallobjects.curation.export import export
from smallobjects.curation.submission import MissingObject, Settlement
from smallobjects.datasets.pascal_b.decisions import (
    for_spreadsheets,
    from_spreadsheets,
    read_decisions,
)

BOX = MissingObject(class_name="bottle", x0=3, y0=4, x1=9, y1=30)
CHAIR = MissingObject(class_name="chair", x0=0, y0=0, x1=1, y1=1)


def exported(store, **options):
    with store.connect() as connection:
        return export(connection, **options)


def test_notes_of_any_kind_come_back(store, say, images, tmp_path):
    notes = ['a "cup", unlabelled', "=1+1", "ein Stuhl – ü", "<script>alert(1)</script>", "", ","]
    notes += ["@SUM(A1)", "'=1", "''-2", "'quoted'", "+49 30", "-"]
    for image, note in zip(images, notes, strict=False):
        say("Ada, M. L.", image, "reject", note)
    path = tmp_path / "decisions.csv"
    path.write_text(exported(store).decisions, encoding="utf-8")
    assert read_decisions(path, images) == dict.fromkeys(images[: len(notes)], False)
    with path.open(encoding="utf-8") as file:
        stored = {row["image"]: row["note"] for row in csv.DictReader(file)}
    assert not [note for note in stored.values() if note[:1] in tuple("=+-@")]
    found = {image: from_spreadsheets(note) for image, note in stored.items()}
    assert found == dict(zip(images, notes, strict=False))


@given(st.text(max_size=8) | st.text("'=+-@\t\ra", max_size=4))
def test_no_text_is_a_formula_and_all_of_it_comes_back(text):
    safe = for_spreadsheets(text)
    assert not safe.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert from_spreadsheets(safe) == text


def test_a_reviewer_whose_name_is_a_formula(store, say, images, tmp_path):
    say("=HYPERLINK(1)", images[0], "accept", boxes=[CHAIR])
    result = exported(store)
    assert f"{images[0]},accept,'=HYPERLINK(1)," in result.decisions
    assert result.boxes.splitlines()[1].endswith(",'=HYPERLINK(1)")
    (tmp_path / "d.csv").write_text(result.decisions, encoding="utf-8")
    assert read_decisions(tmp_path / "d.csv", images) == {images[0]: True}


def test_exporting_writes_nothing_beside_the_verdicts(store, say, images, tmp_path):
    say("Ada", images[0], "accept")
    folder = store.path.parent
    (folder / "candidates.sqlite").write_bytes(store.catalog.path.read_bytes())
    with store.connect() as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    output = tmp_path / "elsewhere" / "decisions.csv"
    arguments = ["export-decisions", "--folder", str(folder), "--output", str(output)]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert images[0] in output.read_text()
    after = {path.name: path.stat().st_mtime_ns for path in folder.iterdir() if path.is_file()}
    assert after == before


def test_what_is_only_in_the_log_is_exported_too(store, say, images, tmp_path):
    (store.path.parent / "candidates.sqlite").write_bytes(store.catalog.path.read_bytes())
    output = tmp_path / "decisions.csv"
    with store.connect() as held:
        held.execute("SELECT count(*) FROM verdicts").fetchone()
        say("Ada", images[0], "accept")
        assert store.path.with_name(f"{store.path.name}-wal").stat().st_size
        arguments = ["export-decisions", "--folder", str(store.path.parent)]
        result = CliRunner().invoke(main, [*arguments, "--output", str(output)])
    assert result.exit_code == 0, result.output
    assert images[0] in output.read_text()


def test_reviewers_who_agree_both_stand_there(store, say, images, tmp_path):
    first, second, third = sorted(images[:3])
    say("Bo", first, "accept")
    say("Ada", first, "accept", "fine")
    say("Ada", second, "reject", "dark", [BOX, CHAIR, BOX])
    say("Ada", third, "skip", "later")
    result = exported(store)
    assert result.decisions.splitlines() == [
        "image,decision,reviewer,note",
        f"{first},accept,Ada,fine",
        f"{first},accept,Bo,",
        f'{second},reject,Ada,"dark; not annotated: bottle ×2, chair ×1"',
    ]
    assert result.boxes.splitlines() == [
        "image,class,x0,y0,x1,y1,reviewer",
        f"{second},bottle,3,4,9,30,Ada",
        f"{second},chair,0,0,1,1,Ada",
        f"{second},bottle,3,4,9,30,Ada",
    ]
    assert (result.accepted, result.rejected, result.left_out) == (1, 1, 0)


def test_disagreements_are_settled_or_refused(store, say, images, tmp_path):
    first, second = sorted(images[:2])
    for image in (first, second):
        say("Ada", image, "accept")
        say("Bo", image, "reject", "too dark")
    with pytest.raises(CurationError, match=rf"disagree on 2 images .*\({first}, {second}\)"):
        exported(store)
    store.settle(Settlement(reviewer="Cy", image=first, decision="accept", note="bright enough"))
    with pytest.raises(CurationError, match=rf"disagree on 1 images .*\({second}\)"):
        exported(store)
    result = exported(store, leave_out_unsettled=True)
    assert list(csv.reader(io.StringIO(result.decisions)))[1:] == [
        [first, "accept", "Cy", "bright enough (settled; Ada accept; Bo reject: too dark)"]
    ]
    assert (result.accepted, result.rejected, result.left_out) == (1, 0, 1)
    path = tmp_path / "decisions.csv"
    path.write_text(result.decisions, encoding="utf-8")
    assert read_decisions(path, images) == {first: True}


def test_a_settlement_does_not_outlive_the_disagreement(store, say, images):
    say("Ada", images[0], "accept")
    say("Bo", images[0], "reject")
    store.settle(Settlement(reviewer="Cy", image=images[0], decision="accept"))
    say("Ada", images[0], "reject")
    assert exported(store).rejected == 1
    assert exported(store).accepted == 0


def test_the_selection_reads_the_export(store, say, images, candidates, catalog, tmp_path):
    """From the store through the command line into the report of the selection."""
    folder = tmp_path
    (folder / "candidates.sqlite").write_bytes(catalog.path.read_bytes())
    accepted = set(images[::2])
    for image in images:
        say("Ada", image, "accept" if image in accepted else "reject")
    say("Bo", images[0], "accept", boxes=[BOX])
    say("Bo", images[1], "accept")

    def run(*arguments):
        return CliRunner().invoke(main, [str(argument) for argument in arguments])

    decisions, boxes = folder / "out" / "decisions.csv", folder / "out" / "missing.csv"
    export_command = ("export-decisions", "--folder", folder, "--output", decisions)
    refused = run(*export_command)
    assert refused.exit_code == 1
    assert images[1] in refused.output
    assert not decisions.exists()
    done = run(*export_command, "--boxes-output", boxes, "--leave-out-unsettled")
    assert done.exit_code == 0, done.output
    assert "Ada and Bo: 2 images in common, agreement 50.0 %, Cohen's kappa 0.000" in done.output
    assert boxes.read_text().splitlines()[1] == f"{images[0]},bottle,3,4,9,30,Bo"
    selected = run(
        "select-images", "--candidates", candidates, "--decisions", decisions,
        "--parameters", json.dumps({"images": 9, "small": 8, "medium": 9, "large": 8}),
        "--images", folder / "images.txt", "--report", folder / "report.json",
    )  # fmt: skip
    assert selected.exit_code == 0, selected.output
    chosen = (folder / "images.txt").read_text().split()
    assert len(chosen) == 9
    assert set(chosen) <= accepted - {images[1]}
    assert json.loads((folder / "report.json").read_text())["filter"]["by_hand"] is True


def test_without_a_review_there_is_nothing_to_export(tmp_path):
    (tmp_path / "x").mkdir()
    arguments = ["export-decisions", "--folder", str(tmp_path / "x"), "--output", "d.csv"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1
    assert "decisions.sqlite: no such file" in result.output
    assert list((tmp_path / "x").iterdir()) == []
