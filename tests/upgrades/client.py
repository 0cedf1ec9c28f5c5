"""An evaluating function of the last release, as small as it can be, and of nothing but Python.

It shares no code with the project: what it says and understands is the interface of that release.
It stays as it is until the next release, which is then what it must speak; nothing else is a reason
to change it. It knows 5m candles and the filters that it is given as plain functions.
"""

from __future__ import annotations

import json
import struct
import urllib.request
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Candle(NamedTuple):
    """One symbol's candle."""

    open: float
    high: float
    low: float
    close: float
    volume: float


Frame = list["Candle | None"]


@dataclass
class Client:
    """The function.

    Attributes:
        url: PostgREST's address.
        token: JWT of the functions' role.
        truths: what each filter is, by its text.
    """

    url: str
    token: str
    truths: Mapping[str, Any]

    def claim(self, jobs: int, seconds: float) -> dict[str, Any]:
        """Claim some jobs."""
        batch: dict[str, Any] = self._json(
            "claim_batch",
            p_token=str(uuid.uuid4()),
            p_worker="previous",
            p_limit=jobs,
            p_cost_limit=20000,
            p_lease_seconds=seconds,
        )
        return batch

    def enqueue(self) -> int:
        """Turn waiting slots into jobs."""
        slots: int = self._json("enqueue_ready", p_limit=5000)["slots"]
        return slots

    def finish(self, batch: Mapping[str, Any]) -> str:
        """Evaluate what was claimed and complete it; return the outcome."""
        symbols = len(self._json("load_symbols")["symbols"])
        wanted = sorted({number for job in batch["jobs"] for number in job["filters"]})
        loaded = self._json("load_filters", p_ids=wanted)
        truths = {item["id"]: self.truths[item["source"]] for item in loaded}
        results = []
        for dispatch in batch["dispatches"]:
            before, now = self._frames(dispatch["timeframe"], dispatch["candle_at"], symbols)
            filters = {
                number
                for job in batch["jobs"]
                if job["dispatch"] == dispatch["id"]
                for number in job["filters"]
            }
            for number in sorted(filters):
                verdicts = [
                    None if candle is None else truths[number](candle, previous)
                    for candle, previous in zip(now, before, strict=True)
                ]
                results.append(
                    {
                        "dispatch": dispatch["id"],
                        "filter": number,
                        "true": "".join("1" if verdict else "0" for verdict in verdicts),
                        "unknown": "".join("1" if verdict is None else "0" for verdict in verdicts),
                        "values": {},
                    }
                )
        told = self._json(
            "complete_batch",
            p_token=batch["token"],
            p_results={
                "jobs": [job["id"] for job in batch["jobs"]],
                "filters": results,
                "failed": [],
            },
        )
        return str(told["outcome"])

    def _frames(self, timeframe: str, candle_at: str, symbols: int) -> tuple[Frame, Frame]:
        """Return the frame before a candle's and its own."""
        now = datetime.fromisoformat(candle_at)
        before = now - timedelta(minutes=5)
        stream = self._call(
            "load_frames",
            {"p_timeframe": timeframe, "p_from": before.isoformat(), "p_to": now.isoformat()},
            "application/octet-stream",
        )
        found = {}
        place = 0
        while place < len(stream):
            milliseconds, _, count = struct.unpack_from(">qii", stream, place)
            fields = struct.unpack_from(f">{6 * count}d", stream, place + 16)
            candles = [Candle(*fields[symbol : 5 * count : count]) for symbol in range(count)]
            found[milliseconds] = [
                None if any(figure != figure for figure in candle) else candle  # noqa: PLR0124 - NaN
                for candle in candles
            ]
            place += 16 + 48 * count
        nothing: Frame = [None] * symbols
        times = [int(moment.timestamp() * 1000) for moment in (before, now)]
        return found.get(times[0], nothing), found[times[1]]

    def _json(self, function: str, **arguments: Any) -> Any:
        return json.loads(self._call(function, arguments, "application/json"))

    def _call(self, function: str, arguments: Mapping[str, Any], accept: str) -> bytes:
        request = urllib.request.Request(  # noqa: S310 - the address is the test's own
            f"{self.url}/rpc/{function}",
            json.dumps(arguments).encode(),
            {
                "Authorization": f"Bearer {self.token}",
                "Content-Profile": "worker",
                "Content-Type": "application/json",
                "Accept": accept,
            },
        )
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
            content: bytes = response.read()
        return content
