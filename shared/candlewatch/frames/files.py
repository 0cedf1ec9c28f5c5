"""Candle files: parquet with columns symbol, open_time, open, high, low, close, volume.

`quote_volume` is read where the file has it; where it has not, it is volume times the mean of the
four prices, which is near enough for a rehearsal and stated here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from candlewatch.errors import SetupError
from candlewatch.frames.window import FIELDS, Window
from candlewatch.timeframes import TIMEFRAMES

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from candlewatch.timeframes import Timeframe

_NEEDED: Final = ("symbol", "open_time", "open", "high", "low", "close", "volume")


@dataclass(frozen=True)
class CandleFile:
    """What a file holds: the symbols in order of their names, and their candles.

    Attributes:
        symbols: name by row of the window.
        window: all candles on an unbroken grid; revision 1 where any symbol has a candle.
    """

    symbols: tuple[str, ...]
    window: Window


def read_candles(path: Path) -> CandleFile:
    """Read a candle file.

    Raises:
        SetupError: the file cannot be read, lacks a column, or holds no usable candles; the message
            says what to do.
    """
    columns = _read_columns(path)
    names, rows = np.unique(columns["symbol"].astype(str), return_inverse=True)
    timeframe, numbers = _grid(path, columns["open_ms"], rows)
    first, last = int(numbers.min()), int(numbers.max())
    values = np.full((len(FIELDS), len(names), last - first + 1), np.nan)
    for field, name in enumerate(FIELDS):
        values[field, rows, numbers - first] = columns[name]
    revisions = np.isfinite(values[0]).any(axis=0).astype(np.int64)
    return CandleFile(
        tuple(str(name) for name in names), Window(timeframe, first, values, revisions)
    )


def write_candles(path: Path, candles: CandleFile) -> None:
    """Write a candle file that `read_candles` reads; candles that are not known are left out."""
    import pyarrow as pa  # noqa: PLC0415 (heavy, and only the command line reads files)
    from pyarrow import parquet  # noqa: PLC0415

    window = candles.window
    rows, columns = np.nonzero(np.isfinite(window.values[0]))
    opens_ms = (columns + window.first) * window.timeframe.ms + window.timeframe.offset_ms
    table = {
        "symbol": pa.array(np.array(candles.symbols)[rows]),
        "open_time": pa.array(opens_ms, pa.timestamp("ms", tz="UTC")),
        **{name: pa.array(window.values[i][rows, columns]) for i, name in enumerate(FIELDS)},
    }
    parquet.write_table(pa.table(table), path)


def _read_columns(path: Path) -> dict[str, NDArray[Any]]:
    """Return the columns of a parquet file as arrays, times as milliseconds."""
    import pyarrow as pa  # noqa: PLC0415 (heavy, and only the command line reads files)
    from pyarrow import parquet  # noqa: PLC0415

    try:
        table = parquet.read_table(path)
    except FileNotFoundError as exc:
        raise SetupError(f"there is no candle file {path}: give the path of one") from exc
    except (pa.ArrowException, OSError) as exc:
        raise SetupError(f"the candle file {path} cannot be read as parquet: {exc}") from exc
    lacking = [name for name in _NEEDED if name not in table.column_names]
    if lacking or table.num_rows == 0:
        what = f"lacks {', '.join(lacking)}" if lacking else "holds no candles"
        raise SetupError(f"the candle file {path} {what}: it needs columns {', '.join(_NEEDED)}")
    try:
        times = table["open_time"].cast(pa.timestamp("ms", tz="UTC")).cast(pa.int64())
        arrays = {name: table[name].cast(pa.float64()).to_numpy() for name in _NEEDED[2:]}
        arrays["symbol"] = table["symbol"].cast(pa.string()).to_numpy()
        arrays["open_ms"] = times.to_numpy()
        if "quote_volume" in table.column_names:
            arrays["quote_volume"] = table["quote_volume"].cast(pa.float64()).to_numpy()
    except pa.ArrowException as exc:
        raise SetupError(f"the candle file {path} has a column of the wrong type: {exc}") from exc
    if "quote_volume" not in arrays:
        prices = arrays["open"] + arrays["high"] + arrays["low"] + arrays["close"]
        arrays["quote_volume"] = np.round(arrays["volume"] * prices / 4, 8)
    return arrays


def _grid(
    path: Path, opens_ms: NDArray[np.int64], rows: NDArray[np.intp]
) -> tuple[Timeframe, NDArray[np.int64]]:
    """Return the timeframe on whose grid the times lie, and each candle's number."""
    order = np.lexsort((opens_ms, rows))
    steps = np.diff(opens_ms[order])[np.diff(rows[order]) == 0]
    length = int(steps.min()) if len(steps) else 0
    for timeframe in TIMEFRAMES.values():
        since = opens_ms - timeframe.offset_ms
        if timeframe.ms == length and not (since % length).any():
            return timeframe, since // length
    known = ", ".join(TIMEFRAMES)
    raise SetupError(
        f"the candles in {path} lie {length} ms apart or off the grid: "
        f"each symbol needs distinct candles of one timeframe, one of {known}"
    )
