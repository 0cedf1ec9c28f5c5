"""A Postgres server of our own: its data, its port, its start and its end.

The data directory is made once, with a random password for the superuser and no way in without a
password. The server listens on the loopback address and, where the path is short enough for one, on
a Unix socket. It is always stopped by us: a fast shutdown on `stop`, and by the kernel's signal
(see `leash.py`) when the launcher itself is killed.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from candlewatch.errors import SetupError
from candlewatch.local import ground, processes
from candlewatch.local.installation import Installation, install_stand_ins, settle
from candlewatch.local.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Mapping

SUPERUSER: Final = "supabase_admin"
_SOCKET_PATH_LIMIT: Final = 90
"""Bytes; the system allows 107 for the folder and the socket's own name together."""
_START_SECONDS: Final = 60.0
_LAST_SERVER_SECONDS: Final = 30.0
_FIRST_WITH_BUILTIN_LOCALE: Final = 17

SETTINGS: Final[dict[str, str]] = {
    "listen_addresses": LOOPBACK,
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
    "max_connections": "100",
}


@dataclass
class Cluster:
    """One data directory and the server on it.

    Attributes:
        installation: the programs.
        folder: holds everything of this server; its user can reach it.
        identity: the server's user, None for our own.
        settings: server settings on top of `SETTINGS`.
    """

    installation: Installation
    folder: Path
    identity: processes.Identity | None
    settings: Mapping[str, str] = field(default_factory=dict)
    port: int = 0
    _process: processes.Process | None = None

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.folder / "data"

    @property
    def exists(self) -> bool:
        """Whether the data directory was made completely."""
        return (self.data / "PG_VERSION").exists()

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        if self._process is None:
            raise SetupError("Postgres was not started")
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the server is there."""
        return self._process is not None and self._process.running

    def conninfo(self, user: str, password: str, database: str = "postgres") -> str:
        """Return the connection string of a role."""
        return f"postgresql://{user}:{password}@{LOOPBACK}:{self.port}/{database}"

    def create(self, password: str) -> None:
        """Make the data directory, with this password for the superuser.

        It is made beside its place and moved there at the end, so that a start that was cut off
        leaves nothing that looks like data.

        Raises:
            SetupError: `initdb` failed; the sentence says why.
        """
        draft = self.folder / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        secret = self.folder / "password"
        try:
            _write_private(secret, password)
            maker = _named_user() if self.identity else None
            for path in (draft, secret):
                ground.give(path, maker) if path.is_dir() else _give_file(path, maker)
            self._initdb(draft, secret, maker)
            ground.give(draft, self.identity)
            draft.rename(self.data)
        finally:
            secret.unlink(missing_ok=True)
            shutil.rmtree(draft, ignore_errors=True)

    def start(self, port: int) -> None:
        """Start the server and wait until it accepts connections.

        Raises:
            SetupError: the data is of another version, or the server did not start.
        """
        self._check_version()
        self._outlive_last_server()
        self.port = port
        self._process = processes.start(
            "Postgres",
            [self.installation.programs / "postgres", "-D", self.data, *self._options()],
            log=self.folder / "postgres.log",
            identity=self.identity,
            stop_signal=signal.SIGINT,
        )
        self._process.wait_until(self._is_ready, "accept connections", _START_SECONDS)

    def stop(self) -> None:
        """Stop the server: open transactions are rolled back, data is flushed."""
        if self._process is not None:
            self._process.stop(patience_seconds=30.0)

    def crash(self) -> None:
        """Stop the server as a power failure would: the next start recovers."""
        if self._process is not None:
            self._process.send(signal.SIGQUIT)
            self._process.stop()

    def _initdb(self, data: Path, secret: Path, maker: processes.Identity | None) -> None:
        program: list[str | Path] = [
            self.installation.programs / "initdb",
            "-D",
            data,
            "-U",
            SUPERUSER,
        ]
        options = ["-E", "UTF8", "-A", "scram-sha-256", "--pwfile", str(secret), "--locale=C"]
        if self.installation.major >= _FIRST_WITH_BUILTIN_LOCALE:
            options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        done = subprocess.run(
            [*program, *options, "--no-sync"],
            user=None if maker is None else maker.uid,
            group=None if maker is None else maker.gid,
            extra_groups=None if maker is None else [],
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SetupError(f"Postgres could not make its data directory: {_reason(done.stderr)}")

    def _options(self) -> list[str]:
        settings = {**SETTINGS, "port": str(self.port), **self.settings}
        sockets = self.folder / "sockets"
        settings["unix_socket_directories"] = ""
        if len(os.fsencode(sockets)) <= _SOCKET_PATH_LIMIT:
            sockets.mkdir(mode=0o755, exist_ok=True)
            ground.give(sockets, self.identity)
            settings["unix_socket_directories"] = str(sockets)
        if self.installation.takes_control_path:
            settings["extension_control_path"] = f"$system:{self.folder / 'extensions'}"
        return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]

    def _is_ready(self) -> bool:
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        ours = lines[:1] == [str(self.pid)]
        return ours and len(lines) > 7 and lines[7].strip() == "ready"  # noqa: PLR2004

    def _check_version(self) -> None:
        found = (self.data / "PG_VERSION").read_text().strip()
        if found != str(self.installation.major):
            raise SetupError(
                f"the data in {self.data} was made by Postgres {found}, and this is Postgres "
                f"{self.installation.major}: run `candlewatch reset` to start over, or keep the "
                "data and go back to the older Candlewatch"
            )

    def _outlive_last_server(self) -> None:
        """Wait for a server on this data that is still shutting down; drop a stale pid file.

        The process id in the file may belong to somebody else by now, so a process counts as the
        last server only while its working directory is this data directory.
        """
        file = self.data / "postmaster.pid"
        deadline = time.monotonic() + _LAST_SERVER_SECONDS
        while (pid := _server_in(file, self.data)) and time.monotonic() < deadline:
            os.kill(pid, signal.SIGINT)
            time.sleep(0.05)
        if pid:
            raise SetupError(f"process {pid} still uses {self.data}: end it and start again")
        file.unlink(missing_ok=True)


def make_cluster(
    original: Installation, wished: Path, settings: Mapping[str, str] | None = None
) -> Cluster:
    """Prepare a cluster in a folder, or where the server's user can reach it; start nothing.

    Args:
        original: the programs as they were installed.
        wished: where the files should be; see `ground.py` for when they are elsewhere.
        settings: server settings.
    """
    identity = ground.server_identity()
    folder = ground.server_folder(wished)
    install_stand_ins(folder)
    chosen = dict(settings or {})
    preloaded = chosen.get("shared_preload_libraries", "").replace(" ", "").split(",")
    return Cluster(settle(original, folder, identity, preloaded), folder, identity, chosen)


def _server_in(file: Path, data: Path) -> int:
    """Return the id of the server that runs on this data, or 0."""
    try:
        pid = int(file.read_text().splitlines()[0])
        return pid if Path(f"/proc/{pid}/cwd").samefile(data) else 0
    except (OSError, ValueError, IndexError):
        return 0


def _named_user() -> processes.Identity:
    """Return any user that is not root: `initdb`, unlike the server, insists on a user's name."""
    import pwd  # noqa: PLC0415 - does not exist everywhere, and is needed by root alone

    users = [user for user in pwd.getpwall() if user.pw_uid != 0]
    if not users:
        raise SetupError("the system knows no user but root: start as an ordinary user")
    best = next((user for user in users if user.pw_name == "nobody"), users[0])
    return processes.Identity(best.pw_uid, best.pw_gid)


def _give_file(path: Path, identity: processes.Identity | None) -> None:
    if identity is not None:
        os.chown(path, identity.uid, identity.gid)


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)


def _reason(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower() or "fatal" in line.lower()]
    return (errors or lines or ["it said nothing"])[-1]
