"""Which requests are answered: host names, origins of writes, tokens."""

import pytest
from pydantic import BaseModel
from werkzeug.test import Client

from smallobjects.web.application import MAX_BODY, Application, as_json, read_json
from smallobjects.web.guard import guard_for

HERE = "http://127.0.0.1:8000"


class Item(BaseModel):
    number: int


@pytest.fixture
def visit(tmp_path):
    """A client of a server that listens on an address; it keeps cookies."""
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "page.js").write_text("1")
    (tmp_path / "secret.txt").write_text("secret")

    def fail(request):
        raise RuntimeError("secret")

    def start(bind="127.0.0.1", allowed=()):
        routes = [
            ("GET", "/api/items", lambda request: as_json([1])),
            ("POST", "/api/items", lambda request: as_json(read_json(request, Item))),
            ("GET", "/api/fails", fail),
        ]
        guard = guard_for(bind, 8000, allowed)
        return Client(Application(routes, {"here": tmp_path / "pages"}, guard)), guard

    return start


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "[::1]:8000", "LOCALHOST"])
def test_loopback_is_answered(visit, host):
    client, _ = visit()
    assert client.get("/api/items", headers={"Host": host}).json == [1]


@pytest.mark.parametrize(
    "host",
    ["evil.example:8000", "127.0.0.1.evil.example", "192.168.0.7:80", "localhost.evil", "", "[::1"],
)  # fmt: skip
def test_other_hosts_are_refused(visit, host):
    """As after DNS rebinding: the browser sends the name by which it came."""
    client, _ = visit()
    answer = client.get("/api/items", headers={"Host": host})
    assert answer.status_code == 421
    assert "--allow-host" in answer.json["error"]


def write(client, origin=HERE, kind="application/json", body='{"number": 3}', **headers):
    headers |= {"Host": "127.0.0.1:8000"} | ({"Origin": origin} if origin else {})
    return client.post("/api/items", data=body, content_type=kind, headers=headers)


def test_own_pages_write(visit):
    client, _ = visit()
    assert write(client).json == {"number": 3}
    assert write(client, **{"Sec-Fetch-Site": "same-origin"}).json == {"number": 3}


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:9000"},
        {"origin": "http://localhost:8000"},
        {"origin": "null"},
        {"origin": None},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_other_sites_do_not_write(visit, wrong):
    client, _ = visit()
    assert write(client, **wrong).status_code == 403


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded"])
def test_forms_do_not_write(visit, kind):
    """What a form of another site can send without being asked first is no JSON."""
    client, _ = visit()
    assert write(client, kind=kind).status_code == 415


def test_beyond_loopback_a_token_is_needed(visit):
    client, guard = visit("0.0.0.0", ["lab.example"])
    at = {"Host": "lab.example:8000"}
    assert len(guard.token) == 32
    for path in (
        "/api/items",
        "/static/here/page.js",
        "/api/items?token=wrong",
        "/api/items?token=é",
    ):
        assert client.get(path, headers=at).status_code == 403
    assert write(client).status_code == 403
    first = client.get(f"/api/items?token={guard.token}", headers=at)
    assert first.status_code == 303
    assert guard.token not in first.location
    assert {"HttpOnly", "SameSite=Lax"} <= set(first.headers["Set-Cookie"].split("; "))
    client.set_cookie(guard.cookie, guard.token, domain="lab.example")
    assert client.get("/api/items", base_url="http://lab.example:8000").json == [1]
    answer = client.get("/api/items", headers={"Host": "evil.example:8000"})
    assert answer.status_code == 421


def test_beyond_loopback_addresses_will_do(visit):
    client, guard = visit("0.0.0.0")
    at = f"/api/items?token={guard.token}"
    assert client.get(at, headers={"Host": "192.168.0.7:8000"}).status_code == 303
    assert client.get(at, headers={"Host": "other.example"}).status_code == 421


@pytest.mark.parametrize(
    ("body", "words"),
    [("{", "body"), ('{"number": "x"}', "number"), ("[]", "body"), ("\udcff", "body")],
)
def test_malformed_writes_are_refused_in_words(visit, body, words):
    client, _ = visit()
    answer = write(client, body=body.encode(errors="surrogateescape"))
    assert answer.status_code == 400
    assert answer.json["error"].startswith(words)


def test_too_much_is_refused(visit):
    client, _ = visit()
    assert write(client, body=" " * (MAX_BODY + 1)).status_code == 413


@pytest.mark.parametrize(
    "path",
    ["../secret.txt", "%2e%2e/secret.txt", "..%2fsecret.txt", "/etc/passwd", "none.js"],
)
def test_only_pages_are_served(visit, path):
    client, _ = visit()
    assert client.get("/static/here/page.js", headers={"Host": "localhost"}).text == "1"
    assert client.get(f"/static/here/{path}", headers={"Host": "localhost"}).status_code in (
        404,
        308,
    )
    assert client.get("/static/other/page.js", headers={"Host": "localhost"}).status_code == 404


def test_an_error_is_told_without_its_insides(visit, capsys):
    client, _ = visit()
    answer = client.get("/api/fails", headers={"Host": "localhost"})
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "RuntimeError: secret" in capsys.readouterr().err


def test_browsers_are_told_to_take_nothing_from_elsewhere(visit):
    client, _ = visit()
    for path in ("/api/items", "/static/here/page.js", "/none"):
        headers = client.get(path, headers={"Host": "localhost"}).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
