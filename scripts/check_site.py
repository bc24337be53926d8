"""Check a built site: ``python -m scripts.check_site FOLDER``.

Every link within the site must lead to a page, a file and an anchor that are there, and no page
may load a script, style, font or picture from elsewhere: the site works offline. Links to other
sites are listed, and not fetched. Exit code 1, with every problem on stderr.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# What a browser loads by itself, by its element; the relations of a <link> that it loads.
LOADED = {"script": "src", "img": "src", "source": "srcset", "iframe": "src", "link": "href"}
RELATIONS = {"stylesheet", "icon", "preload", "modulepreload"}


@dataclass(slots=True)
class Found:
    """What a page links to, what it loads, and the anchors in it."""

    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found = Found()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.found.anchors |= {values[name] for name in ("id", "name") if name in values}
        if tag == "a" and values.get("href"):
            self.found.links.append(values["href"])
        attribute = LOADED.get(tag)
        loaded = values.get(attribute, "") if attribute else ""
        relations = set(values.get("rel", "").split())
        if loaded and (tag != "link" or relations & RELATIONS):
            self.found.loads.append(loaded)


def read(text: str) -> Found:
    """What the HTML of a page holds."""
    reader = _Reader()
    reader.feed(text)
    return reader.found


def check(folder: Path) -> tuple[list[str], list[str]]:
    """The problems of the site in ``folder``, and the links to other sites, both sorted."""
    root = folder.resolve()
    pages = {page: read(page.read_text(encoding="utf-8")) for page in sorted(root.rglob("*.html"))}
    problems: list[str] = []
    elsewhere: set[str] = set()
    for page, found in pages.items():
        name = page.relative_to(root).as_posix()
        foreign = filter(_is_elsewhere, found.loads)
        problems += [f"{name}: loads {link} from elsewhere" for link in foreign]
        for link in [*found.links, *found.loads]:
            if _is_elsewhere(link):
                elsewhere.add(link)
            elif problem := _problem(link, page, root, pages):
                problems.append(f"{name}: {problem}")
    return sorted(set(problems)), sorted(elsewhere)


def _is_elsewhere(link: str) -> bool:
    parts = urlsplit(link)
    return bool(parts.netloc) or parts.scheme in {"http", "https", "mailto"}


def _problem(link: str, page: Path, root: Path, pages: dict[Path, Found]) -> str:
    """Why a link within the site leads nowhere; empty if it does not."""
    parts = urlsplit(link)
    if parts.scheme == "data":
        return ""
    target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    target = target / "index.html" if target.is_dir() else target
    if not target.is_relative_to(root) or not target.is_file():
        return f"{link} is not there"
    anchor = unquote(parts.fragment)
    if anchor and target in pages and anchor not in pages[target].anchors:
        return f"{link}: no such anchor"
    return ""


def main(arguments: list[str]) -> int:
    """Check the folder that is named, and say what is wrong. Returns the exit code."""
    problems, elsewhere = check(Path(arguments[0]))
    print("\n".join(["Links to other sites, not fetched:", *elsewhere]))  # noqa: T201  its output
    print("\n".join(problems), file=sys.stderr)  # noqa: T201  likewise
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
