"""Record the picture of the README from a real run: ``python -m scripts.record``.

It types ``inv local.up db.setup`` into a shell on a terminal of its own, keeps every screen, and
writes docs/images/first-run-light.svg and first-run-dark.svg. The engine is Docker's, on its
usual port; it is removed afterwards. The engine must not run yet, and the picture shows its start:
record on a quiet machine, and look at both files.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import pexpect
import pyte

from scripts.terminal_svg import DARK, LIGHT, Row, Run, Screen, draw

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
COMMAND = "inv local.up db.setup"
COLUMNS, LINES = 100, 30
PROMPT = "$ "
# Seconds between two looks at the screen, between two keys, and for the whole run.
LOOK, KEY, LIMIT = 0.08, 0.045, 120.0
TITLE = f"A terminal in which {COMMAND} runs"
DESCRIPTION = (
    "DynamoDB Local starts in a container, then six tables are created, one line each, "
    "and the last line sums them up."
)


def record() -> list[Screen]:
    """The screens of the run, the first at 0 seconds. Raises TimeoutError if it does not end."""
    with tempfile.TemporaryDirectory() as state:
        shell = pexpect.spawn(
            "/bin/bash",
            ["--norc", "--noprofile"],
            dimensions=(LINES, COLUMNS),
            env=_environment(state),
            timeout=LIMIT,
        )
        try:
            return _typed(shell)
        finally:
            shell.sendline("inv local.down --quiet; exit")
            shell.expect(pexpect.EOF)


def _environment(state: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "PYTHONPATH") if name in os.environ}
    image = os.environ.get("OSEM_LOCAL_IMAGE")
    named = {"OSEM_LOCAL_IMAGE": image} if image else {}
    return {
        **kept,
        **named,
        "PS1": PROMPT,
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        "OSEM_STATE_DIR": state,
    }


def _typed(shell: pexpect.spawn) -> list[Screen]:
    screen = pyte.Screen(COLUMNS, LINES)
    stream = pyte.ByteStream(screen)
    keys = list(COMMAND)
    screens: list[Screen] = []
    began = time.monotonic()
    while (at := time.monotonic() - began) < LIMIT:
        _read(shell, stream)
        rows = _rows(screen)
        if rows and (not screens or rows != screens[-1].rows):
            screens.append(Screen(round(at, 2), rows))
        if keys and rows:
            shell.send(keys.pop(0))
            time.sleep(KEY)
            if not keys:
                shell.send("\r")
        elif _is_done(rows):
            return screens
    raise TimeoutError(f"{COMMAND} did not end within {LIMIT:.0f} s")


def _read(shell: pexpect.spawn, stream: pyte.ByteStream) -> None:
    """Feed the screen with all that comes until the next look."""
    until = time.monotonic() + LOOK
    while (left := until - time.monotonic()) > 0:
        try:
            stream.feed(shell.read_nonblocking(65536, timeout=left))
        except pexpect.TIMEOUT:
            return


def _is_done(rows: tuple[Row, ...]) -> bool:
    """Whether the prompt is there again, below what the command printed."""
    return len(rows) > 1 and "".join(run.text for run in rows[-1]).strip() == PROMPT.strip()


def _rows(screen: pyte.Screen) -> tuple[Row, ...]:
    rows = [_row(screen.buffer[number]) for number in range(screen.lines)]
    while rows and not rows[-1]:
        rows.pop()
    return tuple(rows)


def _row(cells: dict[int, pyte.screens.Char]) -> Row:
    """The runs of one style in a row, without the blanks at its end."""
    last = max((n for n in range(COLUMNS) if cells[n].data.strip()), default=-1)
    runs: list[Run] = []
    for number in range(last + 1):
        cell = cells[number]
        colour = "gray" if cell.fg in {"brightblack", "808080"} else cell.fg.removeprefix("bright")
        before = runs[-1] if runs else None
        if before and (before.colour, before.bold) == (colour, cell.bold):
            runs[-1] = Run(before.column, before.text + cell.data, colour, cell.bold)
        else:
            runs.append(Run(number, cell.data, colour, cell.bold))
    return tuple(run for run in runs if run.text.strip())


def main() -> None:
    """Record once, and draw both pictures."""
    screens = record()
    for theme in (LIGHT, DARK):
        path = IMAGES / f"first-run-{theme.name}.svg"
        path.write_text(draw(screens, COLUMNS, theme, TITLE, DESCRIPTION), encoding="utf-8")


if __name__ == "__main__":
    main()
