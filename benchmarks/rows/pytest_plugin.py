"""What the pytest plugin costs a project that has it installed and does not use it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from benchmarks.row import Pair, Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.place import Place


@contextmanager
def unused(place: Place) -> Iterator[Pair]:
    """A run of one test, with the plugin and with the plugin blocked."""
    folder = place.folder / "plugin"
    folder.mkdir(exist_ok=True)
    (folder / "test_one.py").write_text("def test_one() -> None:\n    pass\n", encoding="utf-8")
    words = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_one.py")
    yield Pair(
        lambda: place.python(*words, cwd=folder),
        lambda: place.python(*words, "-p", "no:osem_tasks", cwd=folder),
    )


ROWS = (
    Row(
        name="plugin",
        what="pytest, plugin installed and not used",
        against="pytest with the plugin blocked",
        goal=1.02,
        pair=unused,
        repetitions=25,
    ),
)
