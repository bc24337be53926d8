"""What an engine's process gets from this one: few variables, and no module of the project.

The shell's proxies, AWS profile and Python settings are for other programs: an engine that
inherited them could fail on them. The same holds for a project's own ``responses.py`` in the
working directory, which Python would import instead of the library of that name.
"""

from __future__ import annotations

import contextlib
import os
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from osem_tasks.engines import state

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# What a program needs to run at all: programs and libraries, language, temporary files, and
# on Windows the system's own folders.
INHERITED = frozenset(
    {
        "PATH",
        "LD_LIBRARY_PATH",
        "DYLD_LIBRARY_PATH",
        "DYLD_FALLBACK_LIBRARY_PATH",
        "LANG",
        "LANGUAGE",
        "TZ",
        "TMPDIR",
        "TEMP",
        "TMP",
        "SYSTEMROOT",
        "SYSTEMDRIVE",
        "WINDIR",
        "COMSPEC",
        "PATHEXT",
        # Not read by the engine: it shows which state directory its process belongs to.
        state.VARIABLE,
    }
)
LOCALE = "LC_"
# Runs the module that the first argument names, as ``python -m`` does. The installation's
# folders come last, so that nothing in them replaces a module of the interpreter's own.
_RUN_MODULE = (
    "import runpy, sys; sys.argv = sys.argv[1:]; sys.path[:0] = {chosen!r}; "
    "sys.path += {installed!r}; "
    "runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)"
)


def environment(home: Path, variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of an engine's process, from those of this process.

    ``home`` is an existing directory that holds no configuration of the user: libraries look
    there for ``.aws``.
    """
    kept = {
        name: value
        for name, value in variables.items()
        if name.upper() in INHERITED or name.startswith(LOCALE)
    }
    nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return {**kept, **nowhere, "HOME": str(home), "AWS_EC2_METADATA_DISABLED": "true"}


def python_command(module: str, *words: str, mark: str, distribution: str) -> list[str]:
    """Return the command that runs ``module`` of an installed ``distribution``, isolated.

    The interpreter ignores the working directory, the user's site-packages and all ``PYTHON*``
    variables (``-I``). ``mark`` is an ``-X`` option that identifies the process.
    """
    return module_command(
        sys.executable,
        module,
        *words,
        mark=mark,
        installed=installed_in(distribution),
        chosen=chosen_folders(module, os.environ.get("PYTHONPATH", "")),
    )


def module_command(
    interpreter: str,
    module: str,
    *words: str,
    mark: str,
    installed: Sequence[str],
    chosen: Sequence[str] = (),
) -> list[str]:
    """Return the command that runs ``module`` with any ``interpreter``, isolated.

    ``installed`` are folders of packages, which may be outside the interpreter's own; the
    ``chosen`` ones come before those.
    """
    code = _RUN_MODULE.format(chosen=[*chosen], installed=[*installed])
    return [interpreter, "-I", "-X", mark, "-c", code, module, *words]


def is_installed(distribution: str) -> bool:
    """Return whether ``distribution`` is installed; a module of that name is no proof."""
    with contextlib.suppress(metadata.PackageNotFoundError):
        metadata.distribution(distribution)
        return True
    return False


def version_of(distribution: str) -> str:
    """Return the version of an installed ``distribution``."""
    return metadata.version(distribution)


def chosen_folders(module: str, python_path: str) -> list[str]:
    """Return the folders of ``PYTHONPATH`` that were set there to provide ``module`` itself."""
    file = Path(*module.split(".")).with_suffix(".py")
    folders = [Path(text) for text in python_path.split(os.pathsep) if text]
    return [
        str(folder)
        for folder in folders
        # Not the project, whatever its folders are called.
        if folder.is_absolute() and folder != Path.cwd() and (folder / file).is_file()
    ]


def installed_in(distribution: str) -> list[str]:
    """Return the folders that packages are installed in; that of ``distribution`` comes first.

    They are needed where packages are not in the interpreter's own folders: those of
    ``pip install --user`` and of ``PYTHONPATH``.
    """
    found = [metadata.distribution(distribution), *metadata.distributions()]
    # Not the working directory, even if the project itself is installed from there.
    folders = dict.fromkeys(Path(str(package.locate_file(""))).absolute() for package in found)
    return [str(folder) for folder in folders if folder != Path.cwd()]
