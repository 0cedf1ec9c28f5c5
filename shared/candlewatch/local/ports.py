"""Ports on the loopback address."""

from __future__ import annotations

import socket
from typing import Final

from candlewatch.errors import SetupError

LOOPBACK: Final = "127.0.0.1"


def free_port(preferred: int = 0) -> int:
    """Return `preferred` if nothing listens there, else any free port.

    The port is free when this returns; whoever binds it must still be ready to lose the race.
    """
    if preferred and is_free(preferred):
        return preferred
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    """Whether a server could listen on this port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def listen(port: int = 0) -> socket.socket:
    """Return a socket that listens on `port`, or on any free one; nobody can take it any more.

    Raises:
        OSError: the port is taken.
    """
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


def listen_near(port: int, default: int) -> socket.socket:
    """Listen on the given port; without one (0) on the default, or on any free one.

    Raises:
        SetupError: the given port is taken.
    """
    try:
        return listen(port or default)
    except OSError:
        if not port:
            return listen()
        raise SetupError(f"port {port} is taken: choose another one with `--port`") from None


def answers(port: int) -> bool:
    """Whether somebody accepts connections on this port."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1):
            return True
    except OSError:
        return False
