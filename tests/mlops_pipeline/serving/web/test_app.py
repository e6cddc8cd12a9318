"""The application as a whole: token, metrics, and who may ask."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

# One server and its models for all of them, which takes seconds.
pytestmark = pytest.mark.slow

ROW: Any = {"instances": [{"x": 1.0}]}


def test_metrics_count_what_was_answered(served: Any) -> None:
    served.ask("/v1/models/toy:predict", ROW)
    served.ask("/v1/models/toy:predict", {})
    served.ask("/v1/models/" + "x" * 50 + ":predict", ROW)
    status, headers, text = served.ask("/monitoring/prometheus/metrics")
    assert (status, headers["content-type"]) == (200, "text/plain; version=0.0.4")
    assert 'mlops_serving_requests_total{model="toy",version="2",code="200"}' in text
    assert 'mlops_serving_requests_total{model="toy",version="",code="400"}' in text
    assert ':tensorflow:serving:request_count{model_name="toy",status="OK"}' in text
    assert 'mlops_serving_model_available{model="toy",version="1"} 1' in text
    assert "mlops_serving_body_bytes 0" in text
    assert "xxx" not in text


def test_a_server_with_a_token_answers_nobody_else(push: Any, serve: Any, toys: Path) -> None:
    served = serve(str(push(1)), "--token-file", "token")
    token = (toys / "token").read_text().strip()
    path = "/v1/models/toy:predict"
    assert served.ask(path, ROW)[0] == 401
    assert served.ask(path, ROW, authorization="Bearer wrong")[0] == 401
    assert served.ask(path, ROW, authorization=f"Basic {token}")[0] == 401
    assert served.ask("/monitoring/prometheus/metrics")[0] == 401
    assert served.ask(path, ROW, authorization=f"Bearer {token}")[0] == 200
    assert served.ask("/v2/health/live")[0] == 200
