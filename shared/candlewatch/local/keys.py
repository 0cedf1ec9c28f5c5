"""Which role a key or a token stands for, as the platform's gateway decides it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import jwt

if TYPE_CHECKING:
    from candlewatch.local.credentials import Credentials

_KEY_ROLES: Final = ("anon", "service_role")


@dataclass(frozen=True)
class Keyring:
    """The keys and the token secret of one installation."""

    credentials: Credentials

    def role_of_key(self, key: str) -> str | None:
        """Return the role that an API key stands for, None if it is none of ours.

        A token of one of these roles serves as a key, too, as the platform's older keys do.
        """
        if key == self.credentials.publishable_key:
            return "anon"
        if key == self.credentials.secret_key:
            return "service_role"
        role = self.role_of_token(key)
        return role if role in _KEY_ROLES else None

    def role_of_token(self, token: str) -> str | None:
        """Return the role in a valid token, else None."""
        options: Any = {"verify_aud": False}
        try:
            claims = jwt.decode(
                token, self.credentials.jwt_secret, algorithms=["HS256"], options=options
            )
        except jwt.InvalidTokenError:
            return None
        return str(claims.get("role"))

    def token(self, role: str) -> str:
        """Return a token of a role."""
        return self.credentials.token(role)
