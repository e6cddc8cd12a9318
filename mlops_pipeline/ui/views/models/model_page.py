"""The page of a model, and its card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mlops_pipeline.errors import PipelineError
from mlops_pipeline.inspection.models import (
    CORRECTION,
    ModelReport,
    ReadFile,
    card_text,
    read_model,
)
from mlops_pipeline.store import ArtifactRecord
from mlops_pipeline.ui.views.charts import Chart
from mlops_pipeline.ui.views.files import read_file
from mlops_pipeline.ui.views.models.data_page import feature_drift
from mlops_pipeline.ui.views.models.model_charts import charts_of
from mlops_pipeline.ui.views.reader import Reader

MOST_BYTES = 20_000_000
"""Bytes of a file that are read for a page."""

MOST_ROWS = 200
"""Rows of a table on the page; its JSON has all of them."""


@dataclass(frozen=True)
class ModelPage:
    """A model.

    Args:
        metrics: names that the slices can be ranked by.
        drift: divergence of each feature from the data of the model before, where both have
            statistics.
        correction: name of the correction for many slices.
        most: rows of a table in HTML.
    """

    model: ModelReport
    charts: tuple[Chart, ...]
    metrics: tuple[str, ...] = ()
    drift: Mapping[str, float] = field(default_factory=dict)
    correction: str = CORRECTION
    most: int = MOST_ROWS


def read_model_page(reader: Reader, what: str, metric: str = "", evaluation: str = "") -> ModelPage:
    """Read the page of a model.

    Args:
        what: number of the artifact, or `last`.
        metric: that the slices are ranked by.
        evaluation: number of one of its evaluations.

    Raises:
        NotFoundError: there is no such artifact.
        PipelineError: it is no model.
    """
    found = read_model(
        reader.store, what, file_reader(reader), metric=metric, evaluation=evaluation
    )
    names = found.results.evaluation.metrics if found.results else ()
    drift = {}
    if found.data and found.data_before and found.results and found.results.change:
        drift = feature_drift(reader, found.data_before[0], found.data[0])
    return ModelPage(found, charts_of(found), names, drift)


def read_card(reader: Reader, what: str) -> str:
    """Return the card of a model in Markdown; raises as `read_model_page` does."""
    return card_text(read_model(reader.store, what, file_reader(reader)))


def file_reader(reader: Reader) -> ReadFile:
    """Return what reads files of artifacts below the known folders, if they are not too large."""

    def read(record: ArtifactRecord, path: str) -> bytes:
        data, size = read_file(reader, record, path, MOST_BYTES)
        if size > MOST_BYTES:
            raise PipelineError(f"{path} is too large to be read")
        return data

    return read
