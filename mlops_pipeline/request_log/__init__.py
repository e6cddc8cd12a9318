"""The log of requests: what a served model was asked, and what it answered, as Parquet.

One row a row of a request, in segments of some seconds that appear whole or not at all. What is
kept of each feature is said by a policy; keys are kept as pseudonyms that can be erased by month.
A log that cannot be written drops rows and counts them: it never stops an answer.
"""

from mlops_pipeline.request_log.answered import answered_columns
from mlops_pipeline.request_log.period_keys import PeriodKeys
from mlops_pipeline.request_log.policy import DROP, LogPolicy, read_log_policy
from mlops_pipeline.request_log.reading import read_requests
from mlops_pipeline.request_log.request_record import OK, RequestRecord
from mlops_pipeline.request_log.segments import columns_of, segments_of, write_whole
from mlops_pipeline.request_log.writer import LogOptions, RequestLog

__all__ = [
    "DROP",
    "OK",
    "LogOptions",
    "LogPolicy",
    "PeriodKeys",
    "RequestLog",
    "RequestRecord",
    "answered_columns",
    "columns_of",
    "read_log_policy",
    "read_requests",
    "segments_of",
    "write_whole",
]
