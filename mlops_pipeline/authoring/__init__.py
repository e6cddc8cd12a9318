"""From Python functions to a compiled pipeline.

Components, pipelines, channels, blocks and queries are written with the names of this room; the
rules say what is wrong with them, at the line where it was written, and `compile_pipeline` turns
them into the IR. Nothing here runs a node, and nothing that runs one imports this room.
"""

from typing import TYPE_CHECKING

from mlops_pipeline.lazy_names import lazy_names

if TYPE_CHECKING:
    from mlops_pipeline.authoring.blocks import ExitHandler, ForEach, When
    from mlops_pipeline.authoring.channels import Channel, Source, run_info
    from mlops_pipeline.authoring.compile import check_pipeline, compile_pipeline
    from mlops_pipeline.authoring.components import Beam, Component, Container, component
    from mlops_pipeline.authoring.draft import Node, require_draft
    from mlops_pipeline.authoring.find_pipeline import (
        Loaded,
        load_pipeline,
        located,
        pipeline_of_project,
    )
    from mlops_pipeline.authoring.node_options import (
        Cache,
        Options,
        OptionsDict,
        Resources,
        size_in_bytes,
    )
    from mlops_pipeline.authoring.nodes import (
        OUTSIDE_HINT,
        Definition,
        Importer,
        Resolver,
        place_node,
    )
    from mlops_pipeline.authoring.pipeline_rules import Problem
    from mlops_pipeline.authoring.pipelines import Pipeline, pipeline
    from mlops_pipeline.authoring.placeholders import Value
    from mlops_pipeline.authoring.queries import (
        champion,
        external,
        latest,
        latest_blessed_model,
        query,
        rolling_window,
        span_range,
    )
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "blocks": "ExitHandler ForEach When",
            "channels": "Channel Source run_info",
            "compile": "check_pipeline compile_pipeline",
            "components": "Beam Component Container component",
            "draft": "Node require_draft",
            "find_pipeline": "Loaded load_pipeline located pipeline_of_project",
            "node_options": "Cache Options OptionsDict Resources size_in_bytes",
            "nodes": "Definition Importer OUTSIDE_HINT Resolver place_node",
            "pipeline_rules": "Problem",
            "pipelines": "Pipeline pipeline",
            "placeholders": "Value",
            "queries": (
                "champion external latest latest_blessed_model query rolling_window span_range"
            ),
        },
    )

__all__ = [
    "OUTSIDE_HINT",
    "Beam",
    "Cache",
    "Channel",
    "Component",
    "Container",
    "Definition",
    "ExitHandler",
    "ForEach",
    "Importer",
    "Loaded",
    "Node",
    "Options",
    "OptionsDict",
    "Pipeline",
    "Problem",
    "Resolver",
    "Resources",
    "Source",
    "Value",
    "When",
    "champion",
    "check_pipeline",
    "compile_pipeline",
    "component",
    "external",
    "latest",
    "latest_blessed_model",
    "load_pipeline",
    "located",
    "pipeline",
    "pipeline_of_project",
    "place_node",
    "query",
    "require_draft",
    "rolling_window",
    "run_info",
    "size_in_bytes",
    "span_range",
]
