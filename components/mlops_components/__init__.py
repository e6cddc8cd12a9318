"""The standard components, with TFX's names, inputs, outputs and artifact layout.

Importing this package imports no heavy library: TensorFlow, Beam, TFDV, TFT and TFMA are loaded
by the process that runs a component.
"""

from mlops_components.approval_gate import ApprovalGate
from mlops_components.bulk_inferrer import BulkInferrer
from mlops_components.deployer import Deployer
from mlops_components.distribution_validator import (
    DatasetConfig,
    DistributionComparator,
    DistributionValidator,
    DistributionValidatorConfig,
    FeatureComparator,
    FeaturePath,
    NumericValueComparator,
    Threshold,
)
from mlops_components.evaluator import Evaluator
from mlops_components.example_diff import ExampleDiff
from mlops_components.example_gen import (
    AvroExampleGen,
    CsvExampleGen,
    ImportExampleGen,
    JsonExampleGen,
    ParquetExampleGen,
)
from mlops_components.example_validator import ExampleValidator
from mlops_components.import_schema_gen import ImportSchemaGen
from mlops_components.infra_validator import (
    InfraValidator,
    LocalDockerConfig,
    RequestSpec,
    ServingSpec,
    TensorFlowServing,
    TensorFlowServingRequestSpec,
    ValidationSpec,
)
from mlops_components.inputs import (
    Condition,
    HashSplit,
    InputConfig,
    InputSplit,
    OutputConfig,
    RangeConfig,
    RollingRange,
    SplitConfig,
    StaticRange,
    TimeSplit,
    TimeSplitConfig,
)
from mlops_components.models import (
    ClassifyOutput,
    DataSpec,
    ModelSpec,
    OutputColumnsSpec,
    OutputExampleSpec,
    PredictOutput,
    PredictOutputCol,
    RegressOutput,
)
from mlops_components.pusher import Filesystem, PushDestination, Pusher, Versioning
from mlops_components.records import read_frame, write_frames
from mlops_components.request_log_gen import RequestLogExampleGen
from mlops_components.schema_gen import SchemaGen
from mlops_components.sql_example_gen import SqlExampleGen
from mlops_components.stacks import _tfma
from mlops_components.statistics import ConfusionConfig, ExampleDiffConfig, PairedExampleSkew
from mlops_components.statistics_gen import StatisticsGen
from mlops_components.tfx_component import from_tfx
from mlops_components.trainer import Trainer
from mlops_components.training import (
    DataAccessor,
    EvalArgs,
    FnArgs,
    RecordBatchesOptions,
    TrainArgs,
    TunerFnResult,
    log_metrics,
)
from mlops_components.transform import SplitsConfig, Transform
from mlops_components.tuner import TuneArgs, Tuner
from mlops_pipeline.errors import DefinitionError

__all__ = [
    "ApprovalGate",
    "AvroExampleGen",
    "BulkInferrer",
    "ClassifyOutput",
    "Condition",
    "ConfusionConfig",
    "CsvExampleGen",
    "DataAccessor",
    "DataSpec",
    "DatasetConfig",
    "Deployer",
    "DistributionComparator",
    "DistributionValidator",
    "DistributionValidatorConfig",
    "EvalArgs",
    "Evaluator",
    "ExampleDiff",
    "ExampleDiffConfig",
    "ExampleValidator",
    "FeatureComparator",
    "FeaturePath",
    "Filesystem",
    "FnArgs",
    "HashSplit",
    "ImportExampleGen",
    "ImportSchemaGen",
    "InfraValidator",
    "InputConfig",
    "InputSplit",
    "JsonExampleGen",
    "LocalDockerConfig",
    "ModelSpec",
    "NumericValueComparator",
    "OutputColumnsSpec",
    "OutputConfig",
    "OutputExampleSpec",
    "PairedExampleSkew",
    "ParquetExampleGen",
    "PredictOutput",
    "PredictOutputCol",
    "PushDestination",
    "Pusher",
    "RangeConfig",
    "RecordBatchesOptions",
    "RegressOutput",
    "RequestLogExampleGen",
    "RequestSpec",
    "RollingRange",
    "SchemaGen",
    "ServingSpec",
    "SplitConfig",
    "SplitsConfig",
    "SqlExampleGen",
    "StaticRange",
    "StatisticsGen",
    "TensorFlowServing",
    "TensorFlowServingRequestSpec",
    "Threshold",
    "TimeSplit",
    "TimeSplitConfig",
    "TrainArgs",
    "Trainer",
    "Transform",
    "TuneArgs",
    "Tuner",
    "TunerFnResult",
    "ValidationSpec",
    "Versioning",
    "from_tfx",
    "log_metrics",
    "read_frame",
    "write_frames",
]

# Before any pipeline or module of a user imports TFMA.
_tfma.install()


def __getattr__(name: str) -> object:
    """Return the replacement of a component that TFX has removed.

    Raises:
        DefinitionError: the name is such a component's.
        AttributeError: there is nothing of that name.
    """
    if name == "ModelValidator":
        raise DefinitionError(
            "ModelValidator is no longer part of TFX",
            hint="use Evaluator: its eval_config takes thresholds, and its output `blessing` is "
            "what ModelValidator's was",
        )
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
