"""A log that is followed: whole lines, as they come, until the engine ends."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.engines import following, records
from osem_tasks.engines.base import EngineRecord, Intent
from osem_tasks.waiting.policy import Policy, using
from tests.support.examples import examples

if TYPE_CHECKING:
    from pathlib import Path

RECORD = EngineRecord(
    engine="moto", name="mine", endpoint="http://127.0.0.1:1", started_at="then", used_at=0.0
)


class Ending:
    """An engine that ends when a test says so."""

    def __init__(self) -> None:
        self.over = False

    def __call__(self) -> bool:
        """Whether it has ended."""
        return self.over


def test_what_is_added_is_read_until_the_end(tmp_path: Path) -> None:
    """The last lines first, then every new one once, then an incomplete last one."""
    path, ending = tmp_path / "log", Ending()
    path.write_text("one\ntwo\nthree\n", encoding="utf-8")
    lines = following.follow(path, 2, ending)
    found = [next(lines), next(lines)]
    with path.open("a", encoding="utf-8") as log:
        log.write("fo")
        log.flush()
        log.write("ur\nfive\n")
    found += [next(lines), next(lines)]
    with path.open("a", encoding="utf-8") as log:
        log.write("no end")
    ending.over = True

    assert found + list(lines) == ["two", "three", "four", "five", "no end"]


def test_what_was_written_before_the_end_is_read_after_it(tmp_path: Path) -> None:
    """An engine that writes and ends between two looks loses no line."""
    path = tmp_path / "log"
    path.write_text("".join(f"{number}\n" for number in range(1000)), encoding="utf-8")

    assert list(following.follow(path, 5, lambda: True)) == ["995", "996", "997", "998", "999"]


def test_a_log_that_is_cut_short_is_read_from_its_beginning(tmp_path: Path) -> None:
    """As by `: > log`."""
    path, ending = tmp_path / "log", Ending()
    path.write_text("one\n" * 100, encoding="utf-8")
    lines = following.follow(path, 1, ending)
    first = next(lines)
    path.write_text("new\n", encoding="utf-8")

    assert (first, next(lines)) == ("one", "new")


def test_a_file_in_its_place_is_another_engines(tmp_path: Path) -> None:
    """The engine goes on to write to its own file."""
    path, ending = tmp_path / "log", Ending()
    with path.open("w", encoding="utf-8") as log:
        log.write("one\n")
        log.flush()
        lines = following.follow(path, 5, ending)
        first = next(lines)
        path.rename(tmp_path / "old")
        path.write_text("of another\n", encoding="utf-8")
        log.write("two\n")
        log.flush()
        second = next(lines)
    ending.over = True

    assert (first, second, list(lines)) == ("one", "two", [])


@pytest.mark.parametrize("kind", ["absent", "folder", "link"])
def test_a_log_that_is_none(tmp_path: Path, kind: str) -> None:
    """No line, and no error: as of a log that is read once."""
    path = tmp_path / "log"
    if kind == "folder":
        path.mkdir()
    if kind == "link":
        (tmp_path / "other").write_text("secret\n", encoding="utf-8")
        path.symlink_to(tmp_path / "other")

    assert list(following.follow(path, 5, lambda: True)) == []


@given(st.text("a\n\ré", max_size=40), st.lists(st.integers(1, 5), max_size=20))
@examples(100)
def test_lines_do_not_depend_on_how_bytes_arrive(text: str, sizes: list[int]) -> None:
    """Every byte is in exactly one line, in order, however the stream is cut."""
    rest, chunks = text.encode(), []
    for size in sizes:
        chunks.append(rest[:size])
        rest = rest[size:]
    whole = [line.rstrip("\r") for line in text.split("\n")]
    expected = whole if whole[-1] or text.endswith("\r") else whole[:-1]

    assert list(following.lines_of([*chunks, rest])) == expected


def test_a_line_without_an_end_is_shown_in_parts() -> None:
    """It does not fill the memory."""
    endless = [b"x" * 50_000] * 4

    assert sum(map(len, following.lines_of(endless))) == 200_000
    assert len(list(following.lines_of(endless))) > 1


def test_an_engine_that_takes_the_place_is_followed(tmp_path: Path) -> None:
    """As after `local.up --fresh`: the record is another one, sooner or later."""
    assert tmp_path.is_dir()
    other = replace(RECORD, pid=7, started_at="later")
    records.save(RECORD)
    records.begin(Intent(engine="moto", name="mine", started_at="now"))
    timer = threading.Timer(0.1, records.save, [other])
    timer.start()
    found = following.successor(RECORD)
    timer.join()

    assert found is not None
    assert (found.pid, found.started_at) == (7, "later")


@pytest.mark.parametrize("begun", [False, True])
@pytest.mark.parametrize("recorded", [False, True])
def test_without_another_engine_it_ends(recorded: bool, begun: bool) -> None:
    """At once if it was stopped, soon if it ended by itself or a start never ends."""
    if recorded:
        records.save(RECORD)
    if begun:
        records.begin(Intent(engine="moto", name="mine", started_at="now"))
    with using(Policy(replacement=0.05, replacement_start=0.1)):
        assert following.successor(RECORD) is None
