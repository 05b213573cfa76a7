"""Verdicts that contradict what is known, and a full disk: refused, and said to the page."""

import shutil
import sqlite3
from contextlib import contextmanager

import pytest
from werkzeug.test import Client

from smallobjects.curation import full_disk
from smallobjects.curation.errors import CurationError, FullDiskError, RefusedVerdictError
from smallobjects.curation.pages import application
from smallobjects.curation.store import Store
from smallobjects.curation.submission import Verdict
from smallobjects.web.guard import Guard

BOX = {"class_name": "chair", "x0": 0, "y0": 0, "x1": 9, "y1": 9}


def verdict(image, **changes):
    said = {"request": "request-1", "reviewer": "Ada", "image": image, "decision": "accept"}
    return Verdict.model_validate(said | changes)


@pytest.mark.parametrize(
    "changes",
    [{"decision": "reject"}, {"note": "dark"}, {"reviewer": "Bo"}, {"boxes": [BOX]}],
)
def test_a_request_that_is_sent_again_with_other_content(store, images, changes):
    store.record(verdict(images[0]))
    store.record(verdict(images[0]))
    with pytest.raises(
        RefusedVerdictError, match="Another verdict was sent as request 'request-1'"
    ):
        store.record(verdict(images[0], **changes))
    with pytest.raises(RefusedVerdictError):
        store.record(verdict(images[1]))
    with store.connect() as connection:
        rows = connection.execute("SELECT decision, note, reviewer FROM verdicts").fetchall()
    assert [tuple(row) for row in rows] == [("accept", "", "Ada")]


@pytest.mark.parametrize("side", ["x1", "y1"])
def test_a_box_outside_the_image(store, catalog, images, side):
    size = {"x1": catalog.read(images[0]).width, "y1": catalog.read(images[0]).height}
    store.record(verdict(images[0], boxes=[BOX | size]))
    outside = BOX | {side: size[side] + 1}
    with pytest.raises(
        RefusedVerdictError, match=r"The box \[0, 0, .* lies outside the 64×64 image"
    ):
        store.record(verdict(images[0], request="request-2", boxes=[BOX, outside]))


@pytest.fixture
def full(monkeypatch):
    """A disk on which the files of a store cannot grow."""

    def fill(store):
        connect = Store.connect

        @contextmanager
        def without_room(self):
            with connect(self) as connection:
                connection.execute("PRAGMA main.max_page_count = 1")
                yield connection

        monkeypatch.setattr(Store, "connect", without_room)

    return fill


def test_a_full_disk_is_called_one(store, say, images, full):
    say("Ada", images[0], "accept")
    full(store)
    with pytest.raises(FullDiskError, match=r"decisions\.sqlite: the disk is full .*are intact"):
        for number in range(2000):
            store.record(verdict(images[1], request=f"other-{number:06}", note="x" * 2000))
    with store.connect() as connection:
        assert connection.execute("SELECT count(*) FROM verdicts").fetchone()[0] >= 1


def test_a_full_disk_at_the_start_is_no_damaged_file(store, catalog, monkeypatch):
    def refuse(*_):
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(Store, "connect", refuse)
    with pytest.raises(CurationError, match="no file of verdicts"):
        Store.open(store.path, catalog)
    usage = shutil.disk_usage(store.path.parent)._replace(free=4096)
    monkeypatch.setattr(full_disk.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(CurationError, match=r"the disk is full .*are intact"):
        Store.open(store.path, catalog)


def test_the_page_is_told(store, images, full):
    client = Client(application(store, Guard()))
    said = verdict(images[0]).model_dump()
    options = {"headers": {"Host": "localhost", "Origin": "http://localhost"}}
    assert client.post("/api/verdicts", json=said, **options).status_code == 200
    answer = client.post("/api/verdicts", json=said | {"note": "other"}, **options)
    assert answer.status_code == 400
    assert "Another verdict" in answer.text
    full(store)
    for number in range(2000):
        more = said | {"request": f"other-{number:06}", "note": "x" * 2000}
        answer = client.post("/api/verdicts", json=more, **options)
        if answer.status_code != 200:
            break
    assert answer.status_code == 507
    assert "the disk is full" in answer.text
