"""A seeded bug: one change that breaks one promise, and the one test that must notice."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bug:
    """A mistake that somebody could make.

    Attributes:
        name: what is broken, in a few words.
        file: where, from the project's root.
        old: the text there, found exactly once.
        new: what replaces it.
        test: the test that must fail then, as pytest names it.
    """

    name: str
    file: str
    old: str
    new: str
    test: str
