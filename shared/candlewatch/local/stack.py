"""The whole system on one machine: what starts after what, and that all of it stops.

1. `prepare_server`    Postgres, made and bootstrapped when it is new
2. `prepare_database`  one database per market (a replay's is made anew), migrated and seeded
3. `_start_exchange`   the simulated exchange, unless the market is live; its clock stands still
4. `_start_api`        PostgREST, then gateway and function host
5. `release`           once the caller has loaded what it wants: the market's clock runs, and the
   bridge makes jobs tick and sends wakes

Everything started is stopped in reverse order when the context ends, whatever ended it.
"""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Final

import psycopg

from candlewatch.local import bootstrap, bridge, ports, postgres, processes
from candlewatch.local.calls import is_healthy
from candlewatch.local.credentials import Credentials, load_credentials
from candlewatch.local.home import Home, State
from candlewatch.local.installation import embedded_installation
from candlewatch.local.market import (
    LIVE_URL,
    ExchangeControl,
    allow_weight,
    continue_at,
    newest_close,
    set_market_clock,
)
from candlewatch.local.postgrest import (
    PostgrestSettings,
    postgrest_program,
    pre_request_of,
    start_postgrest,
)
from candlewatch.local.preparation import (
    MAINTENANCE,
    drop_database,
    keep_secret,
    prepare_database,
    prepare_server,
)
from candlewatch.local.serve import ServeSettings

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from candlewatch.local.options import StackOptions

DEFAULT_PORT: Final = 54_321
"""The gateway's port when it is free: the same as the Supabase command line's."""

_GATEWAY_SECONDS: Final = 15.0
_EXCHANGE_SECONDS: Final = 60.0


@dataclass
class Stack:
    """A running system.

    Attributes:
        home: its folder.
        options: what it was started with.
        credentials: its passwords and keys.
        cluster: its Postgres.
        listener: the gateway's socket; bound before anything starts, so that the port is ours.
        exchange_url: address of the market data.
        children: what runs besides Postgres, by name.
        control: holds and releases the clock of a market that is not live.
    """

    home: Home
    options: StackOptions
    credentials: Credentials
    cluster: postgres.Cluster
    listener: socket.socket
    exchange_url: str = LIVE_URL
    children: dict[str, processes.Process] = field(default_factory=dict)
    control: ExchangeControl | None = None
    _exit: ExitStack = field(default_factory=ExitStack)

    @property
    def database(self) -> str:
        """Name of the database: one per market, so that made candles never meet real ones."""
        return self.options.market

    @property
    def url(self) -> str:
        """The API's address."""
        return f"http://{ports.LOOPBACK}:{self.listener.getsockname()[1]}"

    def conninfo(self, role: str = "postgres", database: str = "") -> str:
        """Return the connection string of a role that logs in."""
        passwords = {
            postgres.SUPERUSER: self.credentials.superuser_password,
            **self.credentials.login_passwords,
        }
        return self.cluster.conninfo(role, passwords[role], database or self.database)

    def connect(self, role: str = "postgres", database: str = "") -> psycopg.Connection:
        """Connect with autocommit; the caller closes."""
        return psycopg.connect(self.conninfo(role, database), autocommit=True)

    def environment(self) -> dict[str, str]:
        """Return the variables that functions are told."""
        return {
            "CANDLEWATCH_API_URL": self.url,
            "CANDLEWATCH_API_KEY": self.credentials.publishable_key,
            "CANDLEWATCH_WORKER_TOKEN": self.credentials.token("candlewatch_worker"),
            "CANDLEWATCH_WAKE_SECRET": self.credentials.wake_secret,
            "CANDLEWATCH_EXCHANGE_URL": self.exchange_url,
            "PYTHONPATH": str(self.home.project / "shared"),
            # The engine's arrays are small: threads inside NumPy would only take turns.
            "OPENBLAS_NUM_THREADS": "1",
        }

    def ended(self) -> list[str]:
        """Return the names of processes that ended by themselves."""
        gone = [name for name, process in self.children.items() if not process.running]
        return gone if self.cluster.running else ["Postgres", *gone]

    def start(self) -> None:
        """Start everything; the market's clock stands still."""
        last = self.home.read_state()
        self._exit.callback(self.cluster.stop)
        prepare_server(self.cluster, self.credentials, last.database_port if last else 0)
        with self.connect(postgres.SUPERUSER, MAINTENANCE) as superuser:
            if self.options.market == "replay":
                drop_database(superuser, self.database)
            bootstrap.create_database(superuser, self.database)
        with self.connect(postgres.SUPERUSER) as superuser, self.connect() as owner:
            prepare_database(superuser, owner, self.home.project / "supabase")
            keep_secret(owner, "candlewatch_wake_secret", self.credentials.wake_secret)
            keep_secret(owner, "candlewatch_functions_url", f"{self.url}/functions/v1")
        if self.options.market != "live":
            self._start_exchange()
        self._start_api()
        self.home.write_state(self._state())

    def release(self) -> datetime:
        """Let the market's clock run and the database tick; return the instant of the first cycle.

        The first cycle is that of the newest close: its candles are fetched now.
        """
        with self.connect() as connection:
            if self.control is not None:
                set_market_clock(connection, self.control.release())
            closes_at = newest_close(connection)
            variables = {**os.environ, bridge.VARIABLE: self.conninfo(postgres.SUPERUSER)}
            self._start_module("bridge", "candlewatch.local.bridge", variables)
            connection.execute("select candlewatch.tick()")
        self.home.write_state(self._state())
        return closes_at

    def stop(self) -> None:
        """Stop everything, in reverse order."""
        self._exit.close()

    def _start_exchange(self) -> None:
        choice = self.options.choice
        port = ports.free_port()
        arguments = ["--port", str(port), "--speed", f"{choice.speed:g}"]
        arguments += self.options.exchange_arguments
        if choice.candles is not None:
            arguments += ["--candles", str(choice.candles.absolute())]
        exchange = self._start_module(
            "exchange", "candlewatch.cli.main", os.environ, "exchange", *arguments
        )
        exchange.wait_until(lambda: ports.answers(port), "listen", _EXCHANGE_SECONDS)
        self.exchange_url = f"http://{ports.LOOPBACK}:{port}"
        self.control = ExchangeControl(self.exchange_url, choice.speed)
        with self.connect() as connection:
            start = self.options.start or continue_at(connection)
            set_market_clock(connection, self.control.hold(start))
            allow_weight(connection, self.exchange_url, self.control.weight_limit // 2)

    def _start_api(self) -> None:
        with self.connect() as connection:
            pre_request = pre_request_of(connection)
        settings = PostgrestSettings(
            self.conninfo("authenticator"), self.credentials.jwt_secret, pre_request=pre_request
        )
        program = postgrest_program(self.home.project)
        postgrest = start_postgrest(program, settings, self.home.logs / "postgrest.log")
        self._adopt("PostgREST", postgrest.process)
        serve = ServeSettings(
            listener=self.listener.fileno(),
            rest_port=postgrest.port,
            credentials=asdict(self.credentials),
            functions=str(self.options.functions or self.home.project / "functions"),
            logs=str(self.home.logs),
            environment=self.environment(),
        )
        gateway = self._start_module("gateway", "candlewatch.local.serve", serve.to_environment())
        gateway.wait_until(lambda: is_healthy(self.url), "answer", _GATEWAY_SECONDS)

    def _start_module(
        self, name: str, module: str, variables: Mapping[str, str], *arguments: str
    ) -> processes.Process:
        process = processes.start(
            name,
            [sys.executable, "-m", module, *arguments],
            log=self.home.logs / f"{name}.log",
            environment={**variables, "PYTHONPATH": str(self.home.project / "shared")},
            descriptors=[self.listener.fileno()] if name == "gateway" else [],
        )
        self._adopt(name, process)
        return process

    def _adopt(self, name: str, process: processes.Process) -> None:
        self.children[name] = process
        self._exit.callback(process.stop)

    def _state(self) -> State:
        pids = {"Postgres": self.cluster.pid}
        pids |= {name: process.pid for name, process in self.children.items()}
        return State(
            pid=os.getpid(),
            url=self.url,
            database_port=self.cluster.port,
            database=self.database,
            market=self.options.market,
            exchange_url=self.exchange_url,
            processes=pids,
        )


@contextmanager
def running_stack(home: Home, options: StackOptions) -> Iterator[Stack]:
    """Run a stack; stop all of it when the context ends.

    Raises:
        SetupError: something could not start; nothing of it runs any more.
    """
    home.prepare()
    with home.locked(), ports.listen_near(options.port, DEFAULT_PORT) as listener:
        original = options.installation or embedded_installation()
        cluster = postgres.make_cluster(original, home.postgres, options.settings)
        stack = Stack(home, options, load_credentials(home.secrets), cluster, listener)
        try:
            stack.start()
            yield stack
        finally:
            stack.stop()
