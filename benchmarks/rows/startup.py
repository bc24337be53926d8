"""What a user pays before anything happens: the list of tasks, and one TAB."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from benchmarks.row import Pair, Row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.place import Place

EMPTY = "from invoke import task\n\n\n@task\ndef empty(context):\n    '''Do nothing.'''\n"


def empty_project(place: Place) -> Path:
    """Return the folder of a project whose tasks.py has one task that does nothing."""
    folder = place.folder / "empty"
    folder.mkdir(exist_ok=True)
    (folder / "tasks.py").write_text(EMPTY, encoding="utf-8")
    return folder


@contextmanager
def listing(place: Place) -> Iterator[Pair]:
    """``inv --list`` here and with an empty tasks.py."""
    empty = empty_project(place)
    yield Pair(lambda: place.inv("--list"), lambda: place.inv("--list", cwd=empty))


@contextmanager
def completion(place: Place) -> Iterator[Pair]:
    """What the shell runs at one TAB after an option."""
    empty = empty_project(place)
    words = ("--complete", "--", "inv", "db.setup", "--")
    yield Pair(lambda: place.inv(*words), lambda: place.inv("--list", cwd=empty))


ROWS = (
    Row(
        name="list",
        what="inv --list",
        against="inv --list of an empty tasks.py",
        goal=1.1,
        pair=listing,
        repetitions=25,
    ),
    Row(
        name="completion",
        what="one completion",
        against="inv --list of an empty tasks.py",
        goal=1.1,
        pair=completion,
        repetitions=25,
    ),
)
