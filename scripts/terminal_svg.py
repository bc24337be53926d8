"""A recorded terminal as an SVG that plays by CSS alone. Pure.

A recording is a list of screens with their times. Every row of a screen is shown as long as it
stayed the same; whoever asks for reduced motion sees the last screen.
"""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import escape

CELL_WIDTH, CELL_HEIGHT = 8.4, 19
FONT_SIZE = 14
MARGIN, BAR = 16, 34
# How long the last screen stays before it begins again, in seconds.
REST = 5.0
FONTS = (
    "ui-monospace, SFMono-Regular, Menlo, Consolas, &quot;DejaVu Sans Mono&quot;, "
    "&quot;Liberation Mono&quot;, monospace"
)


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring characters of one style: where they begin, and their colour's name."""

    column: int
    text: str
    colour: str = "default"
    bold: bool = False


# The runs of a row, the rows of a screen, the seconds since the beginning.
Row = tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Screen:
    """What the terminal showed from ``at`` on, in seconds."""

    at: float
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of a picture, by the names that terminals give them."""

    name: str
    background: str
    bar: str
    border: str
    colours: dict[str, str]


LIGHT = Theme(
    "light",
    "#ffffff",
    "#f0f2f4",
    "#d0d7de",
    {
        "default": "#1f2328",
        "green": "#116329",
        "red": "#cf222e",
        "brown": "#7d4e00",
        "yellow": "#7d4e00",
        "blue": "#0550ae",
        "cyan": "#0b6e75",
        "magenta": "#8250df",
        "gray": "#59636e",
    },
)
DARK = Theme(
    "dark",
    "#0d1117",
    "#161b22",
    "#30363d",
    {
        "default": "#e6edf3",
        "green": "#56d364",
        "red": "#ff7b72",
        "brown": "#e3b341",
        "yellow": "#e3b341",
        "blue": "#79c0ff",
        "cyan": "#56d4dd",
        "magenta": "#d2a8ff",
        "gray": "#9198a1",
    },
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A row from one time to another; ``end`` is None for what is there at the end."""

    number: int
    row: Row
    start: float
    end: float | None


def draw(screens: list[Screen], columns: int, theme: Theme, title: str, description: str) -> str:
    """The picture, as the text of an SVG file. ``screens`` are in the order of their times."""
    height = max(len(screen.rows) for screen in screens)
    spans = shown(screens)
    length = screens[-1].at + REST
    width, tall = columns * CELL_WIDTH + 2 * MARGIN, height * CELL_HEIGHT + BAR + 2 * MARGIN
    body = "\n".join(_group(number, span, theme) for number, span in enumerate(spans))
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {tall:g}" \
width="{width:g}" height="{tall:g}" role="img" aria-labelledby="title description">
<title id="title">{escape(title)}</title>
<desc id="description">{escape(description)}</desc>
<style>
text {{ font: {FONT_SIZE}px {FONTS.replace("&quot;", '"')}; white-space: pre; }}
.b {{ font-weight: bold; }}
.passing {{ visibility: hidden; }}
{_motion(spans, length)}
</style>
<rect x="0.5" y="0.5" width="{width - 1:g}" height="{tall - 1:g}" rx="8" \
fill="{theme.background}" stroke="{theme.border}"/>
<path d="M1 {BAR}V8.5a7.5 7.5 0 0 1 7.5-7.5h{width - 17:g}a7.5 7.5 0 0 1 7.5 7.5v{BAR - 8.5:g}z" \
fill="{theme.bar}"/>
<g fill="{theme.border}"><circle cx="20" cy="17" r="6"/><circle cx="40" cy="17" r="6"/>\
<circle cx="60" cy="17" r="6"/></g>
{body}
</svg>
"""


def shown(screens: list[Screen]) -> list[Shown]:
    """Every row with the time for which it stayed the same; empty rows are left out."""
    height = max(len(screen.rows) for screen in screens)
    found = []
    for number in range(height):
        row: Row = ()
        since = 0.0
        for screen in screens:
            now = screen.rows[number] if number < len(screen.rows) else ()
            if now != row:
                found.append(Shown(number, row, since, screen.at))
                row, since = now, screen.at
        found.append(Shown(number, row, since, None))
    return [span for span in found if span.row]


def _motion(spans: list[Shown], length: float) -> str:
    rules = [
        f"#r{number} {{ animation: k{number} {length:.2f}s step-end infinite; }}\n"
        f"@keyframes k{number} {{ {_frames(span, length)} }}"
        for number, span in enumerate(spans)
    ]
    return "@media (prefers-reduced-motion: no-preference) {\n" + "\n".join(rules) + "\n}"


def _frames(span: Shown, length: float) -> str:
    """The key frames: hidden, shown from its start, hidden from its end."""
    steps = {0.0: "hidden", span.start / length * 100: "visible"}
    if span.end is not None:
        steps[span.end / length * 100] = "hidden"
    return " ".join(f"{share:.3f}% {{ visibility: {word}; }}" for share, word in steps.items())


def _group(number: int, span: Shown, theme: Theme) -> str:
    y = BAR + MARGIN + span.number * CELL_HEIGHT + FONT_SIZE
    passing = "" if span.end is None else ' class="passing"'
    texts = "".join(_text(run, y, theme) for run in span.row)
    return f'<g id="r{number}"{passing}>{texts}</g>'


def _text(run: Run, y: float, theme: Theme) -> str:
    """A run of text that keeps to the grid, whatever font a viewer has."""
    fill = theme.colours.get(run.colour, theme.colours["default"])
    bold = ' class="b"' if run.bold else ""
    x, width = MARGIN + run.column * CELL_WIDTH, len(run.text) * CELL_WIDTH
    return (
        f'<text x="{x:.1f}" y="{y:g}" fill="{fill}"{bold} textLength="{width:.1f}" '
        f'lengthAdjust="spacingAndGlyphs" xml:space="preserve">{escape(run.text)}</text>'
    )
