"""What a refusal for a limit says: each wording, what ends it, and when."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.waiting.limits import IN_USE, Limit, limit_in, limit_of, when
from osem_tasks.waiting.policy import Tries, current, is_transient
from tests.support.still_clock import still_clock

S = "Subscriber limit exceeded: "
DECREASES = (
    f"{S}Provisioned throughput decreases are limited within a given UTC day. After the first 4 "
    "decreases, each subsequent decrease in the same UTC day can be performed at most once every "
    "3600 seconds. Number of decreases today: 4. Last decrease at Wednesday, July 25, 2018 8:48:14 "
    "PM UTC. Next decrease can be made at Wednesday, July 25, 2018 9:48:14 PM UTC"
)
ENCRYPTION = (
    f"{S}Encryption mode changes are limited in the 24h window ending at 2026-10-09T10:00:00Z. "
    "After the first 4 change, each subsequent change in the same window can be performed at most "
    "once every 21600 seconds. Next changes can be made at 2026-10-09T16:00:00Z."
)
BILLING = (
    f"{S}Update to PayPerRequest mode are limited to once in 1 day(s). Last update at Sat Feb 23 "
    "03:07:45 UTC 2019. Next update can be made at Sun Feb 24 03:07:45 UTC 2019"
)
INTERVALS = {
    DECREASES: "after Wednesday, July 25, 2018 9:48:14 PM UTC",
    ENCRYPTION: "after 2026-10-09T16:00:00Z",
    BILLING: "after Sun Feb 24 03:07:45 UTC 2019",
    f"{S}Update to Provisioned mode are limited to once in 1 day(s).": (
        "when 1 day(s) have passed"
    ),
    f"{S}Updates to TableClass are limited to 2 times in 30 day(s).": "when 30 day(s) have passed",
    "Limit exceeded for replica in eu-west-1. Updates to TableClass are limited to 2 times in 30 "
    "day(s)": "when 30 day(s) have passed",
    f"{S}Point in time recovery updates are limited to once in 1 day(s)": (
        "when 1 day(s) have passed"
    ),
    f"{S}Updates to the billing mode are limited to twice in 24 hours": (
        "when 24 hours have passed"
    ),
    "Time to live has been modified multiple times within a fixed interval": "in an hour",
    f"{S}Provisioned throughput can be decreased only once within the same day": "tomorrow",
    # The words of the Developer Guide and of the API reference.
    "You can switch tables from provisioned mode to on-demand mode up to four times in a 24-hour "
    "rolling window.": "when 24 hours have passed",
    "You can switch between billing modes four times in 24 hours": "when 24 hours have passed",
    f"{S}Updates to PayPerRequest mode are limited to 4 times in a 24-hour period": (
        "when 24 hours have passed"
    ),
    "You can update table class no more than twice in a 30-day trailing period": (
        "when 30 days have passed"
    ),
    "Table class updates are limited to two per trailing 30 days": "when 30 days have passed",
    f"{S}SSE mode can be changed at most 4 times within a 24h window": "when 24 hours have passed",
    "Cannot switch yet: the table was updated less than 24 hours ago": "when 24 hours have passed",
    "Point-in-time recovery can be enabled again after 24h": "when 24 hours have passed",
    "Decreases are limited for one hour after the last decrease": "in an hour",
    "Provisioned throughput can be decreased a maximum of 27 times per calendar day": "tomorrow",
    f"{S}The daily limit of encryption changes is reached": "tomorrow",
    "Your daily decrease quota has been exhausted": "tomorrow",
    "Stream settings may be modified only once in 5 minutes": "when 5 minutes have passed",
}
WORK = [
    f"{S}Only 10 tables can be created, updated, or deleted simultaneously",
    f"{S}Only 1 online index can be created or deleted simultaneously per table",
    f"{S}There is a limit to the number of tables that can be created simultaneously",
    f"{S}You have exceeded the maximum number of indexed tables that can be created simultaneously",
    f"{S}Only 50 restore operations can be done simultaneously",
    f"{S}Too many simultaneous table creations/deletions",
    f"{S}Up to 500 simultaneous table operations are allowed per account",
    f"{S}Table tags are being updated: osem-dev-Users",
    "Too many operations for a given subscriber",
    (
        "The number of concurrent table requests (cumulative number of tables in the CREATING, "
        "DELETING or UPDATING state) exceeds the maximum allowed of 10."
    ),
    "Only one table with secondary indexes can be in the CREATING state at any given time.",
    "Rate exceeded",
    "There are too many table operations outstanding for this account.",
    "Too many table-level operations are in progress for this account.",
    "The account already has 2 tables being created",
    "You can have at most 2 tables in CREATING status",
    "There is a limit of 2 tables in the CREATING state",
    (
        "When you are creating a table with one or more secondary indexes, you can have up to 250 "
        "such requests running at a time."
    ),
    "There is another index operation ongoing on the table",
    f"{S}Only one global secondary index can be created or deleted at one time",
    "Only one index may be created or deleted at a time",
    "The control plane is busy.",
]
QUOTAS = [
    f"{S}There is a limit of 2500 tables per subscriber",
    f"{S}2500 tables per account",
    f"{S}Number of global secondary indexes exceeds per-table limit of 20",
    (
        f"{S}Requested MaxReadRequestUnits for OnDemandThroughput for table exceeds "
        "TableMaxReadCapacityUnits of the account in region us-east-1"
    ),
    (
        f"{S}Requested ReadUnitsPerSecond for WarmThroughput for index by-day exceeds "
        "TableMaxWriteCapacityUnits of the account in region us-east-1"
    ),
    (
        "The requested ReadCapacityUnits, 50000, is above the per table maximum for the account in "
        "us-east-1. Per table maximum: 40000. Refer to the Amazon DynamoDB Developer Guide for current "
        "limits and how to request higher limits."
    ),
    (
        "The requested WriteCapacityUnits for index by-day, 50000, is above the per index maximum for "
        "the account in us-east-1."
    ),
    (
        "This request would have caused the ReadCapacityUnits limit to be exceeded for the account in "
        "us-east-1. Current ReadCapacityUnits reserved by the account: 80000. Limit: 80000. Requested: "
        "5."
    ),
    "There is a soft account quota of 2,500 tables.",
    "You have exceeded your table count limit: 2500",
    "Cannot create more than 2500 tables in this account",
    "This account may have no more than 2,500 tables",
    "The account has reached its table limit",
    "Table count exceeds maximum of 10000",
    "You may not exceed 20 global secondary indexes",
    "The number of projected attributes may not exceed 100",
    "Provisioned capacity limit exceeded",
    "You have reached the TablesPerAccount service quota",
]
UNKNOWN = ["", "no", "Limit exceeded", f"{S}Something new"]
ROWS = [
    *((words, Limit.INTERVAL) for words in INTERVALS),
    *((words, Limit.WORK) for words in WORK),
    *((words, Limit.QUOTA) for words in QUOTAS),
    *((words, Limit.UNKNOWN) for words in UNKNOWN),
]
# The characters of a table's name.
names = st.from_regex(r"[a-zA-Z0-9_.-]{3,40}", fullmatch=True) | st.sampled_from(
    ["simultaneously", "quota", "per-account", "once-a-day", "tables-per-subscriber"]
)


def refused(words: str, awscode: str = "LimitExceededException", table: str = "T") -> OsemError:
    """The refusal of a change, in the service's words."""
    return OsemError(
        f"A limit stops creating {table}: {words}",
        code=ErrorCode.TABLE_LIMIT_EXCEEDED,
        remediation="-",
        details={"awsCode": awscode},
        reason=words,
    )


@pytest.mark.parametrize("words, limit", ROWS)
def test_a_wording_tells_what_ends_the_limit(words: str, limit: Limit) -> None:
    """Others' work, an interval, a quota, or nobody knows."""
    assert limit_in(words) is limit


@pytest.mark.parametrize("words, moment", INTERVALS.items())
def test_an_interval_tells_when_it_ends(words: str, moment: str) -> None:
    """The service's own time if it tells one, else its length."""
    assert when(words) == moment


@given(st.sampled_from(ROWS), names)
def test_the_name_of_a_table_decides_nothing(row: tuple[str, Limit], name: str) -> None:
    """Only what the service says counts, whatever the tables are called."""
    words, limit = row
    error = refused(words or "no", table=name)

    assert limit_of(error) is limit
    assert is_transient(error) is (limit in {Limit.WORK, Limit.UNKNOWN})


@pytest.mark.parametrize("code", IN_USE)
def test_a_table_in_use_is_others_work_in_any_words(code: str) -> None:
    """The exception is documented for it, so that its words do not matter."""
    assert limit_of(refused("2500 tables per account", code)) is Limit.WORK


@given(st.text(max_size=200))
def test_any_words_have_a_kind_and_a_moment(words: str) -> None:
    """No wording makes the table fail, and the moment completes a sentence."""
    assert limit_in(words) in Limit
    assert when(words)


@pytest.mark.parametrize("words", UNKNOWN)
def test_an_unknown_limit_is_tried_for_a_limited_time(words: str) -> None:
    """It may pass within minutes, but nobody waits for it until the deadline."""
    with still_clock() as own:
        tries, error = Tries(), refused(words or "no")
        begin = tries.allows(error)
        own.pass_(current().unknown_limit - 1)
        middle = tries.allows(error)
        own.pass_(2)

        assert (begin, middle, tries.allows(error)) == (True, True, False)


@pytest.mark.parametrize("words", WORK)
def test_others_work_is_waited_for_without_a_limit_of_its_own(words: str) -> None:
    """Only the task's deadline ends it."""
    with still_clock() as own:
        tries, error = Tries(), refused(words)

        for _ in range(5):
            assert tries.allows(error)
            own.pass_(10 * current().unknown_limit)
