"""What functions that are deployed rely on: the schema `worker`, as the last release had it.

`interface.json` beside this file holds, for each function, its arguments (name, type, whether there
is a default) and the shape of its answers in a fixed conversation. Until the next release the
database may add to it: functions, arguments with a default, keys of answers. It may take nothing
away and change nothing, since the functions of the last release run on the new schema while the new
ones are deployed.

`python -m tests.upgrades.interface` writes the file anew. Do that with a release, never to make the
test pass; and copy the release's `client.py` on, as it says.
"""

from __future__ import annotations

import json
import random
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.fixtures.database import open_database
from tests.fixtures.rest import running_rest
from tests.fixtures.server import make_template, running_server
from tests.upgrades.conversation import hold_conversation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.fixtures.database import Database
    from tests.fixtures.rest import Rest

Json = dict[str, Any]

FILE: Final = Path(__file__).with_name("interface.json")

_TYPES: Final[dict[type, str]] = {
    str: "string",
    int: "number",
    float: "number",
    bool: "boolean",
    bytes: "bytes",
    type(None): "null",
}
_SIGNATURES: Final = """
select p.proname, p.proargnames, array(
  select format_type(t, null) from unnest(p.proargtypes) with ordinality as a (t, n) order by a.n
), p.pronargdefaults
from pg_proc as p
where p.pronamespace = 'worker'::regnamespace
order by p.proname, p.pronargs
"""


def describe(database: Database, rest: Rest) -> Json:
    """Return the interface of a database: arguments by function, and shapes of answers."""
    functions: Json = {}
    for name, arguments, types, defaults in database.rows(_SIGNATURES):
        if name in functions:
            raise AssertionError(f"worker.{name} exists twice: a call by names could mean either")
        first_default = len(types) - defaults
        functions[name] = {
            argument: {"type": kind, "default": place >= first_default}
            for place, (argument, kind) in enumerate(zip(arguments or [], types, strict=True))
        }
    shapes: dict[str, list[Any]] = {}
    for function, answer in hold_conversation(database, rest, random.Random(1)):
        shapes.setdefault(function, []).append(shape(answer))
    answers = {function: merged(given) for function, given in shapes.items()}
    return {"functions": functions, "answers": answers}


def shape(value: object) -> Any:
    """Return what a value is made of: objects by key, lists by their elements, else its type."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in sorted(value.items())}
    if isinstance(value, list):
        return [merged([shape(item) for item in value])] if value else []
    return _TYPES[type(value)]


def merged(shapes: list[Any]) -> Any:
    """Return one shape that fits all of some."""
    first, *others = shapes
    for other in others:
        match first, other:
            case dict(), dict():
                first = {
                    key: merged([x[key] for x in (first, other) if key in x])
                    for key in sorted(first.keys() | other.keys())
                }
            case list(), list():
                elements = [*first, *other]
                first = [merged(elements)] if elements else []
            case str(), str():
                first = "|".join(sorted({*first.split("|"), *other.split("|")}))
            case _:
                raise AssertionError(f"an answer is once {first} and once {other}")
    return first


def breaks(recorded: Json, present: Json) -> list[str]:
    """Return what functions of the recorded release would miss in the present database."""
    found = []
    for name, arguments in recorded["functions"].items():
        if name not in present["functions"]:
            found.append(f"worker.{name} is gone")
        else:
            found += _argument_breaks(f"worker.{name}", arguments, present["functions"][name])
    for name, answer in recorded["answers"].items():
        if name in present["answers"]:
            found += _answer_breaks(f"worker.{name}", answer, present["answers"][name])
    return found


def _argument_breaks(name: str, recorded: Json, present: Json) -> Iterable[str]:
    for argument, is_now in present.items():
        if argument not in recorded and not is_now["default"]:
            yield f"{name} has the new argument {argument} without a default"
    for argument, was in recorded.items():
        if argument not in present:
            yield f"{name} lost the argument {argument}"
        elif present[argument]["type"] != was["type"]:
            yield f"{name}: {argument} was {was['type']} and is {present[argument]['type']}"
        elif was["default"] and not present[argument]["default"]:
            yield f"{name}: {argument} lost its default"


def _answer_breaks(place: str, was: Any, is_now: Any) -> Iterable[str]:
    if isinstance(was, dict) and isinstance(is_now, dict):
        for key, item in was.items():
            if key not in is_now:
                yield f"{place} does not answer {key} any more"
            else:
                yield from _answer_breaks(f"{place}.{key}", item, is_now[key])
    elif isinstance(was, list) and isinstance(is_now, list):
        if was and is_now:
            yield from _answer_breaks(f"{place}[]", was[0], is_now[0])
        elif was:
            yield f"{place} has no elements any more"
    elif not (
        isinstance(was, str)
        and isinstance(is_now, str)
        and set(is_now.split("|")) <= set(was.split("|"))
    ):
        yield f"{place} was {was} and is {is_now}"


def main() -> None:
    """Write the interface of the present schema."""
    with tempfile.TemporaryDirectory() as folder, running_server() as server:
        make_template(server)
        with (
            open_database(server, server.clone()) as database,
            running_rest(database, Path(folder)) as rest,
        ):
            text = json.dumps(describe(database, rest), indent=2, sort_keys=True)
    FILE.write_text(f"{text}\n")


if __name__ == "__main__":
    main()
