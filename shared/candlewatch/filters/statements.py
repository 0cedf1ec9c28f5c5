"""Read statements: assignments, `if`, `return` and the last expression.

A block becomes an outcome: `Falls` (it goes on behind the block), a condition (it returned), or
`Splits` (it does one or the other, by a condition). Behind an `if`, names are chosen by its
condition; what returned earlier is chosen when the whole is known. So nothing is read twice.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from candlewatch.filters import assignments, graph
from candlewatch.filters.graph import Node
from candlewatch.filters.operations import read_condition
from candlewatch.filters.values import Outputs, Refused, as_node, describe, is_condition

if TYPE_CHECKING:
    from candlewatch.filters.reader import Reader


class Falls:
    """The block goes on behind its end."""

    falls = True


@dataclass(frozen=True, eq=False)
class Splits:
    """The block does one thing or the other; `falls`: it may go on behind its end."""

    condition: Node
    yes: Outcome
    no: Outcome
    falls: bool


Outcome = Falls | Node | Splits
FALLS: Final = Falls()
_LOST: Final = graph.FALSE
"""Stands for a condition that was refused; the problem is noted, so it is never used."""


def read_filter(reader: Reader, tree: ast.Module) -> Node:
    """Return the condition that a filter is."""
    body = [part for part in tree.body if not _is_text(part)]
    if not body:
        place = tree.body[0] if tree.body else ast.Pass(lineno=1, col_offset=0)
        reader.refuse(place, "result", "the filter is empty", "end it with a condition")
        return _LOST
    outcome = _block(reader, body, last=True)
    if isinstance(outcome, Falls) and not reader.refused:
        reader.refuse(
            body[-1],
            "result",
            "the filter has no result",
            "end it with a condition, as rsi(close, 14) < 30",
        )
    completed = _continued(outcome, graph.FALSE)
    return completed if isinstance(completed, Node) else _LOST


def _continued(outcome: Outcome, rest: Outcome) -> Outcome:
    """Return the outcome with the rest wherever it falls through; each part is visited once."""
    done: dict[int, Outcome] = {}

    def visit(part: Outcome) -> Outcome:
        if isinstance(part, Falls):
            return rest
        if isinstance(part, Node) or not part.falls:
            return part
        if id(part) not in done:
            done[id(part)] = _split(part.condition, visit(part.yes), visit(part.no))
        return done[id(part)]

    return visit(outcome)


def _split(condition: Node, yes: Outcome, no: Outcome) -> Outcome:
    """Return the outcome of an `if`, which is a condition where both branches have returned."""
    if isinstance(yes, Node) and isinstance(no, Node):
        return graph.where(condition, yes, no)
    return Splits(condition, yes, no, _falls(yes) or _falls(no))


def _block(reader: Reader, statements: list[ast.stmt], *, last: bool) -> Outcome:
    """Read the statements of a block; `last`: nothing follows it in the text."""
    earlier: list[Outcome] = []
    for place, statement in enumerate(statements):
        final = place == len(statements) - 1
        if _is_text(statement):
            continue
        if not reader.enter(statement):
            return _LOST
        outcome = _statement(reader, statement, last=last and final)
        reader.depth -= 1
        if isinstance(outcome, Falls):
            continue
        earlier.append(outcome)
        if not _falls(outcome):
            if not final:
                reader.refuse(
                    statements[place + 1],
                    "unreachable",
                    "this is never reached",
                    "the statement before it returns on every path",
                )
            break
    result: Outcome = FALLS
    for outcome in reversed(earlier):
        result = outcome if isinstance(result, Falls) else _continued(outcome, result)
    return result


def _falls(outcome: Outcome) -> bool:
    return not isinstance(outcome, Node) and outcome.falls


def _statement(  # noqa: PLR0911 (one for each kind of statement)
    reader: Reader, node: ast.stmt, *, last: bool
) -> Outcome:
    match node:
        case ast.Assign():
            value = assignments.right_side(reader, node.value)
            for target in node.targets:
                assignments.assign(reader, target, value)
            return FALLS
        case ast.AugAssign():
            assignments.augment(reader, node)
            return FALLS
        case ast.AnnAssign(value=ast.expr()):
            assignments.assign(reader, node.target, assignments.right_side(reader, node.value))  # type: ignore[arg-type]
            return FALLS
        case ast.If():
            return _if(reader, node, last=last)
        case ast.Return():
            return _result(reader, node, node.value)
        case ast.Expr() if last:
            return _result(reader, node, node.value)
        case ast.Expr():
            reader.read(node.value)
            reader.refuse(
                node,
                "statement",
                "this expression has no effect",
                "give it a name, or write return before it",
            )
            return FALLS
        case ast.Pass():
            return FALLS
    what = _WORDS.get(type(node).__name__, type(node).__name__.lower())
    reader.refuse(
        node,
        "statement",
        f"{what} is not in the language",
        "a filter has assignments, if, return and a condition at the end",
    )
    return FALLS


_WORDS: Final = {
    "FunctionDef": "def", "AsyncFunctionDef": "async def", "ClassDef": "class", "Delete": "del",
    "AsyncFor": "async for", "AsyncWith": "async with", "TryStar": "try", "ImportFrom": "import",
    "AnnAssign": "an annotation without a value",
}  # fmt: skip


def _result(reader: Reader, node: ast.stmt, value: ast.expr | None) -> Node:
    if value is None:
        reader.refuse(node, "result", "return needs a condition", "write return False")
        return _LOST
    result = reader.read(value)
    if isinstance(result, Outputs):
        result = result.node(0)
    if isinstance(result, Refused):
        return _LOST
    if not is_condition(result):
        reader.refuse(
            node,
            "result",
            f"a filter ends in a condition, got {describe(result)}",
            "compare it with something, for instance ... > 0",
        )
        return _LOST
    condition = as_node(result)
    reader.part(value, condition)
    return condition


def _if(reader: Reader, node: ast.If, *, last: bool) -> Outcome:
    condition = read_condition(reader, node.test, "if")
    before, assigned, partly = dict(reader.names), dict(reader.assigned), set(reader.partly)
    yes = _block(reader, node.body, last=last)
    names_yes, assigned_yes, partly_yes = reader.names, reader.assigned, reader.partly
    reader.names, reader.assigned, reader.partly = before, assigned, partly
    no = _block(reader, node.orelse, last=last)
    if condition is None:
        reader.names = {**names_yes, **reader.names}
        reader.assigned = {**assigned_yes, **reader.assigned}
        return FALLS if _falls(yes) or _falls(no) else _LOST
    if _falls(yes) and not _falls(no):
        reader.names, reader.assigned, reader.partly = names_yes, assigned_yes, partly_yes
    elif _falls(yes):
        reader.partly |= partly_yes
        assignments.merge(reader, node, condition, names_yes, assigned_yes)
    if isinstance(yes, Falls) and isinstance(no, Falls):
        return FALLS
    return _split(condition, yes, no)


def _is_text(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
