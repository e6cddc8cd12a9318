"""What the tests of mlops_components share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mlops_pipeline.artifacts import Artifact, ExampleStatistics
from mlops_pipeline.testing import ComponentResult, artifact

Load = Callable[[Artifact], Any]


SCHEMA = """
default_environment: "TRAINING"
default_environment: "SERVING"
feature {
  name: "x"
  type: FLOAT
  presence { min_fraction: 1 }
  drift_comparator { jensen_shannon_divergence { threshold: 0.1 } }
  skew_comparator { jensen_shannon_divergence { threshold: 0.1 } }
}
feature {
  name: "k"
  type: BYTES
  domain: "k"
  presence { min_fraction: 1 }
  drift_comparator { infinity_norm { threshold: 0.1 } }
}
feature { name: "label" type: INT presence { min_fraction: 1 } not_in_environment: "SERVING" }
string_domain { name: "k" value: "a" value: "b" }
dataset_constraints {
  num_examples_drift_comparator { min_fraction_threshold: 0.5 }
  num_examples_version_comparator { max_fraction_threshold: 1.5 }
}
"""


def statistics_of(splits: dict[str, Any], span: int = 0, by: str = "") -> ExampleStatistics:
    import tensorflow_data_validation as tfdv

    from mlops_components.statistics._tfdv import write_statistics

    found = artifact(ExampleStatistics, {}, span=span)
    found.set_splits(list(splits))
    for split, frame in splits.items():
        computed = tfdv.generate_statistics_from_dataframe(frame)
        if by:
            computed.datasets[0].name = "All Examples"
        for value, part in frame.groupby(by) if by else ():
            computed.MergeFrom(tfdv.generate_statistics_from_dataframe(part.reset_index(drop=True)))
            computed.datasets[-1].name = f"{by}_{value}"
        write_statistics(computed, found.path / f"Split-{split}")
    return found


def rows(count: int, shift: float = 0.0, kinds: str = "ab", seed: int = 0) -> Any:
    import numpy as np
    import pandas as pd

    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "x": random.normal(shift, 1, count),
            "k": [kinds[i % len(kinds)] for i in range(count)],
            "label": np.arange(count) % 2,
        }
    )


def kinds(result: ComponentResult, load: Load) -> dict[str, dict[str, set[str]]]:
    """Kinds of anomalies by split and feature; those of the dataset under an empty name."""
    from tensorflow_metadata.proto.v0.anomalies_pb2 import AnomalyInfo

    found = {}
    for split, anomalies in load(result.outputs["anomalies"]).items():
        infos = dict(anomalies.anomaly_info)
        if anomalies.HasField("dataset_anomaly_info"):
            infos[""] = anomalies.dataset_anomaly_info
        found[split] = {
            name: {AnomalyInfo.Type.Name(reason.type) for reason in info.reason}
            for name, info in infos.items()
        }
    return found
