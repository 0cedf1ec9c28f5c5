"""Import traders: all of a file or nothing, and the same file twice changes nothing.

1. `plan_import`   what the account has already, by external key, is left as it is
2. `carry_out`     the rest is created; a request is one transaction, and where a file needs several
                   and one is refused, what the earlier ones created is deleted again
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from candlewatch.errors import CandlewatchError, DatabaseUnavailable, SetupError
from candlewatch.settings import MOVING_BODY_BYTES
from candlewatch.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from candlewatch.moving.account import Account
    from candlewatch.moving.traders import Wish


@dataclass(frozen=True)
class Step:
    """What an import does with one trader.

    Attributes:
        place: of the trader in the file.
        wish: the trader.
        differs: for one that is there already, the columns that have other values; None for a new
            one.
    """

    place: str
    wish: Wish
    differs: tuple[str, ...] | None

    @property
    def is_new(self) -> bool:
        """Whether it is to be created."""
        return self.differs is None


def plan_import(account: Account, wishes: Sequence[tuple[str, Wish]]) -> list[Step]:
    """Compare the wishes with what the account has; nothing is changed."""
    there = {row["external_key"]: row for row in account.traders() if row["external_key"]}
    return [
        Step(place, wish, _difference(wish.row(), there.get(wish.external_key)))
        for place, wish in wishes
    ]


def carry_out(account: Account, steps: Sequence[Step]) -> int:
    """Create what is new and return how many there were.

    Raises:
        SetupError: the API refused, and none of these traders is left; or an answer was lost, and
            the same import goes on where this one stopped.
    """
    made: list[str] = []
    new = [step.wish.row() for step in steps if step.is_new]
    try:
        for rows in _requests(new):
            made += account.add_traders(rows)
    except DatabaseUnavailable as problem:
        # What the lost request did is not known: to undo could delete what another import made.
        raise SetupError(
            f"{problem} after {len(made)} of {len(new)} traders: import the same file again, it "
            "goes on with those that are missing"
        ) from problem
    except CandlewatchError as problem:
        _undo(account, made)
        raise SetupError(f"{problem}; nothing was imported") from problem
    except BaseException:
        _undo(account, made)
        raise
    return len(made)


def _undo(account: Account, made: Sequence[str]) -> None:
    try:
        account.remove_traders(made)
    except CandlewatchError as problem:
        raise SetupError(
            f"the import broke off and {counted(len(made), 'trader')} that it had made could not "
            f"be removed: {problem}; import the same file again for the rest, or delete them"
        ) from problem


def _difference(wish: dict[str, Any], row: dict[str, Any] | None) -> tuple[str, ...] | None:
    if row is None:
        return None
    return tuple(column for column, value in wish.items() if row[column] != value)


def _requests(rows: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Cut rows into requests that the API takes; most files are one."""
    taken: list[dict[str, Any]] = []
    size = 0
    for row in rows:
        length = len(json.dumps(row)) + 60
        if taken and size + length > MOVING_BODY_BYTES:
            yield taken
            taken, size = [], 0
        taken.append(row)
        size += length
    if taken:
        yield taken
