"""Show a running system: the backfill as it proceeds, then each cycle and each signal.

On a terminal the backfill is a moving bar; elsewhere it is a line at every tenth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from candlewatch.cli.signal_rows import SignalRow, signals_after
from candlewatch.wording import counted

if TYPE_CHECKING:
    from datetime import datetime
    from types import TracebackType
    from typing import Self

    import psycopg

    from candlewatch.local import loading

_CYCLES: Final = """
select dispatch.id, dispatch.timeframe, dispatch.candle_at, dispatch.due_count,
  dispatch.signal_count
from monitor.dispatches as dispatch
where dispatch.kind = 'scheduled' and dispatch.id > %s and dispatch.enqueued_at is not null
  and dispatch.due_count = dispatch.done_count + dispatch.skipped_count + dispatch.failed_count
    + dispatch.expired_count
order by dispatch.id
"""
_COMPLETE: Final = """
select count(*) > 0 and bool_and(
  dispatch.enqueued_at is not null
  and dispatch.due_count = dispatch.done_count + dispatch.skipped_count + dispatch.failed_count
    + dispatch.expired_count
)
from monitor.dispatches as dispatch
where dispatch.kind = 'scheduled' and dispatch.closes_at = %s
"""
_BATCH: Final = 500


class BackfillBar:
    """The progress of the first load."""

    def __init__(self) -> None:
        self._console = Console()
        self._tenth = -1
        self._bar = Progress(
            TextColumn("loading history"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("candles"),
            console=self._console,
            disable=not self._console.is_terminal,
            transient=True,
        )
        self._task = self._bar.add_task("history", total=None)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def show(self, progress: loading.Progress) -> None:
        """Show how far it is."""
        if not progress.total:
            return
        self._bar.update(self._task, completed=progress.done, total=progress.total)
        tenth = 10 * progress.done // progress.total
        if tenth != self._tenth and not self._console.is_terminal:
            total = counted(progress.total, "candle")
            print(f"loading history: {progress.done:,} of {total}", flush=True)
        self._tenth = tenth


class Watcher:
    """Prints what is new since it was made."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._cursor = ("0", 0)
        self._cycle = self._newest_cycle()
        self._new_signals()

    def show_new(self) -> None:
        """Print the signals and the finished cycles that are new."""
        for signal in self._new_signals():
            print("  ".join(signal.cells()), flush=True)
        for id_, timeframe, candle, due, signals in self._rows(_CYCLES, self._cycle):
            self._cycle = max(self._cycle, id_)
            print(
                f"-- {timeframe} candle of {candle:%Y-%m-%d %H:%M} evaluated: "
                f"{counted(due, 'trader')}, {counted(signals, 'signal')}",
                flush=True,
            )

    def is_complete(self, closes_at: datetime) -> bool:
        """Whether every slot of the candles that closed at this instant is accounted for."""
        return bool(self._rows(_COMPLETE, closes_at)[0][0])

    def _new_signals(self) -> list[SignalRow]:
        found: list[SignalRow] = []
        while True:
            batch = signals_after(self._connection, self._cursor, _BATCH)
            if not batch:
                return found
            self._cursor = batch[-1].cursor
            found += batch

    def _newest_cycle(self) -> int:
        return max((int(row[0]) for row in self._rows(_CYCLES, 0)), default=0)

    def _rows(self, query: str, parameter: Any) -> list[tuple[Any, ...]]:
        return self._connection.execute(query.encode(), [parameter]).fetchall()
