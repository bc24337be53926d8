"""What every task reads, changes and deletes: the part of docs/tasks.md that is written by hand.

``tests/unit/test_task_reference.py`` fails for a task that has no row here, and compares the rows
with the options that the task has.
"""

from __future__ import annotations

from dataclasses import dataclass

READ, SETUP, REPAIR, DUMP, DATA, DESTROY = "read", "setup", "repair", "dump", "data", "destroy"


@dataclass(frozen=True, slots=True)
class Effect:
    """What a task does to the world.

    ``reads``, ``changes`` and ``deletes`` say what; empty is nothing. ``groups`` are the groups of
    IAM permissions that it needs on AWS, as ``db.policy`` names them. ``partial`` says whether
    it can fail after a part of its changes, with exit code 2.
    """

    reads: str
    changes: str = ""
    deletes: str = ""
    groups: tuple[str, ...] = ()
    partial: bool = False


_SETTINGS = "keys, indexes, settings and tags of the tables"
EFFECTS: dict[str, Effect] = {
    "local.up": Effect(
        "which engines run",
        "a container or a process begins on this machine",
        "with `--fresh`, the engine of that name with its data",
    ),
    "local.down": Effect(
        "the record of the engine",
        "the engine that `local.up` started stops, and its data browser",
        "what the engine held in memory; with `--volumes` also what `--persist` kept",
    ),
    "local.status": Effect("which engines run"),
    "local.logs": Effect("the engine's log"),
    "local.env": Effect("the record of the engine"),
    "local.admin": Effect(
        "which engine runs", "a container or a process with the data browser begins"
    ),
    "local.doctor": Effect("this machine, this shell, and the configuration"),
    "db.setup": Effect(
        _SETTINGS,
        "missing tables; with `--repair` also changes that remove nothing",
        groups=(SETUP,),
        partial=True,
    ),
    "db.verify": Effect(_SETTINGS, "with `--junit`, that file", groups=(READ,)),
    "db.repair": Effect(
        _SETTINGS,
        "indexes and settings of existing tables; on AWS backups",
        "indexes and streams, with `--prune` or `--replace-indexes` only; never a table or an item",
        groups=(REPAIR,),
        partial=True,
    ),
    "db.compare": Effect(f"{_SETTINGS} of both environments", groups=(READ,)),
    "db.seed": Effect(
        "the keys of the items",
        "items that are not there yet; with `--replace` (local engines only) all of the seed",
        groups=(DATA,),
        partial=True,
    ),
    "db.reset": Effect(
        f"{_SETTINGS}, and one item of each",
        "backups (on AWS), then empty tables",
        "the environment's tables with their items",
        groups=(DESTROY,),
        partial=True,
    ),
    "db.delete": Effect(
        f"{_SETTINGS}, and one item of each",
        "backups (on AWS)",
        "the environment's tables with their items",
        groups=(DESTROY,),
        partial=True,
    ),
    "db.export": Effect("the declaration", "with `--output`, that file"),
    "db.dump": Effect("all items", "files on this machine", groups=(DUMP,)),
    "db.load": Effect(
        "the files of a dump, and the number of items",
        "items; one of the same key is replaced",
        groups=(DATA,),
        partial=True,
    ),
    "db.copy": Effect(
        "items of another environment",
        "items of this one; one of the same key is replaced",
        groups=(DUMP, DATA),
        partial=True,
    ),
    "db.migrate": Effect(
        "all items of one table",
        "a dump, a backup (on AWS), the table with its new key, and its items",
        "the one table, after its dump was read back; with `--to` nothing",
        groups=(DESTROY,),
        partial=True,
    ),
    "db.list": Effect("status, number of items, size and indexes of the tables", groups=(READ,)),
    "db.import": Effect(_SETTINGS, "with `--output`, that file", groups=(READ,)),
    "db.docs": Effect("the declaration", "with `--output`, that file"),
    "db.policy": Effect("the configuration", "with `--output`, that file"),
    "osem init": Effect(
        "the folder; with `--from-table` also live tables",
        "files that are not there yet",
        groups=(READ,),
        partial=True,
    ),
}
