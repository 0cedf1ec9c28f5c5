"""Become another program that dies when its parent does.

Runs as a script, `leash.py PARENT SIGNAL UID GID -- PROGRAM ARGUMENT...`, before every long-running
program of the local stack: it drops to the given user (UID `-` keeps the user), asks the kernel for
SIGNAL when the parent ends for whatever reason, and replaces itself with the program. The order
matters: changing the user clears the request. Where the kernel has no such request (it is Linux's
`PR_SET_PDEATHSIG`), the parent's own clean-up is all there is.

Source: prctl(2), section PR_SET_PDEATHSIG.
"""

from __future__ import annotations

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1


def follow_parent(parent: int, signal_number: int) -> None:
    """Ask the kernel to send `signal_number` to this process when process `parent` ends."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
    if os.getppid() != parent:
        raise SystemExit("the parent process ended during the start")


def _main() -> None:
    parent, signal_number, uid, gid, _, *program = sys.argv[1:]
    ctypes.CDLL(None)
    if uid != "-":
        os.setgroups([])
        os.setgid(int(gid))
        os.setuid(int(uid))
    follow_parent(int(parent), int(signal_number))
    os.execv(program[0], program)  # noqa: S606 - no shell is wanted here


if __name__ == "__main__":
    _main()
