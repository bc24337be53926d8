"""The suite as an Invoke collection for a project's ``tasks.py``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from invoke.collection import Collection

from osem_tasks.config import file, levels
from osem_tasks.config.defaults import DEFAULTS
from osem_tasks.config.project import starting_point
from osem_tasks.errors import OsemError
from osem_tasks.output import logs
from osem_tasks.tasks import catalogue
from osem_tasks.tasks.configuration import over, provide
from osem_tasks.tasks.refusing import refusing

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
            from osem_tasks.tasks import doctor

            doctor.examine_if_asked(sys.argv)
            raise
    root = Collection(Collection("local"), Collection("db"))
    for name, task in catalogue.tasks().items():
        group, _, own_name = name.partition(".")
        root.collections[group].add_task(task, name=own_name)
    places = {"folders": [str(start.folder), str(start.tasks)]}
    # Invoke reads no pyproject.toml: a project's own tasks see its settings by this.
    osem = over({**DEFAULTS, **(configuration or {})}, configured)
    complete = {"osem": osem, file.PLACES: places}
    root.configure(complete)
    provide(complete)
    return root
