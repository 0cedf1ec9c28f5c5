"""`candlewatch exchange`: the simulated exchange by itself, for rehearsals with any client."""

from __future__ import annotations

import asyncio
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from candlewatch.errors import SetupError

if TYPE_CHECKING:
    import argparse

    from candlewatch.exchange.simulated.answers import SimulatedExchange


def add_to(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    parser = subparsers.add_parser(
        "exchange",
        help="run the simulated exchange",
        description="Serve a simulated market, or a candle file, as Binance's spot market data.",
    )
    parser.add_argument(
        "--port", type=int, default=8085, help="port on loopback, 0 for any free one"
    )
    parser.add_argument("--candles", type=Path, metavar="FILE.parquet", help="replay this file")
    parser.add_argument("--speed", type=float, default=1.0, help="market seconds per second")
    parser.add_argument("--start", metavar="TIME", help="market time at the start (ISO 8601, UTC)")
    parser.add_argument("--script", type=Path, metavar="FILE", help="fault script (JSON)")
    parser.add_argument("--symbols", type=int, default=300, help="symbols of the simulated market")
    parser.add_argument("--seed", type=int, default=1, help="of the simulated market")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that an answer takes")
    parser.add_argument("--held", action="store_true", help="start with the clock standing still")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Serve until interrupted.

    Raises:
        SetupError: an argument is wrong, the file cannot be read or the port is taken.
    """
    if not 0 < arguments.speed < float("inf"):
        raise SetupError(f"--speed must be above 0, got {arguments.speed:g}")
    if arguments.seed < 0:
        raise SetupError(f"--seed must be 0 or more, got {arguments.seed}")
    exchange = make_exchange(arguments)
    asyncio.run(_serve(exchange, arguments.port))
    return 0


def make_exchange(arguments: argparse.Namespace) -> SimulatedExchange:
    """Return the exchange that the arguments describe."""
    from candlewatch.exchange.simulated.answers import SimulatedExchange  # noqa: PLC0415 (NumPy)
    from candlewatch.exchange.simulated.clock import MarketClock  # noqa: PLC0415
    from candlewatch.exchange.simulated.replayed import ReplayedMarket  # noqa: PLC0415
    from candlewatch.exchange.simulated.script import read_script  # noqa: PLC0415
    from candlewatch.exchange.simulated.synthetic import SyntheticMarket  # noqa: PLC0415
    from candlewatch.frames.files import read_candles  # noqa: PLC0415

    source: ReplayedMarket | SyntheticMarket
    start = _time(arguments.start)
    if arguments.candles is None:
        source = SyntheticMarket(arguments.seed, arguments.symbols)
    else:
        source = ReplayedMarket(read_candles(arguments.candles))
        start = start or source.default_start
    clock = MarketClock(start, arguments.speed)
    if arguments.held:
        clock.hold()
    rules = read_script(arguments.script) if arguments.script else []
    return SimulatedExchange(source, clock, rules, latency=arguments.latency)


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise SetupError(f"--start must be a time like 2024-07-24T12:00:00Z, got {text}") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


async def _serve(exchange: SimulatedExchange, port: int) -> None:
    """Serve until a signal comes; say where."""
    from candlewatch.exchange.simulated.server import Server  # noqa: PLC0415

    server = Server(exchange, port=port)
    await server.start()
    now = f"{exchange.clock.now():%Y-%m-%d %H:%M:%S}"
    print(f"simulated exchange at {server.url}, market time {now} UTC", flush=True)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    await stopped.wait()
    await server.stop()
