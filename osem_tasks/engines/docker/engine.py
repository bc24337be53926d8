"""DynamoDB Local in a container, through the Docker SDK. The SDK is imported here only."""

from __future__ import annotations

import contextlib
import time
import uuid
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from osem_tasks.config.local_access import LOOPBACK
from osem_tasks.engines import host as ports
from osem_tasks.engines import probe
from osem_tasks.engines import records as state
from osem_tasks.engines.base import EngineRecord, Raised
from osem_tasks.engines.docker import errors as docker_errors
from osem_tasks.engines.docker import images, volumes
from osem_tasks.engines.docker.container import (
    LABEL,
    LABEL_ATTEMPT,
    Fate,
    Snapshot,
    create_options,
    decide,
    volume_of,
)
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.waiting import interrupts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient
    from docker.models.containers import Container

    from osem_tasks.engines.base import EngineRequest, Say

# An engine that needs longer for one API call is hung, not slow.
API_TIMEOUT = 15
STOP_SECONDS = 5
LOG_LINES = 12
# A container that is created and not yet started is another command's work for so long.
YOUNG_SECONDS = 5.0


class DockerEngine:
    """One connected Docker engine. Raises OsemError (ENGINE_UNAVAILABLE) when none answers."""

    kind = "docker"

    def __init__(self) -> None:
        import docker
        import requests
        from docker.errors import DockerException

        try:
            self._client: DockerClient = docker.from_env(timeout=API_TIMEOUT)
        except (DockerException, requests.RequestException, OSError) as error:
            raise docker_errors.unreachable(error, configured_host()) from error
        self.host = _host_of(self._client)
        self._refuse_remote()

    def up(self, request: EngineRequest, say: Say) -> Raised:
        """Reuse, mend or create the container; see ``container.decide``."""
        from docker.errors import APIError

        with docker_errors.translated("starting the container", self.host):
            for last in (False, False, True):
                try:
                    return self._up(request, say)
                except APIError as error:
                    # Another user's local.up, which our lock does not cover, was quicker.
                    if error.status_code != HTTPStatus.CONFLICT or last:
                        raise
        raise AssertionError(request)

    def _up(self, request: EngineRequest, say: Say) -> Raised:
        found = self._settled(request.name)
        snapshot = Snapshot.of(found.attrs) if found else None
        fate = decide(snapshot, request)
        persist = bool(request.persist or (snapshot and snapshot.persist and not request.fresh))
        making = fate in (Fate.CREATE, Fate.RECREATE)
        if making:
            # Before anything is removed: an image that cannot be had must cost nothing.
            images.ensure(self._client, request.image or request.default_image, say)
        if found and fate is Fate.RECREATE:
            say(f"removing container {request.name} ({found.status})")
            self._remove(found)
        if request.fresh:
            volumes.remove(self._client, request.name)
        if found is None or making:
            container, started = self._create(request, say, persist=persist), True
        else:
            container, started = found, self._wake(found, fate, request, say)
        record = _record(request, container, persist=persist)
        note = ""
        if started and not persist and volumes.exists(self._client, request.name):
            volume = volume_of(request.name)
            note = (
                f"Data of an earlier --persist is kept in volume {volume}; add --persist to use it"
            )
        return Raised(state.save(record), "started" if started else "reused", note)

    def down(self, name: str, *, drop_data: bool) -> list[str]:
        """Remove the container of that name if it is ours, and its volume on request."""
        removed = []
        with docker_errors.translated("removing the container", self.host):
            found = self._find(name)
            if found and Snapshot.of(found.attrs).is_of(name):
                self._remove(found)
                removed.append(f"container {found.name}")
            if drop_data and volumes.remove(self._client, name):
                removed.append(f"volume {volume_of(name)}")
        state.forget(name)
        return removed

    def logs(self, name: str, lines: int) -> Iterator[str]:
        """The last ``lines`` lines that the container wrote."""
        with docker_errors.translated("reading the container's log", self.host):
            found = self._find(name)
            if found and Snapshot.of(found.attrs).is_of(name):
                yield from found.logs(tail=lines).decode(errors="replace").splitlines()

    def published(self) -> dict[int, str]:
        """Host ports that running containers publish, and the containers' names."""
        held = {}
        with docker_errors.translated("listing containers", self.host):
            for each in self._client.containers.list():
                for bindings in (each.ports or {}).values():
                    for binding in bindings or []:
                        held[int(binding["HostPort"])] = str(each.name)
        return held

    def _refuse_remote(self) -> None:
        # A port published on the loopback of another machine is out of reach from here.
        host = urlsplit(self.host).hostname
        if host and host not in (LOOPBACK, "localhost", "::1") and "://" in self.host:
            raise OsemError(
                f"The Docker engine at {self.host} runs on another machine.",
                code=ErrorCode.ENGINE_UNAVAILABLE,
                remediation="Use the engine of this machine: unset DOCKER_HOST, or --engine moto.",
            )

    def _find(self, name: str) -> Container | None:
        from docker.errors import NotFound

        ours = self._client.containers.list(all=True, filters={"label": f"{LABEL}={name}"})
        if ours:
            return ours[0]
        try:
            return self._client.containers.get(name)
        except NotFound:
            return None

    def _settled(self, name: str) -> Container | None:
        """The container of that name, after waiting for one that is just being made."""
        deadline = time.monotonic() + YOUNG_SECONDS
        while True:
            found = self._find(name)
            if found is None or found.status not in ("created", "removing"):
                return found
            age = time.time() - _epoch(str(found.attrs["Created"]))
            if age > YOUNG_SECONDS or time.monotonic() > deadline:
                return found  # half-made, and nobody is at work on it any more
            interrupts.check()
            time.sleep(probe.INTERVAL)

    def _create(self, request: EngineRequest, say: Say, *, persist: bool) -> Container:
        attempt = uuid.uuid4().hex
        options = create_options(request, attempt, persist=persist)
        with self._undone_on_failure(attempt, request.name):
            if persist:
                volumes.ensure(self._client, request.name)
            say(f"starting container {request.name}")
            container = self._client.containers.create(**options, detach=True)
            self._start(container, request)
            self._await(container, request, say)
        return container

    def _wake(self, container: Container, fate: Fate, request: EngineRequest, say: Say) -> bool:
        """Bring a found container to answer; whether it had to be started."""
        if fate is Fate.UNPAUSE:
            say(f"resuming container {container.name}")
            container.unpause()
        if fate is Fate.START:
            say(f"starting stopped container {container.name}")
            self._start(container, request)
        self._await(container, request, say)
        return fate is not Fate.REUSE

    def _start(self, container: Container, request: EngineRequest) -> None:
        from docker.errors import APIError

        try:
            container.start()
        except APIError as error:
            if not docker_errors.is_port_taken(error):
                raise
            container.reload()
            port = Snapshot.of(container.attrs).port or request.port or request.default_port
            raise ports.port_in_use(port, self.published()) from error

    def _await(self, container: Container, request: EngineRequest, say: Say) -> None:
        container.reload()
        if Snapshot.of(container.attrs).port is None:
            # It has ended already, and with it what it published.
            raise self._not_ready(container, f"ended ({container.status})")
        endpoint = _endpoint(container)

        def check_alive() -> None:
            container.reload()
            if container.status not in ("running", "created", "restarting"):
                raise self._not_ready(container, f"ended ({container.status})")

        say(f"waiting for an answer at {endpoint}")
        if not probe.wait_for(endpoint, probe.Answer.DYNAMODB_LOCAL, request.timeout, check_alive):
            raise self._not_ready(container, f"did not answer within {request.timeout:g} s")

    def _not_ready(self, container: Container, what: str) -> OsemError:
        log = container.logs(tail=LOG_LINES).decode(errors="replace").strip()
        shown = "\n".join(f"  {line}" for line in log.splitlines()) or "  (it is empty)"
        return OsemError(
            f"Container {container.name} {what}. Its log ends:\n{shown}",
            code=ErrorCode.TIMEOUT if "within" in what else ErrorCode.ENGINE_UNAVAILABLE,
            remediation="inv local.up --fresh --timeout 120   or: inv local.up --engine moto",
        )

    @contextlib.contextmanager
    def _undone_on_failure(self, attempt: str, name: str) -> Iterator[None]:
        """Remove what this attempt made when the body fails or is interrupted."""
        had_volume = volumes.exists(self._client, name)
        try:
            yield
        except BaseException:
            with interrupts.shielded():
                mine: dict[str, str | list[str] | bool] = {"label": f"{LABEL_ATTEMPT}={attempt}"}
                for each in self._client.containers.list(all=True, filters=mine):
                    each.remove(force=True)
                if not had_volume:
                    volumes.remove(self._client, name)
            raise

    @staticmethod
    def _remove(container: Container) -> None:
        # The jar ends at SIGTERM in a third of a second, its files closed; then by force.
        if container.status == "running":
            container.stop(timeout=STOP_SECONDS)
        container.remove(force=True, v=True)


def configured_host() -> str:
    """Where the SDK would look for an engine: DOCKER_HOST, the CLI's context, the default."""
    import os

    from docker.context import ContextAPI
    from docker.errors import DockerException

    if os.environ.get("DOCKER_HOST"):
        return os.environ["DOCKER_HOST"]
    try:
        return str(ContextAPI.get_current_context().Host)
    except (DockerException, OSError, ValueError):
        return "the default socket"


def _host_of(client: DockerClient) -> str:
    # The SDK shows a unix socket as http+docker://localhost.
    base = str(client.api.base_url)
    return configured_host() if base.startswith("http+docker") else base


def _endpoint(container: Container) -> str:
    return f"http://{LOOPBACK}:{Snapshot.of(container.attrs).port}"


def _record(request: EngineRequest, container: Container, *, persist: bool) -> EngineRecord:
    container.reload()
    snapshot = Snapshot.of(container.attrs)
    return EngineRecord(
        engine=DockerEngine.kind,
        name=request.name,
        endpoint=_endpoint(container),
        started_at=_seconds(str(container.attrs["State"]["StartedAt"])),
        used_at=time.time(),
        persist=persist,
        image=snapshot.image,
        container=snapshot.id[:12],
        shared=snapshot.shared,
        **request.ownership,
    )


def _epoch(timestamp: str) -> float:
    return datetime.fromisoformat(_seconds(timestamp)).timestamp()


def _seconds(timestamp: str) -> str:
    """Docker's UTC time in nanoseconds, cut to seconds."""
    return timestamp.partition(".")[0].rstrip("Z") + "+00:00"
