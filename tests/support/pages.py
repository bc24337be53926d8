"""The pages that people read: their headings, code blocks, commands, files and links."""

from __future__ import annotations

import re
from pathlib import Path

import osem_tasks

ROOT = Path(osem_tasks.__file__).parents[1]
DOCS = ROOT / "docs"
README = ROOT / "README.md"
PAGES = (README, ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md")))
# The blocks whose lines a reader types; text and console blocks show `$` before such a line.
TYPED = ("sh", "console", "text")
PROGRAMS = ("inv", "osem", "nox")

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"^`([\w./-]+)`:\n\n```\w+\n(.*?)^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|srcset|href)=\"([^\"\s]+)\"")
_HEADING = re.compile(r"^(#+) (.*)$", re.MULTILINE)


def name(path: Path) -> str:
    """A page as a test shows it."""
    return path.relative_to(ROOT).as_posix()


def read(path: Path) -> str:
    """The text of a page."""
    return path.read_text(encoding="utf-8")


def blocks(text: str, *languages: str) -> list[str]:
    """The code blocks in these languages."""
    return [body for language, body in _BLOCK.findall(text) if language in languages]


def prose(text: str) -> str:
    """The text without its code blocks."""
    return _BLOCK.sub("", text)


def files(text: str) -> dict[str, str]:
    """The files that a text shows: a name in backticks and a colon, then the block."""
    return dict(_FILE.findall(text))


def sections(text: str) -> dict[str, str]:
    """The sections of the second level, by their headings."""
    parts = re.split(r"^## (.*)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def headings(text: str) -> list[str]:
    """Every heading, in order."""
    return [title for _, title in _HEADING.findall(prose(text))]


def anchors(text: str) -> set[str]:
    """The anchors that a forge and the site make of the headings."""
    plain = (re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", title) for title in headings(text))
    return {re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-") for title in plain}


def links(text: str) -> list[str]:
    """Where the links, pictures and sources of a page lead."""
    return [(markdown or html).strip("<>") for markdown, html in _LINK.findall(prose(text))]


def typed(text: str) -> list[tuple[str, str]]:
    """The lines that a reader types, each with its comment: ``("inv db.verify", "the check")``."""
    found = []
    for language, body in _BLOCK.findall(text):
        if language not in TYPED:
            continue
        for line in body.splitlines():
            shown = line.startswith("$ ")
            if language == "sh" or shown:
                plain = re.sub(r" \d?>{1,2} ?\S+", "", line.removeprefix("$ "))
                command, _, comment = plain.partition(" #")
                found.append((command.strip(), comment.strip()))
    return [(command, comment) for command, comment in found if command and command[0] != "#"]


def commands(text: str, *programs: str) -> list[str]:
    """The commands of these programs, one for every part of a line: of `a && b` both."""
    parts = [part.strip() for line, _ in typed(text) for part in re.split(r"&&|;|\|", line)]
    plain = [re.sub(r'^eval "\$\((.*?)\)"$', r"\1", part) for part in parts]
    return [part for part in plain if part.split()[:1] and part.split()[0] in programs]


def quoted(text: str, *programs: str) -> list[str]:
    """The commands of these programs that sentences and tables quote, with a task or option."""
    found = [
        " ".join(code.replace("\\|", "|").split()) for code in re.findall(r"`([^`]+)`", prose(text))
    ]
    begun = [code.split() for code in found]
    return [
        " ".join(words)
        for words in begun
        if len(words) > 1 and words[0] in programs and re.match(r"local\.|db\.|init", words[1])
    ]
