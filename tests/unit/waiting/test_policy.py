"""How long and how often: one value decides, and what is worth another try."""

from __future__ import annotations

import threading

import pytest

from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.waiting.policy import AMBIGUOUS, Policy, Tries, current, is_transient, using


def failure(code: ErrorCode, message: str = "no") -> OsemError:
    """An error of that code."""
    return OsemError(message, code=code, remediation="-")


def test_a_policy_is_in_force_while_the_body_runs() -> None:
    """Policies may be nested; the one before comes back."""
    default, outer, inner = current(), Policy(visibility=1.0), Policy(visibility=2.0)

    with using(outer):
        with using(inner):
            assert current() is inner
        assert current() is outer

    assert current() is default


def test_a_failure_ends_the_policy_too() -> None:
    """What the body raises passes through, and the policy before is in force again."""
    default = current()

    with pytest.raises(OsemError), using(Policy(visibility=1.0)):
        raise failure(ErrorCode.UNKNOWN_ERROR)

    assert current() is default


def test_a_policy_is_in_force_in_every_thread() -> None:
    """Work side by side waits by the same policy."""
    seen: list[Policy] = []
    policy = Policy(visibility=1.0)

    with using(policy):
        thread = threading.Thread(target=lambda: seen.append(current()))
        thread.start()
        thread.join()

    assert seen == [policy]


def test_intervals_grow_and_limits_are_positive() -> None:
    """The default policy has no pause that shrinks, and no limit of nothing."""
    policy = current()

    for pauses in (policy.poll, policy.retry, policy.engine_poll):
        assert 0 < pauses.first <= pauses.longest
    limits = (
        policy.visibility,
        policy.max_ambiguous,
        policy.connect,
        policy.read,
        policy.docker_call,
        policy.engine_stop,
        policy.container_start,
        *policy.calls_per_second.values(),
    )
    assert min(limits) > 0


@pytest.mark.parametrize(
    "code, message, expected",
    [
        pytest.param(ErrorCode.THROTTLED, "slow down", True, id="throttled"),
        pytest.param(
            ErrorCode.TABLE_LIMIT_EXCEEDED,
            "Subscriber limit exceeded: There is a limit to the number of tables that may be "
            "created at once",
            False,
            id="number-of-tables",
        ),
        pytest.param(
            ErrorCode.TABLE_LIMIT_EXCEEDED,
            "Subscriber limit exceeded: Only 1 online index can be created or deleted "
            "simultaneously per table",
            True,
            id="one-index-at-a-time",
        ),
        pytest.param(
            ErrorCode.TABLE_LIMIT_EXCEEDED,
            "Too many operations for a given subscriber",
            True,
            id="operations-at-a-time",
        ),
        pytest.param(
            ErrorCode.TABLE_LIMIT_EXCEEDED,
            "Subscriber limit exceeded: 2500 tables per account",
            False,
            id="tables-per-account",
        ),
        pytest.param(
            ErrorCode.TABLE_LIMIT_EXCEEDED, "A quota of AWS: once an hour", False, id="quota"
        ),
        pytest.param(ErrorCode.NETWORK_ERROR, "gone", False, id="network"),
        pytest.param(ErrorCode.TIMEOUT, "late", False, id="timeout"),
        pytest.param(ErrorCode.AWS_PERMISSIONS_DENIED, "no", False, id="denied"),
    ],
)
def test_what_passes_by_itself(code: ErrorCode, message: str, expected: bool) -> None:
    """Throttling and limits on simultaneous work pass; a quota does not."""
    assert is_transient(failure(code, message)) is expected


@pytest.mark.parametrize("code", ErrorCode)
@pytest.mark.parametrize("repeatable", [True, False])
def test_every_code_has_its_tries(code: ErrorCode, repeatable: bool) -> None:
    """Lost answers are accepted twice in a row where the request may be repeated; refusals never."""
    tries = Tries(repeatable=repeatable)

    allowed = [tries.allows(failure(code, "no")) for _ in range(4)]

    if code in AMBIGUOUS:
        assert allowed == ([True, True, False, False] if repeatable else [False] * 4)
        assert tries.ambiguous == 4
    else:
        passing = code in (ErrorCode.THROTTLED, ErrorCode.TABLE_LIMIT_EXCEEDED)
        assert allowed == [passing] * 4
        assert tries.ambiguous == 0
