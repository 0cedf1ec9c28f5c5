"""Where the indicators come from: author, title, year. What has no such source is TA-Lib's."""

from __future__ import annotations

from typing import Final

TALIB: Final = "TA-Lib 0.8"
APPEL: Final = "Gerald Appel, Technical Analysis: Power Tools for Active Investors, 2005"
BLAU: Final = "William Blau, Momentum, Direction, and Divergence, 1995"
BOLLINGER: Final = "John Bollinger, Bollinger on Bollinger Bands, 2001"
CHAIKIN: Final = "Marc Chaikin; Steven Achelis, Technical Analysis from A to Z, 1995"
CHANDE: Final = "Tushar Chande and Stanley Kroll, The New Technical Trader, 1994"
EHLERS: Final = "John Ehlers, Rocket Science for Traders, 2001"
ELDER: Final = "Alexander Elder, Trading for a Living, 1993"
FOSBACK: Final = "Norman Fosback, Stock Market Logic, 1976"
KAUFMAN: Final = "Perry Kaufman, Smarter Trading, 1995"
MORRIS: Final = "Gregory Morris, Candlestick Charting Explained, 1992, as read by TA-Lib 0.8"
MULLOY: Final = "Patrick Mulloy, Smoothing Data with Faster Moving Averages, 1994"
WILDER_BOOK: Final = "J. Welles Wilder, New Concepts in Technical Trading Systems, 1978"
WILLIAMS_B: Final = "Bill Williams, New Trading Dimensions, 1998"
WILLIAMS_L: Final = "Larry Williams, How I Made One Million Dollars, 1973"
