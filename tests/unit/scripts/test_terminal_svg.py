"""The picture of a recorded terminal."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.terminal_svg import CELL_WIDTH, DARK, LIGHT, Run, Screen, Theme, draw, shown

SVG = "{http://www.w3.org/2000/svg}"
# What a terminal can show: no control characters, no halves of surrogate pairs.
TEXTS = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=12)
ROWS = st.just(()) | TEXTS.map(lambda text: (Run(0, text, "green"),))
SCREENS = st.lists(st.lists(ROWS, max_size=4).map(tuple), min_size=1, max_size=6).map(
    lambda found: [Screen(at / 10, rows) for at, rows in enumerate([*found, ((Run(0, "$"),),)])]
)


@given(SCREENS)
def test_every_screen_is_in_the_picture_at_its_time(screens: list[Screen]) -> None:
    """At each time, the spans that are shown make up exactly the screen of that time."""
    spans = shown(screens)

    for screen in screens:
        now = {
            span.number: span.row
            for span in spans
            if span.start <= screen.at and (span.end is None or screen.at < span.end)
        }
        assert now == {number: row for number, row in enumerate(screen.rows) if row}


@given(SCREENS, st.sampled_from([LIGHT, DARK]))
def test_any_text_makes_a_sound_picture(screens: list[Screen], theme: Theme) -> None:
    """XML that holds the last screen's text, with nothing that a forge would strip."""
    picture = ET.fromstring(draw(screens, 20, theme, "a <title>", "a & b"))

    last = [
        "".join(text.itertext())
        for group in picture.iter(f"{SVG}g")
        if "id" in group.attrib and "class" not in group.attrib
        for text in group.iter(f"{SVG}text")
    ]
    assert last == [run.text for row in screens[-1].rows for run in row]
    assert {"script", "foreignObject", "image"} & {
        e.tag.removeprefix(SVG) for e in picture
    } == set()


def test_motion_is_only_for_those_who_want_it() -> None:
    """Without it, the last screen stands and what passed is hidden."""
    screens = [Screen(0, ((Run(0, "$"),),)), Screen(1, ((Run(0, "$ ok"),),))]
    style = draw(screens, 20, LIGHT, "t", "d").partition("<style>")[2].partition("</style>")[0]

    before, _, moving = style.partition("@media (prefers-reduced-motion: no-preference) {")

    assert ("animation" in before, ".passing { visibility: hidden; }" in before) == (False, True)
    assert moving.count("animation:") == len(shown(screens))


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: str(theme.name))
def test_the_colours_can_be_read(theme: Theme) -> None:
    """Every colour has the contrast of 4.5 to 1 that WCAG AA asks for."""
    assert {
        name: c for name, c in theme.colours.items() if contrast(c, theme.background) < 4.5
    } == {}


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, as WCAG defines it."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    """The relative luminance of ``#rrggbb``."""
    shares = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return sum(
        weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True)
    )


def test_text_keeps_to_the_grid() -> None:
    """A run has the width of its characters, whatever font a viewer has."""
    picture = draw([Screen(0, ((Run(3, "abcd"),),))], 20, LIGHT, "t", "d")

    (width,) = re.findall(r'textLength="([\d.]+)"', picture)

    assert float(width) == pytest.approx(4 * CELL_WIDTH)
