"""Frames come back from bytes as they went, and damaged bytes are refused whole."""

from __future__ import annotations

import base64
import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from tests.frames.making import make_values, make_window

from candlewatch.errors import FrameInvalid
from candlewatch.frames.packing import (
    pack,
    pack_text,
    read_stream,
    stream_of,
    unpack,
    unpack_text,
)
from candlewatch.timeframes import TIMEFRAMES

if TYPE_CHECKING:
    from numpy.typing import NDArray

FIVE = TIMEFRAMES["5m"]


def frame(number: int, values: NDArray[np.float64], revision: int = 1) -> bytes:
    """Return one frame of a stream, written the long way."""
    positions = values.shape[1]
    head = struct.pack(">qii", number * FIVE.ms, revision, positions)
    return head + b"".join(struct.pack(">d", v) for field in values for v in field)


@given(arrays.arrays(np.float64, st.tuples(st.just(6), st.integers(0, 9))))
def test_a_frame_comes_back_bit_by_bit(values: NDArray[np.float64]) -> None:
    assert unpack(pack(values)).tobytes() == values.tobytes()
    assert unpack_text(pack_text(values)).tobytes() == values.tobytes()


def test_the_layout_is_field_after_field_big_endian() -> None:
    values = np.arange(12.0).reshape(6, 2)

    assert pack(values) == b"".join(struct.pack(">d", number) for number in range(12))


def test_a_window_comes_back_from_its_stream() -> None:
    window = make_window(symbols=7, candles=300)

    read = read_stream(stream_of(window), FIVE, window.first, window.last, 7)

    assert np.array_equal(read.values, window.values)
    assert np.array_equal(read.revisions, window.revisions)
    assert (read.first, read.timeframe) == (window.first, FIVE)


def test_a_missing_frame_is_a_column_that_is_not_known() -> None:
    values = make_values(2, 3)
    stream = frame(100, values[:, :, 0]) + frame(102, values[:, :, 2], revision=4)

    window = read_stream(stream, FIVE, 99, 103, 2)

    assert window.revisions.tolist() == [0, 1, 0, 4, 0]
    assert np.array_equal(window.values[:, :, 3], values[:, :, 2])
    assert np.isnan(window.values[:, :, [0, 2, 4]]).all()


def test_symbols_that_came_later_are_not_known_before() -> None:
    early, late = make_values(2, 2), make_values(5, 2)
    stream = frame(100, early[:, :, 0]) + frame(101, late[:, :, 1])

    window = read_stream(stream, FIVE, 100, 101, 5)

    assert np.isnan(window.values[:, 2:, 0]).all()
    assert np.array_equal(window.values[:, :2, 0], early[:, :, 0])
    assert np.array_equal(window.values[:, :, 1], late[:, :, 1])


def test_positions_beyond_the_universe_are_ignored() -> None:
    window = read_stream(frame(100, make_values(5, 1)[:, :, 0]), FIVE, 100, 100, 3)

    assert np.array_equal(window.values[:, :, 0], make_values(5, 1)[:, :3, 0])


def test_frames_outside_of_the_window_are_ignored() -> None:
    window = make_window(candles=10)

    read = read_stream(stream_of(window), FIVE, window.first + 3, window.first + 5, 3)

    assert np.array_equal(read.values, window.values[:, :, 3:6])


def test_an_empty_stream_is_a_window_of_nothing_known() -> None:
    window = read_stream(b"", FIVE, 100, 104, 3)

    assert window.values.shape == (6, 3, 5)
    assert np.isnan(window.values).all()


def test_a_frame_of_no_symbols_is_a_frame() -> None:
    assert read_stream(frame(100, np.empty((6, 0))), FIVE, 100, 100, 2).revisions.tolist() == [1]


@given(cut=st.integers(1, 500))
def test_a_stream_that_is_cut_off_is_refused(cut: int) -> None:
    stream = stream_of(make_window(symbols=3, candles=4))
    cut %= 160

    if cut:
        with pytest.raises(FrameInvalid, match="cut off"):
            read_stream(stream[:-cut], FIVE, 5_908_704, 5_908_707, 3)


def test_frames_out_of_order_or_twice_are_refused() -> None:
    values = make_values(2, 1)[:, :, 0]
    other = make_values(3, 1)[:, :, 0]
    for first, second in ((101, 100), (100, 100)):
        for shape in (values, other):
            with pytest.raises(FrameInvalid, match="not in order of time"):
                read_stream(frame(first, values) + frame(second, shape), FIVE, 100, 101, 2)


def test_a_time_off_the_grid_is_refused() -> None:
    stream = struct.pack(">qii", 100 * FIVE.ms + 1, 1, 0)

    with pytest.raises(FrameInvalid, match="off the grid of 5m"):
        read_stream(stream, FIVE, 100, 100, 2)


def test_a_number_of_positions_beyond_the_bytes_is_refused() -> None:
    for positions in (-1, 2**31 - 1):
        with pytest.raises(FrameInvalid, match="cut off"):
            read_stream(struct.pack(">qii", 0, 1, positions), FIVE, 0, 1, 2)


@pytest.mark.parametrize("text", ["!", "AAAA", "ÄÖ", base64.b64encode(b"x" * 47).decode()])
def test_text_that_is_no_frame_is_refused(text: str) -> None:
    with pytest.raises(FrameInvalid):
        unpack_text(text)


def test_values_of_another_shape_are_refused() -> None:
    with pytest.raises(FrameInvalid, match="shape"):
        pack(np.zeros((5, 2)))
