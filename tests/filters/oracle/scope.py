"""What a filter's statements mean: names bound to expressions, and a fork where an `if` returns.

Nothing is computed here. A scope maps names to bindings; binding a name gives a new scope, so that
an expression keeps the meaning that its names had where it was written.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass


@dataclass(frozen=True, eq=False)
class Written:
    """A name bound to an expression."""

    node: ast.expr
    scope: Scope


@dataclass(frozen=True, eq=False)
class Part:
    """A name bound to one output of an expression with several."""

    node: ast.expr
    scope: Scope
    index: int


@dataclass(frozen=True, eq=False)
class Chosen:
    """A name that got its value in the branches of an `if`."""

    test: ast.expr
    scope: Scope
    yes: Binding
    no: Binding


@dataclass(frozen=True, eq=False)
class Turn:
    """The loop variable of a generator, in one of its turns."""

    number: int


Binding = Written | Part | Chosen | Turn


@dataclass(frozen=True, eq=False)
class Scope:
    """The names that are bound at one place of the text."""

    names: dict[str, Binding]

    def bind(self, name: str, binding: Binding) -> Scope:
        """Return this scope with one name bound anew."""
        return Scope({**self.names, name: binding})


@dataclass(frozen=True, eq=False)
class Answer:
    """The path ends with this condition."""

    node: ast.expr
    scope: Scope


@dataclass(frozen=True, eq=False)
class Fork:
    """The path divides, and at least one side returns."""

    test: ast.expr
    scope: Scope
    yes: Outcome
    no: Outcome


@dataclass(frozen=True)
class Fall:
    """The path goes on with the statement that comes next."""


Outcome = Answer | Fork | Fall


def outcome(body: list[ast.stmt]) -> Outcome:
    """Say what a filter answers; a path that does not end is False."""
    path, _ = _block(body, Scope({}), last=True)
    return _goes_on(path, Answer(ast.Constant(value=False), Scope({})))


def _block(body: list[ast.stmt], scope: Scope, *, last: bool) -> tuple[Outcome, Scope | None]:
    """Follow statements; the scope after them is None where every path has returned.

    `last` says that the filter ends after these statements, so that an expression answers.
    """
    path: Outcome = Fall()
    for index, statement in enumerate(body):
        ends = last and index == len(body) - 1
        step, after = _statement(statement, scope, last=ends)
        path = _goes_on(path, step)
        if after is None:
            return path, None
        scope = after
    return path, scope


def _statement(statement: ast.stmt, scope: Scope, *, last: bool) -> tuple[Outcome, Scope | None]:
    if isinstance(statement, ast.Return) and statement.value is not None:
        return Answer(statement.value, scope), None
    if isinstance(statement, ast.Expr) and last and not _is_text(statement.value):
        return Answer(statement.value, scope), None
    if not isinstance(statement, ast.If):
        return Fall(), bind(statement, scope)
    yes, yes_scope = _block(statement.body, scope, last=last)
    no, no_scope = _block(statement.orelse, scope, last=last)
    quiet = isinstance(yes, Fall) and isinstance(no, Fall)
    path = Fall() if quiet else Fork(statement.test, scope, yes, no)
    if yes_scope is None or no_scope is None:
        return path, no_scope if yes_scope is None else yes_scope
    return path, _merge(statement.test, scope, yes_scope, no_scope)


def _goes_on(path: Outcome, rest: Outcome) -> Outcome:
    """Put what comes next at every place that falls through."""
    if isinstance(path, Fork):
        yes, no = _goes_on(path.yes, rest), _goes_on(path.no, rest)
        return Fork(path.test, path.scope, yes, no)
    return rest if isinstance(path, Fall) else path


def bind(statement: ast.stmt, scope: Scope) -> Scope:
    """Return the scope after a statement that does not return."""
    if isinstance(statement, ast.Assign):
        for target in statement.targets:
            scope = _bind_target(target, statement.value, scope, scope)
        return scope
    if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
        name = statement.target.id
        read = ast.Name(id=name, ctx=ast.Load())
        value = ast.BinOp(left=read, op=statement.op, right=statement.value)
        return scope.bind(name, Written(value, scope))
    return scope


def _bind_target(target: ast.expr, value: ast.expr, scope: Scope, old: Scope) -> Scope:
    if isinstance(target, ast.Name):
        return scope.bind(target.id, Written(value, old))
    if not isinstance(target, ast.Tuple):
        raise TypeError(f"cannot assign to {ast.dump(target)}")
    if isinstance(value, ast.Tuple):
        for each, part in zip(target.elts, value.elts, strict=True):
            scope = _bind_target(each, part, scope, old)
        return scope
    for index, each in enumerate(target.elts):
        if not isinstance(each, ast.Name):
            raise TypeError(f"cannot assign to {ast.dump(each)}")
        scope = scope.bind(each.id, Part(value, old, index))
    return scope


def _merge(test: ast.expr, scope: Scope, yes: Scope, no: Scope) -> Scope:
    """Join the names of two branches; a name that only one of them has is gone."""
    merged: dict[str, Binding] = {}
    for name in yes.names.keys() & no.names.keys():
        left, right = yes.names[name], no.names[name]
        merged[name] = left if left is right else Chosen(test, scope, left, right)
    return Scope(merged)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
