"""The state while a filter is read: names, problems, limits, and what explains a match later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from candlewatch.errors import FilterRefused, Problem
from candlewatch.filters.values import REFUSED, Value
from candlewatch.settings import (
    FILTER_DEPTH_MAX,
    FILTER_NODES_MAX,
    FILTER_PROBLEMS_MAX,
    FILTER_STEPS_MAX,
)

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Mapping

    from candlewatch.filters.graph import Node
    from candlewatch.filters.values import Refused
    from candlewatch.timeframes import Timeframe

    Handler = Callable[["Reader", Any], Value]

_LABEL_CHARACTERS: Final = 60


class Reader:
    """What is known while one filter is read, from its first line to its last.

    Attributes:
        timeframe: on which the filter runs.
        names: what the author's names stand for at this point of the text.
        partly: names that were assigned in one branch of an `if` only.
        assigned: by name, the number of the assignment that gave it its value.
        within: `at` and `of` that surround the expression being read.
        sides: sides of comparisons with their labels, in the order of the text.
        parts: conditions with the place of their text.
        depth: nesting of the expression or statement being read.
        repeating: a loop reads its expression again, which counts as steps but not as nodes.
    """

    def __init__(
        self,
        source: str,
        timeframe: Timeframe,
        handlers: Mapping[type[ast.expr], Handler],
        otherwise: Handler,
    ) -> None:
        self.timeframe = timeframe
        self._handlers = handlers
        self._otherwise = otherwise
        self.names: dict[str, Value] = {}
        self.partly: set[str] = set()
        self.assigned: dict[str, int] = {}
        self.within: set[str] = set()
        self.sides: list[tuple[str, Node]] = []
        self.parts: dict[Node, tuple[int, str]] = {}
        self.depth = 0
        self.repeating = 0
        self._lines = source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._problems: dict[tuple[int, int, str], Problem] = {}
        self._nodes = 0
        self._steps = 0
        self._assignments = 0

    def read(self, node: ast.expr) -> Value:
        """Return what an expression stands for, or `REFUSED` after noting why."""
        if not self.enter(node):
            return REFUSED
        value = self._handlers.get(type(node), self._otherwise)(self, node)
        self.depth -= 1
        return value

    def enter(self, node: ast.expr | ast.stmt) -> bool:
        """Count a syntax node; False: it is nested too deeply and shall not be read.

        Raises:
            FilterRefused: the text has too many nodes, or takes too many steps.
        """
        self.spend(node, 1)
        if not self.repeating:
            self._nodes += 1
            if self._nodes > FILTER_NODES_MAX:
                self.refuse(node, "nodes", f"a filter has at most {FILTER_NODES_MAX} syntax nodes")
                self.finish()
        self.depth += 1
        if self.depth > FILTER_DEPTH_MAX:
            self.depth -= 1
            self.refuse(
                node,
                "depth",
                f"expressions may be nested {FILTER_DEPTH_MAX} deep, not deeper",
                "give the inner parts names",
            )
            return False
        return True

    def spend(self, node: ast.expr | ast.stmt, steps: int) -> None:
        """Count work that the text causes.

        Raises:
            FilterRefused: it is too much.
        """
        self._steps += steps
        if self._steps > FILTER_STEPS_MAX:
            self.refuse(
                node,
                "nodes",
                f"a filter is read in at most {FILTER_STEPS_MAX:,} steps; each turn of a loop and"
                " each term inside at() or of() takes some",
                "use highest, count, any(c, n) and the like over the last n candles",
            )
            self.finish()

    def assign(self, word: str, value: Value) -> None:
        """Give a name its value; each assignment is another, even of an equal value."""
        self._assignments += 1
        self.names[word] = value
        self.assigned[word] = self._assignments

    def refuse(
        self, node: ast.expr | ast.stmt | ast.keyword, rule: str, message: str, hint: str = ""
    ) -> Refused:
        """Note a problem and return the value that stands for it."""
        line = getattr(node, "lineno", 1)
        column = self._column(line, getattr(node, "col_offset", 0))
        self._problems.setdefault((line, column, rule), Problem(line, column, rule, message, hint))
        if len(self._problems) >= FILTER_PROBLEMS_MAX:
            self.finish()
        return REFUSED

    @property
    def refused(self) -> bool:
        """Whether any problem was noted."""
        return bool(self._problems)

    def finish(self) -> None:
        """Raise FilterRefused if any problem was noted; in the order of the text."""
        if self._problems:
            raise FilterRefused(tuple(self._problems[key] for key in sorted(self._problems)))

    def label(self, node: ast.expr) -> str:
        """Return the expression as the author wrote it, on one line."""
        last = node.end_lineno or node.lineno
        lines = self._lines[node.lineno - 1 : last]
        lines[-1] = _cut(lines[-1], 0, node.end_col_offset or 0)
        lines[0] = _cut(lines[0], node.col_offset, None)
        text = lines[0] if len(lines) == 1 else " ".join(" ".join(lines).split())
        if len(text) > _LABEL_CHARACTERS:
            return text[: _LABEL_CHARACTERS - 3] + "..."
        return text

    def watch(self, node: ast.expr, value: Node) -> None:
        """Keep a side of a comparison, to explain a match with its value."""
        self.sides.append((self.label(node), value))

    def moved(self, prefix: str, move: Callable[[Node], Node], since: int) -> None:
        """Move the sides noted since then to the surroundings of an `at` or `of`."""
        self.sides[since:] = [
            (f"{prefix}, {label})"[:_LABEL_CHARACTERS], move(value))
            for label, value in self.sides[since:]
        ]

    def part(self, node: ast.expr, value: Node) -> None:
        """Keep where a condition stands in the text, to explain why nothing matched."""
        if value not in self.parts:
            self.parts[value] = (node.lineno, self.label(node))

    def _column(self, line: int, offset: int) -> int:
        text = self._lines[line - 1] if line <= len(self._lines) else ""
        return len(_cut(text, 0, offset)) + 1


def _cut(line: str, start: int, end: int | None) -> str:
    """Cut a line at byte offsets, as the parser counts."""
    if line.isascii():
        return line[start:end]
    return line.encode()[start:end].decode(errors="ignore")
