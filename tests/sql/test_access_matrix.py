"""Table by verb by role, by real requests: each cell is allowed or denied as stated.

The tables come from the catalog, so a new one without an answer here fails. A cell says whose rows
the role gets: `all`, `own`, `none` (an empty answer), or `denied` (a refusal).
"""

from __future__ import annotations

import base64
import struct
from typing import TYPE_CHECKING, Any, Final

import pytest
from tests.fixtures.factories import make_account, make_trader
from tests.sql.people import Person, operator, sign_in, stranger, worker

if TYPE_CHECKING:
    from uuid import UUID

    import httpx
    from tests.fixtures.database import Database
    from tests.fixtures.rest import Rest

ROLES: Final = ("anonymous", "owner", "other", "expired", "worker", "operator")
VERBS: Final = ("GET", "POST", "PATCH", "DELETE")
NEVER: Final = dict.fromkeys(ROLES, "denied")


def _row(anonymous: str, owner: str, other: str, operators: str) -> dict[str, str]:
    return {**NEVER, "anonymous": anonymous, "owner": owner, "other": other, "operator": operators}


EVERYBODY: Final = _row("all", "all", "all", "all")
OWNERS: Final = _row("denied", "own", "none", "all")
OPERATORS: Final = _row("denied", "denied", "denied", "all")

EXPECTED: Final[dict[str, dict[str, dict[str, str]]]] = {
    "tiers": {"GET": EVERYBODY, "POST": OPERATORS, "PATCH": OPERATORS, "DELETE": OPERATORS},
    "templates": {"GET": EVERYBODY, "POST": OPERATORS, "PATCH": OPERATORS, "DELETE": OPERATORS},
    "accounts": {"GET": OWNERS, "POST": NEVER, "PATCH": OPERATORS, "DELETE": NEVER},
    "traders": {
        "GET": OWNERS,
        # Both make rows of their own; whose they are is tested below.
        "POST": _row("denied", "own", "own", "all"),
        "PATCH": OWNERS,
        "DELETE": OWNERS,
    },
    "trader_states": {"GET": OWNERS, "POST": NEVER, "PATCH": NEVER, "DELETE": NEVER},
    "signals": {"GET": OWNERS, "POST": NEVER, "PATCH": NEVER, "DELETE": NEVER},
    "symbols": {"GET": EVERYBODY, "POST": NEVER, "PATCH": NEVER, "DELETE": NEVER},
    "candles": {"GET": EVERYBODY, "POST": NEVER, "PATCH": NEVER, "DELETE": NEVER},
}
OWNED: Final = {table for table, cells in EXPECTED.items() if cells["GET"] is OWNERS}
# Postgres knows by itself that nobody writes to a view over several tables.
NOT_UPDATABLE: Final = "55000"
# What a request to write carries, and the column that a PATCH leaves as it is: name, filter, key.
BODIES: Final[dict[str, dict[str, Any]]] = {
    "tiers": {"name": "probe"},
    "templates": {"slug": "probe", "name": "n", "description": "d", "filter": "close > 1"},
    "accounts": {"tier": "pro"},
    "traders": {"name": "probe", "filter": "close > 1"},
    "trader_states": {"state": "running"},
    "signals": {"symbol": "X"},
    "symbols": {"symbol": "X"},
    "candles": {"symbol": "X"},
}
CHANGES: Final[dict[str, dict[str, Any]]] = {
    **BODIES,
    "tiers": {"weight": 2},
    "templates": {"position": 7},
    "traders": {"name": "changed"},
}


@pytest.fixture(scope="module", autouse=True)
def market(schema: Database) -> None:
    """Store one symbol and one candle, and the days that signals go to."""
    schema.run("select candlewatch.prepare_partitions()")
    schema.run(
        "select worker.store_symbols(jsonb_build_array(jsonb_build_object('symbol', 'BTCUSDT', "
        "'base_asset', 'BTC', 'quote_asset', 'USDT', 'trading', true, 'quote_volume', 1)))"
    )
    values = base64.b64encode(struct.pack(">6d", 1, 2, 1, 2, 5, 10)).decode()
    schema.run(
        "select worker.store_frames('5m', jsonb_build_array(jsonb_build_object("
        "'open_time', '2026-01-05T12:00:00Z', 'values', %s::text)))",
        [values],
    )


@pytest.fixture
def people(api: Rest, schema: Database) -> dict[str, Person]:
    """Return one person for each role; the owner has a trader with a signal."""
    owner = make_account(schema)
    trader = make_trader(schema, account=owner)
    schema.run(
        "insert into public.signals (trader_id, account_id, filter_id, symbol, timeframe, "
        "candle_at, dispatch_id, frame_revision, created_at) "
        "select s.trader_id, s.account_id, s.filter_id, 'BTCUSDT', '5m', now(), 1, 1, now() "
        "from public.trader_states as s where s.trader_id = %s",
        [trader],
    )
    ended = api.token("authenticated", sub=str(owner), aud="authenticated", exp=1)
    return {
        "anonymous": stranger(api),
        "owner": sign_in(api, owner),
        "other": sign_in(api, make_account(schema)),
        "expired": Person(api.url, ended),
        "worker": Person(api.url, worker(api).token),
        "operator": operator(api),
    }


def test_every_exposed_table_has_an_answer(schema: Database) -> None:
    exposed = {
        row[0]
        for row in schema.rows(
            "select c.relname from pg_class as c join pg_namespace as n on n.oid = c.relnamespace "
            "where n.nspname in ('public', 'worker') and c.relkind in ('r', 'p', 'v', 'm', 'f') "
            "and not c.relispartition"
        )
    }

    assert exposed == set(EXPECTED) == set(BODIES)
    for table in EXPECTED.values():
        assert set(table) == set(VERBS)
        assert all(set(cells) == set(ROLES) for cells in table.values())


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("table", EXPECTED)
def test_a_cell_is_as_stated(
    people: dict[str, Person], schema: Database, table: str, verb: str, role: str
) -> None:
    _put_probes(schema, there=verb != "POST")
    before = _rows(schema, table)

    answer = _request(people[role], table, verb, people["owner"].user)

    expected = EXPECTED[table][verb][role]
    if expected == "denied":
        refused = answer.status_code in (401, 403, 405)
        assert refused or answer.json()["code"] == NOT_UPDATABLE, answer.text
    else:
        assert answer.status_code in (200, 201), answer.text
        assert bool(answer.json()) == (expected != "none"), answer.text
    changed = verb != "GET" and expected not in ("denied", "none")
    assert (_rows(schema, table) != before) == changed


def test_partitions_of_an_exposed_table_are_not_reachable_themselves(
    people: dict[str, Person], schema: Database
) -> None:
    partitions = schema.rows(
        "select n.nspname, c.relname from pg_class as c join pg_namespace as n "
        "on n.oid = c.relnamespace where c.relispartition and c.relkind = 'r' "
        "and n.nspname in ('public', 'worker')"
    )
    for _, name in partitions:
        for role in ROLES:
            answer = people[role].send("GET", name)
            assert answer.status_code in (401, 403, 404), (role, answer.text)


@pytest.mark.parametrize("schema_name", ["candlewatch", "monitor", "auth", "vault", "net", "cron"])
def test_no_other_schema_is_exposed(people: dict[str, Person], schema_name: str) -> None:
    for role in ROLES:
        answer = people[role].send("GET", "traders", headers={"Accept-Profile": schema_name})
        assert answer.status_code in (401, 403, 406), answer.text


def test_only_a_function_may_call_what_functions_call(
    people: dict[str, Person], schema: Database
) -> None:
    calls = schema.rows(
        "select p.proname from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace "
        "where n.nspname = 'worker'"
    )
    assert len(calls) > 10
    for (name,) in calls:
        for role in ("anonymous", "owner", "other", "expired", "operator"):
            answer = people[role].send("POST", f"rpc/{name}", {}, {"Content-Profile": "worker"})
            assert answer.status_code in (401, 403, 404), (name, role, answer.text)


def test_a_function_may_call_nothing_of_the_users(schema: Database) -> None:
    calls = schema.rows(
        "select p.oid::regprocedure::text from pg_proc as p "
        "join pg_namespace as n on n.oid = p.pronamespace where n.nspname = 'public' "
        "and has_function_privilege('candlewatch_worker', p.oid, 'execute') and not exists "
        "(select from pg_depend as d where d.objid = p.oid and d.deptype = 'e')"
    )
    assert calls == []


def _request(person: Person, table: str, verb: str, owner: UUID | None) -> httpx.Response:
    target = {
        "tiers": "name=eq.probe",
        "templates": "slug=eq.probe",
        "accounts": f"id=eq.{owner}",
        "symbols": "symbol=eq.BTCUSDT",
        "candles": "symbol=eq.BTCUSDT",
    }.get(table, f"account_id=eq.{owner}")
    headers = {"Prefer": "return=representation"}
    if verb == "GET":
        return person.send("GET", f"{table}?limit=1&{target if table in OWNED else ''}")
    if verb == "POST":
        theirs = table == "traders" and person.user is None
        body = {**BODIES[table], "account_id": str(owner)} if theirs else BODIES[table]
        return person.send("POST", table, body, headers)
    change = CHANGES[table] if verb == "PATCH" else None
    return person.send(verb, f"{table}?{target}", change, headers)


def _put_probes(database: Database, *, there: bool) -> None:
    database.run("delete from public.tiers where name = 'probe'")
    database.run("delete from public.templates where slug = 'probe'")
    if there:
        database.run("insert into public.tiers (name) values ('probe')")
        database.run(
            "insert into public.templates (slug, name, description, filter) "
            "values ('probe', 'n', 'd', 'close > 1')"
        )


def _rows(database: Database, table: str) -> list[str]:
    found = database.rows(f"select to_jsonb(x)::text from public.{table} as x order by 1")
    return [row[0] for row in found]
