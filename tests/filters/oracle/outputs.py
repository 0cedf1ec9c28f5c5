"""One output, by its name, of a call that has several: `macd(close).hist`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tests.filters.oracle.scope import Chosen, Written

from candlewatch.indicators.catalog import INDICATORS

if TYPE_CHECKING:
    from tests.filters.oracle.logic import Value
    from tests.filters.oracle.place import Place
    from tests.filters.oracle.scope import Binding, Scope


def output(place: Place, node: ast.Attribute) -> Value:
    """Return the named output at a point."""
    result = place.value(node.value)
    if not isinstance(result, tuple):
        return result
    return result[INDICATORS[_function(node.value, place.scope)].outputs.index(node.attr)]


def _function(node: ast.expr, scope: Scope) -> str:
    """Return the name of the function that was called, also through names."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id
    if isinstance(node, ast.Name):
        return _named(scope.names[node.id])
    if isinstance(node, ast.IfExp):
        return _function(node.body, scope)
    raise TypeError(f"several outputs are needed: {ast.unparse(node)}")


def _named(binding: Binding) -> str:
    if isinstance(binding, Chosen):
        return _named(binding.yes)
    if isinstance(binding, Written):
        return _function(binding.node, binding.scope)
    raise TypeError("several outputs are needed, got one")
