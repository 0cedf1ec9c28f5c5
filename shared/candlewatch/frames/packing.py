"""Frames as bytes, the form in which they are stored and in which functions load them.

A packed frame is big-endian float64, field-major: `values[field][position]`, fields in the order of
`FIELDS`, 48 bytes per symbol. NaN means "not known". A frame that was written before a symbol had a
position is shorter; the symbols that it lacks are not known on it.

A stream is what `worker.load_frames` returns: frames in the order of their times, each as open time
(int64, milliseconds), revision (int32), number of positions (int32), and the packed frame.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Final

import numpy as np

from candlewatch.errors import FrameInvalid
from candlewatch.frames.window import FIELDS, Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from candlewatch.timeframes import Timeframe

_FIELDS: Final = len(FIELDS)
_HEAD: Final = np.dtype([("open_ms", ">i8"), ("revision", ">i4"), ("positions", ">i4")])
_FLOAT: Final = np.dtype(">f8")
_BLOCK_BYTES: Final = 2 << 20
"""Frames are transposed in blocks of this size, which stay in the processor's cache."""


def pack(values: NDArray[np.float64]) -> bytes:
    """Pack one frame.

    Args:
        values: shape (fields, symbols).

    Raises:
        FrameInvalid: the shape is another one.
    """
    if values.ndim != 2 or values.shape[0] != _FIELDS:  # noqa: PLR2004 (two axes)
        raise FrameInvalid(f"a frame has shape ({_FIELDS}, symbols), got {values.shape}")
    return values.astype(_FLOAT).tobytes()


def unpack(data: bytes | memoryview) -> NDArray[np.float64]:
    """Unpack one frame.

    Returns:
        Native float64, shape (fields, symbols), a copy of its own.

    Raises:
        FrameInvalid: the length is no multiple of one symbol's 48 bytes.
    """
    if len(data) % (_FIELDS * _FLOAT.itemsize):
        raise FrameInvalid(f"a packed frame has 48 bytes per symbol, got {len(data)} bytes")
    return np.frombuffer(data, _FLOAT).reshape(_FIELDS, -1).astype(np.float64)


def pack_text(values: NDArray[np.float64]) -> str:
    """Pack one frame as base64, the form that JSON carries."""
    return base64.b64encode(pack(values)).decode("ascii")


def unpack_text(text: str) -> NDArray[np.float64]:
    """Unpack one frame from base64.

    Raises:
        FrameInvalid: the text is no base64, or its length is wrong.
    """
    try:
        return unpack(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError) as exc:
        raise FrameInvalid(f"a packed frame is base64: {exc}") from exc


def stream_of(window: Window) -> bytes:
    """Return the stream of a window's frames, as the database would; missing ones are left out."""
    parts = []
    for column in np.flatnonzero(window.revisions):
        head = np.zeros(1, _HEAD)
        opens_ms = (window.first + int(column)) * window.timeframe.ms + window.timeframe.offset_ms
        head[0] = (opens_ms, window.revisions[column], window.symbol_count)
        parts.append(head.tobytes() + pack(window.values[:, :, column]))
    return b"".join(parts)


def read_stream(
    stream: bytes | memoryview, timeframe: Timeframe, first: int, last: int, symbol_count: int
) -> Window:
    """Read a stream into a window on an unbroken grid; frames that it lacks become columns of NaN.

    Args:
        stream: what `load_frames` returned.
        timeframe: of the frames.
        first: number of the first candle of the window.
        last: number of its newest candle; frames outside are ignored.
        symbol_count: rows of the window; positions beyond it are ignored.

    Raises:
        FrameInvalid: the stream is cut off, not in order of time, or a time lies off the grid.
    """
    count = max(0, last - first + 1)
    values = np.full((_FIELDS, symbol_count, count), np.nan)
    revisions = np.zeros(count, np.int64)
    previous = -1
    for start, positions, records in _runs(memoryview(stream)):
        columns = _columns(records, timeframe, first)
        if columns[0] + first <= previous or (np.diff(columns) <= 0).any():
            raise FrameInvalid(f"frames at byte {start} of the stream are not in order of time")
        previous = int(columns[-1]) + first
        inside = (columns >= 0) & (columns < count)
        revisions[columns[inside]] = records["revision"][inside]
        shared = min(positions, symbol_count)
        _transpose(records["values"][inside], columns[inside], values[:, :shared])
    return Window(timeframe, first, values, revisions)


def _runs(stream: memoryview) -> Iterator[tuple[int, int, NDArray[np.void]]]:
    """Yield runs of frames with equal numbers of positions, as views: byte, positions, records."""
    start = 0
    while start < len(stream):
        if len(stream) - start < _HEAD.itemsize:
            raise FrameInvalid(f"the stream of frames is cut off at byte {start}")
        positions = int(np.frombuffer(stream, _HEAD, 1, start)[0]["positions"])
        if positions < 0 or (positions * _FIELDS * _FLOAT.itemsize) > len(stream) - start:
            raise FrameInvalid(f"the frame at byte {start} is cut off: {positions} positions")
        record = np.dtype([*_HEAD.descr, ("values", _FLOAT, (_FIELDS, positions))])
        fitting = (len(stream) - start) // record.itemsize
        if fitting == 0:
            raise FrameInvalid(f"the frame at byte {start} is cut off: {positions} positions")
        records = np.frombuffer(stream, record, fitting, start)
        other = np.flatnonzero(records["positions"] != positions)
        length = int(other[0]) if len(other) else fitting
        yield start, positions, records[:length]
        start += length * record.itemsize


def _columns(records: NDArray[np.void], timeframe: Timeframe, first: int) -> NDArray[np.int64]:
    since = records["open_ms"].astype(np.int64) - timeframe.offset_ms
    if (since % timeframe.ms).any():
        raise FrameInvalid(f"a frame's open time lies off the grid of {timeframe}")
    numbers: NDArray[np.int64] = since // timeframe.ms - first
    return numbers


def _transpose(
    source: NDArray[np.float64], columns: NDArray[np.int64], target: NDArray[np.float64]
) -> None:
    """Copy frames (frame, field, symbol) into columns of a window (field, symbol, candle)."""
    if not len(columns):
        return
    symbols = target.shape[1]
    step = max(1, _BLOCK_BYTES // max(1, symbols * _FIELDS * _FLOAT.itemsize))
    for start in range(0, len(columns), step):
        block = source[start : start + step, :, :symbols].astype(np.float64)
        chosen = columns[start : start + step]
        if chosen[-1] - chosen[0] == len(chosen) - 1:
            target[:, :, chosen[0] : chosen[-1] + 1] = block.transpose(1, 2, 0)
        else:
            target[:, :, chosen] = block.transpose(1, 2, 0)
