"""What is loaded while an engine starts."""

from __future__ import annotations

import subprocess
import sys

import pytest

from osem_tasks.tasks import ahead


@pytest.mark.parametrize(
    "words, expected",
    [
        (["inv", "local.up", "db.setup"], True),
        (["inv", "local.up", "--port", "0", "db.setup", "db.verify"], True),
        (["inv", "local.up"], False),
        (["inv", "local.up", "local.status"], False),
        (["db.setup", "local.up"], False),
        ([], False),
    ],
)
def test_only_a_task_that_reaches_tables_is_prepared_for(words: list[str], expected: bool) -> None:
    """An engine that is only started pays nothing for it."""
    assert ahead.follows(words) is expected


def test_the_sdk_and_the_setup_are_loaded_without_a_call() -> None:
    """The next task of the command line finds them."""
    code = (
        "import sys; from osem_tasks.tasks import ahead; before = 'botocore' in sys.modules; "
        "ahead.load().join(); print(before, {'botocore', *ahead.MODULES} <= sys.modules.keys())"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert (done.stdout.split(), done.stderr) == (["False", "True"], "")


def test_what_cannot_be_imported_is_left_to_the_task() -> None:
    """It says what is missing; a thread would only print a traceback."""
    code = (
        "import sys; sys.modules['botocore'] = None; "
        "from osem_tasks.tasks import ahead; ahead.load().join()"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert (done.stdout, done.stderr) == ("", "")
