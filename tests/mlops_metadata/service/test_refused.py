from __future__ import annotations

import grpc
import pytest

from mlops_metadata.service import Code

pytestmark = pytest.mark.mlmd


def test_codes_are_those_of_grpc() -> None:
    known = {code.name: code.value[0] for code in grpc.StatusCode}
    assert {code.name: int(code) for code in Code}.items() <= known.items()
