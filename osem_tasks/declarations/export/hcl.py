"""HCL, the language of Terraform's files, in the layout of ``terraform fmt``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

Literal = str | bool | int
Argument = Literal | Sequence[str] | Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Block:
    """A block: its header without the brace, its arguments, then the blocks in it.

    An argument that is a mapping is written as an object over several lines.
    """

    header: str
    arguments: Mapping[str, Argument]
    blocks: Sequence[Block] = ()

    def lines(self) -> Iterator[str]:
        """Return the lines of the block."""
        yield f"{self.header} {{"
        yield from (f"  {line}" if line else "" for line in self._body())
        yield "}"

    def _body(self) -> Iterator[str]:
        """Yield the arguments, the blocks, then the objects, apart by an empty line."""
        plain = {}
        parts = [list(block.lines()) for block in self.blocks]
        for name, value in self.arguments.items():
            if isinstance(value, Mapping):
                pairs = {literal(key): literal(text) for key, text in value.items()}
                inner = [f"  {line}" for line in aligned(pairs)]
                parts.append([f"{name} = {{", *inner, "}"])
            else:
                plain[name] = literal(value)
        yield from aligned(plain)
        for part in parts:
            yield ""
            yield from part


def aligned(arguments: Mapping[str, str]) -> Iterator[str]:
    """Return a line for every argument, with the equals signs below each other."""
    width = max(map(len, arguments), default=0)
    yield from (f"{name:<{width}} = {value}" for name, value in arguments.items())


def literal(value: Literal | Sequence[str]) -> str:
    """Return a value as HCL writes it. Texts start no template: ``${`` becomes ``$${``."""
    if isinstance(value, (bool, int)):
        return json.dumps(value)
    if not isinstance(value, str):
        return f"[{', '.join(map(literal, value))}]"
    return f'"{"".join(map(_escaped, value))}"'.replace("${", "$${").replace("%{", "%%{")


def _escaped(character: str) -> str:
    """Return a character of a text; HCL has fewer short escapes than JSON."""
    short = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}
    if character in short:
        return short[character]
    return character if character.isprintable() else _numbered(character)


def _numbered(character: str) -> str:
    number = ord(character)
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"  # noqa: PLR2004  four hex digits
