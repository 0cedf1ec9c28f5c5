"""A fixed conversation of functions with the database, in which every worker function answers.

The requests are those that functions of the last release send. It changes only with a release.
"""

from __future__ import annotations

import base64
import struct
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import httpx
from tests.fixtures.clock import set_clock
from tests.fixtures.factories import make_account, make_trader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from tests.fixtures.database import Database
    from tests.fixtures.rest import Rest

Answer = tuple[str, Any]

START: Final = datetime(2026, 1, 5, 12, tzinfo=UTC)
LENGTH: Final = timedelta(minutes=5)
SYMBOLS: Final = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT")


class Talk:
    """Asks the database as functions do and remembers what was answered."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest
        self.answers: list[Answer] = []

    def ask(self, function: str, /, **arguments: Any) -> Any:
        """Call a function; arguments without their `p_`."""
        given = {f"p_{name}": value for name, value in arguments.items()}
        answer = self._call(function, given)
        self.answers.append((function, answer))
        return answer

    def _call(self, function: str, arguments: dict[str, Any]) -> Any:
        is_binary = function == "load_frames"
        response = httpx.post(
            f"{self._rest.url}/rpc/{function}",
            json=arguments,
            headers={
                "Authorization": f"Bearer {self._rest.token('candlewatch_worker')}",
                "Content-Profile": "worker",
                "Accept": "application/octet-stream" if is_binary else "application/json",
            },
        )
        assert response.is_success, (function, response.text)
        return response.content if is_binary else response.json()


def hold_conversation(database: Database, rest: Rest, chance: Random) -> Iterator[Answer]:
    """Hold the conversation on an empty database; return each answer with its function's name."""
    talk = Talk(rest)
    set_clock(database, "market_now", "stable", START)
    talk.ask("store_symbols", symbols=[_listing(name) for name in SYMBOLS])
    talk.ask("load_symbols")
    run = talk.ask("start_run", function="evaluate", worker="previous", cold=True)["run"]
    _speak_of_filters(talk, database)
    _speak_of_the_market(talk, database, chance)
    _speak_of_slots(talk)
    talk.ask("end_run", run=run, outcome="done", counts={"cost": 7, "done": 3})
    talk.ask("end_run", run=run, outcome="done", counts={})
    yield from talk.answers


def _speak_of_filters(talk: Talk, database: Database) -> None:
    account = make_account(database)
    for text in ("close > 100", "close < 100", "close >"):
        make_trader(database, account=account, filter=text)
    token = str(uuid4())
    tasks = _claim(talk, token, "check", 3)
    needs = {"ok": True, "needs": {"5m": 1}, "lookback": 0, "cost": 1.5, "symbols": [], "names": []}
    problem = {"line": 1, "column": 8, "rule": "syntax", "message": "it ends too early", "hint": ""}
    talk.ask("complete_check", token=token, task=tasks[0], result=needs)
    talk.ask("complete_check", token=token, task=tasks[1], result=needs)
    talk.ask("fail_task", token=token, task=tasks[2], reason="interrupted", retry_seconds=0)
    token = str(uuid4())
    (again,) = _claim(talk, token, "check", 3)
    refused = {"ok": False, "problems": [problem]}
    talk.ask("complete_check", token=token, task=again, result=refused)
    talk.ask("complete_check", token=token, task=again, result=refused)
    talk.ask("fail_task", token=str(uuid4()), task=again, reason="stale", retry_seconds=None)


def _speak_of_the_market(talk: Talk, database: Database, chance: Random) -> None:
    history = [{"open_time": _time(-number), "values": _packed(chance)} for number in range(1, 4)]
    talk.ask("store_frames", timeframe="5m", frames=history)
    talk.ask("history", timeframes=["5m", "1h"])
    talk.ask("reserve_weight", source="https://exchange.example", weights=[2], used=10)
    talk.ask("reserve_weight", source="https://exchange.example", weights=[10**6], used=None)
    talk.ask(
        "report_exchange",
        source="https://exchange.example",
        state="throttled",
        until=_time(1),
        note="429",
    )
    database.run("select candlewatch.plan_universe()")
    token = str(uuid4())
    (universe,) = _claim(talk, token, "universe", 1)
    talk.ask("complete_task", token=token, task=universe, result={"symbols": len(SYMBOLS)})
    talk.ask("complete_task", token=str(uuid4()), task=universe, result={})
    set_clock(database, "market_now", "stable", START + LENGTH)
    database.run("select candlewatch.plan_ingest()")
    token = str(uuid4())
    (ingest,) = _claim(talk, token, "ingest", 1)
    frame = {"timeframe": "5m", "open_time": _time(0), "values": _packed(chance)}
    for _ in range(2):
        talk.ask("publish_frames", token=token, task=ingest, closes_at=_time(1), frames=[frame])
    talk.ask("load_frames", timeframe="5m", **{"from": _time(-3), "to": _time(0)})


def _speak_of_slots(talk: Talk) -> None:
    talk.ask("enqueue_ready", limit=100)
    token = str(uuid4())
    _claim_slots(talk, token)
    talk.ask("extend_lease", token=token, lease_seconds=30)
    talk.ask("release_batch", token=token)
    talk.ask("release_batch", token=token)
    token = str(uuid4())
    batch = _claim_slots(talk, token)
    talk.ask("load_filters", ids=sorted({f for job in batch["jobs"] for f in job["filters"]}))
    results = {
        "jobs": [job["id"] for job in batch["jobs"]],
        "filters": [
            {
                "dispatch": job["dispatch"],
                "filter": number,
                "true": "1000",
                "unknown": "0100",
                "values": {"0": {"close": 101.5}},
            }
            for job in batch["jobs"]
            for number in job["filters"]
        ],
        "failed": [],
    }
    for holder in (token, token, str(uuid4())):
        talk.ask("complete_batch", token=holder, results=results)
    talk.ask("extend_lease", token=token, lease_seconds=30)
    _claim_slots(talk, str(uuid4()))


def _claim(talk: Talk, token: str, kind: str, limit: int) -> list[int]:
    answer = talk.ask(
        "claim_tasks", token=token, worker="previous", kind=kind, limit=limit, lease_seconds=30
    )
    return [task["id"] for task in answer["tasks"]]


def _claim_slots(talk: Talk, token: str) -> dict[str, Any]:
    batch: dict[str, Any] = talk.ask(
        "claim_batch",
        token=token,
        worker="previous",
        limit=500,
        cost_limit=20000,
        lease_seconds=20,
    )
    return batch


def _listing(name: str) -> dict[str, Any]:
    return {
        "symbol": name,
        "base_asset": name.removesuffix("USDT"),
        "quote_asset": "USDT",
        "trading": True,
        "quote_volume": 1000.0,
    }


def _packed(chance: Random) -> str:
    values = [round(100 + chance.random(), 2) for _ in range(6 * len(SYMBOLS))]
    return base64.b64encode(struct.pack(f">{len(values)}d", *values)).decode()


def _time(candles: int) -> str:
    return (START + candles * LENGTH).isoformat()
