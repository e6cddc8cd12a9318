"""The standard components, with TFX's names, inputs, outputs and artifact layout.

Importing this package imports no heavy library: TensorFlow, Beam, TFDV, TFT and TFMA are loaded
by the process that runs a component.
"""

from mlops_components.example_gen import (
    CsvExampleGen as CsvExampleGen,
)
from mlops_components.example_gen import (
    HashSplit as HashSplit,
)
from mlops_components.example_gen import (
    InputConfig as InputConfig,
)
from mlops_components.example_gen import (
    InputSplit as InputSplit,
)
from mlops_components.example_gen import (
    OutputConfig as OutputConfig,
)
from mlops_components.example_gen import (
    SplitConfig as SplitConfig,
)
from mlops_components.example_validator import ExampleValidator as ExampleValidator
from mlops_components.schema_gen import SchemaGen as SchemaGen
from mlops_components.statistics_gen import StatisticsGen as StatisticsGen
from mlops_components.trainer import EvalArgs as EvalArgs
from mlops_components.trainer import TrainArgs as TrainArgs
from mlops_components.trainer import Trainer as Trainer
from mlops_components.transform import SplitsConfig as SplitsConfig
from mlops_components.transform import Transform as Transform
