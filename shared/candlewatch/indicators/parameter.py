"""A parameter of an indicator: its name, range and meaning, and the check of an argument."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Literal

from candlewatch.wording import written

Argument = float | int | str


@dataclass(frozen=True)
class Parameter:
    """One parameter of an indicator.

    Attributes:
        name: the short name (`period`); `alias` is TA-Lib's own (`timeperiod`). Both are accepted.
        kind: `int` a whole number, `float` any number, `choice` one of `choices`.
        default: the value where none is given.
        low: the smallest value allowed.
        high: the largest value allowed.
        meaning: a few words, with the unit.
        choices: the names of a choice's values; a name or its number is accepted.
    """

    name: str
    alias: str
    kind: Literal["int", "float", "choice"]
    default: float
    low: float
    high: float
    meaning: str
    choices: tuple[tuple[str, int], ...] = ()

    def checked(self, indicator: str, value: Argument) -> float:
        """Return the value as TA-Lib takes it.

        Raises:
            ValueError: it is of the wrong kind or out of range; the message is a sentence.
        """
        if self.kind == "choice":
            return self._chosen(indicator, value)
        whole = self.kind == "int"
        valid = (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and self.low <= value <= self.high
            and (not whole or value == int(value))
        )
        if not valid:
            what = "a whole number" if whole else "a number"
            span = f"from {written(self.low)} to {written(self.high)}"
            raise ValueError(f"{indicator}: {self.name} must be {what} {span}, got {_shown(value)}")
        return int(value) if whole else float(value)

    def _chosen(self, indicator: str, value: Argument) -> int:
        for name, number in self.choices:
            if value == number and not isinstance(value, bool):
                return number
            if isinstance(value, str) and value.lower() == name:
                return number
        known = ", ".join(f"{name} ({number})" for name, number in self.choices)
        raise ValueError(f"{indicator}: {self.name} must be one of {known}, got {_shown(value)}")


def _shown(value: Argument) -> str:
    plain = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    return written(value) if plain else repr(value)  # type: ignore[arg-type]  # said above
