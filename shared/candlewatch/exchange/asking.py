"""How a question reaches an exchange and when it is asked again.

1. `Permits.take`   no call without a permit: the weight budget and any refusal are shared
2. `_attempt`       one call with a deadline and a size limit, parsed whole
3. `RetryPolicy`    what may pass by itself is repeated, with full jitter, within the call's time
4. `_report`        a source that refuses or keeps failing is closed for every function
5. `ask`            the next source is asked, but not after a 429: sources may share one count
"""

from __future__ import annotations

from datetime import timedelta
from typing import TypeVar

import httpx

from candlewatch.errors import (
    ExchangeAnswerInvalid,
    ExchangeBanned,
    ExchangeError,
    ExchangeForbidden,
    ExchangeThrottled,
    ExchangeUnavailable,
)
from candlewatch.exchange.budget import (
    BANNED,
    FORBIDDEN,
    OPEN,
    THROTTLED,
    UNAVAILABLE,
    Budget,
    Grant,
    Permits,
)
from candlewatch.exchange.question import Question, Source, Surroundings
from candlewatch.exchange.refusals import refusal, used_weight
from candlewatch.exchange.retries import RetryPolicy
from candlewatch.exchange.transport import BROKEN, SECONDS, DeadlineTransport, read_body
from candlewatch.settings import (
    EXCHANGE_BREAKER_FAILURES,
    EXCHANGE_BREAKER_SECONDS,
    FETCH_THREADS,
    FORBIDDEN_SECONDS,
    SMALL_BYTES,
)

T = TypeVar("T")


class Asker:
    """Asks questions of an exchange's sources; safe to use from several threads.

    Args:
        budget: weight and refusals, shared with all other functions.
        sources: base addresses, the first one asked first.
        policy: when a call is repeated.
        transport: of HTTP; a test hands in its own.
        surroundings: clocks, sleep and chance.
    """

    def __init__(
        self,
        budget: Budget,
        sources: tuple[str, ...],
        *,
        policy: RetryPolicy | None = None,
        transport: httpx.BaseTransport | None = None,
        surroundings: Surroundings | None = None,
    ) -> None:
        self._here = surroundings or Surroundings()
        self._policy = policy or RetryPolicy()
        self._client = httpx.Client(
            transport=transport or DeadlineTransport(FETCH_THREADS),
            headers={"accept": "application/json", "accept-encoding": "gzip"},
            timeout=None,  # noqa: S113 (the transport has a deadline for the whole call)
        )
        addresses = [address.rstrip("/") for address in sources]
        self._sources = [Source(address, Permits(budget, address)) for address in addresses]

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def ask(self, question: Question[T], seconds: float) -> T:
        """Return the answer of the first source that has a usable one.

        Args:
            question: what to ask.
            seconds: for all attempts, pauses and sources together.

        Raises:
            ExchangeError: no source had an answer in time; the first source's reason.
        """
        ends_at = self._here.clock() + seconds
        first: ExchangeError | None = None
        for source in self._sources:
            try:
                return self._persist(source, question, ends_at)
            except (
                ExchangeUnavailable,
                ExchangeForbidden,
                ExchangeBanned,
                ExchangeAnswerInvalid,
            ) as error:
                first = first or error
        raise first or ExchangeUnavailable("no source of market data is configured")

    def _persist(self, source: Source, question: Question[T], ends_at: float) -> T:
        """Ask one source until it answers, its attempts are used up, or the time is."""
        for attempt in range(1, self._policy.attempts + 1):
            try:
                grant = self._permit(source, question, ends_at)
                return self._attempt(source, question, ends_at, grant)
            except (ExchangeUnavailable, ExchangeAnswerInvalid):
                pause = self._policy.pause(attempt, self._here.uniform)
                left = ends_at - self._here.clock()
                if attempt == self._policy.attempts or pause >= left:
                    raise
                self._here.sleep(pause)
        raise ExchangeUnavailable(f"{source.address} was asked with no attempts")

    def _permit(self, source: Source, question: Question[T], ends_at: float) -> Grant:
        """Wait for a permit where the wait is short enough, else say why there is none."""
        while True:
            grant = source.permits.take(question.weight, history=question.history)
            if grant.granted:
                return grant
            if grant.state != OPEN or grant.wait_seconds >= ends_at - self._here.clock():
                raise self._closed(source, grant)
            self._here.sleep(max(0.01, grant.wait_seconds))

    def _closed(self, source: Source, grant: Grant) -> ExchangeError:
        until = self._here.now() + timedelta(seconds=grant.wait_seconds)
        said = f"{source.address} is {grant.state}, nobody calls it for {grant.wait_seconds:.0f} s"
        if grant.state == FORBIDDEN:
            return ExchangeForbidden(said, status=403)
        if grant.state == BANNED:
            return ExchangeBanned(said, retry_at=until)
        if grant.state == UNAVAILABLE:
            return ExchangeUnavailable(said)
        if grant.state == OPEN:
            said = f"the weight budget of {source.address} is used up"
        return ExchangeThrottled(said, retry_at=until)

    def _attempt(self, source: Source, question: Question[T], ends_at: float, grant: Grant) -> T:
        """Make one call; tell everybody what it says about the source."""
        probing = grant.state != OPEN
        try:
            value = question.parse(self._call(source, question, ends_at))
        except ExchangeError as error:
            self._report(source, error, probing=probing)
            raise
        source.failures = 0
        if probing:
            source.permits.open()
        return value

    def _report(self, source: Source, error: ExchangeError, *, probing: bool) -> None:
        """Close a source that refuses, one that fails many times in a row, or fails its probe."""
        if isinstance(error, ExchangeBanned):
            source.permits.close(BANNED, error.retry_at, str(error))
        elif isinstance(error, ExchangeThrottled):
            source.permits.close(THROTTLED, error.retry_at, str(error))
        elif isinstance(error, ExchangeForbidden):
            until = self._here.now() + timedelta(seconds=FORBIDDEN_SECONDS)
            source.permits.close(FORBIDDEN, until, str(error))
        elif isinstance(error, ExchangeUnavailable):
            source.failures += 1
            if source.failures >= EXCHANGE_BREAKER_FAILURES or probing:
                source.failures = 0
                until = self._here.now() + timedelta(seconds=EXCHANGE_BREAKER_SECONDS)
                source.permits.close(UNAVAILABLE, until, str(error))

    def _call(self, source: Source, question: Question[T], ends_at: float) -> bytes:
        """Return the body of an answer with status 200."""
        seconds = min(ends_at - self._here.clock(), self._policy.call_seconds)
        request = self._client.build_request(
            "GET",
            source.address + question.path,
            params=question.parameters,
            extensions={SECONDS: seconds},
        )
        try:
            response = self._client.send(request, stream=True)
            try:
                source.permits.learn(used_weight(response, self._here.now()))
                size = (
                    question.limit_bytes if response.status_code == httpx.codes.OK else SMALL_BYTES
                )
                body = read_body(response, size)
            finally:
                response.close()
        except BROKEN as exc:
            raise ExchangeUnavailable(f"{source.address}: {type(exc).__name__}: {exc}") from exc
        if response.status_code != httpx.codes.OK:
            raise refusal(response, body, self._here.now())
        return body
