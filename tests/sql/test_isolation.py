"""Whatever one user asks for, another's rows stay as they were and nothing of them is told.

Random requests from a printed seed, over every verb, table, call and trick that the API takes; the
neighbour's rows are read back as a dump.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, Final

import pytest
from tests.fixtures.factories import make_account, make_trader
from tests.sql.people import Person, sign_in, sign_up

if TYPE_CHECKING:
    from uuid import UUID

    from tests.fixtures.database import Database
    from tests.fixtures.rest import Rest

SHORT: Final = 1_000
LONG: Final = 10_000
SECRET: Final = "close > 1234567.891"
TABLES: Final = ("traders", "trader_states", "accounts", "signals", "tiers", "templates", "symbols")
CALLS: Final = ("start_trader", "stop_trader", "run_trader", "trader_status", "clone_trader")


class Intruder:
    """Draws one random request after another."""

    def __init__(self, person: Person, neighbour: UUID, trader: UUID, seed: int) -> None:
        self.person = person
        self.targets = [str(trader), str(neighbour), str(person.user)]
        self.random = random.Random(seed)

    def send(self) -> str:
        """Send a request and return the text of its answer."""
        kind = self.random.choice((self._read, self._write, self._call, self._create))
        return kind()

    def _filter(self) -> str:
        target = self.random.choice(self.targets)
        column = self.random.choice(("id", "account_id", "trader_id", "name", "filter", "tier"))
        return self.random.choice(
            (
                f"{column}=eq.{target}",
                f"or=({column}.eq.{target},{column}.not.is.null)",
                f"{column}=not.is.null",
                f"{column}=neq.x&order={column}",
                "",
            )
        )

    def _read(self) -> str:
        table = self.random.choice(TABLES)
        extra = self.random.choice(
            ("", "&select=*,trader_states(*)", "&select=*,accounts(*)", "&limit=5&offset=1")
        )
        wish = self.random.choice(("count=exact", "count=planned", "count=estimated", ""))
        return self.person.send(
            "GET", f"{table}?{self._filter()}{extra}", headers=_prefer(wish)
        ).text

    def _write(self) -> str:
        table = self.random.choice(TABLES)
        verb = self.random.choice(("PATCH", "DELETE", "POST", "PUT"))
        body = self.random.choice(
            (
                {"name": "taken"},
                {"enabled": self.random.random() < 0.5},
                {"account_id": self.targets[1], "name": "n", "filter": "close > 1"},
                {"id": self.targets[0], "name": "n", "filter": "close > 1"},
                {"tier": "operator"},
                {"state": "stopped"},
            )
        )
        wish = self.random.choice(
            ("return=representation", "resolution=merge-duplicates", "tx=rollback", "")
        )
        content = None if verb == "DELETE" else body
        return self.person.send(verb, f"{table}?{self._filter()}", content, _prefer(wish)).text

    def _call(self) -> str:
        call = self.random.choice(CALLS)
        return self.person.call(call, p_trader=self.random.choice(self.targets)).text

    def _create(self) -> str:
        return self.random.choice(
            (
                lambda: self.person.call("create_trader", p_name="n", p_filter="close > 1").text,
                lambda: self.person.call("clone_template", p_slug="golden-cross").text,
                lambda: self.person.call("signals_since", p_cursor="0:0").text,
                lambda: self.person.call("usage").text,
                lambda: (
                    self.person.send(
                        "POST",
                        "traders",
                        {"name": "n", "filter": "x"},
                        _prefer("return=representation"),
                    ).text
                ),
            )
        )()


@pytest.mark.parametrize(
    "count", [SHORT, pytest.param(LONG, marks=[pytest.mark.long, pytest.mark.timeout(1800)])]
)
def test_random_requests_leave_a_neighbour_as_he_was(
    api: Rest, schema: Database, count: int
) -> None:
    schema.run(
        "update public.tiers set calls_per_minute = 1000000, traders_limit = 100000, "
        "running_limit = 100000 where name = 'elite'"
    )
    neighbour = make_account(schema)
    trader = make_trader(schema, account=neighbour, name="neighbour's own", filter=SECRET)
    seed = random.SystemRandom().randrange(1_000_000)
    print(f"seed {seed}")
    intruder = Intruder(sign_up(api, schema), neighbour, trader, seed)
    before = _everything_of(schema, neighbour)

    told = [intruder.send() for _ in range(count)]

    assert _everything_of(schema, neighbour) == before
    assert [text for text in told if SECRET in text or "neighbour's own" in text] == []
    assert sign_in(api, neighbour).rows("traders?select=filter") == [{"filter": SECRET}]


def _prefer(wish: str) -> dict[str, str]:
    return {"Prefer": wish} if wish else {}


def _everything_of(database: Database, account: UUID) -> list[tuple[Any, ...]]:
    """Return every row of every table of ours that names the account."""
    tables = database.rows(
        "select a.attrelid::regclass::text, a.attname from pg_attribute as a "
        "join pg_class as c on c.oid = a.attrelid join pg_namespace as n on n.oid = c.relnamespace "
        "where n.nspname in ('public', 'candlewatch') and c.relkind in ('r', 'p') "
        "and not c.relispartition and (a.attname = 'account_id' "
        "or a.attrelid = 'public.accounts'::regclass and a.attname = 'id')"
    )
    found: list[tuple[Any, ...]] = []
    for table, column in sorted(tables):
        found += database.rows(
            f"select %s, to_jsonb(x)::text from {table} as x where x.{column} = %s order by 2",
            [table, account],
        )
    return found
