"""What an installation on a bare machine takes, downloads included: time and size."""

from __future__ import annotations

import shutil
import sys
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.place import ROOT
from benchmarks.row import LeftOutError, Pair, Row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.place import Place
    from benchmarks.row import Quantity, Sample

# What requirements.txt asked for at first: with this extra, moto brings every service.
BEFORE = "moto[dynamodb,server]>=5.1"


def requirements(place: Place, *, before: bool) -> Path:
    """Return a copy of requirements.txt, as it is or with moto's extra of before."""
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8").replace("-e .", f"-e {ROOT}")
    if before:
        text = text.replace("moto[dynamodb]>=5.1", BEFORE)
    path = place.folder / f"requirements-{before}.txt"
    path.write_text(text, encoding="utf-8")
    return path


def installed(place: Place, installer: str, *, before: bool) -> Sample:
    """Install into a new environment without a cache, and measure that and its size."""
    home = place.folder / "environment"
    shutil.rmtree(home, ignore_errors=True)
    place.python("-m", "venv", *(["--without-pip"] if installer == "uv" else []), str(home))
    python = str(home / "bin" / "python")
    words = (
        ("uv", "pip", "install", "--no-cache", "--compile-bytecode", "--python", python)
        if installer == "uv"
        else (python, "-m", "pip", "install", "--no-cache-dir", "--disable-pip-version-check")
    )
    done = place.run(*words, "-q", "-r", str(requirements(place, before=before)))
    size = sum(path.lstat().st_size for path in home.rglob("*") if not path.is_dir())
    shutil.rmtree(home)
    return replace(done, size=size / 1e6)


@contextmanager
def pair(installer: str, place: Place) -> Iterator[Pair]:
    """Ours and before. Raises LeftOutError without the installer."""
    if installer == "uv" and not shutil.which("uv"):
        raise LeftOutError("uv is not installed")
    if sys.platform == "win32":
        raise LeftOutError("written for a system with bin/python")
    yield Pair(
        partial(installed, place, installer, before=False),
        partial(installed, place, installer, before=True),
    )


def row(installer: str, measured: Quantity) -> Row:
    """Return the row of one installer and one quantity."""
    words = "pip install" if installer == "pip" else "uv pip install"
    return Row(
        name=f"install-{installer}-{'size' if measured == 'size' else 'time'}",
        what=f"{words} -r requirements.txt, {'size' if measured == 'size' else 'wall time'}",
        against=f"the same with {BEFORE}",
        goal=0.5,
        pair=partial(pair, installer),
        measured=measured,
        repetitions=1,
        warm_up=0,
    )


ROWS = (row("pip", "wall"), row("uv", "wall"), row("uv", "size"))
