"""What can go wrong, and what the caller should do about it.

    CandlewatchError
    ├── SetupError            the machine or the configuration is not ready: tell the person
    ├── FilterRefused         a filter's text breaks a rule: show the problems to its author
    ├── CallRefused           a user's call is answered with an error: its status, code and hint
    ├── FrameInvalid          stored bytes are no frames: a bug or damage, do not use any of them
    ├── DatabaseError         a call of a SQL function did not succeed
    │   ├── DatabaseUnavailable   no answer, or one that says "later": retry, the call may have run
    │   ├── LeaseLost             the token is stale: drop the work, another worker has it
    │   └── RequestRefused        the database says no: a bug or a wrong input, do not retry
    └── ExchangeError         the exchange gave no usable answer
        ├── ExchangeUnavailable   5xx, time-out or reset: retry with back-off
        ├── ExchangeThrottled     429: nobody calls before `retry_at`
        ├── ExchangeBanned        418: nobody calls before `retry_at`; tell the operator
        ├── ExchangeForbidden     403 or 451: waiting does not help; tell the operator
        ├── ExchangeRefused       400 or 404: a wrong question (an unknown symbol): do not repeat
        └── ExchangeAnswerInvalid an answer that is no candle data: reject it whole, retry

Whether a retry helps is a property of the type (`retry_helps`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from datetime import datetime


class CandlewatchError(Exception):
    """Stand above every error that Candlewatch raises itself."""

    retry_helps: ClassVar[bool] = False


class SetupError(CandlewatchError):
    """Say in one sentence what the machine lacks and what to do; the command line prints it."""


@dataclass(frozen=True)
class Problem:
    """One rule that a filter's text breaks.

    Attributes:
        line: 1-based line in the source.
        column: 1-based column in the source.
        rule: the rule's short name, for instance `unknown_name`.
        message: one sentence: what is wrong, the value and the bound.
        hint: what to do, or the nearest right name; empty where nothing helps.
    """

    line: int
    column: int
    rule: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        return f"line {self.line}, column {self.column}: {self.message}{hint}"


class FilterRefused(CandlewatchError):
    """A filter's text breaks a rule; show `problems`, in source order, to its author."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = problems


class CallRefused(CandlewatchError):
    """A user's call of a function is refused: answer with `status` and the error's one shape.

    `code` is one of `candlewatch.error_codes` or the database's own; `details` may list problems.
    """

    def __init__(  # noqa: PLR0917 (the fields of the error's shape, in its order)
        self,
        status: int,
        code: str,
        message: str,
        hint: str = "",
        details: object = None,
        retry_after: str = "",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.hint = hint
        self.details = details
        self.retry_after = retry_after


class FrameInvalid(CandlewatchError):
    """Bytes that should be frames are not: a bug or damage. Use none of them; tell the operator."""


class DatabaseError(CandlewatchError):
    """A call of a SQL function did not succeed; `code` is its SQLSTATE or PostgREST code."""

    def __init__(self, message: str, *, code: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint


class DatabaseUnavailable(DatabaseError):
    """No answer, or one that says "later". The call may have run: repeat it with the same token."""

    retry_helps: ClassVar[bool] = True

    def __init__(self, message: str, *, code: str = "", retry_after: float | None = None) -> None:
        super().__init__(message, code=code)
        self.retry_after = retry_after


class LeaseLost(DatabaseError):
    """The token is stale. Drop the work: another worker has it or will."""


class RequestRefused(DatabaseError):
    """The database refused the input; `hint` says what to do."""


class ExchangeError(CandlewatchError):
    """The exchange gave no usable answer."""


class ExchangeUnavailable(ExchangeError):
    """5xx, a time-out or a broken connection: retry with back-off."""

    retry_helps: ClassVar[bool] = True


class ExchangeThrottled(ExchangeError):
    """429: no function may call again before `retry_at`."""

    def __init__(self, message: str, *, retry_at: datetime) -> None:
        super().__init__(message)
        self.retry_at = retry_at


class ExchangeBanned(ExchangeThrottled):
    """418: the address is banned until `retry_at`; tell the operator."""


class ExchangeForbidden(ExchangeError):
    """403 (firewall) or 451 (region): waiting does not help; `status` tells which."""

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status


class ExchangeRefused(ExchangeError):
    """400 or 404: the question is wrong, for instance an unknown symbol. Do not repeat it.

    `code` is the exchange's own (-1121 for an unknown symbol), 0 where it gave none.
    """

    def __init__(self, message: str, *, code: int = 0) -> None:
        super().__init__(message)
        self.code = code


class ExchangeAnswerInvalid(ExchangeError):
    """The answer is no market data: it was rejected whole and nothing of it was used."""

    retry_helps: ClassVar[bool] = True
