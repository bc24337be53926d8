"""The whole of CI, which no benchmark can run: it installs Debian packages and takes minutes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from benchmarks.row import LeftOutError, Row

if TYPE_CHECKING:
    from benchmarks.place import Place


def elsewhere(_place: Place) -> NoReturn:
    """Say where the time is."""
    raise LeftOutError(
        "`bash .ci/run` prints the seconds before each step and at its end; 588 s at first"
    )


ROWS = (
    Row(
        name="ci",
        what="bash .ci/run",
        against="588 s",
        goal=0.6,
        pair=elsewhere,
    ),
)
