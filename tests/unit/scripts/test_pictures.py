"""The pictures in docs/images are those of today's program, and safe to show anywhere."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from osem_tasks.declarations.osem import TABLES
from scripts import architecture
from scripts.terminal_svg import DARK, LIGHT, Theme
from tests.support import pages
from tests.unit.test_architecture import LAYERS

IMAGES = pages.DOCS / "images"
PICTURES = sorted(IMAGES.glob("*.svg"))
THEMES = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: str(theme.name))


def test_the_layers_of_the_picture_are_the_layers() -> None:
    """Top down, and without the package's own file."""
    drawn = [set(parts) for parts in reversed(architecture.LAYERS)]

    assert drawn == [layer - {"__init__"} for layer in LAYERS]


def test_a_step_of_the_picture_belongs_to_a_part() -> None:
    """The numbers count the steps, and no step stands beside nothing."""
    parts = {part for layer in architecture.LAYERS for part in layer}

    assert set(architecture.FLOW) <= parts
    assert [number for number, _ in architecture.FLOW.values()] == [
        str(number + 1) for number in range(len(architecture.FLOW))
    ]


@THEMES
def test_the_picture_of_the_layers_is_up_to_date(theme: Theme) -> None:
    """`python -m scripts.architecture` writes it."""
    kept = (IMAGES / f"architecture-{theme.name}.svg").read_text(encoding="utf-8")

    assert kept == architecture.draw(theme)


@THEMES
def test_the_recording_shows_the_transcript(theme: Theme) -> None:
    """Both show the same run but for its times: a test compares the transcript with a real one."""
    picture = ET.parse(IMAGES / f"first-run-{theme.name}.svg")
    drawn = "".join(
        text
        for group in picture.iter("{http://www.w3.org/2000/svg}g")
        if "id" in group.attrib and "class" not in group.attrib
        for text in group.itertext()
    )
    (shown,) = pages.blocks(pages.read(pages.DOCS / "quick-start.md"), "console")
    until = "6 tables: 6 created, 0 verified"

    lines = shown[: shown.index(until) + len(until)].splitlines()[1:]

    # A terminal wraps a long line within a word.
    assert [line for line in lines if constant(line) not in constant(drawn)] == []


def constant(text: str) -> str:
    """The text without its times and blanks."""
    return re.sub(r"\s", "", re.sub(r"\d+\.\d\d\s*s", "0.00 s", text))


@THEMES
def test_the_recording_shows_the_main_job(theme: Theme) -> None:
    """Its last screen has the command, every table of OSEM, and the sum."""
    picture = ET.parse(IMAGES / f"first-run-{theme.name}.svg")
    text = "\n".join("".join(element.itertext()) for element in picture.iter())

    assert "$ inv local.up db.setup" in text
    assert [name for name in TABLES.names if f"osem-local-{name} " not in text] == []
    assert "6 tables: 6 created, 0 verified" in text


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: str(path.name))
def test_a_picture_is_safe_and_has_words(path: object) -> None:
    """No script, nothing from elsewhere, no path of a machine; a title and a description."""
    text = pages.read(IMAGES / str(path))

    assert re.findall(r"<script|<foreignObject|@import|url\(|javascript:|href=", text) == []
    assert re.findall(r"https?://(?!127\.0\.0\.1|www\.w3\.org/)[^\s<\"]*", text) == []
    assert re.findall(r"/tmp/|/root/|/home/|osem/dynamodb-local-ci", text) == []
    assert ("<title" in text, "<desc" in text) == (True, True)
