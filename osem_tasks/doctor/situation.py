"""What the checks look at: the request of ``local.up``, the settings, the shell, the records."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from osem_tasks.config.local_access import LOOPBACK
from osem_tasks.engines import presence, probe, records, state
from osem_tasks.engines.base import EngineState
from osem_tasks.errors import OsemError
from osem_tasks.waiting.parallel import side_by_side

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from osem_tasks.config.settings import Settings
    from osem_tasks.engines.base import EngineRecord, EngineRequest, Intent

_PARALLEL = 8


@dataclass(kw_only=True)
class Situation:
    """The values that all checks share; they are read once, and nothing is written.

    ``problem`` is why the configuration cannot be read; ``settings`` are the defaults then.
    ``hidden`` is the error for a project's module in the place of a library.
    """

    request: EngineRequest
    settings: Settings
    variables: Mapping[str, str] = field(repr=False)
    problem: OsemError | None = None
    hidden: OsemError | None = None

    @cached_property
    def folder(self) -> Path | None:
        """The state directory, if it exists and can be read."""
        try:
            found = state.location()
        except OsemError:
            return None
        return found if found.is_dir() and not state.refusal_of(found) else None

    @cached_property
    def recorded(self) -> list[tuple[EngineRecord, EngineState]]:
        """The recorded engines and their states, sorted by name."""
        found = sorted(records.recorded_in(self.folder), key=lambda record: record.name)
        if not found:
            return []
        states = side_by_side(_state_of, found, _PARALLEL)
        return list(zip(found, states, strict=True))

    @property
    def begun(self) -> list[Intent]:
        """The starts that have begun and not ended."""
        return records.begun_in(self.folder)

    @property
    def running(self) -> EngineRecord | None:
        """The engine of the requested name, if it runs."""
        return next(
            (
                record
                for record, found in self.recorded
                if record.name == self.request.name and found.runs
            ),
            None,
        )

    @property
    def port(self) -> int:
        """The port at which ``local.up`` would start an engine; 0 for any."""
        return self.request.wanted_port

    @property
    def endpoint(self) -> str:
        """The endpoint of the engine that runs, or would be started; empty for any free port."""
        if self.running:
            return self.running.endpoint
        return f"http://{LOOPBACK}:{self.port}" if self.port else ""


def _state_of(record: EngineRecord) -> EngineState:
    try:
        return presence.state_of(record)[0]
    except ImportError:  # the SDK is broken, which a check of its own says
        return EngineState.UNKNOWN if probe.ask(record.endpoint) else EngineState.SILENT
