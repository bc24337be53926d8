"""Which kind of engine the main job takes, and what the others' failures mean then."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.doctor.kinds import chosen, judged
from osem_tasks.findings import Finding, Status
from tests.support.examples import examples

GOOD, BAD = Finding("k", Status.OK, "here"), Finding("k", Status.FAILED, "absent", "install it")
KINDS = ("docker", "java", "moto")


@pytest.mark.parametrize(
    "requested, running, works, expected",
    [
        ("auto", None, (True, True, True), "docker"),
        ("auto", None, (False, True, True), "java"),
        ("auto", None, (False, False, True), "moto"),
        ("auto", None, (False, False, False), ""),
        ("auto", "moto", (True, True, True), "moto"),
        ("java", None, (True, False, True), "java"),
        ("java", "moto", (True, False, True), "java"),
    ],
)
def test_the_kind_that_is_taken(
    requested: str, running: str | None, works: tuple[bool, ...], expected: str
) -> None:
    """As local.up takes it: the requested one, the one that runs, the first that can run."""
    found = {kind: [GOOD if one else BAD] for kind, one in zip(KINDS, works, strict=True)}

    assert chosen(requested, running, found) == expected


@pytest.mark.parametrize(
    "kind, taken, status",
    [
        ("docker", "docker", Status.FAILED),
        ("docker", "moto", Status.WARNING),
        ("java", "moto", Status.INFO),
        ("moto", "docker", Status.INFO),
        ("moto", "", Status.FAILED),
    ],
)
def test_what_a_failure_of_a_kind_means(kind: str, taken: str, status: Status) -> None:
    """Only the kind that is taken stops the main job; all of them if none works."""
    (found,) = judged(kind, taken, "docker", [BAD])

    assert (found.status, found.remediation) == (status, "install it")


@pytest.mark.parametrize("kind", ["java", "docker"])
def test_the_kind_that_runs_cannot_stop_the_main_job(kind: str) -> None:
    """Its engine is reused; that it could not be started again is a warning."""
    (found,) = judged(kind, "java", "docker", [BAD], reused=True)

    assert (found.status, found.remediation) == (Status.WARNING, "install it")


@given(
    st.lists(st.sampled_from(Status), max_size=5), st.sampled_from(KINDS), st.sampled_from(KINDS)
)
@examples(50)
def test_a_judgement_makes_nothing_worse(statuses: list[Status], kind: str, taken: str) -> None:
    """What is fine stays fine; nothing is lost."""
    order = list(Status)
    found = [Finding("k", status, "x") for status in statuses]

    judgement = judged(kind, taken, "docker", found)

    assert len(judgement) == len(found)
    assert all(
        order.index(after.status) <= order.index(before.status)
        for before, after in zip(found, judgement, strict=True)
    )
