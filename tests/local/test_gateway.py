"""The gateway exchanges keys for roles as the platform does, and refuses what is too large."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import httpx
import jwt
import pytest
from tests.fixtures.functions import write_function
from tests.fixtures.project import ENVIRONMENT

from candlewatch.local import ports
from candlewatch.local.credentials import Credentials
from candlewatch.local.functions import FunctionHost
from candlewatch.local.gateway import BODY_LIMIT, Gateway, make_server
from candlewatch.local.keys import Keyring

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CREDENTIALS = Credentials(
    jwt_secret="a secret that signs the tokens of this test",
    publishable_key="sb_publishable_test",
    secret_key="sb_secret_test",
)


class Upstream(BaseHTTPRequestHandler):
    """Answers with what it was asked, in PostgREST's place."""

    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        told = {
            "path": self.path,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "length": len(self.rfile.read(length)),
        }
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Access-Control-Allow-Origin", "http://elsewhere")
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _answer  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def gateway_to(rest_port: int, folder: Path, origin: str = "*") -> Iterator[httpx.Client]:
    host = FunctionHost(folder, ENVIRONMENT, folder)
    gateway = Gateway(rest_port, Keyring(CREDENTIALS), host, origin)
    with (
        serving(make_server(ports.listen(), gateway)) as port,
        httpx.Client(base_url=f"http://{ports.LOOPBACK}:{port}", timeout=30) as client,
    ):
        yield client
    host.stop(0.0)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[httpx.Client]:
    upstream = ThreadingHTTPServer((ports.LOOPBACK, 0), Upstream)
    with serving(upstream) as port, gateway_to(port, tmp_path) as opened:
        yield opened


def role_seen(answer: httpx.Response) -> str:
    token = answer.json()["headers"]["authorization"].removeprefix("Bearer ")
    return str(jwt.decode(token, CREDENTIALS.jwt_secret, algorithms=["HS256"])["role"])


@pytest.mark.parametrize(
    ("key", "role"),
    [
        (CREDENTIALS.publishable_key, "anon"),
        (CREDENTIALS.secret_key, "service_role"),
        (CREDENTIALS.token("anon"), "anon"),
        (CREDENTIALS.token("service_role"), "service_role"),
    ],
)
def test_a_key_becomes_the_token_of_its_role(client: httpx.Client, key: str, role: str) -> None:
    # The client libraries send the key as a bearer token, too.
    headers = {"apikey": key, "Authorization": f"Bearer {key}"}

    assert role_seen(client.get("/rest/v1/x", headers=headers)) == role
    assert role_seen(client.get("/rest/v1/x", headers={"apikey": key})) == role


def test_a_users_token_is_passed_on_as_it_is(client: httpx.Client) -> None:
    token = CREDENTIALS.token("authenticated", sub="u")

    answer = client.get(
        "/rest/v1/x",
        headers={"apikey": CREDENTIALS.publishable_key, "Authorization": f"Bearer {token}"},
    )

    assert answer.json()["headers"]["authorization"] == f"Bearer {token}"


@pytest.mark.parametrize(
    "key", ["", "sb_publishable_guess", CREDENTIALS.token("authenticated"), "a.b.c"]
)
def test_without_a_key_of_ours_nothing_is_reached(client: httpx.Client, key: str) -> None:
    answer = client.get("/rest/v1/x", headers={"apikey": key})

    assert answer.status_code == 401


def test_path_and_query_are_passed_on_without_the_key(client: httpx.Client) -> None:
    key = CREDENTIALS.publishable_key

    answer = client.get(f"/rest/v1/traders?select=a,b&apikey={key}&name=eq.%C3%A9+x")

    told = answer.json()
    assert told["path"] == "/traders?select=a%2Cb&name=eq.%C3%A9+x"
    assert "apikey" not in told["headers"]


def test_a_body_over_the_limit_is_refused_and_one_at_the_limit_is_not(
    client: httpx.Client,
) -> None:
    headers = {"apikey": CREDENTIALS.publishable_key}

    accepted = client.post("/rest/v1/x", headers=headers, content=b"x" * BODY_LIMIT)
    refused = client.post("/rest/v1/x", headers=headers, content=b"x" * (BODY_LIMIT + 1))

    assert accepted.json()["length"] == BODY_LIMIT
    assert refused.status_code == 413


@pytest.mark.parametrize(
    ("role", "status"), [("candlewatch_worker", 200), ("authenticated", 413), ("service_role", 413)]
)
def test_only_the_functions_role_may_send_more(
    client: httpx.Client, role: str, status: int
) -> None:
    headers = {
        "apikey": CREDENTIALS.publishable_key,
        "Authorization": f"Bearer {CREDENTIALS.token(role)}",
    }

    answer = client.post("/rest/v1/x", headers=headers, content=b"x" * 1_000_000)

    assert answer.status_code == status


def test_a_forged_token_of_the_functions_role_may_not_send_more(client: httpx.Client) -> None:
    forged = jwt.encode({"role": "candlewatch_worker"}, "x" * 32, algorithm="HS256")
    headers = {"apikey": CREDENTIALS.publishable_key, "Authorization": f"Bearer {forged}"}

    answer = client.post("/rest/v1/x", headers=headers, content=b"x" * (BODY_LIMIT + 1))

    assert answer.status_code == 413


def test_a_browser_of_any_origin_is_answered(client: httpx.Client) -> None:
    preflight = client.options(
        "/rest/v1/x",
        headers={"Origin": "http://app", "Access-Control-Request-Headers": "apikey,x-client-info"},
    )
    answer = client.get("/rest/v1/x", headers={"apikey": CREDENTIALS.publishable_key})

    assert preflight.status_code == 204
    assert preflight.headers["Access-Control-Allow-Headers"] == "apikey,x-client-info"
    assert answer.headers.get_list("Access-Control-Allow-Origin") == ["*"]


def test_only_pages_of_a_configured_origin_may_read_what_the_gateway_answers(
    tmp_path: Path,
) -> None:
    with gateway_to(ports.free_port(), tmp_path, "https://app.example") as client:
        answers = [
            client.options("/rest/v1/x"),
            client.get("/rest/v1/x", headers={"apikey": CREDENTIALS.publishable_key}),
            client.get("/functions/v1/none"),
            client.get("/signals/stream"),
        ]

    origins = [answer.headers.get_list("Access-Control-Allow-Origin") for answer in answers]
    assert origins == [["https://app.example"]] * 4


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/rest/v1/x", 401, "CW009"),
        ("/nothing", 404, "CW004"),
        ("/functions/v1/nothing", 404, "CW004"),
        ("/signals/stream", 401, "CW009"),
    ],
)
def test_every_refusal_has_the_one_shape_with_a_hint(
    client: httpx.Client, path: str, status: int, code: str
) -> None:
    answer = client.get(path)

    told = answer.json()
    assert (answer.status_code, told["code"]) == (status, code)
    assert set(told) == {"code", "message", "hint", "details"}
    assert told["message"]
    assert told["hint"]


def test_a_request_without_a_length_is_refused(client: httpx.Client) -> None:
    answer = client.post("/rest/v1/x", content=iter([b"a", b"b"]))

    assert answer.status_code == 411


def test_a_missing_postgrest_is_a_503_that_says_when_to_come_back(tmp_path: Path) -> None:
    with gateway_to(ports.free_port(), tmp_path) as client:
        answer = client.get("/rest/v1/x", headers={"apikey": CREDENTIALS.publishable_key})

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")


def test_a_function_is_reached_by_its_name(client: httpx.Client, tmp_path: Path) -> None:
    write_function(tmp_path, "echo")

    answer = client.post("/functions/v1/echo/deep?b=2", json={"a": 1})

    told = answer.json()["event"]
    assert (answer.status_code, told["rawPath"], told["body"]) == (201, "/echo/deep", '{"a":1}')


def test_anything_else_is_not_there(client: httpx.Client) -> None:
    assert client.get("/storage/v1/x").status_code == 404
