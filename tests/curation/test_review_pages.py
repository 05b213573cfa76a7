"""What the review answers, without a browser."""

import json

import pytest
from werkzeug.test import Client

from smallobjects.curation.catalog import Catalog
from smallobjects.curation.order import MOST
from smallobjects.curation.pace import BREAK, images_per_hour
from smallobjects.curation.pages import application
from smallobjects.curation.store import Store
from smallobjects.web.guard import Guard


@pytest.fixture
def client(store):
    return Client(application(store, Guard()))


def get(client, path, **query):
    return client.get(path, query_string=query, headers={"Host": "localhost"})


def post(client, path, content):
    headers = {"Host": "localhost", "Origin": "http://localhost"}
    return client.post(path, json=content, headers=headers)


def verdict(image, number=1, **changes):
    plain = {"request": f"request-{number}", "reviewer": "Ada", "image": image}
    return plain | {"decision": "accept"} | changes


def ids(answer):
    return [item["image"] for item in answer.json]


def test_the_order_goes_on_where_a_reviewer_stopped(client, say, images):
    for image in images[:3]:
        say("Ada", image, "accept")
    say("Ada", images[5], "reject")
    say("Bo", images[4], "reject")
    assert ids(get(client, "/api/next", reviewer="Ada", count=3)) == [images[i] for i in (3, 4, 6)]
    assert ids(get(client, "/api/next", reviewer="Bo", count=2)) == images[:2]
    assert ids(get(client, "/api/next", reviewer="Ada", count=2, **{"from": 6})) == images[6:8]


def test_the_order_ends_at_its_beginning_and_with_what_was_skipped(client, say, images):
    for image in images[3:]:
        say("Ada", image, "accept")
    say("Ada", images[7], "skip")
    say("Ada", images[1], "skip")
    answer = get(client, "/api/next", reviewer="Ada", count=9, **{"from": 5})
    assert ids(answer) == [images[0], images[2], images[7], images[1]]
    assert answer.json[2]["verdict"]["decision"] == "skip"
    for image in (images[0], images[2], images[7], images[1]):
        say("Ada", image, "reject")
    assert get(client, "/api/next", reviewer="Ada").json == []


def test_back_shows_what_was_said(client, say, images):
    say("Ada", images[0], "reject", "dark")
    item = get(client, "/api/previous", reviewer="Ada", before=1).json
    assert item == {
        "image": images[0],
        "position": 0,
        "verdict": {"decision": "reject", "note": "dark", "boxes": []},
    }
    assert get(client, "/api/previous", reviewer="Bo", before=1).json["verdict"] is None
    assert get(client, "/api/previous", reviewer="Ada", before=0).json is None


def test_nobody_is_told_what_others_said(client, say, images):
    """Agreement means something only if reviewers decide by themselves."""
    say("Bo", images[0], "reject", "by Bo")
    for path in ("/api/next", "/api/previous", f"/api/items/{images[0]}", "/api/progress"):
        assert "by Bo" not in get(client, path, reviewer="Ada", before=9).text
    assert get(client, f"/api/items/{images[0]}", reviewer="Ada").json["verdict"] is None


def test_a_verdict_is_confirmed_once_it_is_written(client, store, images):
    assert post(client, "/api/verdicts", verdict(images[0])).json == {"request": "request-1"}
    with store.connect() as connection:
        assert connection.execute("SELECT count(*) FROM events").fetchone()[0] == 1
    assert post(client, "/api/verdicts", verdict("none")).status_code == 400
    assert post(client, "/api/verdicts", verdict(images[0], decision="no")).status_code == 400
    assert client.post("/api/verdicts", json=verdict(images[1])).status_code == 403
    with store.connect() as connection:
        assert connection.execute("SELECT count(*) FROM events").fetchone()[0] == 1


def test_images_and_annotations_are_kept_by_the_browser(client, catalog, images):
    answer = get(client, f"/images/{images[0]}")
    assert answer.data == (catalog.raw / catalog.read(images[0]).file).read_bytes()
    assert answer.mimetype == "image/jpeg"
    for path in (f"/images/{images[0]}", f"/api/annotations/{images[0]}"):
        assert "max-age=3600" in get(client, path).headers["Cache-Control"]
    assert get(client, "/api/next", reviewer="Ada").headers["Cache-Control"] == "no-store"
    for name in ("none", "..%2Fcandidates", "../../etc/passwd"):
        assert get(client, f"/images/{name}").status_code in (404, 308)


def test_files_outside_the_raw_folder_are_not_served(client, catalog, images, tmp_path):
    import sqlite3

    path = tmp_path / "c.sqlite"
    path.write_bytes(catalog.path.read_bytes())
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE candidates SET file = '../secret.txt'")
    (catalog.raw.parent / "secret.txt").write_text("secret")
    store = Store.open(tmp_path / "d.sqlite", Catalog(path, catalog.raw))
    answer = get(Client(application(store, Guard())), f"/images/{images[0]}")
    assert answer.status_code == 404
    assert "secret" not in answer.text


def test_the_list_never_leaves_as_a_whole(client, images):
    """However many candidates there are, a page gets a few at a time, and only what it shows."""
    assert len(images) > MOST
    assert len(get(client, "/api/next", reviewer="Ada", count=10**6).json) == MOST
    assert len(get(client, "/api/review").text) < 1500
    assert images[0] not in get(client, "/api/review").text
    assert images[0] not in get(client, "/api/progress", reviewer="Ada").text
    one = len(json.dumps(get(client, "/api/next", reviewer="Ada", count=1).json))
    assert one < 200


@pytest.mark.parametrize(
    "query",
    [{}, {"reviewer": ""}, {"reviewer": "A", "from": "-1"}, {"reviewer": "A", "count": "²"}],
)
def test_malformed_questions_are_refused(client, query):
    assert get(client, "/api/next", **query).status_code == 400


def test_progress_counts_everybody(client, say, images):
    say("Ada", images[0], "accept")
    say("Ada", images[1], "reject")
    say("Ada", images[2], "skip")
    say("Bo", images[0], "reject")
    progress = get(client, "/api/progress", reviewer="Ada").json
    assert progress["total"] == len(images)
    assert progress["reviewers"] == {
        "Ada": {"accept": 1, "reject": 1, "skip": 1},
        "Bo": {"accept": 0, "reject": 1, "skip": 0},
    }


def test_speed_leaves_breaks_out():
    assert images_per_hour([0, 4, 8]) == 900
    assert images_per_hour([0, 4, 8, 8 + BREAK + 1, 8 + BREAK + 5]) == 900
    assert images_per_hour([0, 4]) is None
    assert images_per_hour([]) is None
    assert images_per_hour([1, 1, 1]) is None


def test_decisions_are_handed_over_when_all_is_settled(client, say, images):
    say("Ada", images[0], "accept")
    answer = get(client, "/decisions.csv")
    assert answer.text.splitlines()[1] == f"{images[0]},accept,Ada,"
    assert answer.headers["Content-Disposition"] == "attachment; filename=decisions.csv"
    say("Bo", images[0], "reject")
    assert get(client, "/decisions.csv").status_code == 409
    settlement = {"reviewer": "Cy", "image": images[0], "decision": "reject"}
    assert post(client, "/api/settlements", settlement).status_code == 200
    assert f"{images[0]},reject,Cy," in get(client, "/decisions.csv").text
    page = get(client, "/api/disagreements").json
    assert (page["total"], page["unsettled"]) == (1, 0)
    assert get(client, "/api/agreement").json[0]["kappa"] == 0
