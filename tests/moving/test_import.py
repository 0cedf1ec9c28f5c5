"""A file is imported whole or not at all, by its user or the operator, and twice is once."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from tests.fixtures.factories import make_account, make_trader

from candlewatch.errors import DatabaseUnavailable, RequestRefused, SetupError
from candlewatch.moving.account import Account, open_account
from candlewatch.moving.importing import carry_out, plan_import
from candlewatch.moving.traders import Wish

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.moving.stage import Desk

TWO = (
    "key,name,filter,timeframe,enabled\n"
    'a,Dip,"rsi(close, 14) < 30",1h,yes\n'
    "b,Green,close > open,5m,no\n"
)
BOTH = [("a", "Dip", "1h", True), ("b", "Green", "5m", False)]


def test_a_user_imports_a_file_and_the_same_file_again_changes_nothing(desk: Desk) -> None:
    account = make_account(desk.database)
    file = desk.write("traders.csv", TWO)

    first = desk.as_user(account, "import", file)
    changed_at = desk.database.one("select max(t.updated_at) from public.traders as t")
    second = desk.as_user(account, "import", file)

    assert (first.returncode, first.stderr) == (0, "")
    assert f"2 imported, 0 there already, no problems; account {account}" in first.stdout
    assert second.returncode == 0
    assert f"0 imported, 2 there already, no problems; account {account}" in second.stdout
    assert desk.traders(account) == BOTH
    assert desk.database.one("select max(t.updated_at) from public.traders as t") == changed_at


def test_the_operator_imports_into_a_named_account_that_is_a_shadow(desk: Desk) -> None:
    account, other = make_account(desk.database), make_account(desk.database)
    desk.database.run("update public.accounts set shadow = true where id = %s", [account])
    entries = {"traders": [{"key": "a", "name": "Dip", "filter": "close > open"}]}
    file = desk.write("traders.json", json.dumps(entries))

    done = desk.as_operator(account, "import", file)

    assert done.returncode == 0, done.stderr
    assert "1 imported, 0 there already" in done.stdout
    assert done.stdout.endswith(f"account {account} as a shadow: its signals are marked\n")
    assert desk.traders(account) == [("a", "Dip", "5m", True)]
    assert desk.traders(other) == []


def test_what_a_trader_catches_up_is_imported_and_told_when_it_differs(desk: Desk) -> None:
    account = make_account(desk.database)
    file = desk.write("traders.csv", "name,filter,catch_up\nMost,close > 1,48\nNone,close > 2,\n")

    desk.as_user(account, "import", file)
    imported = desk.database.rows("select t.name, t.catch_up_candles from public.traders as t")
    desk.database.run("update public.traders set catch_up_candles = 1 where name = 'Most'")
    again = desk.as_user(account, "import", file)

    assert sorted(imported) == [("Most", 48), ("None", 0)]
    assert "Most  5m  there, and left as it is: other catch_up_candles" in again.stdout


def test_a_dry_run_shows_everything_and_changes_nothing(desk: Desk) -> None:
    account = make_account(desk.database)
    make_trader(desk.database, account=account, name="own")
    desk.as_user(account, "import", desk.write("traders.csv", TWO.replace("b,Green", "c,Green")))
    desk.database.run("update public.traders set name = 'Deep dip' where external_key = 'a'")
    before = desk.traders(account)

    done = desk.as_user(account, "import", desk.write("traders.csv", TWO), "--dry-run")

    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "line 2     Dip  1h  there, and left as it is: other name",
        "line 3     Green  5m  new",
        f"1 would be imported, 1 there already, no problems; account {account}",
    ]
    assert desk.traders(account) == before


def test_nothing_is_imported_when_a_line_is_refused_unless_it_may_be_left_out(desk: Desk) -> None:
    account = make_account(desk.database)
    file = desk.write("traders.csv", f"{TWO}c,Wrong,close >,5m,yes\n")

    whole = desk.as_user(account, "import", file)
    none = desk.traders(account)
    partly = desk.as_user(account, "import", file, "--partial")

    assert whole.returncode == partly.returncode == 2
    assert whole.stderr.startswith("refused    line 4, filter: line 1, column ")
    assert "nothing was imported: correct the file" in whole.stderr
    assert none == []
    assert "2 imported, 0 there already, 1 problem;" in partly.stdout
    assert desk.traders(account) == BOTH


def test_nothing_is_imported_when_the_tier_has_no_room_for_all(desk: Desk) -> None:
    account = make_account(desk.database, tier="free")
    rows = "".join(f"k{n},T{n},close > {n}\n" for n in range(6))

    done = desk.as_user(account, "import", desk.write("traders.csv", f"key,name,filter\n{rows}"))

    assert done.returncode == 1
    assert "the API refuses it:" in done.stderr
    assert done.stderr.rstrip().endswith("; nothing was imported")
    assert desk.traders(account) == []


def test_a_file_of_several_requests_is_imported_whole_or_not_at_all(desk: Desk) -> None:
    account = make_account(desk.database)
    desk.database.run("update public.tiers set traders_limit = 39 where name = 'elite'")
    long = " and ".join(["close > open"] * 90)
    rows = "".join(f"k{n},T{n},{long},no\n" for n in range(80))
    file = desk.write("traders.csv", f"key,name,filter,enabled\n{rows}")

    refused = desk.as_user(account, "import", file)
    left = len(desk.traders(account))
    audited = desk.database.one(
        "select count(*) from candlewatch.audit_log as l where l.verb = 'delete'"
    )
    desk.database.run("update public.tiers set traders_limit = 80 where name = 'elite'")
    done = desk.as_user(account, "import", file)

    assert refused.returncode == 1
    assert refused.stderr.rstrip().endswith("; nothing was imported")
    assert left == 0
    assert audited > 0
    assert "80 imported, 0 there already" in done.stdout, done.stderr


def test_symbols_that_the_exchange_does_not_list_are_named(desk: Desk) -> None:
    account = make_account(desk.database)
    desk.database.run(
        'select worker.store_symbols(\'[{"symbol": "BTCUSDT", "base_asset": "BTC", '
        '"quote_asset": "USDT", "trading": true, "quote_volume": 1}]\')'
    )
    file = desk.write("traders.csv", "name,filter,symbols\nA,close > 1,BTCUSDT GONEUSDT\n")

    done = desk.as_user(account, "import", file, "--dry-run")

    assert done.stdout.splitlines()[1].strip() == "silent on GONEUSDT until the exchange lists it"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "whose account? Set CANDLEWATCH_TOKEN to the user's token"),
        (("--account", "me"), "--account is an account's id (a UUID), got 'me'"),
        (("--account", str(uuid4())), "SUPABASE_SECRET_KEY is not set: it opens the account"),
    ],
)
def test_what_opens_the_account_is_asked_for_by_name(
    desk: Desk, arguments: tuple[str, ...], sentence: str
) -> None:
    done = desk._run({}, "import", desk.write("traders.csv", TWO), *arguments)

    assert done.returncode == 1
    assert sentence in done.stderr


def test_an_account_that_is_not_there_is_refused_before_anything_is_done(desk: Desk) -> None:
    missing = uuid4()

    done = desk.as_operator(missing, "import", desk.write("traders.csv", TWO))

    assert done.returncode == 1
    assert f"there is no account {missing}" in done.stderr


class _Breaking(Account):
    """Fails at its second request as it is told; what is asked after that goes through."""

    def __init__(self, good: Account, problem: Exception) -> None:
        super().__init__(good.client, good.number)
        self.__dict__["problem"] = problem

    def add_traders(self, rows: Sequence[dict[str, Any]]) -> list[str]:
        """Create traders, once."""
        if self.traders():
            raise self.__dict__["problem"]
        return super().add_traders(rows)


@pytest.fixture
def account(desk: Desk) -> Iterator[Account]:
    """Open an account for the operator."""
    secret = desk.rest.credentials.secret_key
    with open_account(desk.url, secret, secret, str(make_account(desk.database))) as opened:
        yield opened


def wishes(count: int) -> list[tuple[str, Wish]]:
    """Return wishes that need several requests."""
    wish = Wish(
        name="T",
        filter=" and ".join(["close > open"] * 200),
        timeframe="5m",
        universe={},
        enabled=False,
        emit="on_entry",
        cooldown_candles=0,
        catch_up_candles=0,
        external_key="k",
    )
    return [("here", replace(wish, external_key=f"k{number}")) for number in range(count)]


def test_what_was_made_before_a_refusal_is_removed(account: Account) -> None:
    breaking = _Breaking(account, RequestRefused("no"))

    with pytest.raises(SetupError, match="no; nothing was imported"):
        carry_out(breaking, plan_import(breaking, wishes(60)))

    assert account.traders() == []


def test_a_lost_answer_is_told_and_the_same_import_goes_on_from_there(account: Account) -> None:
    breaking = _Breaking(account, DatabaseUnavailable("no answer"))
    with pytest.raises(SetupError, match=r"no answer after \d+ of 60 traders: import the same"):
        carry_out(breaking, plan_import(breaking, wishes(60)))
    made = len(account.traders())

    rest = carry_out(account, plan_import(account, wishes(60)))

    assert 0 < made < 60
    assert made + rest == len(account.traders()) == 60


def test_an_import_waits_as_long_as_it_is_told_when_it_calls_too_often(desk: Desk) -> None:
    user = str(make_account(desk.database))
    waited: list[float] = []

    def refill(seconds: float) -> None:
        waited.append(seconds)
        desk.database.run("update candlewatch.call_buckets set calls_left = 10")

    token = desk.rest.token("authenticated", sub=user, aud="authenticated", exp=4_000_000_000)
    first, second = (wish.row() for _, wish in wishes(2))
    with open_account(desk.url, desk.rest.credentials.publishable_key, token) as opened:
        account = Account(opened.client, pause=refill)
        account.add_traders([first])
        desk.database.run(
            "update candlewatch.call_buckets set calls_left = 0, filled_at = now() + interval '1 h'"
        )

        account.add_traders([second])

        assert len(account.traders()) == 2
    assert len(waited) == 1
    assert waited[0] >= 1
