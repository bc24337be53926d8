"""Read the items of a seed file: JSON lines, JSON, YAML or CSV, also compressed (``.gz``)."""

from __future__ import annotations

import csv
import io
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from osem_tasks.data.csv_cells import Column, cell
from osem_tasks.declarations import parsing
from osem_tasks.declarations.lines import Lines
from osem_tasks.schema.quoting import nearest, shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from osem_tasks.schema.model import Table

# A document is parsed as one value; lines are parsed one by one.
MAX_DOCUMENT, MAX_LINES = 4_000_000, 64_000_000
# The most bytes that an item can have as a line: 400 KB, with every character escaped.
MAX_LINE = 3_000_000
JSON_LINES, JSON, YAML, CSV = (".jsonl", ".ndjson"), (".json",), (".yaml", ".yml"), (".csv",)
SUFFIXES = (*JSON_LINES, *JSON, *YAML, *CSV)
GZIP = ".gz"
# What `aws dynamodb scan` prints beside the items.
_SCAN = {"Items", "Count", "ScannedCount", "ConsumedCapacity", "LastEvaluatedKey", "NextToken"}


@dataclass(frozen=True, slots=True)
class Record:
    """One item as a source writes it: its table by its declared name, and where it stands."""

    table: str
    value: Any
    place: Place


@dataclass(frozen=True)
class Place:
    """Where an item stands; a line that a parser does not tell is sought when it is needed."""

    source: str
    line: int | None = None
    text: str = field(default="", repr=False, compare=False)
    path: tuple[int, tuple[Any, ...]] = (0, ())

    def __str__(self) -> str:
        return f"{self.source} line {self._line}" if self._line else self.source

    @cached_property
    def _line(self) -> int | None:
        if self.line is not None or not self.text:
            return self.line
        document, path = self.path
        return Lines(self.text).of(path, document)


def read(path: Path, shown_path: str, tables: Mapping[str, Table]) -> Iterator[Record]:
    """Yield the items of a file. ``tables`` are the declared ones, by their declared names.

    Raises ValueError with the problem on one line: a file that cannot be read, or whose table is
    unknown.
    """
    name = path.name.removesuffix(GZIP)
    suffix = name[name.rfind(".") :].lower() if "." in name else ""
    stem = name[: len(name) - len(suffix)]
    if suffix in YAML:
        return _documents(_text(path, MAX_DOCUMENT), shown_path, stem, tables, json_only=False)
    if suffix in JSON:
        return _json(_text(path, MAX_LINES), shown_path, stem, tables)
    if suffix in JSON_LINES:
        return _lines(_text(path, MAX_LINES), shown_path, _table(stem, tables))
    if suffix in CSV:
        name = _table(stem, tables)
        return _csv(_text(path, MAX_LINES), shown_path, name, tables[name])
    if not path.exists():
        raise ValueError("there is no such file or folder")
    raise ValueError(f"its name must end in {', '.join(SUFFIXES)}, or one of these and {GZIP}")


def _text(path: Path, most: int) -> str:
    found = parsing.read_bytes(path, most)
    if path.name.endswith(GZIP):
        found = _unzipped(found, most)
    return parsing.text_of(found)


def _unzipped(found: bytes, most: int) -> bytes:
    """Return the content of all members of a gzip file, of ``most`` bytes. Raises ValueError."""
    parts, left = [], most
    while found:
        inflate = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            part = inflate.decompress(found, left + 1)
        except zlib.error as error:
            raise ValueError("it is not gzip, although its name says so") from error
        left -= len(part)
        if left < 0:
            raise ValueError(f"it has more than {most:,} bytes when it is unpacked")
        if not inflate.eof:
            raise ValueError("it is cut off: the end of the gzip data is missing")
        parts.append(part)
        found = inflate.unused_data
    return b"".join(parts)


def _table(stem: str, tables: Mapping[str, Table]) -> str:
    if stem in tables:
        return stem
    raise ValueError(
        f"its name must be that of a table, and {shown(stem)} is none{nearest(stem, tables)}"
    )


def _json(text: str, path: str, stem: str, tables: Mapping[str, Table]) -> Iterator[Record]:
    """Yield the items of a ``.json`` file, which may also hold JSON lines, as AWS's exports do."""
    first, _, rest = text.lstrip().partition("\n")
    if rest.strip() and first.rstrip().endswith("}") and _is_json(first):
        return _lines(text, path, _table(stem, tables))
    if len(text) > MAX_DOCUMENT:
        raise ValueError(
            f"it has more than {MAX_DOCUMENT:,} characters in one document; write JSON lines"
        )
    return _documents(text, path, stem, tables, json_only=True)


def _is_json(line: str) -> bool:
    try:
        parsing.parse(line, json_only=True, exact=True)
    except ValueError:
        return False
    return True


def _lines(text: str, path: str, table: str) -> Iterator[Record]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        if len(line) > MAX_LINE:
            raise ValueError(f"line {number}: it has more than {MAX_LINE:,} characters")
        try:
            [value] = parsing.parse(line, json_only=True, exact=True)
        except ValueError as error:
            raise ValueError(f"line {number}: {_without_line(str(error))}") from error
        yield Record(table, value, Place(path, number))


def _without_line(words: str) -> str:
    return words.replace("it cannot be parsed: line 1 column", "it is not JSON: column")


def _documents(
    text: str, path: str, stem: str, tables: Mapping[str, Table], *, json_only: bool
) -> Iterator[Record]:
    for number, content in enumerate(parsing.parse(text, json_only=json_only, exact=True)):
        for table, value, keys in _content(content, stem, tables):
            yield Record(table, value, Place(path, None, text, (number, keys)))


def _content(
    content: object, stem: str, tables: Mapping[str, Table]
) -> Iterator[tuple[str, object, tuple[Any, ...]]]:
    """Yield table, item and path of the items of one document."""
    if isinstance(content, list):
        name = _table(stem, tables)
        yield from ((name, value, (i,)) for i, value in enumerate(content))
    elif not isinstance(content, Mapping):
        raise _no_items("it", "a list of items, or lists of items by table", content)
    elif isinstance(content.get("Items"), list) and set(content) <= _SCAN and "Items" not in tables:
        name = _table(stem, tables)
        yield from ((name, value, ("Items", i)) for i, value in enumerate(content["Items"]))
    elif stem in tables and not all(isinstance(value, list) for value in content.values()):
        yield stem, content, ()
    else:
        for name, items in content.items():
            if name not in tables:
                raise ValueError(f"{shown(name)} is not a table{nearest(name, tables)}")
            if not isinstance(items, list):
                raise _no_items(name, "a list of items", items)
            yield from ((name, value, (name, i)) for i, value in enumerate(items))


def _no_items(what: str, wanted: str, found: object) -> ValueError:
    return ValueError(f"{what} must hold {wanted}, not {shown(found)}")


def _csv(text: str, path: str, name: str, table: Table) -> Iterator[Record]:
    # The default is less than an item may have.
    csv.field_size_limit(MAX_LINE)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        header = next(reader, [])
        columns = [Column.of(title, table) for title in header]
        names = [column.name for column in columns]
        if not header or "" in names or len(set(names)) < len(names):
            raise ValueError("line 1: the header must name every column once")
        line = reader.line_num + 1
        for row in reader:
            place, line = Place(path, line), reader.line_num + 1
            if not row:
                continue
            if len(row) != len(columns):
                raise ValueError(
                    f"line {place.line}: it has {len(row)} cells, the header has {len(columns)}"
                )
            pairs = zip(columns, row, strict=True)
            try:
                value = {column.name: cell(column, text) for column, text in pairs if text}
            except ValueError as error:
                raise ValueError(f"line {place.line}: {error}") from error
            yield Record(name, value, place)
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num}: it is not CSV: {error}") from error


def _delimiter(text: str) -> str:
    """Return the delimiter of the header: a comma; a semicolon or a tab where there is none."""
    header = text.partition("\n")[0]
    return next((mark for mark in (",", ";", "\t") if mark in header), ",")
