"""From text to a syntax tree, guarded: what could harm the parser never reaches it.

    1. `_checked_text`   length; no control, zero-width, bidirectional or surrogate characters
    2. `_code_of`        comments and strings blanked out; the rest has to be ASCII, no backslash
    3. `_checked_code`   brackets (depth, balance) and number literals, which are decimal and short
    4. `ast.parse`       of text only; whatever it raises becomes one problem with a place

Python's parser is all that is used of Python: no text is ever compiled or run.
"""

from __future__ import annotations

import ast
import re
from typing import Final, NoReturn

from candlewatch.errors import FilterRefused, Problem
from candlewatch.settings import (
    FILTER_BRACKET_DEPTH_MAX,
    FILTER_CHARACTERS_MAX,
    FILTER_NUMBER_CHARACTERS_MAX,
    FILTER_OPERATOR_RUN_MAX,
)

_UNPRINTABLE: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u180e\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\ud800-\uf8ff\ufeff\ufff0-\uffff\U000e0000-\U0010ffff]"
)
_WORDLESS: Final = re.compile(
    r"#[^\n\r]*"
    r'|"""[\s\S]*?"""'
    r"|'''[\s\S]*?'''"
    r'|"[^"\n\r]*"'
    r"|'[^'\n\r]*'"
)
_STRAY: Final = re.compile(r"[^\x00-\x7f]|[\\`$?]|!(?!=)|(?<=[A-Za-z0-9_])\"")
_NUMBERS: Final = re.compile(
    r"(?<![A-Za-z0-9_.])(?:[0-9]|\.[0-9])[A-Za-z0-9_.]*(?:(?<=[eE])[+-]\w*)?"
)
_DECIMAL: Final = re.compile(r"(?:[0-9]+(?:_[0-9]+)*)?\.?(?:[0-9]+)?(?:[eE][+-]?[0-9]+)?", re.ASCII)
_BRACKETS: Final = re.compile(r"[()\[\]{}]")
_RUN: Final = re.compile(
    rf"(?:(?:[-+~]|\bnot\b|\blambda\b:?|\bawait\b|\*)\s*){{{FILTER_OPERATOR_RUN_MAX + 1},}}"
)
_PAIRS: Final = {")": "(", "]": "[", "}": "{"}


def parse(source: str) -> ast.Module:
    """Return the syntax tree of a filter's text.

    Raises:
        FilterRefused: the text breaks a rule, or is no Python.
    """
    _check_text(source)
    _check_code(source, _WORDLESS.sub(_blank, source))
    try:
        return ast.parse(source)
    except SyntaxError as error:
        _refuse_syntax(error)
    except (ValueError, UnicodeError, RecursionError, MemoryError, OverflowError) as error:
        problem = Problem(
            1,
            1,
            "syntax",
            "the text is too deeply nested or holds what cannot be read",
            "split it into named steps",
        )
        raise FilterRefused((problem,)) from error


def refuse(source: str, offset: int, rule: str, message: str, hint: str = "") -> NoReturn:
    """Refuse the text for what stands at a character offset."""
    before = source[:offset].replace("\r\n", "\n").replace("\r", "\n")
    line = before.count("\n") + 1
    column = len(before) - (before.rfind("\n") + 1) + 1
    raise FilterRefused((Problem(line, column, rule, message, hint),))


def _check_text(source: str) -> None:
    if len(source) > FILTER_CHARACTERS_MAX:
        refuse(
            source[:1],
            0,
            "length",
            f"a filter has at most {FILTER_CHARACTERS_MAX:,} characters, got {len(source):,}",
        )
    bad = _UNPRINTABLE.search(source)
    if bad:
        refuse(
            source,
            bad.start(),
            "text",
            f"the invisible character U+{ord(bad[0]):04X} may not stand in a filter",
            "delete it, or type the line anew",
        )


def _blank(match: re.Match[str]) -> str:
    """Return as much white space, with the quotes kept so that a string stays a value."""
    text = match[0]
    if text[0] == "#":
        return " " * len(text)
    return '"' + re.sub(r"[^\n\r]", " ", text[1:-1]) + '"'


def _check_code(source: str, code: str) -> None:
    for bad in _STRAY.finditer(code):
        where = ascii(bad[0])[1:-1] if ord(bad[0][0]) > 127 else bad[0]  # noqa: PLR2004 (ASCII)
        refuse(
            source,
            bad.start(),
            "text",
            f"the character {where} may not stand in a filter",
            "outside comments a filter is written in plain ASCII letters, one statement a line",
        )
    _check_brackets(source, code)
    for literal in _NUMBERS.finditer(code):
        if len(literal[0]) > FILTER_NUMBER_CHARACTERS_MAX or not _DECIMAL.fullmatch(literal[0]):
            refuse(
                source,
                literal.start(),
                "number",
                f"{literal[0][:20]} is no decimal number of at most"
                f" {FILTER_NUMBER_CHARACTERS_MAX} characters",
                "write numbers as 14, 2.5 or 1e-3, with a space before the next word",
            )
    run = _RUN.search(code)
    if run:
        refuse(
            source,
            run.start(),
            "depth",
            f"more than {FILTER_OPERATOR_RUN_MAX} signs stand in a row",
        )


def _check_brackets(source: str, code: str) -> None:
    stack: list[re.Match[str]] = []
    for bracket in _BRACKETS.finditer(code):
        if bracket[0] not in _PAIRS:
            stack.append(bracket)
            if len(stack) > FILTER_BRACKET_DEPTH_MAX:
                refuse(
                    source,
                    bracket.start(),
                    "depth",
                    f"brackets may be nested {FILTER_BRACKET_DEPTH_MAX} deep, not deeper",
                    "give the inner parts names",
                )
        elif not stack or stack.pop()[0] != _PAIRS[bracket[0]]:
            refuse(source, bracket.start(), "syntax", f"nothing is opened that {bracket[0]} closes")
    if stack:
        refuse(source, stack[-1].start(), "syntax", f"{stack[-1][0]} is never closed")


def _refuse_syntax(error: SyntaxError) -> NoReturn:
    message = (error.msg or "it cannot be read").split("\n")[0]
    line, column = error.lineno or 1, error.offset or 1
    hint = "a filter is written as Python: names = ..., and a condition at the end"
    if "Maybe you meant '==' " in message or "cannot assign" in message:
        hint = "compare with =="
    problem = Problem(
        max(line, 1), max(column, 1), "syntax", f"this cannot be read: {message[:120]}", hint
    )
    raise FilterRefused((problem,)) from error
