"""Runs as OpenLineage events.

`recorded` wraps a store: what is written to it becomes events in a spool of files beside it. `send`
empties the spool to a back end with the official client, which only then is imported.
"""

from typing import TYPE_CHECKING

from mlops_pipeline.lazy_names import lazy_names

if TYPE_CHECKING:
    from mlops_pipeline.openlineage.again import events_of_run
    from mlops_pipeline.openlineage.client import open_client
    from mlops_pipeline.openlineage.sending import Sent, send, send_aside
    from mlops_pipeline.openlineage.spool import Spool, SpoolState
    from mlops_pipeline.openlineage.switch import recorded
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "again": "events_of_run",
            "client": "open_client",
            "sending": "Sent send send_aside",
            "spool": "Spool SpoolState",
            "switch": "recorded",
        },
    )

__all__ = [
    "Sent",
    "Spool",
    "SpoolState",
    "events_of_run",
    "open_client",
    "recorded",
    "send",
    "send_aside",
]
