"""Hostile filters whose characters deceive: look-alikes, invisible ones, broken encodings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tests.filters.hostile.names import Classes

CLASSES: Final[Classes] = {
    "look-alikes": {
        "text": (
            "cl\u043ese > 1",
            "\uff43lose > 1",
            "close\u2024__class__ > 1",
            "\U0001d41c\U0001d425\U0001d428\U0001d42c\U0001d41e > 1",
            "\u210bigh > 1",
            "clo\u017fe > 1",
            "close \u2265 1",
            "close \uff1e 1",
            "rsi(close, \u0661\u0664) > 30",
            "rsi(close, \uff11\uff14) > 30",
            "close > \u00b2",
            "m\u00e9dia = close\nm\u00e9dia > 1",
            "at(\u201c4h\u201d, close) > 1",
            "close \u2212 open > 1",
        ),
        "timeframe": ('at("4\u04bb", close) > 1',),
    },
    "invisible": {
        "text": (
            "close\u200b > 1",
            "close > 1\u200d",
            "# \u202e hidden \u2066\nclose > 1",
            "close\u00a0> 1",
            "close\u2028> 1",
            "\ufeffclose > 1",
            "close > 1 # \x00",
            "close\x00 > 1",
            "close > 1\x1b[2J",
            "close\x0c > \x0b1",
            "close\u00ad > 1",
            "close\u2060 > 1",
            "close > \U000e0031",
            '"""\u202d"""\nclose > 1',
        ),
    },
    "broken": {
        "text": (
            "close > '\ud800'",
            "\udfff",
            "# \udc80\nclose > 1",
            "clo\\\nse > 1",
            "close > \\\n 1",
            "close $ 1",
            "close ? 1 : 2",
            "close ! 1",
            "`close` > 1",
            'r"x" == close',
        ),
        "symbol": ('of("BTC\\x00", close) > 1',),
        "statement": ('close > 1; x = "\\N{BULLET}"',),
        "": (
            "# -*- coding: utf-7 -*-\nclose > 1",
            "# coding: rot13\nclose > 1",
            "# coding: no-such-codec\nclose > 1",
            "close > 1\r\n",
            "\r\nclose > 1\r",
            "# \u00fcber 30 \u00b5s \u20ac\nclose > 1",
        ),
        "syntax": (
            "close >",
            "close > > 1",
            "if close > 1 return True",
            "  close > 1",
            "if close > 1:\nreturn True",
            "\tclose > 1\n        open > 1",
            "close > 1)",
            "(close > 1",
            "close > 1]",
            "close > (1]",
            "'abc",
            '"""abc',
            "return close > 1 else False",
            "else: close",
            "x =\nclose > 1",
            "close = = 1",
            "f(",
            "if close = 1:\n    return True",
            "x y > 2",
            "5 = close",
            "close > 1 if",
            "print close",
            ";",
        ),
        "result": (
            "",
            " ",
            "\n\n",
            "# nothing",
            '"""only words"""',
        ),
    },
}
