"""The codes that scripts rely on, the exit codes, and errors as data."""

from __future__ import annotations

from typing import Any

import pytest

from osem_tasks.errors import ConfigurationError, ErrorCode, ModelError, OsemError, exit_code

CODES = """
AWS_CREDENTIALS_INVALID AWS_PERMISSIONS_DENIED AWS_REGION_MISMATCH AWS_ACCOUNT_MISMATCH
TABLE_NOT_FOUND SCHEMA_VALIDATION_FAILED TABLE_LIMIT_EXCEEDED THROTTLED NETWORK_ERROR TIMEOUT
ENGINE_UNAVAILABLE ENGINE_NOT_RUNNING PORT_IN_USE IMAGE_NOT_FOUND CONFIRMATION_REQUIRED
PROTECTED_ENVIRONMENT INVALID_CONFIGURATION INTERRUPTED UNKNOWN_ERROR
"""


def failure(code: ErrorCode = ErrorCode.TIMEOUT, **facts: Any) -> OsemError:
    """An error of this code."""
    return OsemError("It failed.", code=code, remediation="Try again.", **facts)


def test_codes_are_those_that_scripts_know() -> None:
    """Scripts rely on these names: none is missing, none is new."""
    assert CODES.split() == [code.value for code in ErrorCode]


@pytest.mark.parametrize("changed, expected", [(False, 1), (True, 2)], ids=["before", "after"])
@pytest.mark.parametrize("code", [ErrorCode.TIMEOUT, ErrorCode.UNKNOWN_ERROR])
def test_failure_is_partial_once_something_changed(
    code: ErrorCode, changed: bool, expected: int
) -> None:
    """A failure exits 1 when nothing was changed, 2 when something was."""
    assert expected == exit_code(failure(code), changed=changed)


@pytest.mark.parametrize("changed", [False, True])
def test_interrupt_and_success_have_their_own_codes(changed: bool) -> None:
    """An interrupt exits 130 and a success 0, whether anything was changed or not."""
    interrupted = failure(ErrorCode.INTERRUPTED)

    assert [exit_code(interrupted, changed=changed), exit_code(None, changed=changed)] == [130, 0]


@pytest.mark.parametrize(
    "facts, details",
    [
        pytest.param({}, {}, id="bare"),
        pytest.param({"table": "Plans"}, {"tableName": "Plans"}, id="table"),
        pytest.param({"details": {"port": 8000}}, {"port": 8000}, id="details"),
        pytest.param(
            {"table": "Plans", "details": {"tableName": "Teams"}}, {"tableName": "Teams"}, id="both"
        ),
    ],
)
def test_error_as_json(facts: dict[str, Any], details: dict[str, Any]) -> None:
    """The error object has code, message, remediation and details, always."""
    expected = {
        "code": "TIMEOUT",
        "message": "It failed.",
        "remediation": "Try again.",
        "details": details,
    }

    assert expected == failure(**facts).as_json()


def test_asking_for_json_changes_nothing() -> None:
    """``as_json`` does not write into the error or what it was given."""
    given = {"port": 8000}
    error = failure(table="Plans", details=given)
    error.as_json()

    assert {"port": 8000} == given == error.details


@pytest.mark.parametrize(
    "kind, title",
    [
        pytest.param(ModelError, "Invalid table declaration", id="model"),
        pytest.param(
            lambda problems: ConfigurationError(problems, remediation="Correct it."),
            "Invalid configuration",
            id="configuration",
        ),
    ],
)
@pytest.mark.parametrize(
    "problems, rest",
    [
        pytest.param(["one is wrong"], ": one is wrong", id="one"),
        pytest.param(["one", "two"], ", 2 problems:\n  - one\n  - two", id="two"),
    ],
)
def test_every_problem_is_in_message_and_details(
    kind: Any, title: str, problems: list[str], rest: str
) -> None:
    """One problem is one line, several are a list; the details carry them all."""
    error = kind(problems)

    assert title + rest == str(error) == error.message
    assert {"problems": problems} == error.as_json()["details"]
    assert ErrorCode.INVALID_CONFIGURATION is error.code
