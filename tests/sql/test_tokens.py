"""A token that is not a signed-in user's own, good at this moment, opens nothing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import TYPE_CHECKING, Any, Final

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from tests.fixtures.factories import make_account, make_trader
from tests.sql.people import Person

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from tests.fixtures.database import Database
    from tests.fixtures.rest import Rest

HOUR: Final = 3600
REFUSED: Final = 401
FORBIDDEN: Final = 403
UNKNOWN: Final = 400
RSA_KEY: Final = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY: Final = ec.generate_private_key(ec.SECP256R1())


class Mint:
    """Makes tokens of one user: good ones, and every kind of bad one."""

    def __init__(self, rest: Rest, user: UUID) -> None:
        self.secret = rest.credentials.jwt_secret
        self.publishable_key = rest.credentials.publishable_key
        self.user = str(user)

    def claims(self, **changed: Any) -> dict[str, Any]:
        """Return a good token's claims with changes; None leaves one out."""
        good = {
            "role": "authenticated",
            "aud": "authenticated",
            "sub": self.user,
            "iat": int(time.time()),
            "exp": int(time.time()) + HOUR,
        }
        return {name: value for name, value in {**good, **changed}.items() if value is not None}

    def token(self, headers: dict[str, Any] | None = None, **changed: Any) -> str:
        """Return a rightly signed token with changed claims."""
        return self.raw(json.dumps(self.claims(**changed)), headers)

    def raw(self, payload: str, headers: dict[str, Any] | None = None) -> str:
        """Sign a text as it is: also one that no library would write."""
        head = json.dumps({"alg": "HS256", "typ": "JWT", **(headers or {})})
        text = f"{_encoded(head)}.{_encoded(payload)}"
        digest = hmac.new(self.secret.encode(), text.encode(), hashlib.sha256).digest()
        return f"{text}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def _encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def ago(seconds: int) -> int:
    return int(time.time()) - seconds


GOOD: Final[dict[str, Callable[[Mint], str]]] = {
    "a_good_token": lambda mint: mint.token(),
    "ended_within_the_allowance": lambda mint: mint.token(exp=ago(20)),
    "ends_in_the_year_9999": lambda mint: mint.token(exp=253402300799),
    "begins_within_the_allowance": lambda mint: mint.token(nbf=ago(-20)),
    "issued_within_the_allowance": lambda mint: mint.token(iat=ago(-20)),
    "no_audience": lambda mint: mint.token(aud=None),
    "among_several_audiences": lambda mint: mint.token(aud=["else", "authenticated"]),
    "an_unknown_key_id": lambda mint: mint.token({"kid": "unknown"}),
    "claims_that_nobody_reads": lambda mint: mint.token(
        app_metadata={"tier": "operator"}, user_metadata={"role": "service_role"}
    ),
}
BAD: Final[dict[str, tuple[Callable[[Mint], str], int]]] = {
    "not_signed": (lambda mint: mint.token({"alg": "none"}).rpartition(".")[0] + ".", REFUSED),
    "another_secret": (lambda mint: jwt.encode(mint.claims(), "x" * 32), REFUSED),
    "the_public_key_as_secret": (
        lambda mint: jwt.encode(mint.claims(), mint.publishable_key),
        REFUSED,
    ),
    "a_cut_signature": (lambda mint: mint.token()[:-6], REFUSED),
    "a_changed_payload": (
        lambda mint: ".".join((mint.token().split(".")[0], _encoded("{}"), "AAAA")),
        REFUSED,
    ),
    "another_rsa_key": (lambda mint: jwt.encode(mint.claims(), RSA_KEY, "RS256"), REFUSED),
    "another_elliptic_key": (lambda mint: jwt.encode(mint.claims(), EC_KEY, "ES256"), REFUSED),
    "only_dots": (lambda _: "..", REFUSED),
    "no_dots": (lambda _: "token", REFUSED),
    "no_json": (lambda mint: mint.raw("role=authenticated"), REFUSED),
    "ended": (lambda mint: mint.token(exp=ago(60)), REFUSED),
    "never_ends": (lambda mint: mint.token(exp=None), REFUSED),
    "ends_at_a_word": (lambda mint: mint.token(exp="tomorrow"), REFUSED),
    "begins_later": (lambda mint: mint.token(nbf=ago(-90)), REFUSED),
    "issued_later": (lambda mint: mint.token(iat=ago(-90)), REFUSED),
    "for_another_audience": (lambda mint: mint.token(aud="else"), REFUSED),
    "for_other_audiences": (lambda mint: mint.token(aud=["else", "others"]), REFUSED),
    "no_user": (lambda mint: mint.token(sub=None), REFUSED),
    "an_empty_user": (lambda mint: mint.token(sub=""), REFUSED),
    "a_user_that_is_no_id": (lambda mint: mint.token(sub="admin"), REFUSED),
    "a_user_that_is_sql": (lambda mint: mint.token(sub="' or true --"), REFUSED),
    "a_user_that_is_a_list": (lambda mint: mint.token(sub=[mint.user]), REFUSED),
    "a_user_that_is_not_there": (
        lambda mint: mint.token(sub="00000000-0000-4000-8000-00000000dead"),
        REFUSED,
    ),
    "no_role": (lambda mint: mint.token(role=None), REFUSED),
    "a_role_that_is_not_there": (lambda mint: mint.token(role="admin"), UNKNOWN),
    "a_role_that_is_a_list": (lambda mint: mint.token(role=["authenticated"]), UNKNOWN),
    "the_role_that_owns_all": (lambda mint: mint.token(role="postgres"), FORBIDDEN),
    "the_superuser": (lambda mint: mint.token(role="supabase_admin"), FORBIDDEN),
    "the_role_of_the_server": (lambda mint: mint.token(role="authenticator"), FORBIDDEN),
    "the_role_of_the_functions": (lambda mint: mint.token(role="candlewatch_worker"), FORBIDDEN),
    "the_role_of_strangers": (lambda mint: mint.token(role="anon"), REFUSED),
}


@pytest.fixture(scope="module")
def mint(api: Rest, schema: Database) -> Mint:
    """Make a user with one trader."""
    user = make_account(schema)
    make_trader(schema, account=user)
    return Mint(api, user)


@pytest.mark.parametrize("kind", GOOD)
def test_a_good_token_shows_the_users_own_rows(api: Rest, mint: Mint, kind: str) -> None:
    person = Person(api.url, GOOD[kind](mint))

    assert len(person.rows("traders")) == 1
    assert person.rows("accounts?select=tier") == [{"tier": "elite"}]


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_token_opens_nothing(api: Rest, mint: Mint, kind: str) -> None:
    make, status = BAD[kind]
    person = Person(api.url, make(mint))

    for answer in (
        person.send("GET", "traders"),
        person.send("POST", "traders", {"name": "n", "filter": "close > 1"}),
        person.call("usage"),
    ):
        assert answer.status_code == status, answer.text
        assert mint.user not in answer.text


@pytest.mark.parametrize("gone", ["banned_until = now() + interval '1 day'", "deleted_at = now()"])
def test_a_token_of_a_user_who_may_no_longer_come_in_opens_nothing(
    api: Rest, schema: Database, gone: str
) -> None:
    user = make_account(schema)
    person = Person(api.url, Mint(api, user).token())
    before = person.send("GET", "traders").status_code
    schema.run(f"update auth.users set {gone} where id = %s", [user])

    assert (before, person.send("GET", "traders").status_code) == (200, REFUSED)


def test_a_token_of_a_user_who_was_removed_opens_nothing(api: Rest, schema: Database) -> None:
    user = make_account(schema)
    person = Person(api.url, Mint(api, user).token())
    schema.run("delete from auth.users where id = %s", [user])

    assert person.send("GET", "traders").status_code == REFUSED


def test_a_changed_tier_holds_for_a_token_that_was_issued_before(
    api: Rest, schema: Database
) -> None:
    user = make_account(schema, tier="free")
    person = Person(api.url, Mint(api, user).token(app_metadata={"tier": "free"}))

    schema.run("update public.accounts set tier = 'pro' where id = %s", [user])

    assert person.rows("accounts?select=tier") == [{"tier": "pro"}]


def test_a_token_of_64_kilobytes_is_not_even_read(api: Rest, mint: Mint) -> None:
    with pytest.raises(httpx.TransportError):
        Person(api.url, mint.token(note="n" * 65_536)).send("GET", "traders")


def test_a_doubled_claim_stands_for_one_of_the_two_users_and_never_for_both(
    api: Rest, schema: Database, mint: Mint
) -> None:
    other = make_account(schema)
    claims = json.dumps(mint.claims())
    doubled = claims[:-1] + f', "sub": "{other}"' + "}"

    rows = Person(api.url, mint.raw(doubled)).rows("accounts?select=id")

    assert rows in ([{"id": mint.user}], [{"id": str(other)}])
