"""Hostile filters by class: each with the rule that refuses it, or "" where it has a meaning.

A class is a dictionary from a rule's name to the texts that it refuses.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.filters.hostile import arithmetic, bombs, meaning, names, text


@dataclass(frozen=True)
class Case:
    """One hostile text."""

    kind: str
    rule: str
    source: str

    @property
    def title(self) -> str:
        """A short name for reports."""
        return f"{self.kind}: {self.source[:60]!a}"


def cases() -> list[Case]:
    """Return the whole corpus."""
    found = []
    for module in (names, text, bombs, arithmetic, meaning):
        for kind, by_rule in module.CLASSES.items():
            for rule, sources in by_rule.items():
                found += [Case(kind, rule, source) for source in sources]
    return found
