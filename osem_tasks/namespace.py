"""The suite as an Invoke collection for a project's ``tasks.py``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from invoke.collection import Collection

from osem_tasks.config import file, levels
from osem_tasks.config.project import starting_point
from osem_tasks.config.settings import DEFAULTS
from osem_tasks.errors import OsemError
from osem_tasks.output import logs
from osem_tasks.tasks import db, doctor, job, local
from osem_tasks.tasks.command import refusing

if TYPE_CHECKING:
    from collections.abc import Mapping


def build(configuration: Mapping[str, Any] | None = None) -> Collection:
    """Return the ``local`` and ``db`` tasks; ``configuration`` overrides the suite's defaults.

    ``invoke.yaml`` and the environment override ``configuration``. The merge is done here
    because Invoke merges the configuration of a parent collection only shallowly.
    """
    # With --debug, Invoke logs every option before it calls a task.
    logs.guard()
    with refusing():
        try:
            start = starting_point()
            configured = levels.of_pyproject(file.check(start=start))
        except OsemError:
            # The doctor says what is wrong, and looks at everything else with the defaults.
            doctor.examine_if_asked(sys.argv)
            raise
    engine = Collection("local")
    tasks = (local.up, local.down, local.status, local.logs, local.env, local.admin, local.doctor)
    for task in tasks:
        engine.add_task(task)
    database = Collection("db")
    for task in (
        db.setup,
        db.verify,
        db.repair,
        db.compare,
        db.seed,
        db.reset,
        db.delete,
        db.export,
        db.dump,
        db.load,
        db.copy,
        db.migrate,
    ):
        database.add_task(task)
    database.add_task(db.list_, name="list")
    database.add_task(db.import_, name="import")
    root = Collection(engine, database)
    places = {"folders": [str(start.folder), str(start.tasks)]}
    # Invoke reads no pyproject.toml: a project's own tasks see its settings by this.
    osem = job.over({**DEFAULTS, **(configuration or {})}, configured)
    complete = {"osem": osem, file.PLACES: places}
    root.configure(complete)
    job.provide(complete)
    return root
