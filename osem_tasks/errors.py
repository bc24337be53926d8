"""All error classes and exit codes.

    OsemError              what happened, to which table, what to type next
    ├── ConfigurationError all problems of a configuration
    └── ModelError         all DynamoDB rules that a declared table breaks

``aws.errors`` and ``engines.docker.errors`` convert errors of boto3 and Docker to
``OsemError``; only ``tasks.running`` converts an ``OsemError`` to an exit code.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class ErrorCode(str, Enum):
    """Error codes; scripts may rely on them."""

    AWS_CREDENTIALS_INVALID = "AWS_CREDENTIALS_INVALID"
    AWS_PERMISSIONS_DENIED = "AWS_PERMISSIONS_DENIED"
    AWS_REGION_MISMATCH = "AWS_REGION_MISMATCH"
    AWS_ACCOUNT_MISMATCH = "AWS_ACCOUNT_MISMATCH"
    TABLE_NOT_FOUND = "TABLE_NOT_FOUND"
    SCHEMA_VALIDATION_FAILED = "SCHEMA_VALIDATION_FAILED"
    TABLE_LIMIT_EXCEEDED = "TABLE_LIMIT_EXCEEDED"
    THROTTLED = "THROTTLED"
    NETWORK_ERROR = "NETWORK_ERROR"
    TIMEOUT = "TIMEOUT"
    ENGINE_UNAVAILABLE = "ENGINE_UNAVAILABLE"
    ENGINE_NOT_RUNNING = "ENGINE_NOT_RUNNING"
    PORT_IN_USE = "PORT_IN_USE"
    IMAGE_NOT_FOUND = "IMAGE_NOT_FOUND"
    CONFIRMATION_REQUIRED = "CONFIRMATION_REQUIRED"
    PROTECTED_ENVIRONMENT = "PROTECTED_ENVIRONMENT"
    INVALID_CONFIGURATION = "INVALID_CONFIGURATION"
    INTERRUPTED = "INTERRUPTED"
    UNKNOWN_ERROR = "UNKNOWN_ERROR"


EXIT_OK = 0
EXIT_FAILED = 1
EXIT_PARTIAL = 2
EXIT_INTERRUPTED = 130


def exit_code(error: OsemError | None, *, changed: bool) -> int:
    """Return the exit code of a run. No other code decides it.

    ``changed`` says whether tables were created or changed before ``error``.
    """
    if error is None:
        return EXIT_OK
    if error.code is ErrorCode.INTERRUPTED:
        return EXIT_INTERRUPTED
    return EXIT_PARTIAL if changed else EXIT_FAILED


class OsemError(Exception):
    """A failure that a user can see, with the next step.

    ``message`` says what happened and to which table or engine; ``remediation`` is the next
    command or step; ``details`` are facts for the JSON document. ``reason`` is what the service
    itself said, by which a retry is decided: a table's name in ``message`` says nothing.
    """

    def __init__(
        self,
        message: str,
        *,
        code: ErrorCode,
        remediation: str,
        table: str | None = None,
        details: Mapping[str, Any] | None = None,
        reason: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.remediation = remediation
        self.table = table
        self.details = dict(details or {})
        self.reason = reason or message

    def as_json(self) -> dict[str, Any]:
        """Return the ``error`` object of the JSON document."""
        details = dict(self.details)
        if self.table is not None:
            details.setdefault("tableName", self.table)
        return {
            "code": self.code.value,
            "message": self.message,
            "remediation": self.remediation,
            "details": details,
        }


class ConfigurationError(OsemError):
    """Invalid options, variables or ``invoke.yaml``; lists every problem."""

    def __init__(self, problems: Sequence[str], *, remediation: str) -> None:
        self.problems = tuple(problems)
        super().__init__(
            _joined("Invalid configuration", self.problems),
            code=ErrorCode.INVALID_CONFIGURATION,
            remediation=remediation,
            details={"problems": list(self.problems)},
        )


class ModelError(OsemError):
    """A declared table that DynamoDB would refuse; lists every rule that it breaks."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            _joined("Invalid table declaration", self.problems),
            code=ErrorCode.INVALID_CONFIGURATION,
            remediation="Correct the declaration, then run the command again.",
            details={"problems": list(self.problems)},
        )


def _joined(title: str, problems: Sequence[str]) -> str:
    if len(problems) == 1:
        return f"{title}: {problems[0]}"
    return f"{title}, {len(problems)} problems:\n" + "\n".join(
        f"  - {problem}" for problem in problems
    )
