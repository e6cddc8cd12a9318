"""Failures of serving: each says whose fault it is, by the status of the answer."""

from __future__ import annotations


class ServingFailure(Exception):
    """A request that is not answered with a prediction.

    Args:
        message: said to the client; names no path of this machine.
    """

    status = 500

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class BadInputFailure(ServingFailure):
    """The request is wrong: asked again, it is wrong again."""

    status = 400


class UnknownModelFailure(ServingFailure):
    """No such model, version, label or signature is served."""

    status = 404


class OverloadFailure(ServingFailure):
    """Too much is waiting.

    Args:
        retry_after: seconds after which it is worth asking again.
    """

    status = 429

    def __init__(self, message: str, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ModelFailure(ServingFailure):
    """The model did not give a usable answer.

    Args:
        kind: died, hung, memory, raised, output, or not_finite.
    """

    def __init__(self, message: str, kind: str) -> None:
        super().__init__(message)
        self.kind = kind


class UnavailableFailure(ServingFailure):
    """The model is known, and there is no process of it that answers now."""

    status = 503


class LateFailure(ServingFailure):
    """The time of the request is over."""

    status = 504
