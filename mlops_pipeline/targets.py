"""Names by which a worker process finds what a user wrote: `module:qualname`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from mlops_pipeline.errors import DefinitionError, caller


def target_of(thing: Any, what: str, where: str = "") -> str:
    """The name `module:qualname` of a function or class, or of the text that is one.

    Args:
        what: what to call it in an error.

    Raises:
        DefinitionError: a worker could not import it.
    """
    where = where or caller()
    if isinstance(thing, str):
        return _checked_name(thing, what, where)
    thing = getattr(thing, "function", thing)
    qualname = getattr(thing, "__qualname__", "")
    if not qualname or not getattr(thing, "__module__", ""):
        raise DefinitionError(
            f"{what} is {thing!r}, which has no name to import it by",
            hint="give a function or class, or its name as 'module:name'",
            where=where,
        )
    if "<" in qualname:
        kind = "a lambda" if "<lambda>" in qualname else "defined inside a function"
        raise DefinitionError(
            f"{what} {qualname.rpartition('.')[2]!r} is {kind}: a worker cannot import it",
            hint="define it with `def` at the top level of a module",
            where=where,
        )
    return f"{module_of(thing, what, where)}:{qualname}"


def _checked_name(name: str, what: str, where: str) -> str:
    module, colon, qualname = name.partition(":")
    if not colon or not all(part.isidentifier() for part in f"{module}.{qualname}".split(".")):
        raise DefinitionError(
            f"{what} {name!r} is not written as 'module:name'",
            hint="for example 'my_project.drivers:newest_span'",
            where=where,
        )
    return name


def module_of(thing: Any, what: str, where: str = "") -> str:
    """The name under which a worker imports the module that defines something.

    A script is `__main__` only in its own process; elsewhere it goes by the name of its file.

    Raises:
        DefinitionError: it was typed into a notebook or an interpreter.
    """
    if thing.__module__ != "__main__":
        return str(thing.__module__)
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    if spec is not None and spec.name:
        return str(spec.name)
    file = getattr(main, "__file__", None)
    # What is read from standard input has the file "<stdin>".
    if file is None or file.startswith("<"):
        raise DefinitionError(
            f"{what} {thing.__qualname__!r} is defined in a notebook or an interpreter: "
            f"a worker cannot import it",
            hint="move it into a .py file, and import it from there",
            where=where or caller(),
        )
    return Path(file).stem
