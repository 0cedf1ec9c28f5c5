"""What an operator types works or is answered with a sentence; facts are not edited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from psycopg.types.json import Jsonb
from tests.fixtures.factories import make_account, make_trader
from tests.sql.checks import refused

if TYPE_CHECKING:
    from tests.fixtures.database import Database


@pytest.fixture
def database(undone: Database) -> Database:
    """Use the module's database, and undo what the test did."""
    return undone


WRONG: list[tuple[str, Any, str]] = [
    ("name", "", "a name has 1 to 100 characters, got 0"),
    ("name", "n" * 101, "a name has 1 to 100 characters, got 101"),
    ("name", None, "a name has 1 to 100 characters"),
    ("filter", " \n", "a filter is a condition such as rsi(close, 14) < 30"),
    ("filter", "x" * 4001, "a filter has at most 4000 characters, got 4001"),
    ("filter", None, "a filter is a condition"),
    ("timeframe", "7m", "timeframe is one of 1m, 5m, 15m, 30m, 1h, 4h, 1d, 1w, got 7m"),
    ("timeframe", None, "timeframe is one of"),
    ("emit", "always", "emit is on_entry or every_candle, got always"),
    ("cooldown_candles", -1, "cooldown_candles is 0 to 1000, got -1"),
    ("cooldown_candles", 1001, "cooldown_candles is 0 to 1000, got 1001"),
    ("catch_up_candles", -1, "catch_up_candles is 0 to 48, got -1"),
    ("catch_up_candles", 49, "catch_up_candles is 0 to 48, got 49"),
    ("enabled", None, "enabled is true or false"),
    ("universe", Jsonb([]), "a universe is an object"),
    ("universe", Jsonb({"coins": []}), "has symbols, top, quote and exclude, not coins"),
    ("universe", Jsonb({"symbols": "BTCUSDT"}), "symbols of a universe is a list of names"),
    ("universe", Jsonb({"symbols": [1]}), "symbols of a universe is a list of names"),
    ("universe", Jsonb({"symbols": []}), "names at least one symbol"),
    ("universe", Jsonb({"exclude": {}}), "exclude of a universe is a list of names"),
    ("universe", Jsonb({"symbols": ["BTCUSDT"], "top": 3}), "either symbols or top, not both"),
    ("universe", Jsonb({"top": 0}), "top of a universe is a whole number"),
    ("universe", Jsonb({"top": 1.5}), "top of a universe is a whole number"),
    ("universe", Jsonb({"top": "5"}), "top of a universe is a whole number"),
    ("universe", Jsonb({"quote": "usdt; drop"}), "quote of a universe is an asset such as USDT"),
]


@pytest.mark.parametrize(("column", "value", "sentence"), WRONG)
def test_a_wrong_value_is_answered_with_a_sentence(
    database: Database, column: str, value: object, sentence: str
) -> None:
    trader = make_trader(database)

    with refused(database, "CW002", sentence):
        database.run(f"update public.traders set {column} = %s where id = %s", [value, trader])


def test_a_row_for_nobody_says_what_to_do(database: Database) -> None:
    database.run("update public.accounts set tier = 'elite' where tier = 'operator'")

    with refused(database, "CW009", "this trader would belong to nobody"):
        database.run("insert into public.traders (name, filter) values ('n', 'close > open')")


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("update public.trader_states set state = 'running'", "written by functions alone"),
        ("update public.trader_states set reason = 'x'", "written by functions alone"),
        ("update public.trader_states set version = 9", "written by functions alone"),
        ("update public.trader_states set filter_id = filter_id", "written by functions alone"),
        ("delete from public.trader_states", "written by functions alone"),
        ("update public.accounts set trader_count = 0", "written by functions alone"),
        ("update public.accounts set running_count = 0", "written by functions alone"),
        ("update public.traders set account_id = gen_random_uuid()", "cannot change its owner"),
        ("update public.traders set id = gen_random_uuid()", "cannot change its owner or id"),
        ("update candlewatch.audit_log set actor = null", "append-only"),
        ("delete from candlewatch.audit_log", "append-only"),
        ("truncate candlewatch.audit_log", "append-only"),
    ],
)
def test_what_functions_write_is_not_edited(database: Database, statement: str, words: str) -> None:
    make_trader(database)

    with refused(database, "CW006", words):
        database.run(statement)


def test_times_are_kept_whatever_is_typed(database: Database) -> None:
    trader = make_trader(database)
    before = database.rows("select t.created_at, t.updated_at from public.traders as t")[0]

    database.run(
        "update public.traders set created_at = '2001-01-01', name = 'x' where id = %s", [trader]
    )

    after = database.rows("select t.created_at, t.updated_at from public.traders as t")[0]
    assert after[0] == before[0]
    assert after[1] > before[1]


def test_a_new_user_has_an_account_of_the_free_tier_and_a_place_in_the_queue(
    database: Database,
) -> None:
    user = make_account(database, tier="free")

    assert database.rows(
        "select a.tier, q.concurrency_limit, q.weight from public.accounts as a "
        "join candlewatch.seats as q on q.account_id = a.id where a.id = %s",
        [user],
    ) == [("free", 2, 1.0)]


def test_changed_figures_of_a_tier_reach_the_queue(database: Database) -> None:
    user = make_account(database, tier="pro")

    database.run("update public.tiers set concurrency_limit = 7, weight = 3 where name = 'pro'")

    assert database.rows(
        "select q.concurrency_limit, q.weight from candlewatch.seats as q where q.account_id = %s",
        [user],
    ) == [(7, 3.0)]


def test_a_wrong_figure_of_a_tier_names_the_rule(database: Database) -> None:
    with pytest.raises(Exception, match="weight_is_between_0_01_and_100"):
        database.run("update public.tiers set weight = 0 where name = 'pro'")
