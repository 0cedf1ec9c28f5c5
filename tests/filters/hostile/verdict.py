"""Judge the compiler's answer to a text: accepted, or refused with places that lie in the text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from candlewatch.errors import FilterRefused

if TYPE_CHECKING:
    from collections.abc import Callable


def lines_of(source: str) -> list[str]:
    """Return the lines as Python counts them: after LF, CR LF or CR."""
    return re.split(r"\r\n|\r|\n", source)


def verdict(source: str, compiled: Callable[[str], object]) -> str:
    """Return what is wrong with the answer to a text; empty where nothing is."""
    try:
        compiled(source)
    except FilterRefused as refusal:
        return _wrong_refusal(source, refusal)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return f"{type(error).__name__}: {error}"[:300]
    return ""


def _wrong_refusal(source: str, refusal: FilterRefused) -> str:
    if not refusal.problems:
        return "refused without a problem"
    lines = lines_of(source)
    for problem in refusal.problems:
        if not 1 <= problem.line <= len(lines):
            return f"line {problem.line} of {len(lines)}: {problem.message}"
        if not 1 <= problem.column <= len(lines[problem.line - 1]) + 1:
            return f"column {problem.column} of line {problem.line}: {problem.message}"
        if not problem.rule or not problem.message or not str(problem).isprintable():
            return f"unprintable or empty: {str(problem)!a}"
    return ""
