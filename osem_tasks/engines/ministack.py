"""ministack as a detached process: a stricter DynamoDB than moto, which starts faster.

It is no requirement of this package, because it needs one exact version of botocore: it runs
in an environment of its own, with the interpreter of that.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from osem_tasks.config.local_access import LOCAL_ACCOUNT, LOOPBACK
from osem_tasks.engines import host, process, programs, records
from osem_tasks.engines.base import NotInstalledError
from osem_tasks.engines.detached import DetachedEngine, marker
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.schema import emulators

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from subprocess import Popen

    from osem_tasks.engines.base import EngineRequest, Say, UpResult

NAME = "ministack"
INSTALL = f"uv tool install {NAME}   or: pipx install {NAME}"
REINSTALL = f"uv tool install --reinstall {NAME}   or: pipx reinstall {NAME}"
TESTED = ("1.5.33",)
# The server that ministack's own program runs. Named here, it listens where we say, whatever a
# version of ministack takes for granted, and leaves no file for its pid.
SERVER, APPLICATION = "hypercorn", "ministack.app:app"
IN_THIS_PROCESS = ("--workers", "0")
KEEP_ALIVE_SECONDS = 75


class MinistackEngine(DetachedEngine):
    """ministack, with DynamoDB and STS only."""

    kind = NAME
    product = NAME
    answers_as = emulators.MINISTACK
    forgets = "saves its data only when it ends in good order: a crash or a kill would lose it"

    @cached_property
    def _program(self) -> programs.Program:
        """The installed program. Raises OsemError (ENGINE_UNAVAILABLE) if there is none."""
        found = programs.find(NAME, NAME)
        if found is None:
            raise NotInstalledError(
                f"The {NAME} engine cannot run: there is no program {NAME} on PATH (an alias of a "
                "shell is none).",
                code=ErrorCode.ENGINE_UNAVAILABLE,
                remediation=INSTALL,
            )
        return found

    def check(self) -> str:
        """Describe the installed program. Raises OsemError (ENGINE_UNAVAILABLE)."""
        return f"{NAME} {self._program.version} is installed ({self._program.path})"

    def up(self, request: EngineRequest, say: Say) -> UpResult:
        """Start ministack or reuse the running one; note a version that is not tested."""
        result = super().up(request, say)
        version = self._program.version if result.how == "started" else ""
        if not version or version in TESTED:
            return result
        note = f"{NAME} {version} is not tested with osem_tasks; tested: {', '.join(TESTED)}."
        return replace(result, note=note)

    def command(self, request: EngineRequest, port: int) -> Sequence[str]:
        """Return the command; Python accepts any ``-X`` option and ignores unknown ones."""
        return process.module_command(
            self._program.interpreter,
            SERVER,
            APPLICATION,
            *("--bind", f"{LOOPBACK}:{port}"),
            *IN_THIS_PROCESS,
            *("--keep-alive", str(KEEP_ALIVE_SECONDS)),
            mark=marker(request.name),
            installed=self._program.folders,
        )

    def variables(self, request: EngineRequest, port: int) -> Mapping[str, str]:  # noqa: ARG002  an override
        """Return ministack's settings: two services, and nothing beside them."""
        home = records.directory()
        return {
            "BIND_HOST": LOOPBACK,
            "GATEWAY_PORT": str(port),
            "SERVICES": "dynamodb,sts",
            "LOG_LEVEL": "INFO",
            "MINISTACK_ACCOUNT_ID": LOCAL_ACCOUNT,
            # It would remove containers, those of other programs among them. Nobody but this
            # user can make a socket of that name.
            "DOCKER_HOST": f"unix://{home / 'no-docker.sock'}",
            "STATE_DIR": str(home),
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
        }

    def is_server(self, words: Sequence[str]) -> bool:
        """Return whether the command line runs ministack's application."""
        return APPLICATION in words

    def mending(self) -> str:
        """Return the command that installs ministack again."""
        return REINSTALL

    def _await(self, child: Popen[bytes], port: int, request: EngineRequest) -> None:
        super()._await(child, port, request)
        elsewhere = sorted(host.listening_at(child.pid) - {LOOPBACK})
        if elsewhere:
            raise OsemError(
                f"{NAME} {self._program.version} listens at {', '.join(elsewhere)}, where other "
                "machines reach it. It was stopped.",
                code=ErrorCode.ENGINE_UNAVAILABLE,
                remediation=f"Install a tested version: uv tool install {NAME}=={TESTED[-1]}",
            )
