"""From another system to this one and back, account by account: no signal is lost, none is doubled.

The other system is played by the judge of the storms, which computes from the candles alone what
every trader must signal, and never stops.
"""

from __future__ import annotations

import csv
import io
import json
import random
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from tests.chaos.judge import signals_of
from tests.chaos.scene import FILTERS, LENGTH, START, SYMBOLS, Order, Scene, list_symbols
from tests.fixtures.clock import set_clock
from tests.fixtures.factories import make_account

from candlewatch.database import Database as Worker
from candlewatch.runs.check import run_check
from candlewatch.runs.deadline import Deadline
from candlewatch.runs.evaluate import run_evaluate
from candlewatch.runs.evaluator import Evaluator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.moving.stage import Desk


class Move:
    """An account that moves: its traders come from a file, its signals are compared."""

    def __init__(self, desk: Desk, worker: Worker) -> None:
        self.desk = desk
        self.account = make_account(desk.database)
        set_clock(desk.database, "market_now", "stable", START)
        list_symbols(worker)
        self.scene = Scene(desk.database, desk.rest, worker, [], [], random.Random(7))
        self.evaluator = Evaluator(worker)

    def import_all(self) -> None:
        """Import a trader for each filter that the other system can judge."""
        text = io.StringIO()
        rows = csv.writer(text)
        rows.writerow(["id", "name", "condition", "interval"])
        rows.writerows([f"old-{n}", f"Trader {n}", f, "5"] for n, f in enumerate(FILTERS))
        done = self.desk.as_operator(
            self.account, "import", self.desk.write("traders.csv", text.getvalue())
        )
        assert done.returncode == 0, done.stderr
        everywhere = tuple(range(len(SYMBOLS)))
        self.scene.orders += [
            Order(trader, text, everywhere)
            for trader, text in self.desk.database.rows(
                "select t.id, t.filter from public.traders as t order by t.external_key"
            )
        ]
        run_check(self.scene.worker, "test", Deadline.in_seconds(60))

    def switch(self, *, shadow: bool) -> None:
        """Switch the account: the operator's one statement."""
        self.desk.database.run(
            "update public.accounts set shadow = %s where id = %s", [shadow, self.account]
        )

    def trade(self, candles: int) -> None:
        """Let candles close and be evaluated."""
        for _ in range(candles):
            self.scene.publish()
            run_evaluate(self.evaluator, "test", Deadline.in_seconds(60))

    def theirs(self) -> list[dict[str, str]]:
        """Return all signals of the other system."""
        keys = dict(self.desk.database.rows("select t.id, t.external_key from public.traders as t"))
        every = set().union(*(signals_of(o, self.scene.frames) for o in self.scene.orders))
        return [
            {"trader": keys[trader], "symbol": symbol, "time": at.isoformat()}
            for trader, symbol, at in sorted(every, key=str)
        ]

    def compare(self, signals: list[dict[str, str]], *arguments: str) -> tuple[int, dict[str, Any]]:
        """Compare a file of signals with ours; return the exit code and what was printed."""
        file = self.desk.write("signals.json", json.dumps({"signals": signals}))
        done = self.desk.as_operator(self.account, "compare", file, "--json", *arguments)
        assert done.stderr == ""
        return done.returncode, json.loads(done.stdout)

    def live(self) -> list[tuple[str, str, str]]:
        """Return what a reader of the live feed has got: trader, symbol, candle."""
        told: dict[str, Any] = self.desk.rest.call(
            "authenticated",
            "signals_since",
            {"p_limit": 1000},
            sub=str(self.account),
            aud="authenticated",
            exp=4_000_000_000,
        ).json()
        return [(s["trader_id"], s["symbol"], s["candle_at"]) for s in told["signals"]]

    def marks(self) -> list[tuple[int, bool]]:
        """Return candle by number and mark of all signals, each pair once."""
        return [
            ((at - START) // LENGTH, shadow)
            for at, shadow in self.desk.database.rows(
                "select distinct s.candle_at, s.shadow from public.signals as s order by 1"
            )
        ]


@pytest.fixture
def move(desk: Desk) -> Iterator[Move]:
    """Give an account that is about to move."""
    with closing(Worker.at(desk.rest.url, "", desk.rest.token("candlewatch_worker"))) as worker:
        yield Move(desk, worker)


def test_an_account_goes_there_and_back_without_losing_or_doubling_a_signal(move: Move) -> None:
    move.switch(shadow=True)
    move.import_all()
    move.trade(6)
    beside, compared = move.compare(move.theirs())
    in_shadow = move.live()

    move.switch(shadow=False)
    move.trade(6)
    switched = move.live()

    move.switch(shadow=True)
    move.trade(6)
    back = move.live()

    assert (beside, compared["missing"], compared["extra"]) == (0, [], [])
    assert sum(compared["both"].values()) > 50
    assert in_shadow == []
    assert len(switched) == len(set(switched)) > 20
    assert back == switched
    assert {mark for candle, mark in move.marks() if 6 <= candle < 12} == {False}
    assert {mark for candle, mark in move.marks() if not 6 <= candle < 12} == {True}
    code, whole = move.compare(move.theirs())
    assert (code, whole["missing"], whole["extra"]) == (0, [], [])


def test_each_account_is_switched_by_itself(move: Move, desk: Desk) -> None:
    other = make_account(desk.database)
    move.switch(shadow=True)
    move.import_all()

    done = desk.as_operator(other, "import", desk.folder / "traders.csv")
    run_check(move.scene.worker, "test", Deadline.in_seconds(60))
    move.trade(2)

    assert done.returncode == 0
    marks = desk.database.rows(
        "select s.account_id, bool_and(s.shadow), bool_or(s.shadow), count(*) > 0 "
        "from public.signals as s group by 1"
    )
    assert sorted(marks) == sorted([(move.account, True, True, True), (other, False, False, True)])


def test_what_is_missing_or_extra_on_either_side_is_named(move: Move) -> None:
    move.import_all()
    move.trade(3)
    theirs = move.theirs()
    (gone, *kept), invented = theirs, {**theirs[-1], "symbol": "XUSDT"}

    code, told = move.compare([*kept, invented])

    assert code == 1
    assert [(s["trader"], s["symbol"], s["candle_at"]) for s in told["extra"]] == [
        (gone["trader"], gone["symbol"], gone["time"])
    ]
    assert [(s["symbol"], s["timeframe"]) for s in told["missing"]] == [("XUSDT", "5m")]
    assert sum(told["both"].values()) == len(kept)


def test_times_after_the_close_name_the_candle_that_closed_last(move: Move) -> None:
    move.import_all()
    move.trade(2)
    fired = [
        {**signal, "time": signal["time"].replace(":00+00:00", ":03Z")}
        for signal in later(move.theirs())
    ]

    code, told = move.compare(fired, "--times", "close")

    assert (code, told["missing"], told["extra"]) == (0, [], [])


def test_a_period_leaves_out_what_lies_outside(move: Move) -> None:
    move.import_all()
    move.trade(3)
    second = (START + LENGTH).isoformat()
    theirs = [signal for signal in move.theirs() if signal["time"] == second]

    code, told = move.compare(theirs, "--since", second, "--until", second)
    whole, _ = move.compare(theirs, "--since", START.isoformat())

    assert code == 0
    assert sum(told["both"].values()) == len(theirs) > 0
    assert whole == 1


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("nobody,BTCUSDT,2026-01-05T12:00Z", "the account has no trader 'nobody'"),
        ("old-1,BTCUSDT,2026-01-05T12:01Z", "is no open time of a 5m candle"),
        ("old-1,BTCUSDT,yesterday", "'yesterday' is no time such as 2026-01-31T12:05:00Z"),
        ("old-1,BTC.P,2026-01-05T12:00Z", "'BTC.P' is no symbol of the spot market"),
        ("old-1,,2026-01-05T12:00Z", "line 2, symbol: a signal needs one; write it"),
        ("twin,BTCUSDT,2026-01-05T12:00Z", "'twin' is the name of 2 traders"),
    ],
)
def test_a_line_that_is_no_signal_is_refused_with_a_sentence(
    move: Move, tmp_path: Path, line: str, sentence: str
) -> None:
    move.import_all()
    move.desk.database.run(
        "insert into public.traders (account_id, name, filter) "
        "select %s, 'twin', 'close > 1' from generate_series(1, 2)",
        [move.account],
    )
    file = tmp_path / "signals.csv"
    file.write_text(f"trader,symbol,candle\n{line}\n")

    done = move.desk.as_operator(move.account, "compare", file)

    assert done.returncode == 2
    assert done.stderr.startswith("refused    line 2, ")
    assert sentence in done.stderr


def test_people_read_the_differences_as_lines(move: Move) -> None:
    move.import_all()
    move.trade(2)
    theirs = move.theirs()
    file = move.desk.write("signals.json", json.dumps(theirs[30:]))

    done = move.desk.as_operator(move.account, "compare", file, "--since", START.isoformat())

    lines = done.stdout.splitlines()
    assert done.returncode == 1
    assert lines[0].startswith("extra    2026-01-05 12:00  5m  COIN")
    assert lines[20] == "extra    and 10 more: --json lists all"
    assert lines[21].startswith(f"{len(theirs) - 30} on both sides, 0 missing here, 30 extra here;")


def later(signals: list[dict[str, str]]) -> list[dict[str, str]]:
    """Return signals whose time is that of the candle's close."""
    return [
        {**s, "time": (datetime.fromisoformat(s["time"]) + LENGTH).isoformat()} for s in signals
    ]
