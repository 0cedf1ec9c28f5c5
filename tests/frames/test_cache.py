"""A warm function sees what the database holds: new candles, repairs, and never a changed past."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.frames.making import make_window

from candlewatch.frames.cache import FrameCache
from candlewatch.frames.packing import read_stream, stream_of
from candlewatch.settings import CACHE_OVERLAP_CANDLES
from candlewatch.timeframes import TIMEFRAMES

if TYPE_CHECKING:
    from datetime import datetime

    from candlewatch.frames.window import Window

FIRST = 5_908_704
FIVE = TIMEFRAMES["5m"]


@dataclass
class Shelf:
    """Frames of which only the first `count` are stored yet; remembers what was loaded."""

    window: Window = field(default_factory=lambda: make_window(symbols=4, candles=900))
    count: int = 500
    repairs: int = 0
    loads: list[int] = field(default_factory=list)

    def load(self, timeframe: str, since: datetime, until: datetime) -> bytes:
        assert timeframe == "5m"
        first, last = FIVE.index_of(since), FIVE.index_of(until)
        self.loads.append(last - first + 1)
        return stream_of(self.stored(first, last))

    def stored(self, first: int, last: int) -> Window:
        stream = stream_of(self.window.until(FIRST + self.count - 1))
        return read_stream(stream, FIVE, first, last, 4)

    def repair(self, number: int, price: float) -> None:
        self.window.values[3, 0, number - FIRST] = price
        self.window.revisions[number - FIRST] += 1
        self.repairs += 1

    @property
    def last(self) -> int:
        return FIRST + self.count - 1


def same(one: Window, other: Window) -> bool:
    return np.array_equal(one.values, other.values, equal_nan=True) and np.array_equal(
        one.revisions, other.revisions
    )


def test_what_is_held_is_not_loaded_again() -> None:
    shelf = Shelf()
    cache = FrameCache(shelf.load, 1 << 30)
    cache.window(FIVE, FIRST, shelf.last, 4)

    again = cache.window(FIVE, FIRST + 100, shelf.last, 4)

    assert shelf.loads == [500]
    assert same(again, shelf.stored(FIRST + 100, shelf.last))


def test_a_new_candle_is_loaded_with_a_few_that_are_held() -> None:
    shelf = Shelf()
    cache = FrameCache(shelf.load, 1 << 30)
    cache.window(FIVE, FIRST, shelf.last, 4)
    shelf.count += 1

    window = cache.window(FIVE, FIRST + 1, shelf.last, 4)

    assert shelf.loads == [500, CACHE_OVERLAP_CANDLES + 1]
    assert same(window, shelf.stored(FIRST + 1, shelf.last))


def test_a_late_symbol_that_was_repaired_is_seen_with_the_next_candle() -> None:
    shelf = Shelf()
    cache = FrameCache(shelf.load, 1 << 30)
    before = cache.window(FIVE, FIRST, shelf.last, 4)
    held = before.values.copy()
    shelf.repair(shelf.last, 77.0)
    shelf.count += 1

    window = cache.window(FIVE, FIRST, shelf.last, 4)

    assert window.values[3, 0, -2] == 77.0
    assert np.array_equal(before.values, held)


def test_a_repair_far_back_is_seen_by_the_count_of_repairs() -> None:
    shelf = Shelf()
    cache = FrameCache(shelf.load, 1 << 30)
    cache.window(FIVE, FIRST, shelf.last, 4)
    shelf.repair(FIRST + 5, 77.0)

    window = cache.window(FIVE, FIRST, shelf.last, 4, repairs=shelf.repairs)

    assert window.values[3, 0, 5] == 77.0


def test_a_frame_that_must_be_newer_is_loaded_again() -> None:
    shelf = Shelf()
    cache = FrameCache(shelf.load, 1 << 30)
    cache.window(FIVE, FIRST, shelf.last, 4)
    shelf.repair(shelf.last, 77.0)

    window = cache.window(FIVE, FIRST, shelf.last, 4, revision=2)

    assert window.values[3, 0, -1] == 77.0


def test_a_frame_that_was_not_stored_yet_is_asked_for_again() -> None:
    shelf = Shelf()
    cache = FrameCache(shelf.load, 1 << 30)
    early = cache.window(FIVE, FIRST, shelf.last + 1, 4)
    shelf.count += 1

    window = cache.window(FIVE, FIRST, shelf.last, 4)

    assert np.isnan(early.values[:, :, -1]).all()
    assert np.isfinite(window.values[:, :, -1]).all()


def test_more_symbols_or_an_earlier_start_load_everything() -> None:
    shelf = Shelf()
    cache = FrameCache(shelf.load, 1 << 30)
    cache.window(FIVE, FIRST + 50, shelf.last, 4)

    assert same(cache.window(FIVE, FIRST, shelf.last, 4), shelf.stored(FIRST, shelf.last))
    assert cache.window(FIVE, FIRST, shelf.last, 6).symbol_count == 6
    assert shelf.loads == [450, 500, 500]


def test_the_bound_holds_and_the_longest_unused_goes_first() -> None:
    def load(timeframe: str, _since: datetime, _until: datetime) -> bytes:
        loaded.append(timeframe)
        return b""

    loaded: list[str] = []
    size = 6 * 10 * (100 + 256) * 8 + (100 + 256) * 8
    cache = FrameCache(load, 2 * size + 100)
    for name in ("5m", "1h", "5m", "4h"):
        cache.window(TIMEFRAMES[name], 1000, 1099, 10)
        assert cache.size <= 2 * size + 100
    loaded.clear()

    cache.window(TIMEFRAMES["4h"], 1000, 1098, 10)
    cache.window(TIMEFRAMES["1h"], 1000, 1098, 10)

    assert loaded == ["4h", "1h"]


def test_a_window_larger_than_the_bound_is_handed_out_and_not_kept() -> None:
    shelf = Shelf()
    cache = FrameCache(shelf.load, 1000)

    window = cache.window(FIVE, FIRST, shelf.last, 4)

    assert same(window, shelf.stored(FIRST, shelf.last))
    assert cache.size == 0


def test_a_forgotten_timeframe_is_loaded_whole() -> None:
    shelf = Shelf()
    cache = FrameCache(shelf.load, 1 << 30)
    cache.window(FIVE, FIRST, shelf.last, 4)
    cache.forget("5m")

    cache.window(FIVE, FIRST, shelf.last, 4)

    assert shelf.loads == [500, 500]


class AnyOrder(RuleBasedStateMachine):
    """New candles, repairs and questions in any order: the answer is what is stored."""

    def __init__(self) -> None:
        super().__init__()
        self.shelf = Shelf(count=40)
        self.cache = FrameCache(self.shelf.load, 1 << 24)
        self.handed_out: list[tuple[Window, bytes]] = []

    @rule(candles=st.integers(1, 400))
    def publish(self, candles: int) -> None:
        self.shelf.count = min(900, self.shelf.count + candles)

    @rule(back=st.integers(0, 39), price=st.floats(1, 100))
    def repair(self, back: int, price: float) -> None:
        self.shelf.repair(self.shelf.last - back, price)

    @rule(length=st.integers(1, 300), back=st.integers(0, 3))
    def ask(self, length: int, back: int) -> None:
        last = self.shelf.last - back
        first = max(FIRST, last - length + 1)
        window = self.cache.window(FIVE, first, last, 4, repairs=self.shelf.repairs)
        assert same(window, self.shelf.stored(first, last))
        self.handed_out.append((window, window.values.tobytes()))

    @invariant()
    def nothing_that_was_handed_out_has_changed(self) -> None:
        assert all(window.values.tobytes() == held for window, held in self.handed_out[-4:])


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
