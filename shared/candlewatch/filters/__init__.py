"""Filters: the language that authors write, and the engine that evaluates it.

Text is read by `compilation` into the graph of `graph`; `plan` evaluates the filters of many
traders together, `replay` one over history, `explain` says why one does not match.
"""

from candlewatch.filters.compilation import Filter, compile_filter
from candlewatch.filters.explain import Explanation, Part, explain
from candlewatch.filters.plan import Plan
from candlewatch.filters.replay import replay
from candlewatch.filters.results import Evaluation

__all__ = [
    "Evaluation",
    "Explanation",
    "Filter",
    "Part",
    "Plan",
    "compile_filter",
    "explain",
    "replay",
]
