"""Find, start, record and remove the containers of one Docker engine."""

from __future__ import annotations

import contextlib
import time
import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from osem_tasks.config.local_access import LOOPBACK
from osem_tasks.engines import host, records, registry
from osem_tasks.engines.base import EngineRecord, Intent, UpResult
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
    why_stranger,
)
from osem_tasks.engines.docker.product import DOCKER, Product
from osem_tasks.engines.docker.readiness import Remedies, wait_until_ready
from osem_tasks.errors import OsemError
from osem_tasks.waiting import interrupts, policy, wait
from osem_tasks.waiting.clock import Deadline

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from docker import DockerClient
    from docker.models.containers import Container

    from osem_tasks.engines.base import EngineRequest, Say
    from osem_tasks.engines.docker.reach import Place


@dataclass(frozen=True, slots=True)
class Containers:
    """The containers of the Docker engine at ``host``, for records of engine ``kind``.

    ``product`` says whose engine it is, and ``note`` why it is not the configured one. The
    methods do not catch the SDK's exceptions: see ``translated``.
    """

    kind: str
    client: DockerClient
    host: str
    product: Product = DOCKER
    note: str = ""

    @classmethod
    def at(cls, kind: str, recorded: str | None = None) -> Containers:
        """Connect to the recorded Docker engine, or else to the configured one.

        Raises OsemError (ENGINE_UNAVAILABLE) if it does not answer.
        """
        found = client.open_connection(recorded)
        return cls(kind, found.client, found.host, found.product, found.note)

    def translated(self, doing: str) -> AbstractContextManager[None]:
        """Convert the SDK's exceptions in the body to OsemError; ``doing`` names the step."""
        return errors.translated(doing, self.host, self.product)

    def up(self, request: EngineRequest, say: Say) -> UpResult:
        """Reuse, repair or create the requested container; see ``container.decide``."""
        found = self._find_settled(request.name)
        snapshot = self.snapshot(found, request.name) if found else None
        action = decide(snapshot, request)
        persist = bool(request.persist or (snapshot and snapshot.persist and not request.fresh))
        if found is None or action in (ContainerAction.CREATE, ContainerAction.RECREATE):
            if request.fresh:
                keeping = replace(request, fresh=False).command()
                own = found.id if found else None
                volumes.refuse_if_used(self.client, request.name, own, keeping, self.product)
            # Pull before anything is removed: a failed pull must not lose a container.
            self.ensure_image(request, say)
            if found:
                say(f"removing container {request.name} ({found.status})")
                self.remove(found)
            if request.fresh:
                volumes.remove(self.client, request.name)
            kept = volumes.exists(self.client, request.name)
            record, started = self._create(request, say, persist=persist, kept=kept), True
        else:
            started, place = self._wake(found, action, request, say)
            record = records.save(self._record(request, found, place, persist=persist))
            kept = started and not persist and volumes.exists(self.client, request.name)
        notes = (
            _elsewhere(record.endpoint),
            _exposed(snapshot, request) if not started or action is ContainerAction.START else "",
            _unused(request) if kept and not persist else "",
        )
        how = "started" if started else "reused"
        return UpResult(record=record, how=how, note=" ".join(filter(None, notes)))

    def ensure_image(self, request: EngineRequest, say: Say) -> None:
        """Pull the requested image if it is absent. Raises OsemError (IMAGE_NOT_FOUND)."""
        images.ensure_requested(self.client, request, say, self.host, self.product)

    def find(self, name: str) -> Container | None:
        """Return the container with exactly this name, ours or not; None if there is none."""
        from docker.errors import NotFound

        labelled = self.client.containers.list(
            all=True, filters={"label": f"{LABEL}={name}"}, ignore_removed=True
        )
        for container in labelled:
            if container.name == name:
                return container
        try:
            found = self.client.containers.get(name)
        except NotFound:
            return None
        # Docker also accepts the beginning of an id as a name.
        return found if found.name == name else None

    def snapshot(self, found: Container, name: str) -> Snapshot:
        """Return a snapshot of ``found`` that shows whether it is our engine ``name``."""
        snapshot = Snapshot.of(found.attrs)
        if not snapshot.belongs_to(name):
            return snapshot
        why = why_stranger(
            snapshot,
            records.load(name),
            records.begun(name),
            lambda: images.inherited_labels(self.client, snapshot.image_id or snapshot.image),
        )
        return replace(snapshot, stranger=why)

    def remove_attempt(self, attempt: str) -> None:
        """Remove only the container that start ``attempt`` created."""
        mine: dict[str, str | list[str] | bool] = {"label": f"{LABEL_ATTEMPT}={attempt}"}
        with self.translated("removing the container"):
            for container in self.client.containers.list(
                all=True, filters=mine, ignore_removed=True
            ):
                container.remove(force=True)

    @staticmethod
    def remove(container: Container) -> None:
        """Stop and remove a container, and its unnamed volumes."""
        # SIGTERM ends the jar in a third of a second and lets it close its files.
        if container.status == "running":
            container.stop(timeout=int(policy.current().engine_stop))
        container.remove(force=True, v=True)

    @property
    def docker_host(self) -> str | None:
        """The address of the Docker engine for a record; None for the SDK's default."""
        return self.host if "://" in self.host else None

    def published_ports(self) -> dict[int, str]:
        """Map the host ports that running containers publish to the containers' names."""
        published = {}
        for container in self.client.containers.list():
            for bindings in (container.ports or {}).values():
                for binding in bindings or []:
                    published[int(binding["HostPort"])] = str(container.name)
        return published

    def _find_settled(self, name: str) -> Container | None:
        """Return the container ``name`` after other commands have created or removed it."""
        limit = policy.current().container_start

        def is_settled(found: Container | None) -> bool:
            if found is None or found.status not in ("created", "removing"):
                return True
            # An old incomplete container is abandoned: no command is working on it.
            return age(found.attrs, time.time()) > limit

        backoff = wait.Backoff(policy.current().engine_poll)
        return wait.poll(lambda: self.find(name), is_settled, Deadline(limit), backoff)

    def _create(
        self, request: EngineRequest, say: Say, *, persist: bool, kept: bool
    ) -> EngineRecord:
        """Create and start a container; ``kept`` says whether there is a volume already."""
        attempt = uuid.uuid4().hex
        options = create_options(request, attempt, persist=persist)
        with self._undone_on_failure(attempt, request, kept=kept):
            if persist:
                volumes.ensure(self.client, request)
            say(f"starting container {request.name}")
            # Shielded: cleanup cannot find a container that Docker is still creating.
            with interrupts.shielded():
                container = self.client.containers.create(**options, detach=True)
            interrupts.check()
            self._start(container, request)
            longer = request.command("--timeout", f"{request.timeout * 2:g}")
            others = registry.alternatives(self.kind, request)
            remedies = Remedies(
                ended=f"See its log above{others}",
                slow=f"{longer}   waits longer{others}",
                product=self.product,
            )
            place = wait_until_ready(container, request.timeout, remedies, say)
            return records.save(self._record(request, container, place, persist=persist))

    def _wake(
        self, container: Container, action: ContainerAction, request: EngineRequest, say: Say
    ) -> tuple[bool, Place]:
        """Make a found container answer; return whether it was started, and where it answers."""
        if action is ContainerAction.UNPAUSE:
            say(f"resuming container {container.name}")
            container.unpause()
            container.reload()
        if action is ContainerAction.START:
            say(f"starting stopped container {container.name}")
            self._start(container, request)
        again = f"{request.replacing_command()}   replaces it (data in memory is lost)"
        remedies = Remedies(ended=again, slow=again, product=self.product)
        place = wait_until_ready(container, request.timeout, remedies, say)
        return action is not ContainerAction.REUSE, place

    def _start(self, container: Container, request: EngineRequest) -> None:
        from docker.errors import APIError

        try:
            container.start()
            # Only now it has its port.
            container.reload()
        except APIError as error:
            if not errors.is_port_taken(error) and not errors.is_port_privileged(error):
                raise
            container.reload()
            port = Snapshot.of(container.attrs).port or request.port or request.default_port
            if errors.is_port_privileged(error):
                raise errors.port_privileged(port, request, self.product) from error
            raise host.port_in_use(port, request, self.published_ports()) from error

    @contextlib.contextmanager
    def _undone_on_failure(
        self, attempt: str, request: EngineRequest, *, kept: bool
    ) -> Iterator[None]:
        """Record the start; remove its container if the body fails or is interrupted.

        A volume that was ``kept`` stays.
        """
        began = records.begin(
            Intent(
                engine=self.kind,
                name=request.name,
                started_at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
                attempt=attempt,
                docker_host=self.docker_host,
                **request.ownership,
            )
        )
        try:
            yield
        except BaseException:
            with interrupts.shielded():
                self.remove_attempt(attempt)
                if not kept:
                    volumes.remove(self.client, request.name)
                with contextlib.suppress(OsemError):
                    records.undo(request.name, began)
            raise

    def _record(
        self, request: EngineRequest, container: Container, place: Place, *, persist: bool
    ) -> EngineRecord:
        snapshot = Snapshot.of(container.attrs)
        return EngineRecord(
            engine=self.kind,
            name=request.name,
            endpoint=place.endpoint,
            started_at=started_at(container.attrs),
            used_at=time.time(),
            persist=persist,
            image=snapshot.image,
            container=snapshot.id[:12],
            shared=snapshot.shared,
            docker_host=self.docker_host,
            **request.ownership,
        )


def _unused(request: EngineRequest) -> str:
    """Return a warning about a kept volume that the engine does not use."""
    persistent = replace(request, persist=True, fresh=False)
    return (
        f"Data of an earlier --persist is kept in volume {volume_of(request.name)}. "
        f"To use it: {persistent.replacing_command()}"
    )


def _elsewhere(endpoint: str) -> str:
    """Return a note if the engine is not reached at the address where its port is published."""
    if endpoint.startswith(f"http://{LOOPBACK}:"):
        return ""
    return (
        f"The published port of {LOOPBACK} does not answer here, as in a dev container; the "
        f"engine is reached at {endpoint}."
    )


def _exposed(found: Snapshot | None, request: EngineRequest) -> str:
    """Return a warning if other machines can reach the container; empty if they cannot."""
    if found is None or not found.is_exposed:
        return ""
    return (
        f"Container {found.name} is published at {found.address or 'every address'}: other "
        f"machines can reach it. To replace it: {request.replacing_command()}"
    )
