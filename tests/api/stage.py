"""The API as people reach it: gateway, function host and PostgREST over a database with candles."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import httpx
import numpy as np
from tests.fixtures.factories import make_account
from tests.fixtures.project import ENVIRONMENT, PROJECT

from candlewatch.database import Database as Worker
from candlewatch.frames.packing import pack_text
from candlewatch.local import ports
from candlewatch.local.functions import FunctionHost
from candlewatch.local.gateway import Gateway, make_server
from candlewatch.local.keys import Keyring
from candlewatch.runs.check import run_check
from candlewatch.runs.deadline import Deadline
from candlewatch.runs.evaluate import run_evaluate
from candlewatch.runs.evaluator import Evaluator
from candlewatch.timeframes import timeframe_named

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from uuid import UUID

    from tests.fixtures.database import Database
    from tests.fixtures.rest import Rest

SYMBOLS: Final = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT")
CANDLES: Final = {"5m": 1_000, "1h": 300}
WAKE_SECRET: Final = "a wake secret of the test"
_CHUNK: Final = 250
_CLIENT: Final = httpx.Client(timeout=60, trust_env=False)


@dataclass(frozen=True)
class Api:
    """What a test of the API plays with; `url` is the gateway's."""

    database: Database
    rest: Rest
    worker: Worker
    url: str

    @property
    def key(self) -> str:
        """The publishable key."""
        return self.rest.credentials.publishable_key

    def token(self, user: UUID, **claims: Any) -> str:
        """Return a token of a signed-in user, as Supabase Auth issues it."""
        ends = int(time.time()) + 3600
        good = {"sub": str(user), "aud": "authenticated", "exp": ends}
        return self.rest.token("authenticated", **{**good, **claims})

    def sign_up(self, tier: str = "elite") -> str:
        """Return the token of a new user."""
        return self.token(make_account(self.database, tier=tier))

    def headers(self, token: str) -> dict[str, str]:
        """Return what a client sends with every request."""
        return {"apikey": self.key, "Authorization": f"Bearer {token}"}

    def call(self, function: str, token: str, **body: Any) -> httpx.Response:
        """Call a function as a user."""
        return self.send(function, json=body, headers=self.headers(token))

    def send(self, function: str, method: str = "POST", **given: Any) -> httpx.Response:
        """Send any request to a function."""
        address = f"{self.url}/functions/v1/{function}"
        return _CLIENT.request(method, address, **given)

    def rpc(self, name: str, token: str, **arguments: Any) -> httpx.Response:
        """Call one of the database's functions as a user."""
        address = f"{self.url}/rest/v1/rpc/{name}"
        return _CLIENT.post(address, json=arguments, headers=self.headers(token))

    def work(self) -> dict[str, int]:
        """Check and evaluate all that waits, as woken functions do."""
        checked = run_check(self.worker, "test", Deadline.in_seconds(60))
        return checked | run_evaluate(Evaluator(self.worker), "test", Deadline.in_seconds(60))


@contextmanager
def serving(database: Database, rest: Rest, folder: Path) -> Iterator[Api]:
    """Run gateway and function host over a database that gets symbols and candles."""
    worker = Worker.at(rest.url, "", rest.token("candlewatch_worker"))
    fill_market(worker)
    listener = ports.listen()
    url = f"http://{ports.LOOPBACK}:{listener.getsockname()[1]}"
    told = {
        "CANDLEWATCH_API_URL": url,
        "CANDLEWATCH_API_KEY": rest.credentials.publishable_key,
        "CANDLEWATCH_WORKER_TOKEN": rest.token("candlewatch_worker"),
        "CANDLEWATCH_WAKE_SECRET": WAKE_SECRET,
    }
    host = FunctionHost(PROJECT / "functions", {**ENVIRONMENT, **told}, folder)
    gateway = Gateway(rest.postgrest.port, Keyring(rest.credentials), host)
    server = make_server(listener, gateway)
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    try:
        yield Api(database, rest, worker, url)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        host.stop(0.0)
        worker.close()


@contextmanager
def working(api: Api) -> Iterator[None]:
    """Work in the background, as functions do that pg_cron and wakes keep awake."""
    stop = threading.Event()

    def run() -> None:
        while not stop.wait(0.05):
            api.work()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def fill_market(worker: Worker) -> None:
    """List symbols and store their candles up to the newest close of now."""
    worker.store_symbols(
        [
            {
                "symbol": name,
                "base_asset": name.removesuffix("USDT"),
                "quote_asset": "USDT",
                "trading": True,
                "quote_volume": 1000.0 - position,
            }
            for position, name in enumerate(SYMBOLS)
        ]
    )
    for name, count in CANDLES.items():
        timeframe = timeframe_named(name)
        newest = timeframe.index_of(datetime.now(UTC)) - 1
        values = made_candles(count)
        frames = [
            {
                "timeframe": name,
                "open_time": timeframe.open_of(newest - count + 1 + n).isoformat(),
                "values": pack_text(values[:, :, n]),
            }
            for n in range(count)
        ]
        for begin in range(0, count, _CHUNK):
            worker.store_frames(name, frames[begin : begin + _CHUNK])


def made_candles(count: int) -> np.typing.NDArray[np.float64]:
    """Return candles of a seeded walk; the first symbol's newest candle rises."""
    chance = np.random.default_rng(7)
    closes = 100 * np.exp(np.cumsum(chance.normal(0, 0.01, (len(SYMBOLS), count)), axis=1))
    opens = np.roll(closes, 1, axis=1)
    opens[0, -1] = closes[0, -1] * 0.9
    high, low = np.maximum(opens, closes) * 1.01, np.minimum(opens, closes) * 0.99
    volume = chance.uniform(1, 2, closes.shape)
    return np.stack([opens, high, low, closes, volume, volume * closes])
