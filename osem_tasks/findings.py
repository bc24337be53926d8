"""What a check of this machine finds: one line, and the command that mends it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from osem_tasks.errors import ErrorCode, OsemError


class Status(str, Enum):
    """How a check ended; scripts may rely on the values. ``failed`` would stop the main job."""

    OK = "ok"
    INFO = "info"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of the check ``name``: a sentence, and what to type if something is wrong.

    ``code`` is that of the error with which the main job would stop.
    """

    name: str
    status: Status
    message: str
    remediation: str = ""
    code: ErrorCode | None = None

    @classmethod
    def of_error(cls, name: str, error: OsemError, status: Status = Status.FAILED) -> Finding:
        """Return the finding that a task would stop with ``error``."""
        return cls(name, status, error.message, error.remediation, error.code)


def fine(name: str, message: str) -> Finding:
    """Return a finding that all is well."""
    return Finding(name, Status.OK, message)


def info(name: str, message: str, remediation: str = "") -> Finding:
    """Return a fact that is neither good nor bad."""
    return Finding(name, Status.INFO, message, remediation)


def warning(name: str, message: str, remediation: str = "") -> Finding:
    """Return something that may go wrong, and does not stop the main job."""
    return Finding(name, Status.WARNING, message, remediation)


def failed(name: str, message: str, remediation: str, code: ErrorCode) -> Finding:
    """Return something that stops the main job."""
    return Finding(name, Status.FAILED, message, remediation, code)
