"""What `mlops airflow deploy` leaves in a folder of DAGs."""

from __future__ import annotations

import pytest

from mlops_pipeline.errors import SettingsError
from mlops_pipeline.runners.airflow import (
    AirflowClient,
)
from mlops_pipeline.runners.airflow.client import AirflowError


def test_an_airflow_that_is_not_there_is_named() -> None:
    with pytest.raises(AirflowError, match=r"cannot reach Airflow at http://127\.0\.0\.1:9"):
        AirflowClient("http://127.0.0.1:9").trigger("ones", "r1", {})
    with pytest.raises(SettingsError, match="is not where an Airflow is"):
        AirflowClient("file:///etc/passwd")
