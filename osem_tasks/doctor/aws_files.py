"""The files of the AWS configuration: do they parse, and do they have the profile?"""

from __future__ import annotations

import configparser
import shlex
from typing import TYPE_CHECKING

from osem_tasks.config.aws_files import paths
from osem_tasks.findings import Finding, fine, warning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from osem_tasks.doctor.situation import Situation

FILES, PROFILE = "AWS files", "AWS_PROFILE"
# A configuration is small; anything larger is another file.
_MOST = 4_000_000
_NOTE = "local tasks do without it, AWS environments and applications do not"


def check(situation: Situation) -> list[Finding]:
    """Say which file does not parse, and where; and whether the shell's profile exists."""
    variables = situation.variables
    problems = [
        warning(FILES, f"{path}{why}: {_NOTE}", _remedy(path, line))
        for path in paths(variables)
        for line, why in _problems(path)
    ]
    sound = [fine(FILES, "the AWS configuration parses, or there is none")]
    return [*(problems or sound), *_profile(variables, parses=not problems)]


def _profile(variables: Mapping[str, str], *, parses: bool) -> list[Finding]:
    named = {name: variables.get(name) for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")}
    name, profile = next(((key, value) for key, value in named.items() if value), ("", None))
    if not profile:
        return [fine(PROFILE, "no profile is named")]
    if not parses or profile in _known(variables):
        return [fine(PROFILE, f"{name} names the profile {profile}")]
    return [
        warning(
            PROFILE,
            f"{name} names the profile '{profile}', which no file has: {_NOTE}",
            f"unset {name}   or make it: aws configure --profile '{profile}'",
        )
    ]


def _known(variables: Mapping[str, str]) -> set[str]:
    """Return the names of the profiles in both files."""
    config, credentials = paths(variables)
    names = {"default", *_parsed(credentials).sections()}
    for section in _parsed(config).sections():
        kind, _, name = section.partition(" ")
        names.add(name.strip().strip("\"'") if kind == "profile" else section)
    return names


def _problems(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines that the SDK cannot read, and why; 0 stands for the whole file."""
    try:
        sections = _parsed(path)
    except configparser.MissingSectionHeaderError as error:
        yield error.lineno, f", line {error.lineno}: there is no [section] before it"
    except configparser.ParsingError as error:
        for line, _ in error.errors[:1]:
            yield line, f", line {line}: it has no name = value"
    except (configparser.DuplicateSectionError, configparser.DuplicateOptionError) as error:
        line = error.lineno or 0
        what = "section" if isinstance(error, configparser.DuplicateSectionError) else "name"
        yield line, f", line {line}: its {what} is there twice"
    except UnicodeDecodeError:
        yield 0, ": it is not UTF-8"
    except OSError as error:
        yield 0, f": {error.strerror or 'it cannot be read'}"
    else:
        yield from _nested_problems(path, sections)


def _parsed(path: Path) -> configparser.RawConfigParser:
    """Parse a file as botocore does; one that is not there counts as empty."""
    parser = configparser.RawConfigParser()
    if path.exists() and not path.is_char_device():
        if not path.is_file():
            raise IsADirectoryError(0, "it is no file")
        with path.open(encoding="utf-8") as stream:
            parser.read_string(stream.read(_MOST), str(path))
    return parser


def _nested_problems(path: Path, parser: configparser.RawConfigParser) -> Iterator[tuple[int, str]]:
    """Yield the lines of nested settings, such as those of s3, that have no ``=``."""
    for section in parser.sections():
        for name, value in parser.items(section):
            if not value.startswith("\n"):
                continue
            for text in filter(str.strip, value.splitlines()):
                if "=" not in text:
                    line = _line_of(path, text)
                    yield line, f", line {line}: a setting below '{name}' has no ="


def _line_of(path: Path, text: str) -> int:
    lines = path.read_text(encoding="utf-8").splitlines()
    return next((number for number, line in enumerate(lines, 1) if line.strip() == text), 0)


def _remedy(path: Path, line: int) -> str:
    where = f"+{line} {shlex.quote(str(path))}" if line else shlex.quote(str(path))
    return f'"${{EDITOR:-vi}}" {where}'
