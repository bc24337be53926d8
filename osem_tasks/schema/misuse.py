"""Says in plain words how a class of the model was misused in a project's own Python.

Python's words name its machinery: "Table.__init__() got an unexpected keyword argument 'x'".
"""

from __future__ import annotations

import re
from dataclasses import fields

from osem_tasks.schema import model
from osem_tasks.schema.quoting import nearest

_CLASSES = {
    cls.__name__: cls
    for cls in (
        model.Attribute,
        model.Encryption,
        model.Index,
        model.Key,
        model.Projection,
        model.Stream,
        model.Table,
        model.TableSet,
        model.Throughput,
        model.TimeToLive,
    )
}
_UNEXPECTED = re.compile(r"(\w+)\.__init__\(\) got an unexpected keyword argument '(\w+)'")
_LACKING = re.compile(r"(\w+)\.__init__\(\) missing \d+ required [a-z -]*arguments?: (.+)")


def misuse(error: TypeError) -> str:
    """Return what is wrong with a call of a class of the model; "" for any other error."""
    found = _UNEXPECTED.match(str(error))
    if found and found[1] in _CLASSES:
        names = [part.name for part in fields(_CLASSES[found[1]]) if part.init]
        return f"{found[1]} has no {found[2]!r}{nearest(found[2], names)}"
    found = _LACKING.match(str(error))
    if found and found[1] in _CLASSES:
        return f"{found[1]} needs {found[2]}"
    return ""
