"""One line per measured value: `name value unit bar ok|short`; a benchmark fails when one is short.

A part is a module with `measure(report: Report) -> None`. Times are wall-clock unless the name says
`cpu`; the best of several runs is what counts, since noise only ever makes it worse.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Measurement:
    """A value, and the bar that it has to reach or to stay under.

    Attributes:
        name: what was measured, in words joined by dots.
        value: the result.
        unit: of value and bar.
        bar: the bar; None where the value is for information.
        higher_is_better: whether the bar is a floor.
    """

    name: str
    value: float
    unit: str
    bar: float | None
    higher_is_better: bool

    @property
    def is_short(self) -> bool:
        """Whether the value misses its bar."""
        if self.bar is None:
            return False
        return self.value < self.bar if self.higher_is_better else self.value > self.bar

    def line(self) -> str:
        """Return the line that is printed."""
        bar = "-" if self.bar is None else f"{self.bar:g}"
        verdict = "short" if self.is_short else "ok"
        return f"{self.name} {self.value:.6g} {self.unit} {bar} {verdict}"


@dataclass
class Report:
    """Collects and prints measurements."""

    measurements: list[Measurement] = field(default_factory=list)

    def at_least(self, name: str, value: float, unit: str, bar: float) -> None:
        """Report a value that has to reach a bar, such as jobs per second."""
        self._add(Measurement(name, value, unit, bar, higher_is_better=True))

    def at_most(self, name: str, value: float, unit: str, bar: float) -> None:
        """Report a value that has to stay under a bar, such as a duration."""
        self._add(Measurement(name, value, unit, bar, higher_is_better=False))

    def note(self, name: str, value: float, unit: str) -> None:
        """Report a value without a bar."""
        self._add(Measurement(name, value, unit, None, higher_is_better=True))

    @property
    def is_short(self) -> bool:
        """Whether any value misses its bar."""
        return any(measurement.is_short for measurement in self.measurements)

    def _add(self, measurement: Measurement) -> None:
        self.measurements.append(measurement)
        print(measurement.line(), flush=True)
