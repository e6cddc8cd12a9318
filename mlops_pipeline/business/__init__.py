"""What a version of a model is worth: metrics of the business, and their lift by version.

A metric is defined in the store; its events, such as purchases, are kept beside the request log,
and belong to the version that had answered their key. `lift` compares versions: by the arms of a
rollout, which is an experiment, or before and after a promotion, which is not.
"""

from typing import TYPE_CHECKING

from mlops_pipeline.lazy_names import lazy_names

if TYPE_CHECKING:
    from mlops_pipeline.business.csv_events import read_csv_events
    from mlops_pipeline.business.estimates import LiftEstimate, read_estimates, record_estimate
    from mlops_pipeline.business.events import BusinessEvent, EventLog, NewEvent
    from mlops_pipeline.business.exposures import Exposure, exposures_to
    from mlops_pipeline.business.lift import BusinessPlaces, Lift, lift_of, lifts_of
    from mlops_pipeline.business.metrics import (
        BusinessMetric,
        define_metric,
        find_metric,
        list_metrics,
    )
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "csv_events": "read_csv_events",
            "estimates": "LiftEstimate read_estimates record_estimate",
            "events": "BusinessEvent EventLog NewEvent",
            "exposures": "Exposure exposures_to",
            "lift": "BusinessPlaces Lift lift_of lifts_of",
            "metrics": "BusinessMetric define_metric find_metric list_metrics",
        },
    )

__all__ = [
    "BusinessEvent",
    "BusinessMetric",
    "BusinessPlaces",
    "EventLog",
    "Exposure",
    "Lift",
    "LiftEstimate",
    "NewEvent",
    "define_metric",
    "exposures_to",
    "find_metric",
    "lift_of",
    "lifts_of",
    "list_metrics",
    "read_csv_events",
    "read_estimates",
    "record_estimate",
]
