"""DynamoDB Local's jar as a detached process."""

from __future__ import annotations

import os
import sys
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from osem_tasks.config.local_access import LOOPBACK
from osem_tasks.engines import data, host, registry
from osem_tasks.engines.detached import DetachedEngine, marker
from osem_tasks.engines.java import installation, runtime
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.schema import emulators

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from osem_tasks.engines.base import EngineRecord, EngineRequest

LAUNCHER = Path(__file__).with_name("Loopback.java")
# A fast compiler and a small garbage collector: half the CPU time of a start. A Java that has no
# such option ignores it.
FLAGS = (
    "-XX:+IgnoreUnrecognizedVMOptions",
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-Djava.net.preferIPv4Stack=true",
)
_PROPERTY = "-Dosem-engine="


class JavaEngine(DetachedEngine):
    """DynamoDB Local on the Java of this machine."""

    kind = "java"
    persists = True
    product = "DynamoDB Local"
    answers_as = emulators.DYNAMODB_LOCAL

    @cached_property
    def _installation(self) -> installation.Installation:
        return installation.find(os.environ)

    @cached_property
    def _java(self) -> runtime.Java:
        return runtime.find(os.environ)

    def check(self) -> str:
        """Describe Java and the jar. Raises OsemError (ENGINE_UNAVAILABLE)."""
        folder = self._installation.folder
        return f"DynamoDB Local is in {folder}, and Java {self._java.version} runs it"

    def describe(self, record: EngineRecord) -> str:
        """Describe the engine of ``record`` briefly."""
        return f"DynamoDB Local on Java in process {record.pid}"

    def command(self, request: EngineRequest, port: int) -> Sequence[str]:
        """Return the command; with a compiler, the one that binds the loopback."""
        installed = self._installation
        bound = ["-cp", str(installed.jar), str(LAUNCHER), installed.main_class]
        temporary = os.environ.get("TMPDIR")
        return [
            str(self._java.program),
            *FLAGS,
            self.mark(request.name),
            # The jar unpacks its native library there, and Java itself ignores TMPDIR.
            *([f"-Djava.io.tmpdir={temporary}"] if temporary else []),
            f"-Djava.library.path={installed.libraries}",
            *(bound if self._java.has_compiler else ["-jar", str(installed.jar)]),
            "-port",
            str(port),
            *(["-sharedDb"] if request.shared else []),
            # Relative to the state directory, in which the process runs.
            *(
                ["-dbPath", data.path(self.kind, request.name).name]
                if request.persist
                else ["-inMemory"]
            ),
        ]

    def variables(self, request: EngineRequest, port: int) -> Mapping[str, str]:  # noqa: ARG002  as in the base
        """Return the variables: no telemetry, and UTF-8 for paths with more than ASCII."""
        encoding = {"LC_ALL": "C.UTF-8"} if sys.platform == "linux" else {}
        return {"DDB_LOCAL_TELEMETRY": "0", **encoding}

    def mark(self, name: str) -> str:
        """Return a system property of Java, which nothing reads."""
        return f"-D{marker(name)}"

    def is_server(self, words: Sequence[str]) -> bool:
        """Return whether the command line runs the jar for us."""
        is_marked = any(word.startswith(_PROPERTY) for word in words)
        return is_marked and any(Path(word).name == installation.JAR for word in words)

    def mending(self) -> str:
        """Return the command that downloads DynamoDB Local."""
        return installation.DOWNLOAD

    def check_log(self, lines: Sequence[str], request: EngineRequest) -> None:
        """Raise OsemError if SQLite's native library cannot be loaded: every call fails then."""
        broken = [line for line in lines if _is_native(line)]
        if broken:
            folder = os.environ.get("TMPDIR") or "the folder for temporary files"
            raise OsemError(
                f"DynamoDB Local cannot load its native library of SQLite: {broken[0]}",
                code=ErrorCode.ENGINE_UNAVAILABLE,
                remediation=(
                    f"It is unpacked in {folder}, where programs must be allowed. Choose another: "
                    f"TMPDIR=~/tmp {request.command()}"
                ),
            )

    def note(self, record: EngineRecord, request: EngineRequest) -> str:
        """Return a warning if other machines can reach the engine; empty if they cannot."""
        port = int(record.endpoint.rpartition(":")[2])
        words = host.command_line(record.pid or 0)
        return exposure(host.listening_addresses(record.pid or 0, port), words, request)


def exposure(addresses: Collection[str], words: Sequence[str], request: EngineRequest) -> str:
    """Return a warning if one of the ``addresses`` is not of the loopback; empty otherwise.

    ``words`` is the command line of the process that listens there.
    """
    if all(_is_loopback(address) for address in addresses):
        return ""
    # Only a Java with a compiler runs the launcher that binds it.
    mending = (
        f"A JDK is needed to bind it to {LOOPBACK}: {runtime.install(os.environ)}   "
        f"then: {request.replacing_command()}"
        if "-jar" in words
        else f"This version cannot be bound to {LOOPBACK}"
        f"{registry.alternatives(JavaEngine.kind, request)}"
    )
    return (
        "DynamoDB Local listens on every interface of this machine: others can reach it, and no "
        f"password protects it. {mending}"
    )


def _is_native(line: str) -> bool:
    return "UnsatisfiedLinkError" in line or ("sqlite" in line and "NoSuchFileException" in line)


def _is_loopback(address: str) -> bool:
    found = ip_address(address)
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback
