"""No verdict is lost and none is doubled, whatever happens to those who write."""

import multiprocessing
import os
import signal
import sqlite3

import pytest
from pydantic import ValidationError

from smallobjects.curation.errors import CurationError
from smallobjects.curation.store import Store
from smallobjects.curation.submission import LONGEST_NOTE, MissingObject, Settlement, Verdict


def rows(store, table):
    with store.connect() as connection:
        return [dict(row) for row in connection.execute(f"SELECT * FROM {table}")]


def test_the_last_word_counts_and_all_are_kept(store, say, images):
    say("Ada", images[0], "accept")
    say(
        "Ada",
        images[0],
        "reject",
        "a cup",
        [MissingObject(class_name="car", x0=0, y0=1, x1=5, y1=4)],
    )
    say("Bo", images[0], "skip")
    events = rows(store, "events")
    assert [event["decision"] for event in events] == ["accept", "reject", "skip"]
    verdicts = {row["reviewer"]: row for row in rows(store, "verdicts")}
    assert verdicts["Ada"]["decision"] == "reject"
    assert verdicts["Ada"]["note"] == "a cup"
    assert verdicts["Ada"]["boxes"] == '[{"class_name": "car", "x0": 0, "y0": 1, "x1": 5, "y1": 4}]'
    assert verdicts["Bo"]["decision"] == "skip"


def test_a_request_counts_once(store, images):
    """Also when it comes again late, after the reviewer changed their mind."""
    verdict = Verdict(request="request-1", reviewer="Ada", image=images[0], decision="accept")
    changed = verdict.model_copy(update={"request": "request-2", "decision": "reject"})
    for each in (verdict, verdict, changed, verdict):
        store.record(each)
    assert [event["request"] for event in rows(store, "events")] == ["request-1", "request-2"]
    assert [row["decision"] for row in rows(store, "verdicts")] == ["reject"]


def test_a_name_is_one_reviewer_in_any_case(store, say, images):
    say("Ada", images[0], "accept")
    say("ada", images[0], "reject")
    assert [(row["reviewer"], row["decision"]) for row in rows(store, "verdicts")] == [
        ("ada", "reject")
    ]


def test_unknown_images_are_refused(store, say):
    with pytest.raises(KeyError):
        say("Ada", "000000099999", "accept")
    with pytest.raises(KeyError):
        store.settle(Settlement(reviewer="Ada", image="000000099999", decision="accept"))
    assert rows(store, "events") == []


def write_many(path, catalog, reviewer, images, confirmed):
    """Record verdicts without end, and say after each which one is confirmed."""
    store = Store.open(path, catalog)
    for number in range(10**6):
        image = images[number % len(images)]
        decision = ("accept", "reject")[number // len(images) % 2]
        request = f"{reviewer}-{number:08d}"
        store.record(Verdict(request=request, reviewer=reviewer, image=image, decision=decision))
        os.write(confirmed, f"{request}\n".encode())


def test_what_was_confirmed_survives_a_kill(store, images, catalog):
    """Two processes write at once and are killed in the midst of it."""
    context = multiprocessing.get_context("fork")
    reading, writing = os.pipe()
    workers = [
        context.Process(target=write_many, args=(store.path, catalog, name, images, writing))
        for name in ("reviewer-a", "reviewer-b")
    ]
    for worker in workers:
        worker.start()
    os.close(writing)
    text = b""
    while min(text.count(b"reviewer-a"), text.count(b"reviewer-b")) < 60:
        text += os.read(reading, 4096)
    for worker in workers:
        os.kill(worker.pid, signal.SIGKILL)
    while part := os.read(reading, 4096):
        text += part
    os.close(reading)
    for worker in workers:
        worker.join()
    confirmed = set(text.decode().split())
    again = Store.open(store.path, catalog)
    written = [event["request"] for event in rows(again, "events")]
    assert len(set(written)) == len(written)
    assert confirmed <= set(written)
    # At most the one verdict of each that was on the disk, but not yet confirmed.
    assert len(set(written) - confirmed) <= len(workers)
    expected = {}
    for event in rows(again, "events"):
        expected[event["reviewer"], event["image"]] = event["decision"]
    last = {(row["reviewer"], row["image"]): row["decision"] for row in rows(again, "verdicts")}
    assert last == expected
    with again.connect() as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def test_a_commit_is_on_the_disk(store):
    with store.connect() as connection:
        assert connection.execute("PRAGMA main.journal_mode").fetchone()[0] == "wal"
        assert connection.execute("PRAGMA main.synchronous").fetchone()[0] == 2


def test_a_review_of_other_candidates_is_refused(store, say, images):
    say("Ada", images[0], "accept")
    with sqlite3.connect(store.path) as connection:
        connection.execute("UPDATE verdicts SET image = '000000099999'")
    with pytest.raises(CurationError, match=r"decisions\.sqlite: .* such as '000000099999'"):
        Store.open(store.path, store.catalog)


@pytest.mark.parametrize("content", [b"image,decision\n" * 99, None])
def test_other_files_are_refused(store, content, tmp_path):
    path = tmp_path / "other.sqlite"
    if content is None:
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA user_version = 7")
    else:
        path.write_bytes(content)
    before = path.read_bytes()
    with pytest.raises(CurationError, match=r"other\.sqlite: (no file of verdicts|format 7)"):
        Store.open(path, store.catalog)
    assert path.read_bytes()[:64] == before[:64] or content is None


GOOD = {"request": "request-1", "reviewer": "Ada", "image": "1", "decision": "accept"}
BOX = {"class_name": "car", "x0": 1, "y0": 1, "x1": 2, "y1": 2}


@pytest.mark.parametrize(
    "wrong",
    [
        {"reviewer": " "},
        {"reviewer": "A" * 41},
        {"reviewer": "A\nB"},
        {"decision": "maybe"},
        {"request": "1"},
        {"request": "request 1"},
        {"note": "n" * (LONGEST_NOTE + 1)},
        {"boxes": [BOX | {"class_name": "cup"}]},
        {"boxes": [BOX | {"x1": 1}]},
        {"boxes": [BOX | {"x0": -1}]},
        {"boxes": [BOX] * 201},
        {"extra": 1},
    ],
)
def test_malformed_verdicts_are_refused(wrong):
    Verdict.model_validate(GOOD | {"boxes": [BOX]})
    with pytest.raises(ValidationError):
        Verdict.model_validate(GOOD | wrong)


def test_notes_are_one_line():
    note = "  a cup,\r\n\tunder\x00 the \u202etable “ü” "
    assert Verdict.model_validate(GOOD | {"note": note}).note == "a cup, under the table “ü”"
