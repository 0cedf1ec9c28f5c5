"""The functions' secrets: from a file of the operator into Secrets Manager, and nowhere else.

The template names the secret and its version. A changed secret is a new version, so that the next
deployment shows it and restarts the functions with it.
"""

from __future__ import annotations

import json
import secrets as chance
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from candlewatch.errors import SetupError
from candlewatch.runs.environment import read_environment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from candlewatch.deployment.account import Account

NAMES: Final = ("api_key", "worker_token", "wake_secret", "metrics_token")
_PREFIX: Final = "CANDLEWATCH_"


@dataclass(frozen=True)
class KeptSecret:
    """The secret as Secrets Manager has it; `values` are never shown."""

    arn: str
    version: str
    values: Mapping[str, str]

    def __repr__(self) -> str:
        return f"KeptSecret({self.arn!r}, {self.version!r})"


def read_secrets(file: Path) -> dict[str, str]:
    """Read a file of lines `CANDLEWATCH_API_KEY=...`.

    Raises:
        SetupError: others may read the file, or a secret is missing, wrong or unknown.
    """
    try:
        if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise SetupError(f"others may read {file}: `chmod 600 {file}` first")
        lines = file.read_text().splitlines()
    except OSError as exc:
        raise SetupError(f"the secrets cannot be read: {exc}") from exc
    pairs = [line.partition("=") for line in lines if line.strip() and not line.startswith("#")]
    given = {name.strip(): value.strip() for name, _, value in pairs}
    unknown = sorted(given.keys() - {_PREFIX + name.upper() for name in NAMES})
    if unknown:
        raise SetupError(f"{file} names {unknown[0]}, which is no secret of the functions")
    read_environment({**given, f"{_PREFIX}API_URL": "https://example.com"})
    return {name.removeprefix(_PREFIX).lower(): value for name, value in given.items()}


def kept_secret(account: Account, name: str) -> KeptSecret | None:
    """Return the secret as it is now; None where there is none."""
    try:
        found = account.secrets.get_secret_value(SecretId=name)
    except account.secrets.exceptions.ResourceNotFoundException:
        return None
    return KeptSecret(found["ARN"], found["VersionId"], json.loads(found["SecretString"]))


def wanted_secret(given: Mapping[str, str], kept: KeptSecret | None) -> dict[str, str]:
    """Return what the secret has to hold: what was given over what is kept, with every name."""
    values = {**(kept.values if kept else {}), **given}
    values.setdefault("metrics_token", chance.token_urlsafe(32))
    return values


def changed_names(wanted: Mapping[str, str], kept: KeptSecret | None) -> list[str]:
    """Return the names of the secrets that differ from what is kept."""
    old = kept.values if kept else {}
    return [name for name in NAMES if wanted.get(name) != old.get(name)]


def keep_secret(
    account: Account, name: str, wanted: Mapping[str, str], kept: KeptSecret | None
) -> KeptSecret:
    """Write the secret where it differs; return it as it is then."""
    text = json.dumps(wanted, sort_keys=True)
    if kept is None:
        made = account.secrets.create_secret(
            Name=name, SecretString=text, Description="What Candlewatch's functions are told."
        )
        return KeptSecret(made["ARN"], made["VersionId"], dict(wanted))
    if not changed_names(wanted, kept):
        return kept
    put = account.secrets.put_secret_value(SecretId=name, SecretString=text)
    return KeptSecret(put["ARN"], put["VersionId"], dict(wanted))
