"""A step: what is counted, by whom, and since when."""

from __future__ import annotations

import pytest

from osem_tasks.waiting.parallel import side_by_side
from osem_tasks.waiting.progress import Silent, Step, a_few
from tests.support.still_clock import still_clock


def test_threads_count_without_losing_one() -> None:
    """Many threads advance one step; the count is their number."""
    step = Step("reading", 500)

    side_by_side(lambda _: step.advance(), range(500), 8)

    assert step.done == 500


def test_a_step_that_starts_again_keeps_its_time() -> None:
    """The second try counts from zero, and the time is that of both."""
    with still_clock() as own:
        step = Step("reading", 3, done=2, note="trying again")
        own.pass_(7.0)

        step.restart()

        assert (step.done, step.note, round(step.elapsed)) == (0, "", 7)


@pytest.mark.parametrize(
    "names, expected",
    [
        ([], ""),
        (["Users"], "Users"),
        (["a", "b", "c"], "a, b, c"),
        (["a", "b", "c", "d"], ""),
        ([str(number) for number in range(60)], ""),
    ],
    ids=lambda value: str(len(value)) if isinstance(value, list) else "",
)
def test_only_a_few_things_are_named(names: list[str], expected: str) -> None:
    """Three names can be read at a glance; for more, the count has to do."""
    assert expected == a_few(names)


def test_silence(capsys: pytest.CaptureFixture[str]) -> None:
    """Where nobody looks, everything that can be told is dropped."""
    nobody = Silent()

    nobody.info("a fact")
    nobody.say("a note")
    nobody.begin(Step("reading"))

    assert capsys.readouterr() == ("", "")
