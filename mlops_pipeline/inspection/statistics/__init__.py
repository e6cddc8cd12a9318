"""Statistics of features over any number of versions of data, read without TensorFlow."""

from typing import TYPE_CHECKING

from mlops_pipeline.lazy_names import lazy_names

if TYPE_CHECKING:
    from mlops_pipeline.inspection.statistics.feature_versions import (
        FeatureVersions,
        compare_features,
    )
    from mlops_pipeline.inspection.statistics.wire_format import parse_statistics
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "feature_versions": "FeatureVersions compare_features",
            "wire_format": "parse_statistics",
        },
    )

__all__ = ["FeatureVersions", "compare_features", "parse_statistics"]
