"""Run a task of yours whenever the penguin pipeline has pushed a new model."""

import logging

from airflow.sdk import DAG, task

from mlops_pipeline.runners.airflow import pipeline_asset

log = logging.getLogger(__name__)

with DAG(
    "penguin_after_push",
    schedule=[pipeline_asset("penguin", "Pusher", "pushed_model")],
    tags=["mlops"],
):

    @task
    def announce(triggering_asset_events=None):
        """Say which model is new: events carry its URI and its ids in our store."""
        for events in triggering_asset_events.values():
            for event in events:
                log.info("new model %(uri)s by execution %(execution_id)s", event.extra)

    announce()
