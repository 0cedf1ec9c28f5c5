"""The environment of a function, read once when it starts and refused by name when it is wrong."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, SecretStr, ValidationError

from candlewatch.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Mapping

_PREFIX = "CANDLEWATCH_"


class Environment(BaseModel):
    """What a function is told by its host.

    Attributes:
        api_url: base address of the API; PostgREST answers under `/rest/v1`.
        api_key: the publishable key, which the API gateway asks for.
        worker_token: JWT of the role `candlewatch_worker`.
        wake_secret: key of the signature that a wake carries.
        exchange_url: base address of the exchange's market data.
        exchange_fallback_url: second source, asked when the first does not answer; left out,
            Binance's main address stands behind its market data address.
        allowed_origin: which browsers' pages may call the functions (CORS); what protects the data
            are tokens.
        metrics_token: what monitoring sends as its bearer token to read the figures; without one
            they are for signed calls alone.
        worker_name: who claims, for the lease log; see `process_name`.
    """

    model_config = ConfigDict(frozen=True)

    api_url: HttpUrl
    api_key: SecretStr
    worker_token: SecretStr
    wake_secret: SecretStr = Field(min_length=16)
    exchange_url: HttpUrl = HttpUrl("https://data-api.binance.vision")
    exchange_fallback_url: HttpUrl | None = None
    allowed_origin: str = Field("*", pattern=r"^[\x21-\x7e]+$")
    metrics_token: SecretStr | None = Field(None, min_length=16)
    worker_name: str = Field(default_factory=lambda: process_name(os.environ))


def process_name(variables: Mapping[str, str]) -> str:
    """Return what tells this process from all others: its log on Lambda, else host and process id.

    On Lambda every process has the same host name and a low process id; its log stream is its own.

    Source: AWS Lambda developer guide, "Defined runtime environment variables".
    """
    return variables.get("AWS_LAMBDA_LOG_STREAM_NAME") or f"{socket.gethostname()}:{os.getpid()}"


def read_environment(variables: Mapping[str, str] | None = None) -> Environment:
    """Read the environment.

    Args:
        variables: name to value; the process's own when left out.

    Raises:
        SetupError: a variable is missing or wrong; the message names each, never a value.
    """
    given = os.environ if variables is None else variables
    values = {
        name: given[_PREFIX + name.upper()]
        for name in Environment.model_fields
        if given.get(_PREFIX + name.upper())
    }
    try:
        return Environment.model_validate(values)
    except ValidationError as error:
        wrong = "; ".join(
            f"{_PREFIX}{str(item['loc'][0]).upper()}: {item['msg'].lower()}"
            for item in error.errors(include_input=False)
        )
        raise SetupError(f"the function's environment is not complete: {wrong}") from None
