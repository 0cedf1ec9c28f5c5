"""Files of another screener: CSV or JSON become records that know where they stand in the file.

Headings are words in lower case with `_` between them, whatever the file writes; each field has one
name here and a few by which other systems call it.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from candlewatch.errors import SetupError
from candlewatch.settings import MOVING_FILE_BYTES
from candlewatch.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Record:
    """One row of a file.

    Attributes:
        place: where it stands: `line 3` of a CSV file, `entry 3` of a JSON file.
        fields: what it says, by heading; nothing is empty here.
    """

    place: str
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Refusal:
    """What cannot be translated: where, which field, why and what to do."""

    place: str
    field: str
    reason: str

    def __str__(self) -> str:
        return f"{self.place}, {self.field}: {self.reason}"


def read_records(file: Path, list_name: str) -> list[Record]:
    """Read a `.csv` or `.json` file.

    Args:
        file: CSV with a line of headings, a JSON list of objects, or an object with that list.
        list_name: under which a JSON object holds the list.

    Raises:
        SetupError: the file cannot be read, is too large, or is neither.
    """
    text = _text(file)
    match file.suffix.lower():
        case ".csv":
            return _from_csv(file, text)
        case ".json":
            return _from_json(file, text, list_name)
        case other:
            raise SetupError(
                f"{file} must be a .csv or a .json file, got {other or 'no ending'!r}: rename it"
            )


def named_fields(
    record: Record, names: Mapping[str, str], ignored: Iterable[str] = ()
) -> tuple[dict[str, Any], list[Refusal]]:
    """Return a record's fields by our names, and a refusal for each heading that is not known.

    Args:
        record: of a file.
        names: heading to our name.
        ignored: headings that are passed over.
    """
    fields: dict[str, Any] = {}
    refusals = []
    for heading, value in record.fields.items():
        if heading in ignored:
            continue
        name = names.get(heading)
        if name is None:
            reason = f"nothing here is called so; leave it out or add --ignore {heading}"
            refusals.append(Refusal(record.place, heading, reason))
        elif name in fields:
            refusals.append(Refusal(record.place, heading, f"{name} is given twice; keep one"))
        else:
            fields[name] = value
    return fields, refusals


def heading_of(text: object) -> str:
    """Return a heading in our form: `Cool-down Candles` is `cool_down_candles`."""
    return "_".join(str(text).replace("-", " ").replace("_", " ").lower().split())


def _text(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            raw = opened.read(MOVING_FILE_BYTES + 1)
    except OSError as exc:
        raise SetupError(f"{file} cannot be read: {exc.strerror}") from exc
    if len(raw) > MOVING_FILE_BYTES:
        raise SetupError(
            f"{file} has more than {MOVING_FILE_BYTES:,} bytes: take a part of it at a time"
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise SetupError(f"{file} is not UTF-8 at byte {exc.start}: save it as UTF-8") from None


def _from_csv(file: Path, text: str) -> list[Record]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    records = []
    try:
        headings = [heading_of(cell) for cell in next(reader, [])]
        if not any(headings):
            raise SetupError(f"{file} is empty: its first line names the columns")
        if len(set(headings)) < len(headings):
            raise SetupError(f"{file} names a column twice in its first line: rename one")
        line = reader.line_num + 1
        for cells in reader:
            place, line = f"line {line}", reader.line_num + 1
            if len(cells) > len(headings):
                raise SetupError(
                    f"{file}, {place}, has {counted(len(cells), 'cell')} for "
                    f"{counted(len(headings), 'column')}: "
                    'put what contains a comma between quotation marks (")'
                )
            given = {
                heading: cell.strip()
                for heading, cell in zip(headings, cells, strict=False)
                if cell.strip()
            }
            if given:
                records.append(Record(place, given))
    except csv.Error as exc:
        raise SetupError(f"{file}, line {reader.line_num}, is no CSV: {exc}") from None
    return records


def _from_json(file: Path, text: str, list_name: str) -> list[Record]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise SetupError(f"{file} is no JSON: {exc}") from None
    entries = content.get(list_name) if isinstance(content, dict) else content
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise SetupError(
            f'{file} must hold a list of objects, or {{"{list_name}": [...]}}: export it so'
        )
    return [
        Record(
            f"entry {number}",
            {heading_of(name): value for name, value in entry.items() if value not in (None, "")},
        )
        for number, entry in enumerate(entries, 1)
    ]
