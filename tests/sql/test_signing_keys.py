"""A project may sign with a key pair (ES256) beside the shared secret: both open, nothing else."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any, Final

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm
from tests.fixtures.factories import make_account, make_trader
from tests.fixtures.rest import running_rest
from tests.sql.people import Person

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.database import Database
    from tests.fixtures.rest import Rest

PAIR: Final = ec.generate_private_key(ec.SECP256R1())
OTHER: Final = ec.generate_private_key(ec.SECP256R1())
NAMED: Final = {"kid": "the project's key"}


@pytest.fixture(scope="module")
def keyed(schema: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rest]:
    """Run PostgREST with both keys, as the platform hands them to it."""
    public: dict[str, Any] = json.loads(ECAlgorithm.to_jwk(PAIR.public_key()))
    secret = schema.server.credentials.jwt_secret.encode()
    shared = {"kty": "oct", "alg": "HS256", "k": base64.urlsafe_b64encode(secret).decode()}
    keys = {"keys": [{**public, **NAMED, "alg": "ES256"}, {**shared, "k": shared["k"].rstrip("=")}]}
    folder = tmp_path_factory.mktemp("keyed")
    with running_rest(schema, folder, keys=json.dumps(keys)) as running:
        yield running


@pytest.fixture(scope="module")
def claims(schema: Database) -> dict[str, Any]:
    """Make a user with one trader; return the claims of a good token."""
    user = make_account(schema)
    make_trader(schema, account=user)
    return {
        "role": "authenticated",
        "aud": "authenticated",
        "sub": str(user),
        "iat": int(time.time()),
        "exp": int(time.time()) + 3600,
    }


def traders(rest: Rest, token: str) -> httpx.Response:
    """Ask for the own traders."""
    return Person(rest.url, token).send("GET", "traders")


def test_a_token_of_the_key_pair_opens_the_own_rows(keyed: Rest, claims: dict[str, Any]) -> None:
    answer = traders(keyed, jwt.encode(claims, PAIR, "ES256", headers=NAMED))

    assert (answer.status_code, len(answer.json())) == (200, 1)


def test_a_token_of_the_shared_secret_goes_on_to_open_them(
    keyed: Rest, claims: dict[str, Any]
) -> None:
    answer = traders(keyed, jwt.encode(claims, keyed.credentials.jwt_secret, "HS256"))

    assert (answer.status_code, len(answer.json())) == (200, 1)


def test_no_other_key_and_no_other_use_of_the_public_key_opens_anything(
    keyed: Rest, claims: dict[str, Any]
) -> None:
    known = PAIR.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    good = jwt.encode(claims, PAIR, "ES256", headers=NAMED)
    head, payload, _ = good.split(".")
    by_public_key = _signed_with(known, claims)

    for token in (
        jwt.encode(claims, OTHER, "ES256", headers=NAMED),
        f"{head}.{payload}.{'A' * 86}",
        by_public_key,
        jwt.encode({**claims, "exp": 1}, PAIR, "ES256", headers=NAMED),
    ):
        assert traders(keyed, token).status_code == httpx.codes.UNAUTHORIZED


def _signed_with(secret: bytes, claims: dict[str, Any]) -> str:
    """Sign with the text of a public key as if it were the secret, which the library refuses to."""
    algorithm = jwt.get_algorithm_by_name("HS256")
    head = _encoded(json.dumps({"alg": "HS256", "typ": "JWT", **NAMED}).encode())
    text = f"{head}.{_encoded(json.dumps(claims).encode())}"
    return f"{text}.{_encoded(algorithm.sign(text.encode(), secret))}"


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
