"""DynamoDB Local in a container of Docker or Podman, through the Docker SDK."""

from __future__ import annotations

import contextlib
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING

from osem_tasks.config.commands import engine_command
from osem_tasks.engines import records
from osem_tasks.engines.base import Engine, EngineFailureError
from osem_tasks.engines.docker import glance, reach
from osem_tasks.engines.docker.container import Snapshot, volume_of
from osem_tasks.errors import ErrorCode, OsemError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osem_tasks.engines.base import EngineRecord, EngineRequest, Intent, Say, UpResult
    from osem_tasks.engines.docker.containers import Containers
    from osem_tasks.findings import Finding

# How often another user's command, which our lock does not cover, may create the container first.
MAX_CONFLICTS = 2


class DockerEngine(Engine):
    """DynamoDB Local in a container of the Docker engine of this machine."""

    kind = "docker"
    persists = True

    @cached_property
    def _containers(self) -> Containers:
        """The containers of the Docker engine that the environment names."""
        from osem_tasks.engines.docker.containers import Containers

        return Containers.at(self.kind)

    @cached_property
    def _seen(self) -> glance.Seen | None:
        return glance.engine()

    def check(self) -> str:
        """Describe the Docker or Podman engine. Raises OsemError (ENGINE_UNAVAILABLE) if none answers."""
        found = self._seen or self._containers
        note = f" ({found.note})" if found.note else ""
        return f"a {found.product.name} engine answers at {found.host}{note}"

    def findings(self, request: EngineRequest) -> Iterator[Finding]:
        """Yield what there is to say about Docker: engine, image, containers, disk, clock."""
        from osem_tasks.engines.docker import findings

        yield from findings.findings(self.kind, request)

    def prepare(self, request: EngineRequest, say: Say) -> None:
        """Pull the image if it is missing. Raises OsemError (IMAGE_NOT_FOUND)."""
        with self._containers.translated("looking for the image"):
            self._containers.ensure_image(request, say)

    def describe(self, record: EngineRecord) -> str:
        """Describe the engine of ``record`` briefly."""
        return f"DynamoDB Local in container {record.name}"

    def is_running(self, record: EngineRecord) -> bool:
        """Return whether exactly the container of ``record`` runs and publishes its port."""
        seen = glance.running(record)
        if seen is not None and reach.leads_to(record.endpoint, seen):
            return True
        from docker.errors import NotFound

        containers = self._at(record)
        with containers.translated("looking for the container"):
            try:
                found = containers.client.containers.get(record.container or record.name)
            except NotFound:
                return False
            snapshot = Snapshot.of(found.attrs)
        return snapshot.status == "running" and reach.leads_to(record.endpoint, snapshot)

    def why_ended(self, record: EngineRecord) -> str:
        """Return how the container of ``record`` ended; empty if it runs or is gone."""
        from docker.errors import NotFound

        from osem_tasks.engines.docker import readiness

        containers = self._at(record)
        with containers.translated("looking for the container"):
            try:
                found = containers.client.containers.get(record.container or record.name)
            except NotFound:
                return ""
            how = readiness.ending(found.attrs["State"], containers.product)
        return f"Its container {how}." if how else ""

    def reused(self, request: EngineRequest) -> UpResult | None:
        """Return the running container if it is as requested; None if it has to be looked at."""
        from osem_tasks.engines.docker import reuse

        return reuse.reused(request, self.kind)

    def up(self, request: EngineRequest, say: Say) -> UpResult:
        """Reuse, repair or create the container; see ``container.decide``."""
        if found := self.reused(request):
            return found
        from docker.errors import APIError

        self._refuse_elsewhere(request)
        with self._containers.translated("starting the container"):
            for _ in range(MAX_CONFLICTS):
                try:
                    return self._containers.up(request, say)
                except APIError as error:
                    if error.status_code != HTTPStatus.CONFLICT:
                        raise
            return self._containers.up(request, say)

    def down(self, name: str, *, drop_data: bool) -> list[str]:
        """Remove the container ``name`` if it is ours, and its volume on request.

        Raises OsemError if another container uses the volume; nothing is removed then.
        """
        from osem_tasks.engines.docker import volumes

        containers, removed = self._at(records.load(name) or records.begun(name)), []
        with containers.translated("removing the container"):
            found = containers.find(name)
            ours = found is not None and containers.snapshot(found, name).belongs_to(name)
            if drop_data:
                keeping = engine_command("local.down", name)
                own = found.id if found and ours else None
                volumes.refuse_if_used(containers.client, name, own, keeping, containers.product)
            if found and ours:
                containers.remove(found)
                removed.append(f"container {found.name}")
            if drop_data and volumes.remove(containers.client, name):
                removed.append(f"volume {volume_of(name)}")
        records.forget(name)
        return removed

    def logs(self, name: str, lines: int) -> Iterator[str]:
        """Yield the last ``lines`` lines of the container's log."""
        containers = self._at(records.load(name))
        with containers.translated("reading the container's log"):
            found = containers.find(name)
            if found and containers.snapshot(found, name).belongs_to(name):
                yield from found.logs(tail=lines).decode(errors="replace").splitlines()

    def follow(self, record: EngineRecord, lines: int) -> Iterator[str]:
        """Yield the last ``lines`` lines of the log, then those that come, until it stops."""
        from osem_tasks.engines import following

        containers = self._at(record)
        with containers.translated("following the container's log"):
            found = containers.find(record.name)
            if found and containers.snapshot(found, record.name).belongs_to(record.name):
                stream = found.logs(tail=lines, stream=True, follow=True)
                yield from following.lines_of(stream)

    def _at(self, claim: EngineRecord | Intent | None) -> Containers:
        """Return the containers of the Docker engine in ``claim``, or else the default one."""
        from osem_tasks.engines.docker.containers import Containers

        recorded = claim.docker_host if claim else None
        return Containers.at(self.kind, recorded) if recorded else self._containers

    def _refuse_elsewhere(self, request: EngineRequest) -> None:
        """Raise OsemError if the engine runs in another Docker engine: its record would be lost."""
        record, intent = records.load(request.name), records.begun(request.name)
        if record and record.docker_host not in (None, self._containers.docker_host):
            with contextlib.suppress(EngineFailureError):  # that Docker engine is gone
                if self.is_running(record):
                    from osem_tasks.engines.docker import product

                    raise OsemError(
                        f"Engine '{request.name}' is already running in the "
                        f"{product.by_address(str(record.docker_host)).name} engine at "
                        f"{record.docker_host}.",
                        code=ErrorCode.ENGINE_UNAVAILABLE,
                        remediation=request.replacing_command(),
                    )
        if (
            intent
            and intent.attempt
            and intent.docker_host not in (None, self._containers.docker_host)
        ):
            with contextlib.suppress(OsemError):  # unreachable now
                self._at(intent).remove_attempt(intent.attempt)
