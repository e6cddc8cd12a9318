"""Runs, lineage and datasets, read back from the store.

Runs and their nodes as objects, as reports and as cards; lineage and its drawings; versions of
datasets and their differences. Nothing here changes a store.
"""

from typing import TYPE_CHECKING

from mlops_pipeline.lazy_names import lazy_names

if TYPE_CHECKING:
    from mlops_pipeline.inspection.console import (
        DECISIONS,
        Screen,
        Table,
        ago,
        lines,
        number,
        one_line,
        seconds,
        size,
    )
    from mlops_pipeline.inspection.dataset_diff import DataDiff, FeatureDiff, diff_versions
    from mlops_pipeline.inspection.datasets import (
        TrainedModel,
        Version,
        find_version,
        list_datasets,
        models_of,
        newest_models,
        splits_of,
        statistics_of,
        version_before,
        versions,
        versions_of,
    )
    from mlops_pipeline.inspection.feature_statistics import (
        STATISTICS_FILE,
        Described,
        Feature,
        read_described,
    )
    from mlops_pipeline.inspection.find import find_run, find_start, find_target, split_node
    from mlops_pipeline.inspection.impact import (
        Impact,
        Reached,
        ReachedRun,
        Unaffected,
        find_artifacts,
        read_impact,
    )
    from mlops_pipeline.inspection.lineage import (
        Lineage,
        LineageStart,
        downstream,
        in_chunks,
        upstream,
    )
    from mlops_pipeline.inspection.node_run import Artifacts, NodeRun
    from mlops_pipeline.inspection.report import (
        METRICS_FILE,
        causes,
        command_lines,
        damage_lines,
        gate_lines,
        next_commands,
        node_data,
        run_data,
        run_report,
        verdict_reasons,
    )
    from mlops_pipeline.inspection.results import (
        PipelineRun,
        artifact_object,
        node_name,
        read_run,
        settled,
    )
    from mlops_pipeline.inspection.search import (
        Condition,
        SameBytes,
        Wanted,
        parse_condition,
        search_artifacts,
        search_bytes,
        search_runs,
    )
    from mlops_pipeline.inspection.store_checks import check_records
    from mlops_pipeline.inspection.verification import (
        Verified,
        digest_lines,
        verify,
        verify_lineage,
    )
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "console": "DECISIONS Screen Table ago lines number one_line seconds size",
            "dataset_diff": "DataDiff FeatureDiff diff_versions",
            "datasets": "TrainedModel Version find_version list_datasets models_of newest_models "
            "splits_of statistics_of version_before versions versions_of",
            "feature_statistics": "Described Feature STATISTICS_FILE read_described",
            "find": "find_run find_start find_target split_node",
            "impact": "Impact Reached ReachedRun Unaffected find_artifacts read_impact",
            "lineage": "Lineage LineageStart downstream in_chunks upstream",
            "node_run": "Artifacts NodeRun",
            "report": "METRICS_FILE causes command_lines damage_lines gate_lines next_commands "
            "node_data run_data run_report verdict_reasons",
            "results": "PipelineRun artifact_object node_name read_run settled",
            "search": (
                "Condition SameBytes Wanted parse_condition "
                "search_artifacts search_bytes search_runs"
            ),
            "store_checks": "check_records",
            "verification": "Verified digest_lines verify verify_lineage",
        },
    )

__all__ = [
    "DECISIONS",
    "METRICS_FILE",
    "STATISTICS_FILE",
    "Artifacts",
    "Condition",
    "DataDiff",
    "Described",
    "Feature",
    "FeatureDiff",
    "Impact",
    "Lineage",
    "LineageStart",
    "NodeRun",
    "PipelineRun",
    "Reached",
    "ReachedRun",
    "SameBytes",
    "Screen",
    "Table",
    "TrainedModel",
    "Unaffected",
    "Verified",
    "Version",
    "Wanted",
    "ago",
    "artifact_object",
    "causes",
    "check_records",
    "command_lines",
    "damage_lines",
    "diff_versions",
    "digest_lines",
    "downstream",
    "find_artifacts",
    "find_run",
    "find_start",
    "find_target",
    "find_version",
    "gate_lines",
    "in_chunks",
    "lineage_drawing",
    "lines",
    "list_datasets",
    "models_of",
    "newest_models",
    "next_commands",
    "node_data",
    "node_name",
    "number",
    "one_line",
    "parse_condition",
    "read_described",
    "read_impact",
    "read_run",
    "run_data",
    "run_report",
    "search_artifacts",
    "search_bytes",
    "search_runs",
    "seconds",
    "settled",
    "size",
    "split_node",
    "splits_of",
    "statistics_of",
    "upstream",
    "verdict_reasons",
    "verify",
    "verify_lineage",
    "version_before",
    "versions",
    "versions_of",
]
