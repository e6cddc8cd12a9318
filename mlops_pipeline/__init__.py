"""End-to-end machine-learning pipelines: typed components, a cache that tells the truth, lineage.

Names for users; each is loaded when it is first asked for.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

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
    from mlops_pipeline.authoring.blocks import ExitHandler as ExitHandler
    from mlops_pipeline.authoring.blocks import ForEach as ForEach
    from mlops_pipeline.authoring.blocks import When as When
    from mlops_pipeline.authoring.channels import Channel as Channel
    from mlops_pipeline.authoring.channels import run_info as run_info
    from mlops_pipeline.authoring.compile import check_pipeline as check_pipeline
    from mlops_pipeline.authoring.compile import compile_pipeline as compile_pipeline
    from mlops_pipeline.authoring.components import Beam as Beam
    from mlops_pipeline.authoring.components import Component as Component
    from mlops_pipeline.authoring.components import Container as Container
    from mlops_pipeline.authoring.components import component as component
    from mlops_pipeline.authoring.node_options import Cache as Cache
    from mlops_pipeline.authoring.node_options import Resources as Resources
    from mlops_pipeline.authoring.nodes import Importer as Importer
    from mlops_pipeline.authoring.nodes import Resolver as Resolver
    from mlops_pipeline.authoring.pipelines import Pipeline as Pipeline
    from mlops_pipeline.authoring.pipelines import pipeline as pipeline
    from mlops_pipeline.authoring.queries import external as external
    from mlops_pipeline.authoring.queries import latest as latest
    from mlops_pipeline.authoring.queries import latest_blessed_model as latest_blessed_model
    from mlops_pipeline.authoring.queries import query as query
    from mlops_pipeline.authoring.queries import rolling_window as rolling_window
    from mlops_pipeline.authoring.queries import span_range as span_range
    from mlops_pipeline.errors import PipelineError as PipelineError
    from mlops_pipeline.inspection.results import PipelineRun as PipelineRun
    from mlops_pipeline.interface.signature import BeamPipeline as BeamPipeline
    from mlops_pipeline.interface.signature import Input as Input
    from mlops_pipeline.interface.signature import Output as Output
    from mlops_pipeline.interface.signature import Unkeyed as Unkeyed
    from mlops_pipeline.interface.types import Secret as Secret
    from mlops_pipeline.store.memory import MemoryStore as MemoryStore

__version__ = "0.1.0"

_NAMES_OF_MODULES = {
    "api": "Where open_run plan resume run runs why",
    "artifacts": (
        "Artifact Boolean Bytes ExampleAnomalies Examples ExamplesDiff ExampleStatistics Float "
        "HyperParameters InferenceResult InfraBlessing Integer JsonValue Model ModelBlessing "
        "ModelEvaluation ModelRun PushedModel Schema String TransformCache TransformGraph "
        "TunerResults ValueArtifact"
    ),
    "authoring.channels": "Channel run_info",
    "authoring.compile": "check_pipeline compile_pipeline",
    "authoring.components": "Beam Component Container component",
    "authoring.blocks": "ExitHandler ForEach When",
    "errors": "PipelineError",
    "interface.types": "Secret",
    "authoring.nodes": "Importer Resolver",
    "authoring.node_options": "Cache Resources",
    "authoring.pipelines": "Pipeline pipeline",
    "authoring.queries": "external latest latest_blessed_model query rolling_window span_range",
    "inspection.results": "PipelineRun",
    "interface.signature": "BeamPipeline Input Output Unkeyed",
    "store.records": "MemoryStore",
}
_MODULE_OF_NAME = {
    name: module for module, names in _NAMES_OF_MODULES.items() for name in names.split()
}

# The names for `from mlops_pipeline import *`, loaded or not.
__all__ = sorted(_MODULE_OF_NAME)


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF_NAME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_MODULE_OF_NAME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULE_OF_NAME})


class _Package(ModuleType):
    """Keeps `from mlops_pipeline import pipeline` the decorator.

    The import system sets each submodule it loads as an attribute of its package; where an
    export has the same name, the export stays.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _MODULE_OF_NAME and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
