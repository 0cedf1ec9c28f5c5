"""The worker functions: one method per SQL function of the schema `worker`, bearing its name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from candlewatch.database.connection import Connection, open_connection

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    Json = dict[str, Any]


@dataclass(frozen=True)
class Database:
    """The database as a function sees it; errors are those of `Connection.call`.

    What each function guarantees stands above it in `sql/20_functions/`.
    """

    connection: Connection

    @classmethod
    def at(cls, rest_url: str, api_key: str, token: str) -> Database:
        """Return the database behind an address of PostgREST: publishable key, worker's token."""
        return cls(open_connection(rest_url, api_key, token))

    def close(self) -> None:
        """Give the pooled connections back."""
        self.connection.close()

    def _call(self, function: str, /, **arguments: object) -> Any:
        return self.connection.call(
            function, {f"p_{name}": value for name, value in arguments.items()}
        )

    def claim_batch(
        self, token: UUID, worker: str, limit: int, cost_limit: float, lease_seconds: float
    ) -> Json:
        """Lease jobs to a token that the caller made; the same token gives the same batch."""
        answer: Json = self._call(
            "claim_batch",
            token=str(token),
            worker=worker,
            limit=limit,
            cost_limit=cost_limit,
            lease_seconds=lease_seconds,
        )
        return answer

    def extend_lease(self, token: UUID, lease_seconds: float) -> Json:
        """Move the end of a live lease to so many seconds from now."""
        answer: Json = self._call("extend_lease", token=str(token), lease_seconds=lease_seconds)
        return answer

    def complete_batch(self, token: UUID, results: Mapping[str, Any]) -> Json:
        """End jobs with their results: `done`, `already`, or `fenced` for a stale token."""
        answer: Json = self._call("complete_batch", token=str(token), results=results)
        return answer

    def release_batch(self, token: UUID) -> Json:
        """Hand unfinished jobs back; the attempt is not counted."""
        answer: Json = self._call("release_batch", token=str(token))
        return answer

    def enqueue_ready(self, limit: int) -> Json:
        """Turn waiting slots into jobs; `slots` tells how many."""
        answer: Json = self._call("enqueue_ready", limit=limit)
        return answer

    def load_filters(self, ids: Sequence[int]) -> list[Json]:
        """Return id, source and timeframe of filters."""
        answer: list[Json] = self._call("load_filters", ids=list(ids))
        return answer

    def load_watch(self, token: UUID) -> list[Json]:
        """Return, per dispatch and filter of a batch, where a match would be reported."""
        answer: list[Json] = self._call("load_watch", token=str(token))
        return answer

    def load_symbols(self) -> Json:
        """Return the symbols by position, and the list's revision."""
        answer: Json = self._call("load_symbols")
        return answer

    def load_frames(self, timeframe: str, since: datetime, until: datetime) -> bytes:
        """Return the stream of frames with open times from `since` to `until`, both included."""
        return self.connection.call_binary(
            "load_frames",
            {"p_timeframe": timeframe, "p_from": since.isoformat(), "p_to": until.isoformat()},
        )

    def claim_tasks(
        self, token: UUID, worker: str, kind: str, limit: int, lease_seconds: float
    ) -> Json:
        """Lease tasks of one kind."""
        answer: Json = self._call(
            "claim_tasks",
            token=str(token),
            worker=worker,
            kind=kind,
            limit=limit,
            lease_seconds=lease_seconds,
        )
        return answer

    def complete_task(self, token: UUID, task: int, result: Mapping[str, Any]) -> Json:
        """End a task."""
        answer: Json = self._call("complete_task", token=str(token), task=task, result=result)
        return answer

    def fail_task(self, token: UUID, task: int, reason: str, retry_seconds: float | None) -> Json:
        """Give a task back with a reason, to be tried again after so many seconds."""
        answer: Json = self._call(
            "fail_task", token=str(token), task=task, reason=reason, retry_seconds=retry_seconds
        )
        return answer

    def complete_check(self, token: UUID, task: int, result: Mapping[str, Any]) -> Json:
        """Record what a filter needs, or what is wrong with it."""
        answer: Json = self._call("complete_check", token=str(token), task=task, result=result)
        return answer

    def publish_frames(
        self, token: UUID, task: int, closes_at: datetime, frames: Sequence[Mapping[str, Any]]
    ) -> Json:
        """Store all frames that close at one instant, dispatch them, and end the task."""
        answer: Json = self._call(
            "publish_frames",
            token=str(token),
            task=task,
            closes_at=closes_at.isoformat(),
            frames=list(frames),
        )
        return answer

    def store_frames(self, timeframe: str, frames: Sequence[Mapping[str, Any]]) -> Json:
        """Store history or repairs; never dispatches."""
        answer: Json = self._call("store_frames", timeframe=timeframe, frames=list(frames))
        return answer

    def mark_absent(self, timeframe: str, open_times: Sequence[datetime]) -> Json:
        """Mark the unknown candles of frames as absent at the exchange."""
        times = [moment.isoformat() for moment in open_times]
        answer: Json = self._call("mark_absent", timeframe=timeframe, open_times=times)
        return answer

    def store_symbols(self, symbols: Sequence[Mapping[str, Any]]) -> Json:
        """Store what the exchange lists; a position is given once."""
        answer: Json = self._call("store_symbols", symbols=list(symbols))
        return answer

    def history(self, timeframes: Sequence[str]) -> Json:
        """Return oldest, newest and missing frames by timeframe."""
        answer: Json = self._call("history", timeframes=list(timeframes))
        return answer

    def reserve_weight(
        self,
        source: str,
        weights: Sequence[int],
        used: int | None,
        used_at: datetime | None,
        *,
        history: bool,
    ) -> Json:
        """Ask for the weights of calls to a source of market data."""
        answer: Json = self._call(
            "reserve_weight",
            source=source,
            weights=list(weights),
            history=history,
            used=used,
            used_at=used_at.isoformat() if used_at else None,
        )
        return answer

    def report_exchange(self, source: str, state: str, until: datetime | None, note: str) -> Json:
        """Close a source for all functions until a time, or open it again."""
        answer: Json = self._call(
            "report_exchange",
            source=source,
            state=state,
            until=until.isoformat() if until else None,
            note=note,
        )
        return answer

    def start_run(self, function: str, worker: str, *, cold: bool) -> int:
        """Write down that a function runs; return the run's number."""
        answer: Json = self._call("start_run", function=function, worker=worker, cold=cold)
        return int(answer["run"])

    def end_run(self, run: int, outcome: str, counts: Mapping[str, int]) -> None:
        """Write down how a run ended."""
        self._call("end_run", run=run, outcome=outcome, counts=counts)

    def metrics(self) -> list[Json]:
        """Return every figure of the system: name, labels and value."""
        answer: list[Json] = self._call("metrics")
        return answer
