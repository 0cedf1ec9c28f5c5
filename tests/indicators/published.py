"""Worked examples that others have published: what goes in, what comes out, and who prints both.

`TABLE` has a source and below it a row per output: call and output, series, options, values. The
values are those printed for the newest candles. Options: `decimals n` where the page rounds to n
of them; `flat n` where its calculation begins with the first candle and ours with an average: n
candles equal to the first, put before it, make both the same.

Three pages count otherwise: ta.py's momentum of length 4 looks back 3 candles and its fractals are
marked where they are, not where they are confirmed; rsi-rs is Wilder's in its first value only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


def numbers(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split())


@dataclass(frozen=True)
class Published:
    """One output of one worked example; decimals None: every digit counts."""

    source: str
    indicator: str
    arguments: tuple[float, ...]
    output: str
    series: dict[str, tuple[float, ...]]
    flat: int
    decimals: int | None
    values: tuple[float, ...]


HIGH = numbers("82.15 81.89 83.03 83.3 83.85 83.9 83.33 84.3 84.84 85 85.9 86.58 86.98 88 87.87")
LOW = numbers(
    "81.29 80.64 81.31 82.65 83.07 83.11 82.49 82.3 84.15 84.11 84.03 85.39 85.76 87.17 87.01"
)
CLOSE = numbers(
    "81.59 81.06 82.87 83 83.61 83.15 82.84 83.99 84.55 84.36 85.53 86.54 86.89 87.77 87.29"
)
SERIES = {
    "close": {"real": CLOSE},
    "close 6": {"real": CLOSE[:6]},
    "close 13": {"real": CLOSE[:13]},
    "candles": {"high": HIGH, "low": LOW, "close": CLOSE},
    "stops": {
        "high": HIGH[:10] + numbers("75.9 76.58 76.98 78 70.87"),
        "low": LOW[:10] + numbers("74.03 75.39 75.76 77.17 70.01"),
    },
    "rise": {"real": numbers("1 2 3 4 5 6 7 5 6")},
    "wave": {"real": numbers("6 7 5 6 7 4 5 7")},
    "trades": {"real": numbers("1 1.1 1.21 1.42 1.32"), "volume": numbers("59 82 27 73 42")},
    "jump": {"real": numbers("1 2 3 4 5 6 14")},
    "jump and fall": {"real": numbers("1 2 3 4 5 6 14 8 10 11")},
    "medians": {"high": numbers("6 8 7 6 7 9"), "low": numbers("5 6 4 5 6 8")},
    "steps": {"real": numbers("1 1.1 1.2 1.24 1.34")},
    "no range": dict.fromkeys(("high", "low", "close"), numbers("2 1 3 1 2")),
    "volumes": {
        "real": numbers("10 10.15 10.17 10.13"),
        "volume": numbers("25200 30000 25600 32000"),
    },
    "ranges": {"high": numbers("6 5 5 6 7 6"), "low": numbers("2 2 3 3 4 3")},
    "peaks": {"high": numbers("7 8 9 8 7 6 7 8"), "low": numbers("6 6 6 5 4 3 4 5")},
    "pair": {"real0": numbers("1 2 3 4 5 2"), "real1": numbers("1 3 2 4 6 3")},
    "quarters": {"real": numbers("0 0.25 0.25 1.25 1.5 1.75 2.75 3.25")},
    "line": {"real": numbers("2 4 6.1 8")},
}

TABLE = """
https://docs.rs/sma-rs/0.1.4
sma(5).sma | close | - | 82.426 82.73799999999999 83.09399999999998 83.31799999999998
    83.62799999999999 83.77799999999999 84.25399999999998 84.99399999999997 85.57399999999997
    86.21799999999996 86.80399999999996

https://docs.rs/wma-rs/0.1.0
wma(5).wma | close | - | 82.82466666666667 83.066 83.1 83.39866666666667 83.80933333333334
    84.05333333333333 84.63733333333333 85.39933333333333 86.03133333333334 86.76333333333332
    87.12066666666666

https://docs.rs/ema-rs/0.1.0
ema(5).ema | close 13 | flat 4 | 81.59 81.41333333333334 81.8988888888889 82.26592592592594
    82.71395061728396 82.85930041152264 82.8528669410151 83.23191129401008 83.67127419600672
    83.9008494640045 84.44389964266966 85.14259976177978 85.7250665078532

https://docs.rs/wilders-rs/0.1.1
rma(5).rma | close | - | 82.426 82.5708 82.62464 82.897712 83.2281696 83.45453568
    83.86962854400001 84.40370283520001 84.90096226816 85.474769814528 85.83781585162241

https://docs.rs/macd-rs/0.1.0
macd(2, 5, 9).macd | close | flat 12 | 0.6177777777777749 0.3512757201646082 0.11065843621399551
    0.41593049839961793 0.5780064014631705 0.4222440684854689 0.6837982014936586
    0.9266328529413386 0.8913443637205063 0.9787592852891009 0.6206827600178713

https://docs.rs/sd-rs/0.1.0
stddev(5).stddev | close | - | 0.9479789027188307 0.8754290376723858 0.28032837887020867
    0.42300827415075176 0.6051247805205106 0.67139854036183 0.8713346085173014 0.9256910931839016
    1.0187561042761923 1.1738381489796619 0.7575645187045117

https://docs.rs/bband-rs/0.1.0
bbands(5, 2, 2).lower | close | - | 80.53004219456234 80.98714192465522 82.53334324225956
    82.47198345169848 82.41775043895896 82.43520291927634 82.51133078296537 83.14261781363217
    83.53648779144758 83.87032370204064 85.28887096259093
bbands(5, 2, 2).middle | close | - | 82.426 82.73799999999999 83.09399999999998 83.31799999999998
    83.62799999999999 83.77799999999999 84.25399999999998 84.99399999999997 85.57399999999997
    86.21799999999996 86.80399999999996
bbands(5, 2, 2).upper | close | - | 84.32195780543766 84.48885807534475 83.6546567577404
    84.16401654830149 84.83824956104101 85.12079708072365 85.99666921703458 86.84538218636777
    87.61151220855236 88.56567629795929 88.31912903740898

https://docs.rs/md-rs/0.1.1
avgdev(5).avgdev | close | - | 0.8807999999999993 0.6712000000000102 0.2287999999999954
    0.3855999999999938 0.5135999999999938 0.6263999999999982 0.6712000000000046 0.8327999999999974
    0.9127999999999957 1.0184000000000082 0.6152000000000072

https://docs.rs/cci-rs/0.1.0
cci(5).cci | candles | - | 105.01453488372036 64.23611111111184 -29.632609278624987
    69.54436450839174 166.66666666667416 82.02011106108519 95.50079686159197 130.91226756520678
    99.16327453640989 116.34153237206694 71.92795354899985

https://docs.rs/typprice-rs/0.1.0
typprice().typprice | candles | - | 81.67666666666666 81.19666666666667 82.40333333333334
    82.98333333333333 83.50999999999999 83.38666666666667 82.88666666666667 83.52999999999999
    84.51333333333334 84.49000000000001 85.15333333333334 86.17 86.54333333333334
    87.64666666666666 87.39

https://docs.rs/tr-rs/0.1.0
trange().trange | candles | flat 1 | 0.8599999999999994 1.25 1.9699999999999989 0.6499999999999915
    0.8499999999999943 0.7900000000000063 0.8400000000000034 2 0.8500000000000085
    0.8900000000000006 1.8700000000000045 1.1899999999999977 1.2199999999999989 1.1099999999999994
    0.8599999999999994

https://docs.rs/dx-rs/0.1.0
dx(5).dx | candles | flat 1 | 52.68425841674205 53.99247953992465 7.795927847023168
    41.88861985472129 53.78089095967214 57.03724746193731 71.26977302069074 78.11650076605797
    81.37936868971823 87.37808356842487 76.24512106323728
adx(5).adx | candles | flat 1 | 42.02843532361666 45.030197751280795 50.278112805162785
    55.845790397341815 60.952506055817096 66.23762155833865 68.23912145931837
adxr(5).adxr | candles | flat 1 | 51.49047068971688 55.63390965480972 59.25861713224057

https://docs.rs/rsi-rs/0.1.0
rsi(5).rsi | close 6 | - | 72.03389830508483

https://github.com/Bitvested/ta.py, README of release 1.17.0
rsi(6).rsi | rise | decimals 2 | 100 71.43 75.61
sar(0.02, 0.2).sar | stops | - | 82.15 80.64 80.64 80.7464 80.932616 81.17000672 81.3884061824
    81.67956556416 82.0588176964608 85 85 84.7806 84.565588 84.35487624000001
hma(6).hma | wave | decimals 2 | 4.76 5.48
vwma(4).vwma | trades | decimals 3 | 1.185 1.259
macd(3, 6, 3).signal | jump and fall | decimals 3 | 2.107 1.838 1.653
macd(3, 6, 3).hist | jump and fall | decimals 3 | -0.286 -0.269 -0.185
apo(3, 6, 1).apo | jump | - | 1.5 3
ao(2, 5).ao | medians | - | 0 0.9
mom(3).mom | steps | - | 0.24 0.24
willr(3).willr | no range | - | 0 -100 -50
obv().obv | volumes | - | 0 30000 55600 23600
donchian(5).upper | ranges | - | 7 7
donchian(5).middle | ranges | - | 4.5 4.5
donchian(5).lower | ranges | - | 2 2
midprice(5).midprice | ranges | - | 4.5 4.5
fractal(2, 2).high | peaks | - | 100 0 0 0
fractal(2, 2).low | peaks | - | 0 0 0 100
correl(6).correl | pair | - | 0.8808929232684737

https://docs.python.org/3/library/statistics.html#statistics.pvariance
var(8).var | quarters | - | 1.25

https://wiki.openoffice.org/wiki/Documentation/How_Tos/Calc:_TREND_function
linearreg_intercept(4).linearreg_intercept | line | - | 2.01
linearreg(4).linearreg | line | - | 8.04
tsf(4).tsf | line | - | 10.05
"""


def option(options: str, name: str) -> int | None:
    found = re.search(rf"{name} (\d+)", options)
    return int(found[1]) if found else None


def parsed(source: str, row: str) -> Published:
    call, series, options, values = (part.strip() for part in row.split("|"))
    parts = re.fullmatch(r"(\w+)\((.*)\)\.(\w+)", call)
    assert parts is not None, f"not a call and its output: {call}"
    return Published(
        source=source,
        indicator=parts[1],
        arguments=numbers(parts[2].replace(",", " ")),
        output=parts[3],
        series=SERIES[series],
        flat=option(options, "flat") or 0,
        decimals=option(options, "decimals"),
        values=numbers(values),
    )


def published() -> list[Published]:
    examples, source = [], ""
    for line in TABLE.replace("\n    ", " ").splitlines():
        if line.startswith("https"):
            source = line
        elif line:
            examples.append(parsed(source, line))
    return examples
