"""Draw the layers of the package, and the way of a task: ``python -m scripts.architecture``.

The layers are those that tests/unit/test_architecture.py holds; a test compares the picture
with them.
"""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape

from scripts.terminal_svg import DARK, LIGHT, Theme

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
# From the top down, as CONTRIBUTING.md has them from the bottom up.
LAYERS = (
    ("__main__",),
    ("cli",),
    ("program",),
    ("namespace", "pytest_plugin", "nox"),
    ("tasks", "testing"),
    ("output",),
    ("data",),
    ("apply", "doctor"),
    ("aws", "engines", "scaffold"),
    ("config",),
    ("plan", "declarations", "tables"),
    ("schema",),
    ("findings", "waiting"),
    ("errors",),
)
# The steps of db.setup, each beside the layer that takes it: its number, and what is done.
FLOW = {
    "tasks": ("1", "options in, one exit code out"),
    "config": ("2", "environment, target, guards"),
    "declarations": ("3", "files become tables"),
    "aws": ("4", "reads the live tables, later sends the calls"),
    "schema": ("5", "compares, fact by fact"),
    "plan": ("6", "makes steps, each with its risk"),
    "apply": ("7", "carries the steps out, keeps a journal"),
    "output": ("8", "journal to lines or one JSON document"),
}
PURE = {"schema", "plan", "errors", "findings"}
WIDTH, ROW, GAP, TOP, LEFT, BOX = 840, 44, 10, 70, 20, 430


def draw(theme: Theme) -> str:
    """The picture, as the text of an SVG file."""
    tall = TOP + ROW * len(LAYERS) + 56
    rows = "\n".join(
        _layer(parts, TOP + number * ROW, theme) for number, parts in enumerate(LAYERS)
    )
    text, gray = theme.colours["default"], theme.colours["gray"]
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {tall}" \
width="{WIDTH}" height="{tall}" role="img" aria-labelledby="title description">
<title id="title">The layers of osem_tasks</title>
<desc id="description">{escape(_described())}</desc>
<style>
text {{ font: 14px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }}
.part {{ font: 13px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; }}
.head {{ font-weight: 600; }}
</style>
<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{tall - 1}" rx="8" \
fill="{theme.background}" stroke="{theme.border}"/>
<text class="head" x="{LEFT}" y="32" fill="{text}">Layers: imports point downwards only</text>
<text class="head" x="{LEFT + BOX + 28}" y="32" fill="{text}">The way of inv db.setup</text>
<text x="{LEFT}" y="54" fill="{gray}">what a user types</text>
{rows}
<text x="{LEFT}" y="{tall - 36}" fill="{gray}">what everything may use</text>
<text x="{LEFT}" y="{tall - 16}" fill="{gray}">Green: pure, it knows no network, \
no file and no clock.</text>
</svg>
"""


def _described() -> str:
    layers = "; ".join(", ".join(parts) for parts in LAYERS)
    steps = "; ".join(f"{number} {part}: {what}" for part, (number, what) in FLOW.items())
    return f"From the top down: {layers}. The way of inv db.setup: {steps}."


def _layer(parts: tuple[str, ...], y: int, theme: Theme) -> str:
    width = (BOX - GAP * (len(parts) - 1)) / len(parts)
    boxes = [
        _box(part, LEFT + number * (width + GAP), y, width, theme)
        for number, part in enumerate(parts)
    ]
    return "\n".join([*boxes, *_steps(parts, y, theme)])


def _box(part: str, x: float, y: int, width: float, theme: Theme) -> str:
    tall = ROW - GAP
    edge = theme.colours["green"] if part in PURE else theme.border
    return (
        f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{tall}" rx="5" '
        f'fill="{theme.bar}" stroke="{edge}" stroke-width="1.5"/>'
        f'<text class="part" x="{x + width / 2:.1f}" y="{y + tall / 2 + 5:.1f}" '
        f'text-anchor="middle" fill="{theme.colours["default"]}">{escape(part)}</text>'
    )


def _steps(parts: tuple[str, ...], y: int, theme: Theme) -> list[str]:
    """The steps that this layer takes, beside it: one below the other where there are two."""
    taken = [(part, *FLOW[part]) for part in parts if part in FLOW]
    lines = []
    for number, (part, step, what) in enumerate(taken):
        middle = y + (ROW - GAP) / 2 + (number - (len(taken) - 1) / 2) * 20
        x = LEFT + BOX + 28
        lines.append(
            f'<circle cx="{x + 9}" cy="{middle:.1f}" r="8.5" fill="{theme.colours["blue"]}"/>'
            f'<text x="{x + 9}" y="{middle + 5:.1f}" text-anchor="middle" '
            f'fill="{theme.background}">{step}</text>'
            f'<text x="{x + 26}" y="{middle + 5:.1f}" fill="{theme.colours["default"]}">'
            f'<tspan class="part">{escape(part)}</tspan> {escape(what)}</text>'
        )
    return lines


def main() -> None:
    """Write both pictures."""
    for theme in (LIGHT, DARK):
        path = IMAGES / f"architecture-{theme.name}.svg"
        path.write_text(draw(theme), encoding="utf-8")


if __name__ == "__main__":
    main()
