"""Requests that are refused: what is wrong, and the code of gRPC that says so."""

from __future__ import annotations

from enum import IntEnum


class Code(IntEnum):
    """Codes of gRPC, as far as the service uses them."""

    OK = 0
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    FAILED_PRECONDITION = 9
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14


class RefusedError(Exception):
    """A request that cannot be answered; nothing of it takes effect."""

    def __init__(self, message: str, code: Code = Code.INVALID_ARGUMENT) -> None:
        super().__init__(message)
        self.code = code
