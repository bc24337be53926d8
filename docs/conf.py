"""The site: the pages of this folder, built by ``nox -s docs``.

The pages are plain Markdown, readable on a forge as they stand. What only the site needs, its
navigation and the pictures that pages name in HTML, is added here.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

HERE = Path(__file__).parent
# The site's navigation: every page stands in it once, which a test checks.
NAVIGATION = {
    "Begin": ("quick-start", "new-project", "own-tables"),
    "Work": (
        "environments",
        "testing",
        "ci",
        "drift",
        "data",
        "seed",
        "masks",
        "plans",
        "migrate",
        "admin",
        "recipes",
    ),
    "Look up": (
        "troubleshooting",
        "tasks",
        "configuration",
        "command-line",
        "output",
        "json",
        "policies",
        "data-model",
        "model-docs",
        "engines",
        "limits",
    ),
    "Understand": ("deletion", "backups", "architecture", "comparison", "speed"),
}
# A diagram's source, folded away.
FOLDED = r"<details><summary>The source of the diagram</summary>\n\n```text\n\1```\n\n</details>"

project = "osem_tasks"
extensions = ["myst_parser"]
exclude_patterns = ["_build"]
myst_heading_anchors = 3
myst_enable_extensions = ["tasklist"]
html_theme = "furo"
html_title = "osem_tasks"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
# Styles of code that reach the contrast of WCAG AA on their backgrounds.
pygments_style = "github-light-high-contrast"
pygments_dark_style = "github-dark-high-contrast"


def for_the_site(_app: Sphinx, page: str, content: list[str]) -> None:
    """Change what reads well on a forge and not here; ``content`` holds the page's one text.

    Links to files outside this folder become their names, diagrams in Mermaid, which a browser
    could draw with a script from elsewhere only, are folded away below their picture, and the first
    page gets the tables of contents, which a forge would show as code.
    """
    text = re.sub(
        r"\[([^]]+)\]\(\.\./([^)#]+)(?:#[^)]*)?\)", r"\1 (`\2` in the repository)", content[0]
    )
    text = re.sub(r"^```mermaid\n(.*?)^```$", FOLDED, text, flags=re.MULTILINE | re.DOTALL)
    if page == "index":
        for caption, names in NAVIGATION.items():
            entries = "\n".join(names)
            text += f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{entries}\n```\n"
    content[0] = text


def copy_images(app: Sphinx, error: Exception | None) -> None:
    """Put the pictures where ``<picture>`` elements of the pages look for them."""
    if error is None and app.builder.format == "html":
        shutil.copytree(HERE / "images", Path(app.outdir) / "images", dirs_exist_ok=True)


def setup(app: Sphinx) -> None:
    """Connect both."""
    app.connect("source-read", for_the_site)
    app.connect("build-finished", copy_images)
