"""The first load of a market: symbols, checks and history, before the first candle is evaluated.

1. `plan_universe` and a run of `ingest`: the exchange's symbols
2. a run of `check`: the filters that wait, because the needed timeframes and candles come from them
3. `plan_history` and runs of `ingest`, until there are the candles that the filters need, or all
   that were planned, or nothing has moved for a while

The functions are called directly, since nothing ticks yet. What is not finished here goes on in the
background: the same tasks are worked off by the first ticks.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, LiteralString

import httpx

from candlewatch.local.calls import call_function

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

    from candlewatch.local.stack import Stack

_POLL_SECONDS: Final = 0.1
_IDLE_SECONDS: Final = 20.0
"""Without progress for so long, the load goes on in the background."""

_PAUSE_SECONDS: Final = 0.5
"""Between two calls: what was put off is not asked for in a tight loop."""

_OPEN: Final = """
select count(*) from candlewatch.tasks as task
where task.kind = %s and task.state in ('ready', 'leased')
"""
_OPEN_NEEDED: Final = """
select count(*) from candlewatch.tasks as task
join candlewatch.needed_timeframes() as needed on needed.timeframe = task.payload ->> 'timeframe'
where task.kind = %s and task.state in ('ready', 'leased')
  and (task.payload ->> 'to')::timestamptz >= candlewatch.market_now()
    - (needed.candles + 1) * candlewatch.candle_length(needed.timeframe)
"""
_PROGRESS: Final = """
select
  coalesce(sum(task.candles) filter (where task.state = 'done'), 0)::int,
  coalesce(sum(task.candles), 0)::int
from (
  select open.state, extract(epoch from
    (open.payload ->> 'to')::timestamptz - (open.payload ->> 'from')::timestamptz
  ) / extract(epoch from candlewatch.candle_length(open.payload ->> 'timeframe')) + 1 as candles
  from candlewatch.tasks as open
  where open.kind = 'backfill'
) as task
"""


@dataclass(frozen=True)
class Progress:
    """How far the backfill is, in candles of all timeframes."""

    done: int
    total: int


class Load:
    """Loads the market of a stack whose clock stands still.

    Args:
        stack: a started stack.
        connection: to its database, as `postgres`.
        report: is told of progress whenever it changed.
        whole: wait for the whole history, not just for what the filters need now.
    """

    def __init__(
        self,
        stack: Stack,
        connection: psycopg.Connection,
        report: Callable[[Progress], None],
        *,
        whole: bool,
    ) -> None:
        self._stack = stack
        self._connection = connection
        self._report = report
        self._history = _OPEN if whole else _OPEN_NEEDED

    def run(self) -> bool:
        """Load; return whether everything that was waited for is there."""
        self._connection.execute("select candlewatch.plan_universe()")
        if not self._work_off("ingest", "universe", _OPEN):
            return False
        self._work_off("check", "check", _OPEN)
        # Nothing is ready for it yet: it imports what it needs while the history is fetched.
        threading.Thread(target=self._call, args=["evaluate"], daemon=True).start()
        self._connection.execute("select candlewatch.plan_history()")
        return self._work_off("ingest", "backfill", self._history)

    def _work_off(self, function: str, kind: str, query: LiteralString) -> bool:
        """Call a function until the query finds no open task; return False when nothing moves."""
        moved_at, last = time.monotonic(), -1
        call: threading.Thread | None = None
        while left := self._open(kind, query):
            self._report(self._progress())
            if left != last:
                moved_at, last = time.monotonic(), left
            if time.monotonic() - moved_at > _IDLE_SECONDS:
                return False
            if call is None or not call.is_alive():
                call = threading.Thread(target=self._call, args=[function], daemon=True)
                call.start()
            call.join(_POLL_SECONDS)
        self._report(self._progress())
        return True

    def _call(self, function: str) -> None:
        body = json.dumps({"function": function})
        secret = self._stack.credentials.wake_secret
        # Whatever went wrong: the tasks are still there, and the next call tries again.
        with contextlib.suppress(httpx.HTTPError):
            call_function(self._stack.url, secret, function, body)
        time.sleep(_PAUSE_SECONDS)

    def _open(self, kind: str, query: LiteralString) -> int:
        row = self._connection.execute(query, [kind]).fetchone()
        return int(row[0]) if row else 0

    def _progress(self) -> Progress:
        row = self._connection.execute(_PROGRESS).fetchone()
        return Progress(*row) if row else Progress(0, 0)
