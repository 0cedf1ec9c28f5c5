"""Rows of the catalog: candle patterns, as conditions.

TA-Lib answers 0 for no pattern, above zero for a bullish and below zero for a bearish one (80 and
200 where it grades or confirms). The condition itself is "not zero"; `.bullish` and `.bearish` tell
the sign, which for patterns without a direction (doji) is TA-Lib's convention.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from candlewatch.indicators.indicator import Indicator
from candlewatch.indicators.parameters import fixed, number
from candlewatch.indicators.sources import MORRIS

if TYPE_CHECKING:
    from candlewatch.indicators.parameter import Parameter


def _pattern(name: str, warm_up: int, meaning: str, penetration: float | None = None) -> Indicator:
    """Return a row: all patterns take the four prices and have the same outputs."""
    parameters: tuple[Parameter, ...] = ()
    if penetration is not None:
        share = "how far into the earlier candle's body, as a share"
        parameters = (number("penetration", penetration, 0.0, 10.0, share),)
    return Indicator(
        name=name,
        group="candle patterns",
        inputs=("open", "high", "low", "close"),
        parameters=parameters,
        outputs=("found", "bullish", "bearish"),
        meaning=meaning,
        source=MORRIS,
        warm_up=fixed(warm_up),
        kind="condition",
    )


PATTERN_ROWS: Final = (
    _pattern("cdl2crows", 12, "Two crows: two black candles above a long white one."),
    _pattern("cdl3blackcrows", 13, "Three black crows: three black candles, each closing lower."),
    _pattern("cdl3inside", 12, "Three inside up or down: a harami that the third confirms."),
    _pattern("cdl3linestrike", 8, "Three-line strike: three of a colour undone by the fourth."),
    _pattern("cdl3outside", 3, "Three outside up or down: an engulfing that the third confirms."),
    _pattern("cdl3starsinsouth", 12, "Three stars in the south: three shrinking black candles."),
    _pattern("cdl3whitesoldiers", 12, "Three white soldiers: three rising white candles."),
    _pattern("cdlabandonedbaby", 12, "Abandoned baby: a doji with gaps on both sides.", 0.3),
    _pattern("cdladvanceblock", 12, "Advance block: three white candles that lose force."),
    _pattern("cdlbelthold", 10, "Belt hold: a long candle that opens at its extreme."),
    _pattern("cdlbreakaway", 14, "Breakaway: a gap and three more candles, undone by the fifth."),
    _pattern("cdlclosingmarubozu", 10, "Closing marubozu: a long body without a closing shadow."),
    _pattern("cdlconcealbabyswall", 13, "Concealing baby swallow: four black candles at a low."),
    _pattern("cdlcounterattack", 11, "Counterattack: opposite long candles with equal closes."),
    _pattern("cdldarkcloudcover", 11, "Dark cloud cover: black closes deep into white.", 0.5),
    _pattern("cdldoji", 10, "Doji: the close is about the open."),
    _pattern("cdldojistar", 11, "Doji star: a doji that gaps away from a long candle."),
    _pattern("cdldragonflydoji", 10, "Dragonfly doji: a doji with a lower shadow only."),
    _pattern("cdlengulfing", 2, "Engulfing: a body that wraps the opposite one before."),
    _pattern("cdleveningdojistar", 12, "Evening doji star: white, doji above, black.", 0.3),
    _pattern("cdleveningstar", 12, "Evening star: white, small body above, black.", 0.3),
    _pattern("cdlgapsidesidewhite", 7, "Side-by-side white lines beyond a gap."),
    _pattern("cdlgravestonedoji", 10, "Gravestone doji: a doji with an upper shadow only."),
    _pattern("cdlhammer", 11, "Hammer: small body, long lower shadow, at a low."),
    _pattern("cdlhangingman", 11, "Hanging man: the shape of a hammer, at a high."),
    _pattern("cdlharami", 11, "Harami: a small body inside the long one before."),
    _pattern("cdlharamicross", 11, "Harami cross: a doji inside the long body before."),
    _pattern("cdlhighwave", 10, "High wave: a short body between very long shadows."),
    _pattern("cdlhikkake", 5, "Hikkake: an inside candle with a false break; 200 when confirmed."),
    _pattern("cdlhikkakemod", 10, "Modified hikkake: a stricter one, at a turning point."),
    _pattern("cdlhomingpigeon", 11, "Homing pigeon: small black inside long black."),
    _pattern("cdlidentical3crows", 12, "Identical three crows: each opens at the close before."),
    _pattern("cdlinneck", 11, "In neck: white closes just into the black body before."),
    _pattern("cdlinvertedhammer", 11, "Inverted hammer: small body, long upper shadow, at a low."),
    _pattern("cdlkicking", 11, "Kicking: opposite marubozu with a gap between them."),
    _pattern("cdlkickingbylength", 11, "Kicking: the longer marubozu gives the direction."),
    _pattern("cdlladderbottom", 14, "Ladder bottom: three falling blacks, a fourth, then white."),
    _pattern("cdllongleggeddoji", 10, "Long-legged doji: a doji with a long shadow."),
    _pattern("cdllongline", 10, "Long line: a long body with short shadows."),
    _pattern("cdlmarubozu", 10, "Marubozu: a long body with hardly any shadow."),
    _pattern("cdlmatchinglow", 6, "Matching low: two black candles with equal closes."),
    _pattern("cdlmathold", 14, "Mat hold: a rise, three small candles, and the rise again.", 0.5),
    _pattern("cdlmorningdojistar", 12, "Morning doji star: black, doji below, white.", 0.3),
    _pattern("cdlmorningstar", 12, "Morning star: black, small body below, white.", 0.3),
    _pattern("cdlonneck", 11, "On neck: white closes at the low of the black before."),
    _pattern("cdlpiercing", 11, "Piercing: white closes above the middle of the black before."),
    _pattern("cdlrickshawman", 10, "Rickshaw man: a long-legged doji with its body in the middle."),
    _pattern("cdlrisefall3methods", 14, "Rising or falling three methods: a pause in a trend."),
    _pattern("cdlseparatinglines", 11, "Separating lines: opposite candles with equal opens."),
    _pattern("cdlshootingstar", 11, "Shooting star: small body, long upper shadow, at a high."),
    _pattern("cdlshortline", 10, "Short line: a short body with short shadows."),
    _pattern("cdlspinningtop", 10, "Spinning top: a short body between longer shadows."),
    _pattern("cdlstalledpattern", 12, "Stalled pattern: two long whites, then a small one."),
    _pattern("cdlsticksandwich", 7, "Stick sandwich: white between blacks with equal closes."),
    _pattern("cdltakuri", 10, "Takuri: a dragonfly doji with a very long lower shadow."),
    _pattern("cdltasukigap", 7, "Tasuki gap: a gap that the third candle does not close."),
    _pattern("cdlthrusting", 11, "Thrusting: white closes below the middle of the black before."),
    _pattern("cdltristar", 12, "Tristar: three doji, the middle one apart."),
    _pattern("cdlunique3river", 12, "Unique three river: black, lower harami, small white below."),
    _pattern("cdlupsidegap2crows", 12, "Upside gap two crows: two blacks above a gap."),
    _pattern("cdlxsidegap3methods", 2, "Side gap three methods: the third candle closes the gap."),
)
