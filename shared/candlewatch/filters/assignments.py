"""Read assignments, and choose between the names of the two branches of an `if`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from candlewatch.filters import words
from candlewatch.filters.operations import OPERATORS, chosen, combined, read_number
from candlewatch.filters.values import REFUSED, Outputs, Refused, Value
from candlewatch.wording import counted

if TYPE_CHECKING:
    from candlewatch.filters.graph import Node
    from candlewatch.filters.reader import Reader


def right_side(reader: Reader, node: ast.expr) -> Value:
    """Return what stands right of the =; several values are a tuple."""
    if isinstance(node, ast.Tuple):
        return tuple(reader.read(part) for part in node.elts)
    return reader.read(node)


def assign(reader: Reader, target: ast.expr, value: Value) -> None:
    """Give a value to a name, or several to several."""
    if isinstance(target, ast.Tuple | ast.List):
        _assign_parts(reader, target, value)
        return
    if not isinstance(target, ast.Name):
        reader.refuse(target, "statement", "a value is given to a plain name", "write x = ...")
        return
    word = target.id
    if word in words.SERIES or word.startswith("__"):
        reader.refuse(
            target,
            "reserved_name",
            f"{word[:40]} is a word of the language",
            f"choose another name, as my_{word[:40].strip('_')}",
        )
    elif isinstance(value, tuple):
        reader.refuse(
            target,
            "arguments",
            f"one name cannot stand for a tuple of {counted(len(value), 'value')}",
            "write as many names before the =",
        )
        reader.assign(word, REFUSED)
    else:
        reader.assign(word, value)
        reader.partly.discard(word)


def _assign_parts(reader: Reader, target: ast.Tuple | ast.List, value: Value) -> None:
    if isinstance(value, Outputs):
        value = tuple(value.node(place) for place in range(len(value.bound.outputs)))
    parts: tuple[Value, ...]
    if isinstance(value, tuple) and len(value) == len(target.elts):
        parts = value
    else:
        if not isinstance(value, Refused):
            got = len(value) if isinstance(value, tuple) else 1
            reader.refuse(
                target,
                "arguments",
                f"{counted(len(target.elts), 'name')} cannot stand for {counted(got, 'value')}",
            )
        parts = (REFUSED,) * len(target.elts)
    for name, part in zip(target.elts, parts, strict=True):
        assign(reader, name, part)


def augment(reader: Reader, node: ast.AugAssign) -> None:
    """Read `x += 1` as `x = x + 1`."""
    operator = OPERATORS.get(type(node.op))
    if operator is None or not isinstance(node.target, ast.Name):
        reader.refuse(node, "statement", "this assignment is not in the language", "write x = ...")
        return
    before = ast.Name(node.target.id, ast.Load(), lineno=node.lineno, col_offset=node.col_offset)
    left = read_number(reader, before, operator)
    right = read_number(reader, node.value, operator)
    value: Value = REFUSED
    if left is not None and right is not None:
        value = combined(reader, node, operator, left, right)
    assign(reader, node.target, value)


def merge(
    reader: Reader,
    node: ast.If,
    condition: Node,
    names_yes: dict[str, Value],
    assigned_yes: dict[str, int],
) -> None:
    """Choose every name that a branch assigned by the condition of the `if`.

    That holds for equal values too: where the condition is unknown, so is the name.
    """
    names_no, assigned_no = reader.names, reader.assigned
    reader.names, reader.assigned = {}, {}
    for word in {**names_no, **names_yes}:
        yes, no = names_yes.get(word), names_no.get(word)
        if yes is None or no is None:
            reader.partly.add(word)
        elif assigned_yes.get(word) == assigned_no.get(word):
            reader.names[word] = yes
            reader.assigned[word] = assigned_yes[word]
        elif isinstance(yes, Refused) or isinstance(no, Refused):
            reader.assign(word, REFUSED)
        else:
            reader.assign(word, chosen(reader, node, condition, yes, no))
    reader.partly -= set(reader.names)
