"""End-to-end machine-learning pipelines: typed components, a cache that tells the truth, lineage.

Names for users; each is loaded when it is first asked for.
"""

from typing import TYPE_CHECKING

from mlops_pipeline.lazy_names import lazy_names

if TYPE_CHECKING:
    from mlops_pipeline.api import Where as Where
    from mlops_pipeline.api import open_run as open_run
    from mlops_pipeline.api import plan as plan
    from mlops_pipeline.api import resume as resume
    from mlops_pipeline.api import run as run
    from mlops_pipeline.api import runs as runs
    from mlops_pipeline.api import why as why
    from mlops_pipeline.artifacts import Artifact as Artifact
    from mlops_pipeline.artifacts import Boolean as Boolean
    from mlops_pipeline.artifacts import Bytes as Bytes
    from mlops_pipeline.artifacts import ExampleAnomalies as ExampleAnomalies
    from mlops_pipeline.artifacts import Examples as Examples
    from mlops_pipeline.artifacts import ExamplesDiff as ExamplesDiff
    from mlops_pipeline.artifacts import ExampleStatistics as ExampleStatistics
    from mlops_pipeline.artifacts import Float as Float
    from mlops_pipeline.artifacts import HyperParameters as HyperParameters
    from mlops_pipeline.artifacts import InferenceResult as InferenceResult
    from mlops_pipeline.artifacts import InfraBlessing as InfraBlessing
    from mlops_pipeline.artifacts import Integer as Integer
    from mlops_pipeline.artifacts import JsonValue as JsonValue
    from mlops_pipeline.artifacts import Model as Model
    from mlops_pipeline.artifacts import ModelBlessing as ModelBlessing
    from mlops_pipeline.artifacts import ModelEvaluation as ModelEvaluation
    from mlops_pipeline.artifacts import ModelRun as ModelRun
    from mlops_pipeline.artifacts import PushedModel as PushedModel
    from mlops_pipeline.artifacts import Schema as Schema
    from mlops_pipeline.artifacts import String as String
    from mlops_pipeline.artifacts import TransformCache as TransformCache
    from mlops_pipeline.artifacts import TransformGraph as TransformGraph
    from mlops_pipeline.artifacts import TunerResults as TunerResults
    from mlops_pipeline.artifacts import ValueArtifact as ValueArtifact
    from mlops_pipeline.authoring import Beam as Beam
    from mlops_pipeline.authoring import Cache as Cache
    from mlops_pipeline.authoring import Channel as Channel
    from mlops_pipeline.authoring import Component as Component
    from mlops_pipeline.authoring import Container as Container
    from mlops_pipeline.authoring import ExitHandler as ExitHandler
    from mlops_pipeline.authoring import ForEach as ForEach
    from mlops_pipeline.authoring import Importer as Importer
    from mlops_pipeline.authoring import Pipeline as Pipeline
    from mlops_pipeline.authoring import Resolver as Resolver
    from mlops_pipeline.authoring import Resources as Resources
    from mlops_pipeline.authoring import When as When
    from mlops_pipeline.authoring import champion as champion
    from mlops_pipeline.authoring import check_pipeline as check_pipeline
    from mlops_pipeline.authoring import compile_pipeline as compile_pipeline
    from mlops_pipeline.authoring import component as component
    from mlops_pipeline.authoring import external as external
    from mlops_pipeline.authoring import latest as latest
    from mlops_pipeline.authoring import latest_blessed_model as latest_blessed_model
    from mlops_pipeline.authoring import pipeline as pipeline
    from mlops_pipeline.authoring import query as query
    from mlops_pipeline.authoring import rolling_window as rolling_window
    from mlops_pipeline.authoring import run_info as run_info
    from mlops_pipeline.authoring import span_range as span_range
    from mlops_pipeline.errors import PipelineError as PipelineError
    from mlops_pipeline.executors import current_task as current_task
    from mlops_pipeline.inspection import PipelineRun as PipelineRun
    from mlops_pipeline.interface import BeamPipeline as BeamPipeline
    from mlops_pipeline.interface import Input as Input
    from mlops_pipeline.interface import Output as Output
    from mlops_pipeline.interface import Secret as Secret
    from mlops_pipeline.interface import Unkeyed as Unkeyed
    from mlops_pipeline.store import MemoryStore as MemoryStore

__version__ = "0.1.0"

_MODULES = {
    "api": "Where open_run plan resume run runs why",
    "artifacts": (
        "Artifact Boolean Bytes ExampleAnomalies ExampleStatistics Examples ExamplesDiff "
        "Float HyperParameters InferenceResult InfraBlessing Integer JsonValue Model "
        "ModelBlessing ModelEvaluation ModelRun PushedModel Schema String TransformCache "
        "TransformGraph TunerResults ValueArtifact"
    ),
    "authoring": (
        "Beam Cache Channel Component Container ExitHandler ForEach Importer Pipeline "
        "Resolver Resources When champion check_pipeline compile_pipeline component external "
        "latest latest_blessed_model pipeline query rolling_window run_info span_range"
    ),
    "errors": "PipelineError",
    "executors": "current_task",
    "inspection": "PipelineRun",
    "interface": "BeamPipeline Input Output Secret Unkeyed",
    "store": "MemoryStore",
}

# What `from mlops_pipeline import *` brings, whatever has been loaded before.
__all__ = sorted(" ".join(_MODULES.values()).split())

if not TYPE_CHECKING:
    __getattr__ = lazy_names(__name__, _MODULES)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
