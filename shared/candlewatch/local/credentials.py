"""The passwords, keys and tokens of one installation: random, made once, for its owner alone."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

import jwt

if TYPE_CHECKING:
    from pathlib import Path

_ALGORITHM: Final = "HS256"


def _random() -> str:
    return secrets.token_urlsafe(32)


@dataclass(frozen=True)
class Credentials:
    """What opens one installation; every field is random unless given.

    Attributes:
        superuser_password: of `supabase_admin`.
        postgres_password: of `postgres`, the role that migrates.
        authenticator_password: of `authenticator`, the role that PostgREST logs in as.
        jwt_secret: signs all tokens.
        publishable_key: what applications send as `apikey`.
        secret_key: what the operator's own programs send as `apikey`.
        wake_secret: signs the wakes of functions.
    """

    superuser_password: str = field(default_factory=_random)
    postgres_password: str = field(default_factory=_random)
    authenticator_password: str = field(default_factory=_random)
    jwt_secret: str = field(default_factory=_random)
    publishable_key: str = field(default_factory=lambda: f"sb_publishable_{_random()}")
    secret_key: str = field(default_factory=lambda: f"sb_secret_{_random()}")
    wake_secret: str = field(default_factory=_random)

    @property
    def login_passwords(self) -> dict[str, str]:
        """Passwords of the roles that log in, by role."""
        return {"postgres": self.postgres_password, "authenticator": self.authenticator_password}

    def token(self, role: str, **claims: Any) -> str:
        """Return a signed token for a role; `exp`, `sub` and other claims as given."""
        return jwt.encode({"role": role, **claims}, self.jwt_secret, algorithm=_ALGORITHM)


def load_credentials(file: Path) -> Credentials:
    """Return the credentials in a file, which is made when it is not there."""
    if not file.exists():
        _write(file, Credentials())
    return Credentials(**json.loads(file.read_text()))


def _write(file: Path, credentials: Credentials) -> None:
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as output:
        json.dump(asdict(credentials), output, indent=2)
    draft.rename(file)
