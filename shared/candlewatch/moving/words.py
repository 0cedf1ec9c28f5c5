"""How other systems write timeframes, symbols, switches and durations, in our words.

Only what has one meaning is translated; the rest raises `Untranslatable` with a sentence.
"""

from __future__ import annotations

import re
from typing import Any, Final

from candlewatch.timeframes import TIMEFRAMES, Timeframe

_MINUTE_MS: Final = 60_000
# M alone is a month elsewhere: it is left out, so that 5M is refused rather than guessed.
_UNITS: Final[dict[str, int]] = {
    **dict.fromkeys(("", "m", "min", "mins", "minute", "minutes"), 1),
    **dict.fromkeys(("h", "H", "hour", "hours"), 60),
    **dict.fromkeys(("d", "D", "day", "days"), 1_440),
    **dict.fromkeys(("w", "W", "week", "weeks"), 10_080),
}
_SWITCHES: Final[dict[str, bool]] = {
    **dict.fromkeys(("true", "yes", "on", "1", "active", "enabled"), True),
    **dict.fromkeys(("false", "no", "off", "0", "inactive", "disabled", "paused"), False),
}
_COOLDOWN_MAX: Final = 1_000
_CATCH_UP_MAX: Final = 48
_TOP: Final = re.compile(r"top[\s_-]*([1-9][0-9]{0,4})", re.IGNORECASE)
# Only a known quote asset is joined on: BTCUSDT_PERP and BTC/USDT:USDT are futures, not spot.
_PAIR: Final = re.compile(r"(\w+)[/_-](USD[TC]|FDUSD|TUSD|BTC|ETH|BNB|EUR|TRY|BRL|JPY)")
_EVERYTHING: Final = ("all", "*")


class UntranslatableError(Exception):
    """A value has no one meaning here; the text is a sentence about it."""


def duration_minutes(text: str) -> int | None:
    """Return the minutes of `5`, `5m`, `4 hours` or `D`; None where it is no such duration."""
    found = re.fullmatch(r"([0-9]{0,6})\s*([A-Za-z]*)", text.strip())
    if found is None or found[2] not in _UNITS or not found[0]:
        return None
    return int(found[1] or 1) * _UNITS[found[2]]


def timeframe_of(value: object) -> Timeframe:
    """Return a timeframe: `5m`, `5`, `60`, `1H`, `4 hours`, `D` and their like."""
    minutes = duration_minutes(str(value))
    for timeframe in TIMEFRAMES.values():
        if minutes is not None and timeframe.ms == minutes * _MINUTE_MS:
            return timeframe
    raise UntranslatableError(f"{value!r} is none of {', '.join(TIMEFRAMES)}; choose one of them")


def switch_of(value: object) -> bool:
    """Return whether a switch is on."""
    found = _SWITCHES.get(str(value).strip().lower())
    if found is None:
        raise UntranslatableError(f"{value!r} is neither true nor false; write one of them")
    return found


def emit_of(value: object) -> str:
    """Return when signals are given."""
    word = "_".join(str(value).lower().replace("-", " ").replace("_", " ").split())
    if word not in {"on_entry", "every_candle"}:
        raise UntranslatableError(
            f"{value!r} is neither on_entry (when it becomes true) nor every_candle (while it is); "
            "write one of them"
        )
    return word


def cooldown_of(value: object, timeframe: Timeframe) -> int:
    """Return the candles of silence after a signal, written as `_candles_of` reads them."""
    return _candles_of(value, timeframe, "a cooldown", _COOLDOWN_MAX)


def catch_up_of(value: object, timeframe: Timeframe) -> int:
    """Return the missed candles that are seen afterwards, written as `_candles_of` reads them."""
    return _candles_of(value, timeframe, "a catch-up", _CATCH_UP_MAX)


def _candles_of(value: object, timeframe: Timeframe, what: str, most: int) -> int:
    """Return candles: a number is candles, `30m` is as many candles as fill it."""
    text = str(value).strip()
    if text.isascii() and text.isdecimal():
        candles = int(text)
    else:
        minutes = duration_minutes(text)
        if minutes is None:
            raise UntranslatableError(
                f"{value!r} is neither a number of candles nor a duration such as 30m; write one"
            )
        candles, rest = divmod(minutes * _MINUTE_MS, timeframe.ms)
        if rest:
            raise UntranslatableError(
                f"{value!r} is not a whole number of {timeframe.name} candles; write their number"
            )
    if candles > most:
        raise UntranslatableError(
            f"{what} is at most {most:,} candles, got {candles:,}; write a shorter one"
        )
    return candles


def symbol_of(value: object) -> str:
    """Return a symbol as the exchange writes it: `BTC/USDT` and `BINANCE:BTCUSDT` are `BTCUSDT`."""
    text = str(value).strip().upper().removeprefix("BINANCE:")
    found = _PAIR.fullmatch(text)
    joined = found[1] + found[2] if found else text
    if not joined.isalnum():
        raise UntranslatableError(
            f"{value!r} is no symbol of the spot market such as BTCUSDT; write it so or remove it"
        )
    return joined


def universe_of_symbols(value: object) -> dict[str, Any]:
    """Return the universe of a list of symbols, or of `all`."""
    parts = value if isinstance(value, list) else re.split(r"[\s,;|]+", str(value).strip())
    if len(parts) == 1 and str(parts[0]).lower() in _EVERYTHING:
        return {}
    return {"symbols": list(dict.fromkeys(symbol_of(part) for part in parts if part))}


def universe_of(value: object) -> dict[str, Any]:
    """Return a universe: an object as the API takes it, `all`, or `top 50`."""
    if isinstance(value, dict):
        return value
    text = str(value).strip()
    if text.lower() in _EVERYTHING:
        return {}
    if found := _TOP.fullmatch(text):
        return {"top": int(found[1])}
    raise UntranslatableError(
        f"{value!r} is neither all nor top 50 nor an object; list symbols in the column symbols"
    )
