"""Checks the arguments of a call, which come from Invoke's parser or from a project's own code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osem_tasks.errors import ConfigurationError
from osem_tasks.schema.quoting import closest, shown

if TYPE_CHECKING:
    import inspect
    from collections.abc import Mapping, Sequence

    from invoke.context import Context


def bound(
    signature: inspect.Signature, context: Context, args: Sequence[Any], given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return every argument of the task but its context, as the command line would give it.

    Raises ConfigurationError for arguments that the task does not have, and for wrong values.
    """
    known = [name for name in signature.parameters if name != "context"]
    unknown = [name for name in given if name not in known]
    if unknown:
        raise ConfigurationError(
            [f"there is no option {name!r}{closest(name, known)}" for name in unknown],
            remediation=f"Use one of: {', '.join(known)}",
        )
    try:
        call = signature.bind(context, *args, **given)
    except TypeError as error:
        raise ConfigurationError([f"the call of the task: {error}"], remediation=_CALL) from error
    call.apply_defaults()
    return {
        name: _value(name, call.arguments[name], signature.parameters[name].default)
        for name in known
    }


_CALL = "Name the options: local.up(c, port=0)"


def _value(name: str, value: Any, default: Any) -> Any:
    """Return a value in the form that Invoke's parser gives: text, a list of texts, a boolean."""
    if value is None or value is default:
        return default
    if isinstance(default, bool):
        if isinstance(value, bool):
            return value
        raise ConfigurationError(
            [f"{name} must be True or False, not {shown(value)}"],
            remediation=f"{name}=True, or leave it out",
        )
    if isinstance(value, (list, tuple, set, frozenset)):
        return [str(text) for text in value]
    return str(value)


def check_values(values: Mapping[str, Any]) -> None:
    """Raise ConfigurationError for options without a value.

    An unset shell variable leaves ``--table ''``, or without quotes the next option as the
    value. Neither must count as an option that was not given.
    """
    problems = []
    for name, value in values.items():
        option = f"--{name.rstrip('_').replace('_', '-')}"
        for text in value if isinstance(value, (list, tuple)) else [value]:
            if isinstance(text, str) and not text.strip():
                problems.append(f"{option} is given and empty")
            elif isinstance(text, str) and text.startswith("--"):
                problems.append(f"{option} has no value: {text!r} follows")
    if problems:
        raise ConfigurationError(
            problems, remediation="Give the option a value, or leave it out; is a variable unset?"
        )
