"""Random hostile programs: Python of all sorts, damaged ones, spliced attacks, bombs, bytes."""

from __future__ import annotations

import ast
import copy
import functools
import re
from typing import TYPE_CHECKING, Final

from tests.filters.hostile.corpus import cases
from tests.filters.oracle.phrases import pick
from tests.filters.oracle.texts import random_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random


def words(text: str) -> tuple[str, ...]:
    """Part a text at its white space."""
    return tuple(text.split())


WORDS: Final = words(
    """
    close open high low volume hour hl2 x y i rsi sma ema macd bbands at of rank any all sum min max
    count range highest lowest zscore crossed_above rising bars_since change_pct prev shift vwap
    supertrend percentile market_mean cdldoji True False None if else elif for in and or not is
    lambda def class return yield await async import from global while with try except raise del
    pass break match case type __class__ __import__ getattr eval np nan abs exp ln sqrt obv
    """
)
SIGNS: Final = words(
    """
    \\ " ''' \"\"\" + - * / // % ** @ << >> & | ^ ~ < <= > >= == != = += -= := -> . , : ; ( ) [ ]
    { } ! ? $ ` ' # ...
    """
)
NUMBERS: Final = words(
    """
    0 1 2 5 14 20 50 200 999 1000 1001 -1 2.5 1e3 1e308 1e309 1e-9 0x1f 1_000 007 1j 10**400
    9**9**9 99999999999999999999 .5 5. 1e
    """
)
SPACES: Final = (" ", "\n", "\n    ", "\t", "\r", "\r\n", "  ", "\n\n")
STRANGE: Final = tuple(
    map(
        chr,
        (
            *(0, 12, 27, 127, 0x85, 0xA0, 0xAD, 0x130, 0x301, 0x661, 0x1E9E, 0x200B, 0x202E),
            *(0x2028, 0xD800, 0xDFFF, 0xFEFF, 0xFF11, 0xFF43, 0x1F600, 0xE0041),
        ),
    )
)
TOKEN: Final = re.compile(r"\w+|\s+|[^\w\s]")
LONGER: Final = ("15m", "1h", "4h")
OPENERS: Final = (
    *(
        "(",
        "[",
        "{",
        "-",
        "not ",
        "~",
        "abs(",
        "rsi(",
        "any(",
        "at('1h', ",
        "lambda:",
        "if close:\n",
    ),
    *(
        "x = ",
        "close[",
        "f'{",
        "(x for x in ",
        "1 if close > 1 else ",
        "close.",
        "a and ",
        "1+",
        "2**",
    ),
)
CLOSERS: Final = (
    ")",
    "]",
    "}",
    "",
    "[0]",
    "()",
    ".a",
    " > 1",
    "**2",
    "+1",
    " if close else 1",
    "'",
    "}'",
)
ATTACKS: Final = tuple(case.source for case in cases() if len(case.source) <= 5_000)


def program(random: Random) -> str:
    """Write one program."""
    kinds: dict[Callable[[Random], str], float] = {
        python: 30,
        damaged: 20,
        grafted: 25,
        spliced: 15,
        bomb: 5,
        grown: 3,
        raw: 14,
    }
    return pick(random, kinds)(random)


def python(random: Random) -> str:
    """Write an expression of Python's grammar, with what the language does not have."""
    lines = [
        random.choice(("", "", "x = ", "return ", "x, y = ", "if ", "x += "))
        + expression(random, random.randrange(1, 5))
        for _ in range(random.randrange(1, 4))
    ]
    return "\n".join(line + ":\n    x = close" * line.startswith("if ") for line in lines)


def expression(random: Random, depth: int) -> str:
    """Write an expression, mostly well formed."""
    if depth == 0:
        return random.choice((random.choice(WORDS[:22]), random.choice(NUMBERS), "close", "14"))

    def part() -> str:
        return expression(random, depth - 1)

    def call() -> str:
        return random.choice(WORDS)

    forms: dict[Callable[[], str], float] = {
        lambda: f"{part()} {random.choice(SIGNS[:22])} {part()}": 6,
        lambda: f"{call()}({part()}, {part()})": 6,
        lambda: f"{call()}({part()})": 4,
        lambda: f"({part()}) {random.choice(('and', 'or'))} ({part()})": 3,
        lambda: f"({part()} if {part()} else {part()})": 2,
        lambda: f"{part()}[{part()}]": 3,
        lambda: f"({part()}).{random.choice(WORDS)}": 2,
        lambda: f"{call()}({part()} for i in range({part()}))": 3,
        lambda: f"{call()}({random.choice(WORDS)}={part()}, *{part()})": 1,
        lambda: f"[{part()} for x in {part()} if {part()}]": 1,
        lambda: f"(lambda x: {part()})({part()})": 1,
        lambda: f"not {part()}": 2,
        lambda: f"-{part()}": 2,
        lambda: f"{random.choice(('at', 'of'))}('{random.choice(LONGER)}', {part()})": 3,
        lambda: f"({part()}, {part()})": 1,
        lambda: f"{{{part()}: {part()}, **{part()}}}": 1,
        lambda: f"f'{{{part()}}}'": 1,
        lambda: f"({random.choice(WORDS)} := {part()})": 1,
        lambda: f"{part()} < {part()} <= {part()}": 2,
    }
    return pick(random, forms)()


def damaged(random: Random) -> str:
    """Damage a sound filter in a few tokens."""
    tokens = TOKEN.findall(random_text(random, LONGER))
    for _ in range(random.randrange(1, 6)):
        place = random.randrange(len(tokens))
        fresh = random.choice(random.choice((WORDS, SIGNS, NUMBERS, SPACES, STRANGE, tokens)))
        match random.randrange(5):
            case 0:
                tokens[place] = fresh
            case 1:
                tokens.insert(place, fresh)
            case 2 if len(tokens) > 1:
                del tokens[place]
            case 3:
                tokens[place] = tokens[place] * random.choice((2, 3, 40))
            case _:
                other = random.randrange(len(tokens))
                tokens[place], tokens[other] = tokens[other], tokens[place]
    return "".join(tokens)


def grafted(random: Random, longer: tuple[str, ...] = LONGER) -> str:
    """Put expressions in the wrong place of a sound filter: it still reads as Python."""
    tree = ast.parse(random_text(random, longer))
    for _ in range(random.randrange(1, 4)):
        nodes = [node for node in ast.walk(tree) if isinstance(node, ast.expr)]
        holder = random.choice(list(ast.walk(tree)))
        fresh = random.choice(nodes)
        if random.random() < 0.5:
            fresh = ast.Name(id=expression(random, random.randrange(3)), ctx=ast.Load())
        _graft(random, holder, fresh)
    return ast.unparse(tree)


def _graft(random: Random, holder: ast.AST, fresh: ast.expr) -> None:
    """Replace one expression that a node holds, or add one to its list."""
    places: list[Callable[[], None]] = []
    for name, value in ast.iter_fields(holder):
        if isinstance(value, ast.expr) and not isinstance(value, ast.Constant):
            places.append(functools.partial(setattr, holder, name, copy.deepcopy(fresh)))
        elif isinstance(value, list) and any(isinstance(each, ast.expr) for each in value):
            place = random.randrange(len(value))
            places.append(functools.partial(value.__setitem__, place, copy.deepcopy(fresh)))
            if name == "args":
                places.append(functools.partial(value.append, copy.deepcopy(fresh)))
                places.append(functools.partial(value.pop, place))
    if places:
        random.choice(places)()


def spliced(random: Random) -> str:
    """Join pieces of known attacks with a sound filter."""
    pieces = []
    for _ in range(random.randrange(1, 4)):
        attack = random.choice(ATTACKS)
        start = random.randrange(len(attack) + 1) if random.random() < 0.5 else 0
        pieces.append(attack[start : start + random.choice((10, 60, 5_000))])
    if random.random() < 0.5:
        pieces.append(random_text(random, LONGER))
    random.shuffle(pieces)
    return random.choice((*SPACES, " and ", " > ", "")).join(pieces)


def bomb(random: Random) -> str:
    """Nest or repeat a few fragments many times."""
    fragments = random.choices(OPENERS, k=random.randrange(1, 3))
    closers = random.choices(CLOSERS, k=random.randrange(1, 3))
    times = random.choice((5, 12, 17, 33, 60, 120, 400, 1_000))
    return (
        "".join(fragments) * times
        + random.choice(("close", "1", "", "x"))
        + "".join(closers) * times
    )


def grown(random: Random) -> str:
    """Let a name grow by loops and repetition, and use it in many places."""
    size = random.choice((10, 60, 300, 500, 900))
    grows = (
        f"x = sum({expression(random, 1)} * close[i] + i for i in range({size}))",
        "x = close" + "\nx = max(x, x[1], x + 1)" * random.randrange(1, 30),
        f"x = all(close[i] > open[i + 1] for i in range({size}))",
        f"x = sma(close, {size})" + "\nif x > open:\n    x = x + close" * random.randrange(1, 20),
    )
    uses = ("at('1h', x)", "of('BTCUSDT', x)", "x[i]", "at('4h', x[i])", "x", "of('A', x[i])")
    many = random.choice((3, 40, 200, 900))
    ends = (
        f"any({random.choice(uses)} > i for i in range({many}))",
        f"sum({random.choice(uses)} * {random.choice(uses)} for i in range({many})) > 1",
        " and ".join(f"{use} > {many}" for use in random.choices(uses, k=random.randrange(1, 50))),
        f"any(all({random.choice(uses)} > j for j in range({many})) for i in range({many}))",
    )
    return random.choice(grows) + "\n" + random.choice(ends)


def raw(random: Random) -> str:
    """Damage bytes, or take random ones, and decode them in some way."""
    if random.random() < 0.6:
        data = bytearray(random_text(random, LONGER).encode())
        for _ in range(random.randrange(1, 8)):
            data[random.randrange(len(data))] = random.randrange(256)
    else:
        data = bytearray(random.randbytes(random.choice((1, 4, 16, 64, 400))))
    coding, errors = random.choice(
        (
            ("utf-8", "surrogateescape"),
            ("utf-8", "replace"),
            ("latin-1", "strict"),
            ("ascii", "ignore"),
            ("utf-16-le", "surrogatepass"),
            ("cp437", "strict"),
        )
    )
    return data.decode(coding, errors if coding != "utf-16-le" or not len(data) % 2 else "ignore")
