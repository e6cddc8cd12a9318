"""Kubeflow Pipelines v2: compiled pipelines as PipelineSpec, and what runs in its containers."""
