"""Where Postgres stands: its user, and folders that this user can reach.

Postgres refuses to run as root. Started by root, it runs as a user id of its own that needs no
entry in the system's user list and owns nothing else. That user cannot pass through a home
directory that is closed to others, and opening it is not ours to do. So, when the wished folder
cannot be reached, Postgres's files live in a folder under /var/tmp that belongs to root, is
closed to listing, and is named after the wished folder, so that the next start finds it again. An
ordinary user runs Postgres as itself, in the wished folder.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Final

from candlewatch.errors import SetupError
from candlewatch.local.processes import Identity

SERVER_IDENTITY: Final = Identity(65_524, 65_524)
"""Free on every system: above dynamic services, below `nobody`, inside a container's 65,536."""

_ELSEWHERE: Final = Path("/var/tmp")  # noqa: S108 - survives a reboot; ownership is checked below


def server_identity() -> Identity | None:
    """Return the user that Postgres has to run as, or None for our own."""
    return SERVER_IDENTITY if os.geteuid() == 0 else None


def server_folder(wished: Path) -> Path:
    """Make and return a folder for Postgres's files: the wished one, or one it can reach.

    Raises:
        SetupError: somebody else owns the folder.
    """
    identity = server_identity()
    if identity is None:
        wished.mkdir(mode=0o700, parents=True, exist_ok=True)
        return wished
    if _open_to_others(wished.parent):
        return _own_folder(wished)
    return _own_folder(_elsewhere(wished))


def forget_server_folder(wished: Path) -> None:
    """Delete what `server_folder` made for `wished`."""
    for folder in (wished, _elsewhere(wished)):
        if folder.is_dir() and not folder.is_symlink() and folder.stat().st_uid == os.geteuid():
            shutil.rmtree(folder)


def reachable(program: Path, identity: Identity | None) -> bool:
    """Whether a user can run this program."""
    if identity is None:
        return os.access(program, os.X_OK)
    try:
        done = subprocess.run(
            [program, "--version"],
            user=identity.uid,
            group=identity.gid,
            extra_groups=[],
            cwd="/",
            capture_output=True,
            check=False,
        )
    except OSError:
        return False
    return done.returncode == 0


def give(folder: Path, identity: Identity | None) -> None:
    """Give a folder and everything in it to a user."""
    if identity is None:
        return
    for parent, _, names in os.walk(folder):
        os.chown(parent, identity.uid, identity.gid)
        for name in names:
            os.chown(Path(parent, name), identity.uid, identity.gid, follow_symlinks=False)


def _elsewhere(wished: Path) -> Path:
    digest = hashlib.sha256(os.fsencode(wished.absolute())).hexdigest()
    return _ELSEWHERE / f"candlewatch-{digest[:16]}"


def _open_to_others(folder: Path) -> bool:
    real = folder.resolve()
    return all(
        parent.stat().st_mode & stat.S_IXOTH for parent in (real, *real.parents) if parent.exists()
    )


def _own_folder(folder: Path) -> Path:
    folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise SetupError(f"{folder} belongs to somebody else; remove it and start again")
    folder.chmod(0o711)
    return folder
