"""`candlewatch invoke NAME`: call a function by hand, signed as a wake is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx

from candlewatch.cli.running import find_running
from candlewatch.errors import SetupError
from candlewatch.local.calls import call_function

if TYPE_CHECKING:
    import argparse


def add_to(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser("invoke", help="call a function now and print its answer")
    parser.add_argument("name", help="the function: ingest, evaluate, check, ...")
    parser.add_argument("--json", dest="body", metavar="BODY", help="the request's body")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Call the function; the exit code is 0 if it answered with success."""
    body = arguments.body or json.dumps({"function": arguments.name})
    try:
        json.loads(body)
    except ValueError as exc:
        raise SetupError(f"--json must be JSON, got {body!r}: {exc}") from None
    running = find_running()
    url, secret = running.state.url, running.credentials.wake_secret
    try:
        answer = call_function(url, secret, arguments.name, body)
    except httpx.HTTPError as exc:
        raise SetupError(f"the gateway at {url} gave no answer: {exc}") from exc
    print(answer.text)
    return 0 if answer.is_success else 1
