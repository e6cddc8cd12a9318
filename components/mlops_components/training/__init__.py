"""Training and tuning with the user's own functions.

What these are given, what is logged of a training, and the processes of a search. Modules with an
underscore import KerasTuner.
"""

from mlops_components.training.fn_args import (
    BEST_FILE,
    EVAL_FOLDER,
    RESULTS_FILE,
    SERVING_FOLDER,
    TRIALS_FILE,
    DataAccessor,
    EvalArgs,
    FnArgs,
    RecordBatchesOptions,
    TrainArgs,
    TunerFnResult,
    data_fields,
    helper_fields,
    payload_of,
    working_folder,
)
from mlops_components.training.training_log import (
    METRICS_FILE,
    check_finite,
    log_metrics,
    read_metrics,
    recording,
)
from mlops_components.training.tuner_call import TunerCall

__all__ = [
    "BEST_FILE",
    "EVAL_FOLDER",
    "METRICS_FILE",
    "RESULTS_FILE",
    "SERVING_FOLDER",
    "TRIALS_FILE",
    "DataAccessor",
    "EvalArgs",
    "FnArgs",
    "RecordBatchesOptions",
    "TrainArgs",
    "TunerCall",
    "TunerFnResult",
    "_keras_tuner",
    "check_finite",
    "data_fields",
    "helper_fields",
    "log_metrics",
    "payload_of",
    "read_metrics",
    "recording",
    "working_folder",
]
