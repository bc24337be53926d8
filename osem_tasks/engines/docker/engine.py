"""DynamoDB Local in a container, through the Docker SDK."""

from __future__ import annotations

import contextlib
import time
import uuid
from dataclasses import replace
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING

from osem_tasks.engines import host, records, registry
from osem_tasks.engines.base import Engine, EngineRecord, UpResult
from osem_tasks.engines.docker import client, errors, images, volumes
from osem_tasks.engines.docker.container import (
    LABEL,
    LABEL_ATTEMPT,
    ContainerAction,
    Snapshot,
    age,
    create_options,
    decide,
    started_at,
    volume_of,
)
from osem_tasks.engines.docker.readiness import Remedies, wait_until_ready
from osem_tasks.waiting import interrupts, policy, wait
from osem_tasks.waiting.clock import Deadline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient
    from docker.models.containers import Container

    from osem_tasks.engines.base import EngineRequest, Say

# Our lock does not cover another user's command: how often it may create the container first.
MAX_CONFLICTS = 2


class DockerEngine(Engine):
    """DynamoDB Local in a container of the Docker engine of this machine."""

    kind = "docker"
    persists = True

    @cached_property
    def _connection(self) -> tuple[DockerClient, str]:
        return client.connect()

    @property
    def _client(self) -> DockerClient:
        return self._connection[0]

    @property
    def _host(self) -> str:
        return self._connection[1]

    def check(self) -> str:
        """Which Docker engine answers. Raises OsemError (ENGINE_UNAVAILABLE) when none does."""
        return f"a Docker engine answers at {self._host}"

    def describe(self, record: EngineRecord) -> str:
        """The engine of ``record`` in a few words."""
        return f"DynamoDB Local in container {record.name}"

    def up(self, request: EngineRequest, say: Say) -> UpResult:
        """Reuse, repair or create the container; see ``container.decide``."""
        from docker.errors import APIError

        with errors.translated("starting the container", self._host):
            for _ in range(MAX_CONFLICTS):
                try:
                    return self._up(request, say)
                except APIError as error:
                    if error.status_code != HTTPStatus.CONFLICT:
                        raise
            return self._up(request, say)

    def down(self, name: str, *, drop_data: bool) -> list[str]:
        """Remove the container of that name if it is ours, and its volume on request."""
        removed = []
        with errors.translated("removing the container", self._host):
            found = self._find(name)
            if found and Snapshot.of(found.attrs).belongs_to(name):
                self._remove(found)
                removed.append(f"container {found.name}")
            if drop_data and volumes.remove(self._client, name):
                removed.append(f"volume {volume_of(name)}")
        records.forget(name)
        return removed

    def logs(self, name: str, lines: int) -> Iterator[str]:
        """The last ``lines`` lines that the container wrote."""
        with errors.translated("reading the container's log", self._host):
            found = self._find(name)
            if found and Snapshot.of(found.attrs).belongs_to(name):
                yield from found.logs(tail=lines).decode(errors="replace").splitlines()

    def _up(self, request: EngineRequest, say: Say) -> UpResult:
        found = self._find_settled(request.name)
        snapshot = Snapshot.of(found.attrs) if found else None
        action = decide(snapshot, request)
        persist = bool(request.persist or (snapshot and snapshot.persist and not request.fresh))
        if found is None or action in (ContainerAction.CREATE, ContainerAction.RECREATE):
            # Before anything is removed: an image that cannot be pulled must cost nothing.
            images.ensure(self._client, request.image or request.default_image, say)
            if found:
                say(f"removing container {request.name} ({found.status})")
                self._remove(found)
            if request.fresh:
                volumes.remove(self._client, request.name)
            container, started = self._create(request, say, persist=persist), True
        else:
            container, started = found, self._wake(found, action, request, say)
        record = records.save(_record(request, container, persist=persist))
        note = self._note(request) if started and not persist else ""
        return UpResult(record=record, how="started" if started else "reused", note=note)

    def _note(self, request: EngineRequest) -> str:
        """A remark on kept data that this engine does not use; empty when there is none."""
        if not volumes.exists(self._client, request.name):
            return ""
        persistent = replace(request, persist=True, fresh=False)
        return (
            f"Data of an earlier --persist is kept in volume {volume_of(request.name)}. "
            f"To use it: {persistent.replacing_command()}"
        )

    def _published_ports(self) -> dict[int, str]:
        """Host ports that running containers publish, and the containers' names."""
        published = {}
        for container in self._client.containers.list():
            for bindings in (container.ports or {}).values():
                for binding in bindings or []:
                    published[int(binding["HostPort"])] = str(container.name)
        return published

    def _find(self, name: str) -> Container | None:
        from docker.errors import NotFound

        ours = self._client.containers.list(all=True, filters={"label": f"{LABEL}={name}"})
        if ours:
            return ours[0]
        try:
            return self._client.containers.get(name)
        except NotFound:
            return None

    def _find_settled(self, name: str) -> Container | None:
        """The container of that name, once no other command is creating or removing it."""
        limit = policy.current().container_start

        def is_settled(found: Container | None) -> bool:
            if found is None or found.status not in ("created", "removing"):
                return True
            # An old one was left half-made: no command is working on it any more.
            return age(found.attrs, time.time()) > limit

        backoff = wait.Backoff(policy.current().engine_poll)
        return wait.poll(lambda: self._find(name), is_settled, Deadline(limit), backoff)

    def _create(self, request: EngineRequest, say: Say, *, persist: bool) -> Container:
        attempt = uuid.uuid4().hex
        options = create_options(request, attempt, persist=persist)
        with self._undone_on_failure(attempt, request.name):
            if persist:
                volumes.ensure(self._client, request)
            say(f"starting container {request.name}")
            container = self._client.containers.create(**options, detach=True)
            self._start(container, request)
            longer = request.command("--timeout", f"{request.timeout * 2:g}")
            others = registry.alternatives(self.kind, request)
            remedies = Remedies(
                ended=f"See its log above{others}", slow=f"{longer}   waits longer{others}"
            )
            wait_until_ready(container, request.timeout, remedies, say)
        return container

    def _wake(
        self, container: Container, action: ContainerAction, request: EngineRequest, say: Say
    ) -> bool:
        """Make a found container answer; whether it had to be started."""
        if action is ContainerAction.UNPAUSE:
            say(f"resuming container {container.name}")
            container.unpause()
        if action is ContainerAction.START:
            say(f"starting stopped container {container.name}")
            self._start(container, request)
        again = f"{request.replacing_command()}   replaces it (data in memory is lost)"
        wait_until_ready(container, request.timeout, Remedies(ended=again, slow=again), say)
        return action is not ContainerAction.REUSE

    def _start(self, container: Container, request: EngineRequest) -> None:
        from docker.errors import APIError

        try:
            container.start()
        except APIError as error:
            if not errors.is_port_taken(error):
                raise
            container.reload()
            port = Snapshot.of(container.attrs).port or request.port or request.default_port
            raise host.port_in_use(port, request, self._published_ports()) from error

    @contextlib.contextmanager
    def _undone_on_failure(self, attempt: str, name: str) -> Iterator[None]:
        """Remove what this attempt made when the body fails or is interrupted."""
        had_volume = volumes.exists(self._client, name)
        try:
            yield
        except BaseException:
            with interrupts.shielded():
                mine: dict[str, str | list[str] | bool] = {"label": f"{LABEL_ATTEMPT}={attempt}"}
                for container in self._client.containers.list(all=True, filters=mine):
                    container.remove(force=True)
                if not had_volume:
                    volumes.remove(self._client, name)
            raise

    @staticmethod
    def _remove(container: Container) -> None:
        # The jar ends at SIGTERM in a third of a second, its files closed; then by force.
        if container.status == "running":
            container.stop(timeout=int(policy.current().engine_stop))
        container.remove(force=True, v=True)


def _record(request: EngineRequest, container: Container, *, persist: bool) -> EngineRecord:
    container.reload()
    snapshot = Snapshot.of(container.attrs)
    return EngineRecord(
        engine=DockerEngine.kind,
        name=request.name,
        endpoint=snapshot.endpoint,
        started_at=started_at(container.attrs),
        used_at=time.time(),
        persist=persist,
        image=snapshot.image,
        container=snapshot.id[:12],
        shared=snapshot.shared,
        **request.ownership,
    )
