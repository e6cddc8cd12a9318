"""Retraining by policy: whether a model is to be trained again, and what came of it.

A policy names a pipeline, a registered model, and what makes it worth while. `retrain` decides,
claims the decision in the store so that it is made once, runs the pipeline, and says how it ended.
What a killed process has begun, the next one goes on with.
"""

from mlops_pipeline.retraining.deciding import Need, PolicyFacts, decide_need
from mlops_pipeline.retraining.decisions import RetrainDecision, read_decisions
from mlops_pipeline.retraining.policies import RetrainPolicy, read_policies
from mlops_pipeline.retraining.retrain_files import result_as_junit, result_as_markdown
from mlops_pipeline.retraining.training import (
    RetrainOutcome,
    RetrainPlaces,
    RetrainResult,
    retrain,
)

__all__ = [
    "Need",
    "PolicyFacts",
    "RetrainDecision",
    "RetrainOutcome",
    "RetrainPlaces",
    "RetrainPolicy",
    "RetrainResult",
    "decide_need",
    "read_decisions",
    "read_policies",
    "result_as_junit",
    "result_as_markdown",
    "retrain",
]
