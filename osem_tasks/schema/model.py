"""Tables as values: typed, immutable, normalized, and checked when built.

The same classes describe declared and live tables, so that values can be compared
directly. A fact that is ``None`` is not declared: it is neither compared nor changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import InitVar, dataclass, field, fields, replace
from types import NoneType
from typing import TYPE_CHECKING, Literal

from osem_tasks.errors import ModelError
from osem_tasks.schema import kinds, notes, rules
from osem_tasks.schema.ignored import matches
from osem_tasks.schema.notes import Notes
from osem_tasks.schema.quoting import nearest, shown
from osem_tasks.schema.warm import WarmThroughput  # noqa: TC001  kinds resolves annotations here

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

BillingMode = Literal["PAY_PER_REQUEST", "PROVISIONED"]
Tags = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, order=True)
class Attribute:
    """A key attribute: its name and its type, one of S, N and B."""

    name: str
    type: str

    @classmethod
    def parse(cls, text: str) -> Attribute:
        """Parse text such as ``"planId S"``. Raises ModelError for any other shape."""
        try:
            name, kind = text.split()
        except ValueError:
            problem = f"key attribute {text!r} is not of the form 'name TYPE'"
            raise ModelError([problem]) from None
        return cls(name, kind)

    def __str__(self) -> str:
        return f"{self.name} {self.type}"


@dataclass(frozen=True, slots=True)
class Key:
    """A key schema. Only a global index may have several attributes in a part."""

    partition: tuple[Attribute, ...]
    sort: tuple[Attribute, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Key:
        """Parse ``"planId S"`` or ``"planId S, teamMemberId S"``: partition key, then sort key.

        ``+`` joins several attributes of a part: ``"tenant S + region S, at N"``.
        Raises ModelError for any other shape.
        """
        if not isinstance(text, str):
            raise ModelError([f"a key must be a string like 'id S, at N', not {shown(text)}"])
        partition, comma, sort = text.partition(",")
        if "," in sort:
            raise ModelError([f"key {text!r} has more than a partition and a sort part"])
        parts = (partition, sort) if comma else (partition,)
        return cls(*(tuple(map(Attribute.parse, part.split("+"))) for part in parts))

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """All attributes of the key, partition key first."""
        return self.partition + self.sort

    def __str__(self) -> str:
        parts = (self.partition, self.sort) if self.sort else (self.partition,)
        return ", ".join(" + ".join(map(str, part)) for part in parts)


@dataclass(frozen=True, slots=True)
class Projection:
    """The attributes that an index copies: ALL, KEYS_ONLY, or INCLUDE with names."""

    kind: str = "ALL"
    attributes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "attributes", tuple(sorted(self.attributes)))

    def __str__(self) -> str:
        return f"{self.kind} {', '.join(self.attributes)}" if self.attributes else self.kind


@dataclass(frozen=True, slots=True)
class Throughput:
    """Read and write units: provisioned, or the limits of an on-demand table (-1: no limit)."""

    read: int
    write: int

    def __str__(self) -> str:
        return f"{self.read} read, {self.write} write"


# DynamoDB's value for unlimited on-demand throughput.
NO_LIMIT = Throughput(-1, -1)


@dataclass(frozen=True, slots=True)
class Index:
    """A secondary index; only a global one has throughput."""

    name: str
    key: Key
    projection: Projection = Projection()
    throughput: Throughput | None = None
    max_throughput: Throughput | None = None
    warm_throughput: WarmThroughput | None = None


@dataclass(frozen=True, slots=True)
class TimeToLive:
    """The attribute with the expiry time of an item; ``None`` declares that TTL is off."""

    attribute: str | None


@dataclass(frozen=True, slots=True)
class Stream:
    """The content of change records (NEW_IMAGE, ...); ``None`` declares that the stream is off."""

    view: str | None


@dataclass(frozen=True, slots=True)
class Encryption:
    """AWS_OWNED (DynamoDB's default) or KMS, with a given key or the AWS managed key."""

    kind: Literal["AWS_OWNED", "KMS"] = "AWS_OWNED"
    kms_key: str | None = None

    def __str__(self) -> str:
        return f"{self.kind} {self.kms_key}" if self.kms_key else self.kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table and every fact that a project may declare about it.

    ``ignored`` are the names of facts that something else sets (see ``schema.ignored``): they
    count when the table is created, and are never judged or changed afterwards.
    ``unmanaged`` are the declared properties that this suite does not manage, as pairs of the
    property and the reason ("" if the suite has nothing that manages it).
    ``notes`` are for people: they are neither compared nor sent, and a table may be changed under
    them (``schema.notes.problems`` says what they have that it has not).
    ``name`` may have 1 to 255 characters: the environment's prefix makes the real name longer.
    Raises ModelError with every rule that the declaration breaks. ``check=False`` is for
    tables read from an engine: emulators may hold tables that DynamoDB would refuse.
    """

    name: str
    key: Key
    global_indexes: tuple[Index, ...] = ()
    local_indexes: tuple[Index, ...] = ()
    billing: BillingMode = "PAY_PER_REQUEST"
    throughput: Throughput | None = None
    max_throughput: Throughput | None = None
    warm_throughput: WarmThroughput | None = None
    tags: Tags | None = None
    ttl: TimeToLive | None = None
    stream: Stream | None = None
    deletion_protection: bool | None = None
    point_in_time_recovery: bool | None = None
    recovery_period_in_days: int | None = None
    encryption: Encryption | None = None
    table_class: str | None = None
    ignored: frozenset[str] = frozenset()
    unmanaged: tuple[tuple[str, str], ...] = ()
    notes: Notes | None = field(default=None, compare=False)
    check: InitVar[bool] = True

    def __post_init__(self, check: bool) -> None:
        wrong = list(kinds.field_problems(self)) if check else []
        if wrong:
            raise ModelError([f"table {self.name!r}: {problem}" for problem in wrong])
        for name in ("global_indexes", "local_indexes"):
            ordered = tuple(sorted(getattr(self, name), key=lambda index: index.name))
            object.__setattr__(self, name, ordered)
        if self.tags is not None:
            object.__setattr__(self, "tags", tuple(sorted(self.tags)))
        object.__setattr__(self, "ignored", frozenset(self.ignored))
        problems = rules.table_problems(self) if check else []
        if problems:
            raise ModelError(problems)

    @property
    def indexes(self) -> tuple[Index, ...]:
        """All indexes, the global ones first."""
        return (*self.global_indexes, *self.local_indexes)

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """All key attributes without duplicates, sorted by name; CreateTable must define them."""
        keys = (self.key, *(index.key for index in self.indexes))
        return tuple(sorted({attribute for key in keys for attribute in key.attributes}))


def table(name: str, key: str, indexes: Mapping[str, str] | None = None, **facts: object) -> Table:
    """Build a table from short texts: ``table("Teams", "teamId S", {"x-index": "x S"})``.

    ``facts`` are further fields of ``Table``; its ``notes`` may be a mapping, as ``Notes.read``
    reads it. Raises ModelError.
    """
    if not isinstance(indexes, (Mapping, NoneType)):
        raise ModelError([f"table {name!r}: indexes must map names to keys, not {shown(indexes)}"])
    known = [part.name for part in fields(Table)]
    if unknown := facts.keys() - set(known):
        raise ModelError(
            [
                f"table {name!r}: {fact} is not known{nearest(fact, known)}"
                for fact in sorted(unknown)
            ]
        )
    if isinstance(facts.get("notes"), Mapping):
        facts["notes"] = Notes.read(facts["notes"], f"table {name!r}: notes")
    built = tuple(Index(index, Key.parse(text)) for index, text in (indexes or {}).items())
    made = Table(name=name, key=Key.parse(key), global_indexes=built, **facts)  # type: ignore[arg-type]
    if problems := list(notes.problems(made)):
        raise ModelError(problems)
    return made


@dataclass(frozen=True, slots=True)
class TableSet:
    """Declared tables in creation order. Names are unique.

    ``unmanaged`` are the parts of the declaration that may hold further tables and are not
    read, as pairs of the part and the reason.
    """

    tables: tuple[Table, ...]
    unmanaged: tuple[tuple[str, str], ...] = ()
    _by_name: dict[str, Table] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        given: object = self.tables
        if not isinstance(given, (tuple, list)) or not all(isinstance(t, Table) for t in given):
            raise ModelError([f"a TableSet must hold a tuple of tables, not {shown(given)}"])
        problems = rules.duplicate_problems("table", [table.name for table in self.tables])
        if problems:
            raise ModelError(problems)
        object.__setattr__(self, "_by_name", {table.name: table for table in self.tables})

    def __iter__(self) -> Iterator[Table]:
        return iter(self.tables)

    def __len__(self) -> int:
        return len(self.tables)

    def __getitem__(self, name: str) -> Table:
        return self._by_name[name]

    @property
    def names(self) -> tuple[str, ...]:
        """The tables' names, in order."""
        return tuple(table.name for table in self.tables)

    def ignoring(self, rules: Iterable[str]) -> TableSet:
        """Return the set with further ignored facts.

        A rule is ``Orders.read_capacity`` or, with wildcards, ``*.tags`` and
        ``Orders.index[*].read_capacity``. Raises ModelError for a rule that matches nothing.
        """
        ignored = {table.name: set(table.ignored) for table in self.tables}
        indexes = {table.name: [i.name for i in table.global_indexes] for table in self.tables}
        problems = []
        for rule in rules:
            found, problem = matches(rule, indexes)
            problems += problem
            for name, facts in found.items():
                ignored[name] |= facts
        if problems:
            raise ModelError(problems)
        tables = (replace(t, ignored=frozenset(ignored[t.name])) for t in self.tables)
        return replace(self, tables=tuple(tables))

    def for_environment(
        self,
        prefix: str,
        suffix: str = "",
        *,
        tags: Mapping[str, str],
        deletion_protection: bool | None = None,
        point_in_time_recovery: bool | None = None,
    ) -> TableSet:
        """Return the set for one environment, with prefix, suffix, tags and protection.

        A table's own declaration overrides the environment's. Raises ModelError if DynamoDB
        does not allow a real name.
        """
        names = {table.name: prefix + table.name + suffix for table in self.tables}
        if problems := rules.real_name_problems(names):
            raise ModelError(problems)
        return replace(
            self,
            tables=tuple(
                replace(
                    table,
                    name=names[table.name],
                    tags=tuple({**tags, **dict(table.tags or ())}.items()),
                    deletion_protection=_first(table.deletion_protection, deletion_protection),
                    point_in_time_recovery=_first(
                        table.point_in_time_recovery, point_in_time_recovery
                    ),
                )
                for table in self.tables
            ),
        )


def _first(own: bool | None, environment: bool | None) -> bool | None:
    return environment if own is None else own
