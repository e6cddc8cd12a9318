"""The methods of ML Metadata's service over a database: bytes in, bytes out."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, NamedTuple

from mlops_metadata.engine import (
    Database,
    Session,
    TimedSession,
    TooSlowError,
    UnclearError,
    UnfitError,
)
from mlops_metadata.messages import DecodeError, is_unicode, service
from mlops_metadata.service.gets import GETS
from mlops_metadata.service.puts import PUTS
from mlops_metadata.service.refused import Code, RefusedError
from mlops_pipeline.errors import StoreError
from mlops_pipeline.store import AlreadyExistsError

log = logging.getLogger(__name__)


class Answer(NamedTuple):
    """An answer: the bytes of a response, or what went wrong and its code."""

    data: bytes
    problem: str = ""
    code: Code = Code.OK


Method = Callable[[bytes], Answer]


def methods(database: Database, seconds: float = 60.0) -> dict[str, Method]:
    """Return all methods of the service, by name.

    Args:
        seconds: most that the database may take for a request.
    """

    def read(work: Callable[[Session], Any]) -> Any:
        return database.read(lambda session: work(TimedSession(session, seconds)))

    def write(work: Callable[[Session], Any]) -> Any:
        return database.write(lambda s: work(TimedSession(s, seconds)), once=True)

    found: dict[str, Method] = {}
    for name, work in GETS.items():
        found[name] = _method(name, work, read, database.name, seconds)
    for name, work in PUTS.items():
        found[name] = _method(name, work, write, database.name, seconds)
    return found


def _method(
    name: str,
    work: Callable[[Session, Any, Any], None],
    transaction: Callable[[Callable[[Session], Any]], Any],
    place: str,
    seconds: float,
) -> Method:
    wanted = getattr(service, f"{name}Request")
    given = getattr(service, f"{name}Response")

    def call(data: bytes) -> Answer:
        request = wanted()
        try:
            request.ParseFromString(data)
        except DecodeError:
            return Answer(b"", f"this is no {name}Request", Code.INVALID_ARGUMENT)
        if not data.isascii() and not is_unicode(request):
            problem = f"a text of the {name}Request is not UTF-8"
            return Answer(b"", problem, Code.INVALID_ARGUMENT)

        def answered(session: Session) -> Any:
            # It may be done again from its start.
            response = given()
            work(session, request, response)
            return response

        try:
            return Answer(transaction(answered).SerializeToString())
        except RefusedError as error:
            return Answer(b"", str(error), error.code)
        except AlreadyExistsError as error:
            # Where the database is is nobody's business.
            reason = str(error).removeprefix(f"{place}: ")
            return Answer(b"", f"Given row already exists: {reason}", Code.ALREADY_EXISTS)
        except TooSlowError:
            problem = f"{name} takes more than {seconds:g} s"
            return Answer(b"", problem, Code.DEADLINE_EXCEEDED)
        except UnfitError as error:
            return Answer(b"", str(error), Code.INVALID_ARGUMENT)
        except UnclearError as error:
            return Answer(b"", str(error), Code.UNAVAILABLE)
        except StoreError as error:
            return Answer(b"", str(error), Code.INTERNAL)
        except Exception as error:
            # A fault of ours ends one request, not the server.
            log.exception("%s failed", name)
            return Answer(b"", f"{type(error).__name__}: {error}", Code.INTERNAL)

    return call
