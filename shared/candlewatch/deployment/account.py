"""One AWS account in one region: the clients of the services that a deployment calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from candlewatch.errors import SetupError


@dataclass(frozen=True)
class Account:
    """Clients, each of one service, and where they are.

    Attributes:
        region: for instance `eu-west-1`.
        number: the account's.
        s3: keeps the packages.
        cloudformation: makes the stack.
        functions: of Lambda.
        secrets: of Secrets Manager.
    """

    region: str
    number: str
    s3: Any
    cloudformation: Any
    functions: Any
    secrets: Any

    @property
    def bucket(self) -> str:
        """The name of the bucket with the packages."""
        return f"candlewatch-{self.number}-{self.region}"


def open_account(region: str | None) -> Account:
    """Return the account that boto3 finds credentials for.

    Args:
        region: where; as AWS's own settings say when left out.

    Raises:
        SetupError: boto3, a region or credentials are missing.
    """
    try:
        import boto3  # noqa: PLC0415  (no other command needs it)
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415
    except ImportError:
        raise SetupError(
            "candlewatch deploy needs boto3: run `make setup`, or install candlewatch[aws]"
        ) from None
    session = boto3.session.Session(region_name=region)
    if session.region_name is None:
        raise SetupError("no region is chosen: say for instance --region eu-west-1")
    try:
        number = session.client("sts").get_caller_identity()["Account"]
    except (BotoCoreError, ClientError) as exc:
        raise SetupError(
            f"AWS does not know who this is ({exc}): sign in, or set AWS_PROFILE"
        ) from exc
    return Account(
        session.region_name,
        number,
        session.client("s3"),
        session.client("cloudformation"),
        session.client("lambda"),
        session.client("secretsmanager"),
    )
