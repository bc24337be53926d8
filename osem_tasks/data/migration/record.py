"""The record of a migration: what it is of, and how far it has come. A claim, like every file.

It is kept twice, in the state directory and beside the dump, so that a folder of a dump explains
itself, and another machine can go on. Of two records the later one counts.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import asdict, dataclass, field, fields, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osem_tasks.data import folders, layout
from osem_tasks.engines import state
from osem_tasks.errors import ErrorCode, ModelError, OsemError
from osem_tasks.schema.model import Key

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

NAME = "migration.json"


class Stage(Enum):
    """Where a migration stands, by the record and by what is really there."""

    NOTHING = "the table is as it is declared"
    BEGIN = "nothing has been done"
    BEFORE = "the old table is there"
    REBUILD = "the old table is deleted"
    REFILL = "the new table is there"
    GONE = "there is no table, and no record of a migration that deleted it"
    STRANGE = "another table is there, with another key than the declared one"


@dataclass(slots=True, kw_only=True)
class Record:
    """One migration of ``table`` (its real name) at ``place``: endpoint, region and account.

    ``identity``, ``arn``, ``key`` and ``stream`` are those of the old table, ``to`` is the name
    of a second table to fill instead of replacing the first one. The dump is in ``output``
    under the id ``dump``. ``deleting`` says that the deletion may have been requested, ``made``
    is the identity of the new table, ``mapped`` stands for the items that are loaded into it, and
    ``loaded`` says that all were.
    """

    table: str
    place: list[str]
    identity: str
    arn: str
    key: str
    output: str
    declared: str
    dump: str
    to: str = ""
    stream: str = ""
    revision: int = 0
    deleting: bool = False
    made: str = ""
    mapped: str = ""
    backup: dict[str, str] = field(default_factory=dict)
    items: int = 0
    loaded: bool = False
    done: bool = False

    @property
    def folder(self) -> Path:
        """The folder of the dump."""
        return Path(self.output) / self.declared / layout.ROOT / self.dump

    @property
    def shown(self) -> str:
        """The folder of the dump for people: from here, if it is below."""
        return shown(self.folder)

    @property
    def old_key(self) -> Key:
        """The key of the old table."""
        return Key.parse(self.key)

    @property
    def beside(self) -> Path:
        """The record's file beside the dump."""
        return beside(Path(self.output), self.declared, self.to)


def shown(path: Path) -> str:
    """Return a path for people: from the current folder, if it is below."""
    with contextlib.suppress(OSError, ValueError):
        return str(path.relative_to(Path.cwd()))
    return str(path)


def beside(output: Path, declared: str, to: str) -> Path:
    """Return the file of a record in the folder of the dumps."""
    return output / declared / (f"migration-to-{to}.json" if to else NAME)


def stage_of(record: Record | None, identity: str | None, *, fits: bool) -> Stage:
    """Return where a migration stands.

    ``identity`` is that of the live table (None: there is none); ``fits`` says that the table has
    what cannot be changed in place, such as its key, as it is declared.
    """
    begun = record is not None and record.deleting and not record.done
    if identity is None:
        return Stage.REBUILD if begun else Stage.GONE
    old = record is not None and record.identity == identity
    if fits:
        return Stage.REFILL if begun and not (old and identity) else Stage.NOTHING
    if record is None or record.done:
        return Stage.BEGIN
    if old:
        return Stage.BEFORE
    return Stage.STRANGE if begun else Stage.BEGIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """The two files of one migration's record. Every method raises OsemError.

    ``output`` is the folder of the dumps that the user named, or the default.
    """

    table: str
    declared: str
    place: list[str]
    output: Path
    to: str = ""

    @property
    def path(self) -> Path:
        """The file in the state directory."""
        subject = json.dumps([*self.place, self.table, self.to])
        name = hashlib.sha256(subject.encode()).hexdigest()[:32]
        return state.directory() / f"migrate-{name}.progress"  # .json is an engine's record

    def read(self) -> Record | None:
        """Return the record of this migration whose dump is there, else any, else None."""
        found = [self._kept(), self._beside()]
        known = [record for record in found if record is not None]
        there = [record for record in known if record.folder.is_dir()]
        return max(there or known, key=lambda record: record.revision, default=None)

    def save(self, record: Record) -> None:
        """Write the record, on the disk before this returns."""
        record.revision += 1
        values = asdict(record)
        folders.make(record.beside.parent)
        folders.replace(record.beside, json.dumps(values, indent=2).encode() + b"\n")
        state.write(self.path, values)

    def finish(self, record: Record) -> None:
        """Note beside the dump that the migration is done, and forget it elsewhere."""
        record.done = True
        record.revision += 1
        # First what outlives the folder: left behind, it would speak for a later table.
        state.remove(self.path)
        folders.replace(record.beside, json.dumps(asdict(record), indent=2).encode() + b"\n")

    def locked(self) -> AbstractContextManager[None]:
        """Refuse (INVALID_CONFIGURATION) if another process migrates the same table."""
        busy = OsemError(
            f"Another command is migrating {self.table}.",
            code=ErrorCode.INVALID_CONFIGURATION,
            remediation="Wait for it to end, then run the same command again.",
            table=self.table,
        )
        return folders.locked(self.path.with_suffix(".lock"), busy, state.writing)

    def _kept(self) -> Record | None:
        try:
            values = state.read(self.path)
        except (OSError, state.UnreadableError):
            return None
        return self._checked(values)

    def _beside(self) -> Record | None:
        path = beside(self.output, self.declared, self.to)
        try:
            with state.open_plain(path) as stream:
                values = json.loads(stream.read(state.MAX_BYTES))
        except (OSError, state.UnreadableError, ValueError, RecursionError):
            return None
        record = self._checked(values)
        # The folder may have been moved, or be that of another machine.
        return replace(record, output=str(self.output.absolute())) if record else None

    def _checked(self, values: Any) -> Record | None:
        """Return the record that ``values`` hold; None if no migration of this table wrote them."""
        record = record_of(values)
        if record is None:
            return None
        mine = (record.table, record.declared, record.to) == (self.table, self.declared, self.to)
        return record if mine else None


def record_of(values: Any) -> Record | None:
    """Return the record that ``values`` hold, or None if they are none."""
    if not isinstance(values, dict) or not values.keys() <= {one.name for one in fields(Record)}:
        return None
    try:
        record = Record(**values)
        record.old_key  # noqa: B018  a key that is none is no record
    except (TypeError, ModelError):
        return None
    return record if all(_fits(record, name) for name in values) and _is_id(record.dump) else None


def _fits(record: Record, name: str) -> bool:
    value = getattr(record, name)
    if name in {"deleting", "loaded", "done"}:
        return isinstance(value, bool)
    if name in {"revision", "items"}:
        return type(value) is int and value >= 0
    if name == "place":
        return isinstance(value, list) and all(isinstance(part, str) for part in value)
    if name == "backup":
        return isinstance(value, dict) and all(isinstance(v, str) for v in value.values())
    return isinstance(value, str)


def _is_id(name: str) -> bool:
    """Return whether ``name`` is a folder of its own, which leads to no other one."""
    return name not in {"", ".", ".."} and Path(name).name == name and "\\" not in name
